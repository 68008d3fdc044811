// Numbers with units, three significant digits, as an engineer reads them.
#pragma once

#include <cstdint>
#include <string>

namespace skyhop::report {

[[nodiscard]] std::string packets_per_second(double pps);      ///< "14.9 Mpps"
[[nodiscard]] std::string bits_per_second(double bps);         ///< "9.54 Gbit/s"
[[nodiscard]] std::string nanoseconds(double ns);              ///< "812 ns", "1.34 µs", "2.50 ms"
[[nodiscard]] std::string seconds(double s);                   ///< "3.00 s"; the same scale
[[nodiscard]] std::string bytes(uint64_t bytes);               ///< "64 B", "64.0 MiB"
[[nodiscard]] std::string count(uint64_t n);                   ///< "12,345,678"
[[nodiscard]] std::string percent(double part, double whole);  ///< "12.5 %"; "-" when whole is 0

}  // namespace skyhop::report
