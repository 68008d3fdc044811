#include "control/report/az/ids.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>

#include "control/report/az/answers.h"

namespace skyhop::report::az {
namespace {

constexpr std::string_view kSubscription = "00000000-0000-0000-0000-000000000000";

// FNV-1a, from a basis of the caller's.
uint64_t hash(std::string_view text, uint64_t basis) {
  for (const char c : text) basis = (basis ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return basis;
}

}  // namespace

std::string Scope::id(const std::string& what) const {
  return fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/{}",
                     kSubscription, resource_group, what);
}

std::string guid_of(std::string_view text) {
  const uint64_t high = hash(text, 0xCBF29CE484222325u);
  const uint64_t low = hash(text, high);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFFu);
}

std::string location_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string as_path_of(const bgp::AsPath& path) {
  return fmt::format("{}", fmt::join(path.flat(), "-"));
}

std::string_view origin_of(bgp::Origin origin) {
  switch (origin) {
    case bgp::Origin::igp:
      return "Igp";
    case bgp::Origin::egp:
      return "Egp";
    case bgp::Origin::incomplete:
      return "Incomplete";
  }
  return "Igp";
}

std::string time_span(bgp::Time span) {
  const auto ticks = static_cast<uint64_t>(span.count()) / 100;  // of 100 ns
  const uint64_t seconds = ticks / 10'000'000;
  const uint64_t days = seconds / 86'400;
  return fmt::format("{}{:02}:{:02}:{:02}.{:07}", days == 0 ? "" : fmt::format("{}.", days),
                     seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, ticks % 10'000'000);
}

}  // namespace skyhop::report::az
