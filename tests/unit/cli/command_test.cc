// Help, near names, and exit codes, with the real command table.
#include "control/cli/command.h"

#include <gtest/gtest.h>

#include <sstream>

#include "control/cli/commands.h"

namespace skyhop::cli {
namespace {

struct Answer {
  ExitCode code;
  std::string out;
  std::string err;
};

Answer skyhop(const Arguments& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{out, err, {}, {}};
  const ExitCode code = dispatch(all_commands(), arguments, streams);
  return {code, out.str(), err.str()};
}

constexpr std::string_view kOverview =
    R"(skyhop runs a cloud transit network (Azure Route Server, VPN gateway, VNets; Aviatrix
transit and spoke gateways) on this machine: real BGP messages, real packets.

usage: skyhop COMMAND [ARGUMENT...]

commands:
  run       Converge, forward packets, and report what happened
  check     Play timeline and checks of labs, without packets
  trace     The path of a flow there and back, with the reason for every hop
  routes    The table of a router, of a VM or of a subnet
  bgp       BGP sessions, and what each speaker learned and advertised
  replay    Send the packets of a capture through the lab
  validate  Check a lab file
  import    A lab file from a Terraform plan or state
  show      The network that the clouds make of a lab, with reasons
  explain   Why a router has a route or not; why a packet arrives or does not
  lint      The traps of such networks that this lab has stepped into
  activity  Everything that changed in a lab, and when
  alerts    What somebody should look at
  az        What the az CLI would answer, in its own JSON and tables
  diff      Real az output beside the lab: what differs, and what would explain it
  bench     Measure the kinds of forwarding tables side by side

  skyhop help COMMAND    its options and examples
  skyhop --version

exit codes:
  0  all is well
  1  a check failed, packets were lost uncounted, or lint found a trap
  2  the command line is wrong
  3  the lab file is wrong; nothing was started
  4  the machine failed: DPDK, a port, a file
)";

TEST(Help, Overview) {
  for (const char* word : {"--help", "-h", "help"}) {
    const Answer answer = skyhop({word});
    EXPECT_EQ(answer.code, ExitCode::ok);
    EXPECT_EQ(answer.out, kOverview);
    EXPECT_EQ(answer.err, "");
  }
  const Answer nothing = skyhop({});
  EXPECT_EQ(nothing.code, ExitCode::usage);
  EXPECT_EQ(nothing.out, "");
  EXPECT_EQ(nothing.err, kOverview);
}

TEST(Help, OfACommand) {
  const Answer answer = skyhop({"help", "validate"});
  EXPECT_EQ(answer.code, ExitCode::ok);
  EXPECT_EQ(answer.out, R"(Check a lab file

usage: skyhop validate FILE [options]

Prints everything that is wrong with it, with its place and the cloud's rule that it breaks.

options:
  --schema           print the JSON Schema of lab files and exit
  --json             print JSON instead of tables
  --log-level LEVEL  what to log to stderr: trace, debug, info, warning (default), error, off
  --help             print this and exit

examples:
  skyhop validate configs/ars-multipeer.yaml
  skyhop validate --schema > lab.schema.json

exit codes:
  0  all is well
  1  a check failed, packets were lost uncounted, or lint found a trap
  2  the command line is wrong
  3  the lab file is wrong; nothing was started
  4  the machine failed: DPDK, a port, a file
)");
}

TEST(Help, EveryCommandHasItEitherWay) {
  for (const Command& command : all_commands()) {
    const std::string name(command.name);
    const Answer answer = skyhop({name, "lab.yaml", "--help"});
    EXPECT_EQ(answer.code, ExitCode::ok) << name;
    EXPECT_EQ(answer.out, skyhop({"help", name}).out) << name;
    EXPECT_NE(answer.out.find("usage: skyhop " + name), std::string::npos) << answer.out;
    EXPECT_NE(answer.out.find("\nexamples:\n  skyhop " + name), std::string::npos) << answer.out;
    EXPECT_NE(answer.out.find("--json"), std::string::npos) << answer.out;
    for (std::istringstream lines(answer.out); !lines.eof();) {
      std::string line;
      std::getline(lines, line);
      EXPECT_LE(line.size(), 100u) << line;
    }
  }
}

TEST(Help, Version) {
  const Answer answer = skyhop({"--version"});
  EXPECT_EQ(answer.code, ExitCode::ok);
  EXPECT_EQ(answer.out.find("skyhop "), 0u) << answer.out;
}

TEST(Usage, UnknownThingsGetTheNearName) {
  const Answer command = skyhop({"traec", "lab.yaml"});
  EXPECT_EQ(command.code, ExitCode::usage);
  EXPECT_EQ(command.err,
            "skyhop: unknown command traec (did you mean trace?)\nsee: skyhop --help\n");
  const Answer option = skyhop({"run", "lab.yaml", "--durration", "5"});
  EXPECT_EQ(option.code, ExitCode::usage);
  EXPECT_EQ(option.err,
            "skyhop run: unknown option --durration (did you mean --duration?)\n"
            "see: skyhop help run\n");
  const Answer first = skyhop({"--json", "run"});
  EXPECT_EQ(first.code, ExitCode::usage);
  EXPECT_EQ(first.err, "skyhop: unknown option --json (commands come first)\nsee: skyhop --help\n");
}

TEST(Usage, NothingIsReadBeforeTheCommandLineIsRight) {
  for (const Command& command : all_commands()) {
    const Answer answer = skyhop({std::string(command.name), "/no/such/lab", "--no-such-option"});
    EXPECT_EQ(answer.code, ExitCode::usage) << command.name;
    EXPECT_EQ(answer.out, "") << command.name;
  }
}

TEST(Environment, AMissingLabFile) {
  for (const char* command : {"validate", "show"}) {
    const Answer answer = skyhop({command, "/no/such/lab.yaml"});
    EXPECT_EQ(answer.code, ExitCode::environment);
    EXPECT_EQ(answer.err, "skyhop: /no/such/lab.yaml: No such file or directory\n");
  }
}

}  // namespace
}  // namespace skyhop::cli
