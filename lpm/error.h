// The error type of the whole house: what failed, where, and what to do about it.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace skyhop {

/// An expected failure (bad input, missing resource). Bugs of ours abort instead.
struct Error {
  std::string what;   ///< what failed, one line, no trailing full stop
  std::string where;  ///< file:line:column, device or peer; may be empty
  std::string hint;   ///< what the user can do; may be empty

  /// "where: what (hint)", leaving out what is empty.
  [[nodiscard]] std::string to_string() const {
    std::string text = where.empty() ? what : where + ": " + what;
    if (!hint.empty()) text += " (" + hint + ")";
    return text;
  }
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string what, std::string where = {},
                                                 std::string hint = {}) {
  return std::unexpected(Error{std::move(what), std::move(where), std::move(hint)});
}

}  // namespace skyhop
