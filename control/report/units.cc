#include "control/report/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

namespace skyhop::report {
namespace {

struct Unit {
  double factor;
  const char* name;
};

// Largest unit that leaves at least one before the point; the first unit is shown without decimals
// when the value is whole. The last rounding may carry ("999.6 k" is "1.00 M").
std::string scaled(double value, std::span<const Unit> units) {
  if (!std::isfinite(value)) return "-";
  size_t u = 0;
  while (u + 1 < units.size() && std::abs(value) >= units[u + 1].factor * 0.9995) ++u;
  const double shown = value / units[u].factor;
  const double size = std::abs(shown);
  if (u == 0 && shown == std::floor(shown)) return fmt::format("{:.0f} {}", shown, units[u].name);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", shown, decimals, units[u].name);
}

}  // namespace

std::string packets_per_second(double pps) {
  static constexpr std::array kUnits = {Unit{1, "pps"}, Unit{1e3, "kpps"}, Unit{1e6, "Mpps"},
                                        Unit{1e9, "Gpps"}};
  return scaled(pps, kUnits);
}

std::string bits_per_second(double bps) {
  static constexpr std::array kUnits = {Unit{1, "bit/s"}, Unit{1e3, "kbit/s"}, Unit{1e6, "Mbit/s"},
                                        Unit{1e9, "Gbit/s"}, Unit{1e12, "Tbit/s"}};
  return scaled(bps, kUnits);
}

std::string nanoseconds(double ns) {
  static constexpr std::array kUnits = {Unit{1, "ns"}, Unit{1e3, "µs"}, Unit{1e6, "ms"},
                                        Unit{1e9, "s"}};
  return scaled(ns, kUnits);
}

std::string seconds(double s) { return s == 0 ? "0 s" : nanoseconds(s * 1e9); }

std::string bytes(uint64_t bytes) {
  static constexpr std::array kUnits = {Unit{1, "B"}, Unit{1024.0, "KiB"},
                                        Unit{1024.0 * 1024, "MiB"},
                                        Unit{1024.0 * 1024 * 1024, "GiB"}};
  return scaled(static_cast<double>(bytes), kUnits);
}

std::string count(uint64_t n) {
  const std::string digits = std::to_string(n);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string percent(double part, double whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.1f} %", 100 * part / whole);
}

}  // namespace skyhop::report
