// Regular expressions over AS paths, as routers have them: over the text "65515 65020
// {65001,65002}", found anywhere in it, with `_` for a place where a number begins or ends.
//
// Compiled to a table that is walked once over the path, however long a hostile path is.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "control/bgp/attributes.h"

namespace skyhop::bgp {

class AsPathPattern {
 public:
  /// POSIX extended syntax (`. [] [^] * + ? {m,n} | () ^ $ \`) over digits, blanks, commas and
  /// braces, and `_`: begin, end, blank, comma, brace or parenthesis. The error says what is wrong
  /// and at which column.
  [[nodiscard]] static std::expected<AsPathPattern, std::string> compile(std::string_view text);

  [[nodiscard]] bool matches(const AsPath& path) const;
  /// Over a path as AsPath::to_string() writes it.
  [[nodiscard]] bool matches(std::string_view path) const;
  [[nodiscard]] const std::string& text() const { return text_; }

  static constexpr size_t kSymbols = 16;  ///< digits, blank, comma, braces, parentheses
  struct State {
    std::array<uint16_t, kSymbols> next{};
    bool matches_already = false;  ///< whatever follows
    bool matches_at_end = false;
  };

 private:
  std::string text_;
  std::vector<State> states_;  ///< the first is where a path begins
};

}  // namespace skyhop::bgp
