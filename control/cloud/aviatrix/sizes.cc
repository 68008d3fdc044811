#include "control/cloud/aviatrix/sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace skyhop::cloud::aviatrix {

namespace {

struct Known {
  std::string_view size;
  uint64_t mbits_per_second;
};

// Aviatrix' measurements with insane_mode: spoke to transit to spoke, MTU 1500.
constexpr std::array<Known, 4> kMeasured = {{{"Standard_F48s_v2", 24'500},
                                             {"Standard_F32s_v2", 21'600},
                                             {"Standard_D32_v3", 20'500},
                                             {"Standard_D5_v2", 20'600}}};
// Not measured: the network bandwidth that Azure gives such a VM stands for it.
constexpr std::array<Known, 2> kAssumed = {{{"Standard_D3_v2", 3'000}, {"Standard_D4_v2", 6'000}}};

std::string_view series_of(std::string_view size) {
  constexpr std::string_view kPrefix = "Standard_";
  if (!size.starts_with(kPrefix)) return {};
  return size.substr(kPrefix.size());
}

/// The number behind the series' letter: Standard_D3_v2 has 3, Standard_B1ms 1.
uint32_t number_of(std::string_view series) {
  uint32_t number = 0;
  for (const char c : series.substr(1)) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) break;
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

}  // namespace

std::string_view default_size(bool insane_mode) {
  return insane_mode ? "Standard_D3_v2" : "Standard_B1ms";
}

Capacity capacity_of(std::string_view size, bool insane_mode) {
  const auto find = [size](const auto& all) {
    const auto* found = std::ranges::find(all, size, &Known::size);
    return found == all.end() ? uint64_t{0} : found->mbits_per_second;
  };
  if (insane_mode) {
    if (const uint64_t mbits = find(kMeasured); mbits != 0) {
      return {mbits, "measured by Aviatrix with insane_mode"};
    }
    if (const uint64_t mbits = find(kAssumed); mbits != 0) {
      return {mbits, "assumed: the bandwidth Azure gives this size"};
    }
    return {0, "no figure is known for this size with insane_mode"};
  }
  const std::string_view series = series_of(size);
  if (series.empty()) return {0, "no figure is known for this size"};
  // Aviatrix publishes ranges: the low end for one CPU, the high end for more (assumed).
  const bool is_smallest = number_of(series) <= 1;
  switch (series.front()) {
    case 'B':
      return {260, "B series, burst"};
    case 'D':
      return is_smallest ? Capacity{480, "D series: 0.48 to 1.2 Gbit/s, the smallest has the least"}
                         : Capacity{1'200, "D series: 0.48 to 1.2 Gbit/s, assumed the most"};
    case 'F':
      return is_smallest ? Capacity{450, "F series: 0.45 to 1.2 Gbit/s, the smallest has the least"}
                         : Capacity{1'200, "F series: 0.45 to 1.2 Gbit/s, assumed the most"};
    default:
      return {0, "no figure is known for this size"};
  }
}

}  // namespace skyhop::cloud::aviatrix
