#include "control/cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>

#include "control/lab/diagnostic.h"

namespace skyhop::cli {
namespace {

namespace po = boost::program_options;

// Long options only, written out: an abbreviation would change its meaning with the next option.
constexpr int kStyle = po::command_line_style::allow_long |
                       po::command_line_style::long_allow_adjacent |
                       po::command_line_style::long_allow_next;

UsageError unknown_option(const std::string& name, std::span<const OptionSpec> options) {
  std::vector<std::string> names;
  for (const OptionSpec& o : options) names.emplace_back(o.name);
  const std::string near =
      lab::nearest(name.substr(std::min(name.find_first_not_of('-'), name.size())), names);
  return {fmt::format("unknown option {}", name),
          near.empty() ? std::string() : fmt::format("did you mean --{}?", near)};
}

bool is_optional(std::string_view positional) { return positional.starts_with('['); }
bool takes_rest(std::string_view positional) { return positional.ends_with("..."); }

}  // namespace

bool CommandLine::has(std::string_view option) const { return options_.contains(option); }

std::string CommandLine::get(std::string_view option, const std::string& otherwise) const {
  const auto found = options_.find(option);
  return found == options_.end() ? otherwise : found->second.back();
}

std::vector<std::string> CommandLine::all(std::string_view option) const {
  const auto found = options_.find(option);
  return found == options_.end() ? std::vector<std::string>() : found->second;
}

Parsed<CommandLine> cut(const Arguments& arguments, std::span<const OptionSpec> options,
                        std::span<const std::string_view> positionals) {
  po::options_description known;
  for (const OptionSpec& o : options) {
    if (o.value.empty()) {
      known.add_options()(std::string(o.name).c_str(), "");
    } else {
      known.add_options()(std::string(o.name).c_str(), po::value<std::string>(), "");
    }
  }

  CommandLine line;
  try {
    const auto parsed = po::command_line_parser(arguments).options(known).style(kStyle).run();
    for (const auto& option : parsed.options) {
      if (option.position_key >= 0) {
        line.positionals_.insert(line.positionals_.end(), option.value.begin(), option.value.end());
        continue;
      }
      auto& values = line.options_[option.string_key];
      const auto spec = std::ranges::find(options, option.string_key, &OptionSpec::name);
      if (!values.empty() && spec->times == OptionSpec::Times::once) {
        return std::unexpected(UsageError{fmt::format("--{} is given twice", spec->name), ""});
      }
      values.push_back(option.value.empty() ? std::string() : option.value.front());
    }
  } catch (const po::unknown_option& e) {
    return std::unexpected(unknown_option(e.get_option_name(), options));
  } catch (const po::error_with_option_name& e) {
    const std::string name = e.get_option_name();
    const auto spec = std::ranges::find_if(
        options, [&](const OptionSpec& o) { return name == "--" + std::string(o.name); });
    const bool is_flag = spec != options.end() && spec->value.empty();
    return std::unexpected(UsageError{
        is_flag ? fmt::format("{} takes no value", name) : fmt::format("{} needs a value", name),
        is_flag || spec == options.end() ? "" : fmt::format("{} {}", name, spec->value)});
  } catch (const po::error& e) {
    return std::unexpected(UsageError{e.what(), ""});
  }

  // Short options do not exist; what looks like one is a mistake unless "--" stands before it.
  if (std::ranges::find(arguments, "--") == arguments.end()) {
    for (const std::string& p : line.positionals_) {
      if (p.size() > 1 && p.starts_with('-')) return std::unexpected(unknown_option(p, options));
    }
  }
  const auto needed = static_cast<size_t>(
      std::ranges::count_if(positionals, [](std::string_view p) { return !is_optional(p); }));
  if (line.positionals_.size() < needed) {
    return std::unexpected(
        UsageError{fmt::format("{} is missing", positionals[line.positionals_.size()]), ""});
  }
  const bool open_end = !positionals.empty() && takes_rest(positionals.back());
  if (line.positionals_.size() > positionals.size() && !open_end) {
    return std::unexpected(
        UsageError{fmt::format("'{}' is too much", line.positionals_[positionals.size()]), ""});
  }
  return line;
}

std::string describe(std::span<const OptionSpec> options) {
  const auto left = [](const OptionSpec& o) {
    return o.value.empty() ? fmt::format("  --{}", o.name)
                           : fmt::format("  --{} {}", o.name, o.value);
  };
  size_t widest = 0;
  for (const OptionSpec& o : options) widest = std::max(widest, left(o).size());
  std::string out;
  for (const OptionSpec& o : options) {
    std::string first = left(o);
    std::string_view rest = o.help;
    while (true) {
      const size_t end = rest.find('\n');
      out += fmt::format("{:<{}}  {}\n", first, widest, rest.substr(0, end));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
      first.clear();
    }
  }
  return out;
}

}  // namespace skyhop::cli
