// One line that changes in place while something runs; only on a terminal.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "control/report/style.h"

namespace skyhop::report {

/// Writes to `stream` (stderr) when it is a terminal, else stays silent. Clears its line when it
/// ends, so that what follows starts on a clean line.
class Progress {
 public:
  Progress(std::FILE* stream, const Style& style) : stream_(stream), style_(style) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::string_view text);
  void clear();

 private:
  std::FILE* stream_;
  Style style_;
  std::string shown_;
};

}  // namespace skyhop::report
