// Labs with random damage: the reader answers with a lab or with diagnostics that have a place.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::string damage(std::vector<std::string> lines) {
    for (size_t n = 1 + below(3); n > 0; --n) {
      const size_t at = below(lines.size());
      std::string& line = lines[at];
      switch (below(7)) {
        case 0:
          lines.erase(lines.begin() + static_cast<long>(at));
          break;
        case 1:
          lines.insert(lines.begin() + static_cast<long>(at), std::string(line));
          break;
        case 2:
          std::swap(line, lines[below(lines.size())]);
          break;
        case 3:
          line = std::string(below(8), ' ') + line;
          break;
        case 4:
          line = line.substr(0, below(line.size() + 1));
          break;
        default: {
          constexpr std::string_view kBytes = "{}[]:,-&*!|>'\"%@`#?\t 09az\x01\xc3\xff";
          for (size_t k = 1 + below(3); k > 0 && !line.empty(); --k) {
            line[below(line.size())] = kBytes[below(kBytes.size())];
          }
        }
      }
    }
    return joined(lines);
  }

 private:
  size_t below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::mt19937 random_;
};

TEST(Mutation, DamagedLabsAreReadOrExplained) {
  std::vector<std::vector<std::string>> originals;
  for (const char* file : {"configs/ars-multipeer.yaml", "tests/unit/lab/data/every-key.yaml"}) {
    originals.push_back(lines_of(slurp(source_path(file))));
  }
  size_t refused = 0;
  constexpr uint32_t kRounds = 1500;
  for (uint32_t seed = 0; seed < kRounds; ++seed) {
    const std::string text = Mutator(seed).damage(originals[seed % originals.size()]);
    const ReadResult result = read_text(text, source_path("tests/unit/lab/data/damaged.yaml"));
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    for (const Diagnostic& diagnostic : result.diagnostics) {
      ASSERT_FALSE(diagnostic.message.empty()) << text;
      ASSERT_GE(diagnostic.mark.line, 1) << diagnostic.message << "\n" << text;
      ASSERT_LE(diagnostic.mark.line, lines + 1) << diagnostic.message << "\n" << text;
      ASSERT_GE(diagnostic.mark.column, 1) << diagnostic.message << "\n" << text;
    }
    if (has_errors(result.diagnostics)) {
      ++refused;
    } else {
      ASSERT_FALSE(result.lab.name.empty()) << text;
    }
  }
  // Most damage is an error; the rest hit comments and free text.
  EXPECT_GT(refused, kRounds / 2);
  EXPECT_LT(refused, kRounds);
}

// Dropping or repeating any one line of the real lab never goes wrong silently in the reader: it is
// refused, or leaves a lab with the same name.
TEST(Mutation, EveryLineDroppedOrRepeated) {
  const auto original = lines_of(slurp(source_path("configs/ars-multipeer.yaml")));
  for (size_t i = 0; i < original.size(); ++i) {
    auto dropped = original;
    dropped.erase(dropped.begin() + static_cast<long>(i));
    auto repeated = original;
    repeated.insert(repeated.begin() + static_cast<long>(i), original[i]);
    for (const auto& lines : {dropped, repeated}) {
      const ReadResult result = read_text(joined(lines), "x");
      if (!has_errors(result.diagnostics)) {
        EXPECT_EQ(result.lab.name, "ars-multipeer") << i;
      }
    }
  }
}

}  // namespace
}  // namespace skyhop::lab
