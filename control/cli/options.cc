// What every command accepts, and what it refuses.
#include "control/cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <span>

#include "control/cli/command_line.h"

namespace skyhop::cli {
namespace {

using Times = OptionSpec::Times;

constexpr OptionSpec kJson = {"json", "", "print JSON instead of tables"};
constexpr OptionSpec kLogLevel = {
    "log-level", "LEVEL",
    "what to log to stderr: trace, debug, info, warning (default), error, off"};
constexpr OptionSpec kHelp = {"help", "", "print this and exit"};
constexpr OptionSpec kLcores = {"lcores", "N|LIST",
                                "worker lcores: a number (default 1), or their CPUs such as 1,3\n"
                                "or 2-5; the control thread takes another one"};

constexpr OptionSpec kEncryption = {
    "encryption", "esp|none",
    "esp: tunnels encrypt; none: they add their octets only (default: as the\n"
    "lab says, which is esp unless it says otherwise)"};
constexpr OptionSpec kEspAlgorithm = {"esp-algorithm", "NAME",
                                      "of all tunnels, such as GCMAES256 or AES256/SHA256\n"
                                      "(default: each one's policy)"};
constexpr OptionSpec kEspDriver = {
    "esp-driver", "PMD",
    "crypto_aesni_gcm, crypto_aesni_mb or crypto_openssl (default: the fastest)"};
constexpr OptionSpec kCapture = {
    "capture", "LINK=FILE",
    "write what is on a link to a pcap, encrypted where it is a tunnel;\n"
    "LINK is 'transit-2 -> vng-0', or 'transit-2 - vng-0' for both\n"
    "directions; may be repeated",
    Times::many};
constexpr OptionSpec kKeys = {
    "keys", "FILE",
    "write SPIs, algorithms and keys of all tunnels to FILE, in the form\n"
    "of Wireshark's esp_sa table"};
constexpr OptionSpec kShaping = {"shaping", "cloud|none",
                                 "cloud: gateways carry what their sizes carry; none: what the\n"
                                 "machine carries (default: as the lab says)"};

constexpr OptionSpec kRun[] = {
    {"duration", "S", "seconds of traffic, also 500ms or 2m (default: the lab's timeline, or 3)"},
    {"rate", "PPS|max", "packets per second, also 200k or 1.5M (default: as the lab says)"},
    {"size", "N|imix", "octets of a frame, FCS included (default: as the lab says)"},
    {"from", "VM", "send from this VM instead of the lab's traffic"},
    {"to", "VM", "to this one"},
    kLcores,
    {"port", "VM=DEVARGS",
     "bind a VM to a DPDK port, such as\n"
     "spoke1-test-vm=net_pcap,rx_pcap=in.pcap,infinite_rx=1; may be repeated",
     Times::many},
    kEncryption,
    kEspAlgorithm,
    kEspDriver,
    kCapture,
    kKeys,
    kShaping,
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kCheck[] = {
    {"junit", "FILE", "also write the results as JUnit XML"}, kJson, kLogLevel, kHelp};
constexpr OptionSpec kBgp[] = {{"mrt-dump", "FILE",
                                "also write ROUTER's routes as an MRT table dump (RFC 6396):\n"
                                "all that its peers told it, and its own"},
                               kJson,
                               kLogLevel,
                               kHelp};
constexpr OptionSpec kTrace[] = {
    {"proto", "NAME|N", "icmp (default), tcp, udp, esp, ah or a number"},
    {"sport", "PORT", "source port; of icmp the echo identifier"},
    {"dport", "PORT", "destination port; needs --proto tcp or udp"},
    {"mtr", "", "only what mtr would show: who answers at each TTL"},
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kReplay[] = {
    {"pcap", "IN", "the capture to send: pcap, nanosecond pcap or pcapng"},
    {"from", "VM", "where its packets enter"},
    {"link", "A -> B",
     "in place of --from: they arrive at B over the link from A, as they\n"
     "are; on a tunnel they should be ESP"},
    {"out", "PCAP", "write what arrives at any VM to this capture"},
    {"loop", "N", "send it N times (default 1)"},
    kLcores,
    kShaping,
    kEncryption,
    kEspAlgorithm,
    kEspDriver,
    kCapture,
    kKeys,
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kValidate[] = {
    {"schema", "", "print the JSON Schema of lab files and exit"}, kJson, kLogLevel, kHelp};
constexpr OptionSpec kAz[] = {
    {"lab", "FILE", "the lab to ask (default: the environment's SKYHOP_LAB)"},
    {"resource-group", "RG", "-g: shown in ids (default: the lab's name)"},
    {"name", "NAME", "-n: the NIC (or its VM), route server, peering or VPN gateway"},
    {"routeserver", "NAME", "of the peering"},
    {"peer", "IP", "of a VPN gateway: whom it advertises to"},
    {"vm", "NAME", "of show-next-hop and test-ip-flow"},
    {"nic", "NAME", "the same, by the name of its NIC"},
    {"source-ip", "IP", "of show-next-hop: must be the NIC's"},
    {"dest-ip", "IP", "of show-next-hop"},
    {"direction", "WAY", "of test-ip-flow: Inbound or Outbound, seen from the VM"},
    {"protocol", "TCP|UDP", "of test-ip-flow"},
    {"local", "IP:PORT", "of test-ip-flow: the VM's end; the port may be *"},
    {"remote", "IP:PORT", "of test-ip-flow: the other end"},
    {"output", "json|table", "-o: JSON (default) or az's table"},
    {"json", "", "the same as -o json"},
    kLogLevel,
    kHelp};
constexpr OptionSpec kExplain[] = {
    {"from", "VM", "explain a packet instead of a route: who sends it"},
    {"to", "VM|ADDRESS", "and where it is to go"},
    {"proto", "NAME|N", "icmp (default), tcp, udp, esp, ah or a number"},
    {"sport", "PORT", "source port; of icmp the echo identifier"},
    {"dport", "PORT", "destination port; needs --proto tcp or udp"},
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kDiff[] = {
    {"az", "", "the files hold the output of 'az network ... -o json'"}, kJson, kLogLevel, kHelp};
constexpr OptionSpec kBench[] = {
    {"routes", "LIST", "sizes of the tables (default 10,1k,100k,1M)"},
    {"limit", "S",
     "seconds for adding, changing and deleting in one table, also 500ms\n"
     "or 2m (default 5); what is not done by then is marked"},
    {"at-least", "RATIO",
     "exit code 1 when the best of skyhop's own tables does not look up so\n"
     "many times as fast as the best of DPDK's, at the largest size"},
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kTimed[] = {
    {"at", "S", "after so many seconds of the timeline, also 2m; 0: before it (default: its end)"},
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kRoutes[] = {
    {"product", "",
     "a gateway's table as the Aviatrix controller shows it: a row for each next hop"},
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kImport[] = {
    {"output", "LAB", "-o: the lab file to write (default: print it)"}, kJson, kLogLevel, kHelp};
constexpr OptionSpec kShow[] = {
    {"cost", "", "what it costs on Azure by the hour instead, from a table of list prices"},
    kShaping,
    kJson,
    kLogLevel,
    kHelp};
constexpr OptionSpec kPlain[] = {kJson, kLogLevel, kHelp};

constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warning", "error", "off"};

std::unexpected<UsageError> refuse(std::string what, std::string hint = {}) {
  return std::unexpected(UsageError{std::move(what), std::move(hint)});
}

// "--rate: 'x' is no rate (...)"
std::unexpected<UsageError> refuse(std::string_view option, const UsageError& error) {
  return refuse(fmt::format("--{}: {}", option, error.what), error.hint);
}

template <typename T>
Parsed<T> number(const CommandLine& line, std::string_view option, T smallest, T largest,
                 T otherwise) {
  if (!line.has(option)) return otherwise;
  const std::string text = line.get(option);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < smallest ||
      value > largest) {
    return refuse(
        fmt::format("--{}: '{}' is no number from {} to {}", option, text, smallest, largest));
  }
  return value;
}

// Parses an option's value when it is there.
template <typename T, typename Target>
std::optional<UsageError> read(const CommandLine& line, std::string_view option,
                               Parsed<T> (*parse)(const std::string&), Target& target) {
  if (!line.has(option)) return {};
  Parsed<T> value = parse(line.get(option));
  if (!value) return refuse(option, value.error()).error();
  target = std::move(*value);
  return {};
}

// Cuts the line and reads what all commands share.
Parsed<CommandLine> begin(const Arguments& arguments, std::span<const OptionSpec> options,
                          std::initializer_list<std::string_view> positionals,
                          CommonOptions& common) {
  Parsed<CommandLine> line = cut(arguments, options, std::span(positionals));
  if (!line) return line;
  common.output = line->has("json") ? Output::json : Output::table;
  common.log_level = line->get("log-level", common.log_level);
  if (std::ranges::find(kLevels, common.log_level) == std::end(kLevels)) {
    return refuse(fmt::format("--log-level: '{}' is no level", common.log_level),
                  fmt::format("one of {}", fmt::join(kLevels, ", ")));
  }
  return line;
}

// --proto, --sport and --dport of a command that speaks of one flow.
template <typename Options>
std::optional<UsageError> read_flow(const CommandLine& line, Options& o) {
  if (auto e = read(line, "proto", parse_protocol, o.protocol)) return e;
  const auto sport = number<uint16_t>(line, "sport", 0, 65535, 0);
  if (!sport) return sport.error();
  const auto dport = number<uint16_t>(line, "dport", 0, 65535, 0);
  if (!dport) return dport.error();
  const bool has_ports = o.protocol == 6 || o.protocol == 17;
  if (line.has("dport") && !has_ports) {
    return UsageError{"--dport needs a protocol with ports", "add --proto tcp or --proto udp"};
  }
  if (line.has("sport") && !has_ports && o.protocol != 1) {
    return UsageError{"--sport needs a protocol with ports", "--proto tcp, udp or icmp"};
  }
  o.source_port = *sport;
  o.destination_port = *dport;
  return {};
}

// What run and replay say of tunnels.
std::optional<UsageError> read_esp(const CommandLine& line, EspOptions& o) {
  o.encryption = line.get("encryption");
  if (!o.encryption.empty() && o.encryption != "none" && o.encryption != "esp") {
    return UsageError{fmt::format("--encryption: '{}' is neither esp nor none", o.encryption), {}};
  }
  o.algorithm = line.get("esp-algorithm");
  o.driver = line.get("esp-driver");
  o.keys_file = line.get("keys");
  for (const char* option : {"esp-algorithm", "esp-driver", "keys"}) {
    if (o.encryption == "none" && line.has(option)) {
      return UsageError{fmt::format("--{} has no use with --encryption none", option), {}};
    }
  }
  for (const std::string& capture : line.all("capture")) {
    const size_t equals = capture.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == capture.size()) {
      return UsageError{fmt::format("--capture: '{}' is not LINK=FILE", capture),
                        "for example 'transit-2 - vng-0=tunnel.pcap'"};
    }
    o.captures.emplace_back(capture.substr(0, equals), capture.substr(equals + 1));
  }
  return {};
}

// --shaping: what it says in place of the lab, or nothing.
std::optional<UsageError> read_shaping(const CommandLine& line, std::string& shaping) {
  shaping = line.get("shaping");
  if (!line.has("shaping") || shaping == "cloud" || shaping == "none") return {};
  return UsageError{fmt::format("--shaping: '{}' is neither cloud nor none", shaping), {}};
}

// az has short options; ours are long.
Arguments without_short_options(const Arguments& arguments) {
  Arguments out;
  for (const std::string& a : arguments) {
    out.push_back(a == "-g"   ? "--resource-group"
                  : a == "-n" ? "--name"
                  : a == "-o" ? "--output"
                              : a);
  }
  return out;
}

}  // namespace

Parsed<RunOptions> parse_run(const Arguments& arguments) {
  RunOptions o;
  const auto line = begin(arguments, kRun, {"LAB"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  if (auto e = read(*line, "duration", parse_duration, o.duration)) return std::unexpected(*e);
  if (auto e = read(*line, "rate", parse_rate, o.pps)) return std::unexpected(*e);
  if (auto e = read(*line, "size", parse_size, o.size)) return std::unexpected(*e);
  if (auto e = read(*line, "lcores", parse_lcores, o.lcores)) return std::unexpected(*e);
  o.from = line->get("from");
  o.to = line->get("to");
  if (o.from.empty() != o.to.empty()) {
    return refuse("--from and --to go together", "name both VMs, or none for the lab's traffic");
  }
  if (!o.from.empty() && o.from == o.to) return refuse("--from and --to name the same VM");
  for (const std::string& port : line->all("port")) {
    const size_t equals = port.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == port.size()) {
      return refuse(fmt::format("--port: '{}' is not VM=DEVARGS", port),
                    "for example spoke1-test-vm=net_pcap,rx_pcap=in.pcap");
    }
    const std::string vm = port.substr(0, equals);
    if (!o.ports.emplace(vm, port.substr(equals + 1)).second) {
      return refuse(fmt::format("--port: {} is bound twice", vm));
    }
  }
  if (auto e = read_esp(*line, o.esp)) return std::unexpected(*e);
  if (auto e = read_shaping(*line, o.shaping)) return std::unexpected(*e);
  return o;
}

Parsed<CheckOptions> parse_check(const Arguments& arguments) {
  CheckOptions o;
  const auto line = begin(arguments, kCheck, {"LAB..."}, o.common);
  if (!line) return std::unexpected(line.error());
  o.labs = line->positionals();
  o.junit = line->get("junit");
  return o;
}

Parsed<TraceOptions> parse_trace(const Arguments& arguments) {
  TraceOptions o;
  const auto line = begin(arguments, kTrace, {"LAB", "SRC", "DST"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  o.from = line->positionals()[1];
  o.to = line->positionals()[2];
  if (auto e = read_flow(*line, o)) return std::unexpected(*e);
  o.mtr = line->has("mtr");
  return o;
}

Parsed<RoutesOptions> parse_routes(const Arguments& arguments) {
  RoutesOptions o;
  const auto line = begin(arguments, kRoutes, {"LAB", "ROUTER|VM|SUBNET"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  o.on = line->positionals()[1];
  o.as_product = line->has("product");
  return o;
}

Parsed<BgpOptions> parse_bgp(const Arguments& arguments) {
  BgpOptions o;
  const auto line = begin(
      arguments, kBgp, {"LAB", "[ROUTER]", "[learned|advertised|neighbors]", "[PEER]"}, o.common);
  if (!line) return std::unexpected(line.error());
  const auto& words = line->positionals();
  o.lab = words[0];
  o.mrt_dump = line->get("mrt-dump");
  const bool is_summary = words.size() == 1 || words[1] == "summary";
  if (is_summary && !o.mrt_dump.empty()) {
    return refuse("--mrt-dump: whose routes?", "skyhop bgp LAB ROUTER --mrt-dump FILE");
  }
  if (words.size() == 1) return o;
  if (is_summary) {
    if (words.size() > 2) return refuse(fmt::format("'{}' is too much after summary", words[2]));
    return o;
  }
  o.router = words[1];
  o.view = BgpOptions::View::best;
  if (words.size() == 2) return o;
  if (words[2] == "learned") {
    o.view = BgpOptions::View::learned;
  } else if (words[2] == "advertised") {
    o.view = BgpOptions::View::advertised;
  } else if (words[2] == "neighbors") {
    o.view = BgpOptions::View::neighbors;
  } else {
    return refuse(fmt::format("'{}' is none of learned, advertised and neighbors", words[2]));
  }
  if (words.size() == 4) o.peer = words[3];
  return o;
}

Parsed<ReplayOptions> parse_replay(const Arguments& arguments) {
  ReplayOptions o;
  const auto line = begin(arguments, kReplay, {"LAB"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  o.capture = line->get("pcap");
  o.from = line->get("from");
  o.link = line->get("link");
  o.out = line->get("out");
  if (o.capture.empty()) return refuse("--pcap is missing", "--pcap IN");
  if (o.from.empty() && o.link.empty()) return refuse("--from is missing", "--from VM");
  if (!o.from.empty() && !o.link.empty()) {
    return refuse("--from and --link both say where packets enter", "name one of them");
  }
  if (auto e = read_esp(*line, o.esp)) return std::unexpected(*e);
  if (!o.out.empty() && o.out == o.capture) {
    return refuse("--out would overwrite the capture that --pcap reads");
  }
  const auto loops = number<uint32_t>(*line, "loop", 1, 1'000'000'000, 1);
  if (!loops) return std::unexpected(loops.error());
  o.loops = *loops;
  if (auto e = read(*line, "lcores", parse_lcores, o.lcores)) return std::unexpected(*e);
  if (auto e = read_shaping(*line, o.shaping)) return std::unexpected(*e);
  return o;
}

Parsed<ValidateOptions> parse_validate(const Arguments& arguments) {
  ValidateOptions o;
  const auto line = begin(arguments, kValidate, {"[FILE]"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.schema = line->has("schema");
  if (o.schema != line->positionals().empty()) {
    return o.schema ? refuse("--schema needs no file") : refuse("FILE is missing");
  }
  if (!o.schema) o.lab = line->positionals()[0];
  return o;
}

Parsed<ShowOptions> parse_show(const Arguments& arguments) {
  ShowOptions o;
  const auto line = begin(arguments, kShow, {"FILE"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  o.cost = line->has("cost");
  if (auto e = read_shaping(*line, o.shaping)) return std::unexpected(*e);
  return o;
}

Parsed<AzOptions> parse_az(const Arguments& arguments) {
  AzOptions o;
  const auto line = begin(without_short_options(arguments), kAz, {"COMMAND..."}, o.common);
  if (!line) return std::unexpected(line.error());
  o.words = line->positionals();
  if (o.words.size() > 1 && o.words.front() == "network") o.words.erase(o.words.begin());
  const std::string output = line->get("output", "json");
  if (output != "json" && output != "table") {
    return refuse(fmt::format("--output: '{}' is neither json nor table", output));
  }
  o.as_table = output == "table" && !line->has("json");
  const char* environment = std::getenv("SKYHOP_LAB");
  o.lab = line->get("lab", environment == nullptr ? "" : environment);
  if (o.lab.empty()) return refuse("no lab to ask", "--lab FILE, or set SKYHOP_LAB");
  o.resource_group = line->get("resource-group");
  for (const char* name : {"name", "routeserver", "peer", "vm", "nic", "source-ip", "dest-ip",
                           "direction", "protocol", "local", "remote"}) {
    if (line->has(name)) o.values[name] = line->get(name);
  }
  return o;
}

Parsed<ExplainOptions> parse_explain(const Arguments& arguments) {
  ExplainOptions o;
  const auto line = begin(arguments, kExplain, {"LAB", "[ROUTER]", "[PREFIX]"}, o.common);
  if (!line) return std::unexpected(line.error());
  const auto& words = line->positionals();
  o.lab = words[0];
  o.from = line->get("from");
  o.to = line->get("to");
  if (o.from.empty() != o.to.empty()) return refuse("--from and --to go together");
  if (o.from.empty() != (words.size() == 3)) {
    return refuse("what is to be explained?",
                  "ROUTER and PREFIX for a route, --from and --to for a packet");
  }
  if (words.size() == 3) {
    o.router = words[1];
    o.prefix = words[2];
  }
  if (auto e = read_flow(*line, o)) return std::unexpected(*e);
  return o;
}

Parsed<LintOptions> parse_lint(const Arguments& arguments) {
  LintOptions o;
  const auto line = begin(arguments, kPlain, {"LAB"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  return o;
}

Parsed<TimedOptions> parse_timed(const Arguments& arguments) {
  TimedOptions o;
  const auto line = begin(arguments, kTimed, {"LAB"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.lab = line->positionals()[0];
  if (line->get("at") == "0") {
    o.at = Seconds{0};
  } else if (auto e = read(*line, "at", parse_duration, o.at)) {
    return std::unexpected(*e);
  }
  return o;
}

Parsed<ImportOptions> parse_import(const Arguments& arguments) {
  ImportOptions o;
  const auto line = begin(without_short_options(arguments), kImport, {"FILE"}, o.common);
  if (!line) return std::unexpected(line.error());
  o.file = line->positionals()[0];
  o.out = line->get("output");
  if (o.out == o.file) return refuse("-o would overwrite the file that is imported");
  return o;
}

Parsed<DiffOptions> parse_diff(const Arguments& arguments) {
  DiffOptions o;
  const auto line = begin(arguments, kDiff, {"LAB", "FILE..."}, o.common);
  if (!line) return std::unexpected(line.error());
  if (!line->has("az")) return refuse("what do the files hold?", "--az: output of the az CLI");
  o.lab = line->positionals()[0];
  o.answers.assign(line->positionals().begin() + 1, line->positionals().end());
  return o;
}

Parsed<BenchOptions> parse_bench(const Arguments& arguments) {
  BenchOptions o;
  const auto line = begin(arguments, kBench, {"lpm"}, o.common);
  if (!line) return std::unexpected(line.error());
  if (const std::string& what = line->positionals()[0]; what != "lpm") {
    return refuse(fmt::format("'{}' is nothing that bench measures", what), "bench lpm");
  }
  o.routes = {10, 1000, 100'000, 1'000'000};
  if (auto e = read(*line, "routes", parse_counts, o.routes)) return std::unexpected(*e);
  if (auto e = read(*line, "limit", parse_duration, o.limit)) return std::unexpected(*e);
  if (auto e = read(*line, "at-least", parse_ratio, o.at_least)) return std::unexpected(*e);
  return o;
}

std::string options_help(const std::string& command) {
  if (command == "run") return describe(kRun);
  if (command == "check") return describe(kCheck);
  if (command == "bgp") return describe(kBgp);
  if (command == "trace") return describe(kTrace);
  if (command == "az") return describe(kAz);
  if (command == "diff") return describe(kDiff);
  if (command == "explain") return describe(kExplain);
  if (command == "replay") return describe(kReplay);
  if (command == "activity" || command == "alerts") return describe(kTimed);
  if (command == "routes") return describe(kRoutes);
  if (command == "import") return describe(kImport);
  if (command == "validate") return describe(kValidate);
  if (command == "show") return describe(kShow);
  if (command == "bench") return describe(kBench);
  return describe(kPlain);
}

}  // namespace skyhop::cli
