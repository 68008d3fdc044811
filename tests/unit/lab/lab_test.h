// What the tests of the lab reader share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "control/lab/reader.h"

namespace skyhop::lab {

inline std::string source_path(const std::string& file) {
  return std::string(SKYHOP_SOURCE_DIR) + "/" + file;
}

inline std::string slurp(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The diagnostics as a user sees them, of a file named "x".
inline std::vector<std::string> messages(const ReadResult& result) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    lines.push_back(to_string(diagnostic, "x"));
  }
  return lines;
}
inline std::vector<std::string> messages(const std::string& text) {
  return messages(read_text(text, "x"));
}

/// The labs of configs/.
inline const std::vector<std::string>& lab_files() {
  static const std::vector<std::string> files = [] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(source_path("configs"))) {
      if (entry.path().extension() != ".yaml") continue;
      names.push_back("configs/" + entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }();
  return files;
}

}  // namespace skyhop::lab
