#include "control/cli/command.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ostream>

#include "control/cli/version.h"
#include "control/lab/diagnostic.h"

namespace skyhop::cli {
namespace {

constexpr std::string_view kExitCodes =
    "exit codes:\n"
    "  0  all is well\n"
    "  1  a check failed, packets were lost uncounted, or lint found a trap\n"
    "  2  the command line is wrong\n"
    "  3  the lab file is wrong; nothing was started\n"
    "  4  the machine failed: DPDK, a port, a file\n";

bool is_help(const std::string& argument) { return argument == "--help" || argument == "-h"; }

std::string overview(std::span<const Command> commands) {
  std::string out =
      "skyhop runs a cloud transit network (Azure Route Server, VPN gateway, VNets; Aviatrix\n"
      "transit and spoke gateways) on this machine: real BGP messages, real packets.\n\n"
      "usage: skyhop COMMAND [ARGUMENT...]\n\ncommands:\n";
  size_t widest = 0;
  for (const Command& c : commands) widest = std::max(widest, c.name.size());
  for (const Command& c : commands) {
    out += fmt::format("  {:<{}}  {}\n", c.name, widest, c.summary);
  }
  out += "\n  skyhop help COMMAND    its options and examples\n  skyhop --version\n\n";
  return out + std::string(kExitCodes);
}

std::string help_of(const Command& command) {
  std::string out =
      fmt::format("{}\n\nusage: skyhop {} {}\n\n", command.summary, command.name, command.usage);
  if (!command.details.empty()) out += fmt::format("{}\n\n", command.details);
  out += fmt::format("options:\n{}\n", options_help(std::string(command.name)));
  out += fmt::format("examples:\n{}\n\n", command.examples);
  return out + std::string(kExitCodes);
}

const Command* find(std::span<const Command> commands, const std::string& name) {
  const auto found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

ExitCode unknown_command(std::span<const Command> commands, const std::string& name,
                         Streams& streams) {
  std::vector<std::string> names = {"help"};
  for (const Command& c : commands) names.emplace_back(c.name);
  const std::string near = lab::nearest(name, names);
  return report_usage_error({fmt::format("unknown command {}", name),
                             near.empty() ? std::string() : fmt::format("did you mean {}?", near)},
                            {}, streams);
}

}  // namespace

ExitCode report_usage_error(const UsageError& error, std::string_view command, Streams& streams) {
  streams.err << "skyhop" << (command.empty() ? "" : " ") << command << ": " << error.what;
  if (!error.hint.empty()) streams.err << " (" << error.hint << ")";
  streams.err << "\nsee: skyhop " << (command.empty() ? "" : "help ")
              << (command.empty() ? "--help" : command) << "\n";
  return ExitCode::usage;
}

void start_logging(const std::string& level) {
  static const std::shared_ptr<spdlog::logger> logger = spdlog::stderr_logger_mt("skyhop");
  logger->set_pattern("%H:%M:%S.%e %l: %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(logger);
}

ExitCode dispatch(std::span<const Command> commands, const Arguments& arguments, Streams& streams) {
  if (arguments.empty()) {
    streams.err << overview(commands);
    return ExitCode::usage;
  }
  const std::string& first = arguments.front();
  if (is_help(first) || (first == "help" && arguments.size() == 1)) {
    streams.out << overview(commands);
    return ExitCode::ok;
  }
  if (first == "--version") {
    streams.out << "skyhop " << kVersion << "\n";
    return ExitCode::ok;
  }
  if (first.starts_with('-')) {
    return report_usage_error({fmt::format("unknown option {}", first), "commands come first"}, {},
                              streams);
  }
  const bool wants_help = first == "help";
  const std::string& name = wants_help ? arguments[1] : first;
  const Command* command = find(commands, name);
  if (command == nullptr) return unknown_command(commands, name, streams);
  const auto end = std::ranges::find(arguments, "--");
  if (wants_help || std::any_of(arguments.begin() + 1, end, is_help)) {
    streams.out << help_of(*command);
    return ExitCode::ok;
  }
  return command->run({arguments.begin() + 1, arguments.end()}, streams);
}

}  // namespace skyhop::cli
