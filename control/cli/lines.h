// Prose for a terminal: headings at the left, what belongs to them indented and wrapped.
#pragma once

#include <fmt/format.h>

#include <string>

#include "control/report/style.h"
#include "control/report/text.h"

namespace skyhop::cli {

/// "text [A32]", or the text alone.
[[nodiscard]] inline std::string with_rule(const std::string& text, const std::string& rule) {
  return rule.empty() ? text : fmt::format("{} [{}]", text, rule);
}

class Lines {
 public:
  explicit Lines(const report::Style& style) : style_(style) {}

  void head(const std::string& text, report::Tone tone = report::Tone::strong) {
    add("", text, tone);
  }
  void item(const std::string& text, report::Tone tone = report::Tone::plain) {
    add("  ", text, tone);
  }
  void more(const std::string& text, report::Tone tone = report::Tone::plain) {
    add("      ", text, tone);
  }
  void blank() { out_ += "\n"; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void add(const std::string& indent, const std::string& text, report::Tone tone) {
    const unsigned room = style_.width > indent.size() + 24
                              ? style_.width - static_cast<unsigned>(indent.size()) - 4
                              : ~0u;
    std::string lead = indent;
    for (const std::string& part : report::wrap(report::printable(text), room)) {
      out_ += lead + report::paint(part, tone, style_) + "\n";
      lead = indent + "    ";
    }
  }

  report::Style style_;
  std::string out_;
};

}  // namespace skyhop::cli
