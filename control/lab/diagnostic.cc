#include "control/lab/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace skyhop::lab {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// Edits that turn `a` into `b`: insertion, deletion, substitution, swap of neighbours. Letter case
/// and '-' for '_' cost nothing.
size_t distance(const std::string& a, const std::string& b) {
  const auto same = [](char x, char y) {
    const auto fold = [](char c) { return c == '-' ? '_' : lower(c); };
    return fold(x) == fold(y);
  };
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = same(a[i - 1], b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

void locate(Diagnostics& diagnostics, const Marks& marks) {
  for (Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.mark.line != 0) continue;
    std::string_view path = diagnostic.path;
    while (true) {
      if (const auto found = marks.find(path); found != marks.end()) {
        diagnostic.mark = found->second;
        break;
      }
      if (path.empty()) break;
      const size_t cut = path.find_last_of(".[");
      path = cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
    }
  }
}

std::string to_string(const Diagnostic& diagnostic, const std::string& file) {
  std::string text = diagnostic.mark.file.empty() ? file : diagnostic.mark.file;
  if (diagnostic.mark.line != 0) {
    text += fmt::format(":{}:{}", diagnostic.mark.line, diagnostic.mark.column);
  }
  text += diagnostic.severity == Severity::error ? ": error: " : ": warning: ";
  if (!diagnostic.path.empty()) text += diagnostic.path + ": ";
  text += diagnostic.message;
  if (!diagnostic.rule.empty()) text += fmt::format(" [{}]", diagnostic.rule);
  return text;
}

std::string nearest(const std::string& name, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestName = 100;  // nobody misspells more, and the work is quadratic
  if (name.empty() || name.size() > kLongestName) return {};
  const size_t near_enough = std::max<size_t>(1, (name.size() + 2) / 4);
  std::string best;
  size_t best_distance = near_enough + 1;
  for (const std::string& candidate : candidates) {
    const size_t difference = candidate.size() > name.size() ? candidate.size() - name.size()
                                                             : name.size() - candidate.size();
    if (difference >= best_distance) continue;
    const size_t d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace skyhop::lab
