// The values that options take.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "control/cli/options.h"

namespace skyhop::cli {
namespace {

constexpr unsigned kMaxCpu = 1023;
constexpr size_t kMaxWorkers = 127;  // DPDK's lcores, one of which is the control thread's

std::unexpected<UsageError> refuse(const std::string& text, std::string_view wanted) {
  return std::unexpected(UsageError{fmt::format("'{}' is no {}", text, wanted), ""});
}

// A number at the start of `text`, which is cut off; plain decimal digits, no sign, no exponent.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return {};
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<unsigned> to_unsigned(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

struct Suffix {
  std::string_view name;
  double factor;
};

template <size_t N>
std::optional<double> scaled(std::string_view text, const Suffix (&suffixes)[N]) {
  const std::optional<double> number = take_number(text);
  if (!number) return {};
  for (const Suffix& s : suffixes) {
    if (text == s.name) return *number * s.factor;
  }
  return {};
}

}  // namespace

Parsed<Seconds> parse_duration(const std::string& text) {
  static constexpr Suffix kUnits[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"h", 3600}};
  const std::optional<double> value = scaled(text, kUnits);
  if (!value || *value <= 0 || *value > 1e9) {
    return refuse(text, "duration (such as 10, 2.5s, 500ms, 3m; above zero)");
  }
  return Seconds(*value);
}

Parsed<double> parse_rate(const std::string& text) {
  if (text == "max") return 0;
  static constexpr Suffix kUnits[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}};
  const std::optional<double> value = scaled(text, kUnits);
  if (!value || *value < 1 || *value > 1e12) {
    return refuse(text, "rate (packets per second such as 14000, 200k, 1.5M, or max)");
  }
  return *value;
}

Parsed<double> parse_ratio(const std::string& text) {
  static constexpr Suffix kUnits[] = {{"", 1}};
  const std::optional<double> value = scaled(text, kUnits);
  if (!value || *value <= 0 || *value > 1000) return refuse(text, "ratio (such as 0.9 or 2)");
  return *value;
}

Parsed<std::vector<uint32_t>> parse_counts(const std::string& text) {
  static constexpr Suffix kUnits[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}};
  constexpr double kLargest = 2e6;
  std::vector<uint32_t> counts;
  std::string_view rest = text;
  for (;;) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::optional<double> value = scaled(std::string(rest.substr(0, comma)), kUnits);
    if (!value || *value < 1 || *value > kLargest || *value != std::floor(*value)) {
      return refuse(text, "list of sizes (whole numbers up to 2M such as 10,1k,1M)");
    }
    counts.push_back(static_cast<uint32_t>(*value));
    if (comma == rest.size()) return counts;
    rest.remove_prefix(comma + 1);
  }
}

Parsed<std::string> parse_size(const std::string& text) {
  const std::optional<unsigned> octets = to_unsigned(text);
  if (text == "imix" || (octets && *octets >= 64 && *octets <= 9218)) return text;
  return refuse(text, "frame size (octets, FCS included, from 64 to 9218, or imix)");
}

Parsed<LcoreOptions> parse_lcores(const std::string& text) {
  constexpr std::string_view kWanted =
      "choice of lcores (a number of workers such as 2, or their CPUs such as 1,3 or 2-5)";
  LcoreOptions lcores;
  if (const auto workers = to_unsigned(text)) {
    if (*workers == 0 || *workers > kMaxWorkers) return refuse(text, kWanted);
    lcores.workers = *workers;
    return lcores;
  }
  std::string_view rest = text;
  while (true) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const size_t dash = part.find('-');
    const auto first = to_unsigned(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : to_unsigned(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last > kMaxCpu) return refuse(text, kWanted);
    for (unsigned cpu = *first; cpu <= *last; ++cpu) {
      if (std::ranges::find(lcores.cpus, cpu) != lcores.cpus.end()) return refuse(text, kWanted);
      lcores.cpus.push_back(cpu);
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (lcores.cpus.size() > kMaxWorkers) return refuse(text, kWanted);
  lcores.workers = static_cast<unsigned>(lcores.cpus.size());
  return lcores;
}

Parsed<uint8_t> parse_protocol(const std::string& text) {
  static constexpr std::pair<std::string_view, uint8_t> kNames[] = {
      {"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"esp", 50}, {"ah", 51}};
  for (const auto& [name, number] : kNames) {
    if (text == name) return number;
  }
  const auto number = to_unsigned(text);
  if (!number || *number == 0 || *number > 255) {
    return refuse(text, "protocol (icmp, tcp, udp, esp, ah, or a number from 1 to 255)");
  }
  return static_cast<uint8_t>(*number);
}

}  // namespace skyhop::cli
