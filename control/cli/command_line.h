// A command line cut into options and positionals. Boost.Program_options does the cutting; what the
// values mean is for the command.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/options.h"

namespace skyhop::cli {

/// One option of a command, as its help shows it.
struct OptionSpec {
  std::string_view name;   ///< without the dashes
  std::string_view value;  ///< what stands for its value in the help; empty: it takes none
  std::string_view help;   ///< lines are broken at '\n'
  enum class Times { once, many } times = Times::once;
};

class CommandLine {
 public:
  [[nodiscard]] bool has(std::string_view option) const;
  /// The option's value, or `otherwise` when it is not there.
  [[nodiscard]] std::string get(std::string_view option, const std::string& otherwise = {}) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view option) const;
  [[nodiscard]] const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  friend Parsed<CommandLine> cut(const Arguments&, std::span<const OptionSpec>,
                                 std::span<const std::string_view>);
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
  std::vector<std::string> positionals_;
};

/// Unknown, incomplete and repeated options are errors, and so are missing and surplus positionals.
/// A positional in brackets ("[PEER]") may be missing; one that ends in "..." takes the rest.
[[nodiscard]] Parsed<CommandLine> cut(const Arguments& arguments,
                                      std::span<const OptionSpec> options,
                                      std::span<const std::string_view> positionals);

/// "  --name VALUE  help", the helps in one column.
[[nodiscard]] std::string describe(std::span<const OptionSpec> options);

}  // namespace skyhop::cli
