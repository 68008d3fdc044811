// The command lines of all subcommands, parsed into plain structs. No bad combination gets through.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lpm/address.h"

namespace skyhop::cli {

/// What is wrong with a command line: one line, and what was probably meant (may be empty).
struct UsageError {
  std::string what;
  std::string hint;
};

template <typename T>
using Parsed = std::expected<T, UsageError>;

using Arguments = std::vector<std::string>;
using Seconds = std::chrono::duration<double>;

enum class Output { table, json };

/// Every command has these; the log goes to stderr.
struct CommonOptions {
  Output output = Output::table;
  std::string log_level = "warning";  ///< spdlog's names
};

/// Worker lcores: a number of them, or the CPUs they run on.
struct LcoreOptions {
  unsigned workers = 1;
  std::vector<unsigned> cpus;  ///< one per worker; empty: chosen
};

/// What run and replay may say of tunnels, over what the lab says.
struct EspOptions {
  std::string encryption;  ///< "esp", "none"; empty: as the lab says
  std::string algorithm;   ///< "GCMAES256"; empty: as the lab says
  std::string driver;      ///< "crypto_openssl"; empty: as the lab says
  std::vector<std::pair<std::string, std::string>> captures;  ///< link, file
  std::string keys_file;  ///< the SAs of the run, for Wireshark; empty: none
};

struct RunOptions {
  CommonOptions common;
  std::string lab;
  std::optional<Seconds> duration;
  std::optional<double> pps;  ///< 0: as fast as possible; absent: as the lab says
  std::string size;           ///< octets of a frame without FCS, or "imix"; empty: as the lab says
  std::string from;           ///< both or none
  std::string to;
  LcoreOptions lcores;
  std::string shaping;                       ///< "cloud" or "none"; empty: as the lab says
  std::map<std::string, std::string> ports;  ///< VM -> DPDK's devargs
  EspOptions esp;
};

struct CheckOptions {
  CommonOptions common;
  std::vector<std::string> labs;
  std::string junit;  ///< file to write; empty: none
};

struct TraceOptions {
  CommonOptions common;
  std::string lab;
  std::string from;  ///< VM
  std::string to;    ///< VM, gateway or address
  uint8_t protocol = 1;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  bool mtr = false;
};

struct RoutesOptions {
  CommonOptions common;
  std::string lab;
  std::string on;           ///< router, VM or subnet
  bool as_product = false;  ///< a gateway's table as the Aviatrix controller shows it
};

struct BgpOptions {
  enum class View { summary, best, learned, advertised, neighbors };
  CommonOptions common;
  std::string lab;
  View view = View::summary;
  std::string router;    ///< empty with summary
  std::string peer;      ///< name or address; empty: all
  std::string mrt_dump;  ///< file; empty: none
};

struct ReplayOptions {
  CommonOptions common;
  std::string lab;
  std::string capture;
  std::string from;  ///< VM; or
  std::string link;  ///< "a -> b": they arrive over it
  std::string out;   ///< capture to write; empty: none
  uint32_t loops = 1;
  LcoreOptions lcores;
  EspOptions esp;
  std::string shaping;
};

struct ValidateOptions {
  CommonOptions common;
  std::string lab;
  bool schema = false;  ///< print the JSON Schema; no lab then
};

struct ShowOptions {
  CommonOptions common;
  std::string lab;
  std::string shaping;
  bool cost = false;
};

/// One question of the az CLI. The words name it: {"nic", "show-effective-route-table"}.
struct AzOptions {
  CommonOptions common;
  bool as_table = false;  ///< -o table; the answer is JSON otherwise, as az's is
  std::string lab;        ///< --lab, or SKYHOP_LAB
  std::vector<std::string> words;
  std::string resource_group;                              ///< empty: the lab's name
  std::map<std::string, std::string, std::less<>> values;  ///< what az's own options say, by name
};

struct ExplainOptions {
  CommonOptions common;
  std::string lab;
  // A route ...
  std::string router;  ///< router, route server instance, VM or subnet
  std::string prefix;  ///< or an address
  // ... or a packet
  std::string from;  ///< VM
  std::string to;    ///< VM, gateway or address
  uint8_t protocol = 1;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
};

struct LintOptions {
  CommonOptions common;
  std::string lab;
};

/// What activity and alerts are asked.
struct TimedOptions {
  CommonOptions common;
  std::string lab;
  std::optional<Seconds> at;  ///< since convergence; absent: the end of the timeline
};

struct ImportOptions {
  CommonOptions common;
  std::string file;
  std::string out;  ///< the lab file to write; empty: to stdout
};

struct DiffOptions {
  CommonOptions common;
  std::string lab;
  std::vector<std::string> answers;  ///< files of az output, or NAME=FILE
};

struct BenchOptions {
  CommonOptions common;
  std::vector<uint32_t> routes;  ///< sizes of the tables, in this order
  Seconds limit{5};              ///< for adding, changing and deleting in one table
  double at_least = 0;           ///< times DPDK's look-ups, at the largest size; else it fails
};

[[nodiscard]] Parsed<RunOptions> parse_run(const Arguments& arguments);
[[nodiscard]] Parsed<CheckOptions> parse_check(const Arguments& arguments);
[[nodiscard]] Parsed<TraceOptions> parse_trace(const Arguments& arguments);
[[nodiscard]] Parsed<RoutesOptions> parse_routes(const Arguments& arguments);
[[nodiscard]] Parsed<BgpOptions> parse_bgp(const Arguments& arguments);
[[nodiscard]] Parsed<ReplayOptions> parse_replay(const Arguments& arguments);
[[nodiscard]] Parsed<ValidateOptions> parse_validate(const Arguments& arguments);
[[nodiscard]] Parsed<ShowOptions> parse_show(const Arguments& arguments);
[[nodiscard]] Parsed<AzOptions> parse_az(const Arguments& arguments);
[[nodiscard]] Parsed<ExplainOptions> parse_explain(const Arguments& arguments);
[[nodiscard]] Parsed<LintOptions> parse_lint(const Arguments& arguments);
[[nodiscard]] Parsed<TimedOptions> parse_timed(const Arguments& arguments);
[[nodiscard]] Parsed<ImportOptions> parse_import(const Arguments& arguments);
[[nodiscard]] Parsed<DiffOptions> parse_diff(const Arguments& arguments);
[[nodiscard]] Parsed<BenchOptions> parse_bench(const Arguments& arguments);

/// The "options:" part of a command's help, one option a line.
[[nodiscard]] std::string options_help(const std::string& command);

// Values, as the options above take them.

/// "10", "2.5", "500ms", "10s", "3m", "1h"; above zero.
[[nodiscard]] Parsed<Seconds> parse_duration(const std::string& text);
/// "14000", "1.5M", "200k", "max" (0).
[[nodiscard]] Parsed<double> parse_rate(const std::string& text);
/// "60".."9214" octets without FCS, or "imix"; returned as it is.
[[nodiscard]] Parsed<std::string> parse_size(const std::string& text);
/// "2" (two workers), "1,3" and "2-5" (the workers' CPUs).
[[nodiscard]] Parsed<LcoreOptions> parse_lcores(const std::string& text);
/// "10,1k,2.5k,1M": whole numbers from 1 to 2 M.
[[nodiscard]] Parsed<double> parse_ratio(const std::string& text);
[[nodiscard]] Parsed<std::vector<uint32_t>> parse_counts(const std::string& text);
/// A name of IANA's that the lab knows ("tcp", "udp", "icmp", "esp", "ah") or a number.
[[nodiscard]] Parsed<uint8_t> parse_protocol(const std::string& text);

}  // namespace skyhop::cli
