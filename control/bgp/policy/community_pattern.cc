#include "control/bgp/policy/community_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace skyhop::bgp {
namespace {

using Bits = CommunityPattern::Bits;
using Masked = CommunityPattern::Masked;

struct WellKnown {
  std::string_view name;
  Community value;
};
constexpr std::array kWellKnown = {WellKnown{"graceful-shutdown", kGracefulShutdown},
                                   WellKnown{"llgr-stale", kLlgrStale},
                                   WellKnown{"no-llgr", kNoLlgr},
                                   WellKnown{"blackhole", kBlackhole},
                                   WellKnown{"no-export", kNoExport},
                                   WellKnown{"no-advertise", kNoAdvertise},
                                   WellKnown{"no-export-subconfed", kNoExportSubconfed},
                                   WellKnown{"local-as", kNoExportSubconfed},
                                   WellKnown{"no-peer", kNoPeer}};

// Forms of extended communities: which type, and how its six octets are cut.
struct Form {
  uint8_t type;
  int global_bits;
  int local_bits;
};
constexpr Form kTwoOctetAs{0x00, 16, 32};   // RFC 4360 3.1
constexpr Form kAddress{0x01, 32, 16};      // RFC 4360 3.2
constexpr Form kFourOctetAs{0x02, 32, 16};  // RFC 5668
constexpr std::array kForms = {kTwoOctetAs, kAddress, kFourOctetAs};

struct Subtype {
  std::string_view name;
  uint8_t value;
};
constexpr std::array kSubtypes = {Subtype{"rt", 0x02}, Subtype{"soo", 0x03}};

// A number, or any.
struct Part {
  std::optional<uint32_t> number;
  bool is_address = false;
};

template <typename T>
std::optional<T> number_of(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::optional<Part> part_of(std::string_view text) {
  if (text == "*") return Part{};
  if (const auto address = Ipv4Address::parse(text)) return Part{address->value(), true};
  if (const auto number = number_of<uint32_t>(text)) return Part{number, false};
  return {};
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

constexpr uint64_t ones(int bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// `value` in `bits` at `shift`; false when it does not fit.
bool put(const Part& part, int bits, int shift, uint64_t& value, uint64_t& mask) {
  if (!part.number) return true;
  if (*part.number > ones(bits)) return false;
  value |= uint64_t{*part.number} << shift;
  mask |= ones(bits) << shift;
  return true;
}

struct Parsed {
  enum class Kind : uint8_t { standard, extended, large } kind = Kind::standard;
  std::vector<Masked> any_of;
};

std::optional<Masked> extended(const Form& form, uint8_t subtype, const Part& global,
                               const Part& local) {
  if (global.is_address && form.type != kAddress.type) return {};
  Masked masked;
  masked.value.low = uint64_t{form.type} << 56 | uint64_t{subtype} << 48;
  masked.mask.low = uint64_t{0xFFFF} << 48;
  if (!put(global, form.global_bits, form.local_bits, masked.value.low, masked.mask.low) ||
      !put(local, form.local_bits, 0, masked.value.low, masked.mask.low)) {
    return {};
  }
  return masked;
}

// A number that two octets hold is a 2-octet AS, a larger one a 4-octet AS; `*` is any of the
// forms.
std::vector<Masked> extended_forms(uint8_t subtype, const Part& global, const Part& local) {
  std::vector<Masked> forms;
  for (const Form& form : kForms) {
    if (global.number) {
      const Form& right = global.is_address          ? kAddress
                          : *global.number <= 0xFFFF ? kTwoOctetAs
                                                     : kFourOctetAs;
      if (form.type != right.type) continue;
    }
    if (const auto masked = extended(form, subtype, global, local)) forms.push_back(*masked);
  }
  return forms;
}

std::expected<Parsed, std::string> parse(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return std::unexpected(fmt::format("\"{}\": {}", text, what));
  };
  for (const auto& [name, value] : kWellKnown) {
    if (text == name) return Parsed{Parsed::Kind::standard, {{{0, value}, {0, ones(32)}}}};
  }
  if (text.starts_with("0x")) {
    const auto value = number_of<uint64_t>(text.substr(2), 16);
    if (!value || text.size() != 18) return wrong("an extended community has 16 hex digits");
    return Parsed{Parsed::Kind::extended, {{{0, *value}, {0, ones(64)}}}};
  }
  const std::vector<std::string_view> words = split(text);
  const auto subtype = std::ranges::find(kSubtypes, words[0], &Subtype::name);
  const bool is_extended = subtype != kSubtypes.end();
  std::vector<Part> parts;
  for (size_t i = is_extended ? 1 : 0; i < words.size(); ++i) {
    const auto part = part_of(words[i]);
    if (!part || (part->is_address && !is_extended)) {
      return wrong(
          "expected numbers or *, as in 65000:100, 65000:1:2, rt:65000:100, or a name "
          "such as no-export");
    }
    parts.push_back(*part);
  }
  Parsed parsed;
  if (is_extended) {
    if (parts.size() != 2) return wrong("an extended community has two parts after its kind");
    parsed = {Parsed::Kind::extended, extended_forms(subtype->value, parts[0], parts[1])};
    if (parsed.any_of.empty()) return wrong("a part does not fit");
    return parsed;
  }
  Masked masked;
  if (parts.size() == 2) {
    parsed.kind = Parsed::Kind::standard;
    if (!put(parts[0], 16, 16, masked.value.low, masked.mask.low) ||
        !put(parts[1], 16, 0, masked.value.low, masked.mask.low)) {
      return wrong("the parts of a community go from 0 to 65535");
    }
  } else if (parts.size() == 3) {
    parsed.kind = Parsed::Kind::large;
    if (parts[0].number) masked.value.high = *parts[0].number;
    if (parts[0].number) masked.mask.high = 0xFFFFFFFF;
    put(parts[1], 32, 32, masked.value.low, masked.mask.low);
    put(parts[2], 32, 0, masked.value.low, masked.mask.low);
  } else {
    return wrong("a community has two parts, a large one three");
  }
  parsed.any_of = {masked};
  return parsed;
}

Bits bits_of(Community community) { return {0, community}; }
Bits bits_of(ExtendedCommunity community) { return {0, community}; }
Bits bits_of(const LargeCommunity& community) {
  return {community.global, uint64_t{community.local1} << 32 | community.local2};
}

template <typename T>
void insert(std::vector<T>& sorted, const T& value) {
  const auto at = std::ranges::lower_bound(sorted, value);
  if (at == sorted.end() || *at != value) sorted.insert(at, value);
}

std::string text_of(Community community) {
  for (const auto& [name, value] : kWellKnown) {
    if (community == value) return std::string(name);
  }
  return fmt::format("{}:{}", community >> 16, community & 0xFFFF);
}

std::string text_of(ExtendedCommunity community) {
  const auto type = static_cast<uint8_t>(community >> 56);
  const auto subtype =
      std::ranges::find(kSubtypes, static_cast<uint8_t>(community >> 48), &Subtype::value);
  const auto form = std::ranges::find(kForms, type, &Form::type);
  if (form == kForms.end() || subtype == kSubtypes.end()) {
    return fmt::format("0x{:016x}", community);
  }
  const uint64_t local = community & ones(form->local_bits);
  const auto global =
      static_cast<uint32_t>(community >> form->local_bits & ones(form->global_bits));
  // Its text would be that of another form.
  if (type == kFourOctetAs.type && global <= 0xFFFF) return fmt::format("0x{:016x}", community);
  return fmt::format(
      "{}:{}:{}", subtype->name,
      type == kAddress.type ? Ipv4Address(global).to_string() : std::to_string(global), local);
}

std::string text_of(const LargeCommunity& community) {
  return fmt::format("{}:{}:{}", community.global, community.local1, community.local2);
}

}  // namespace

std::expected<AnyCommunity, std::string> parse_community(std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) return std::unexpected(parsed.error());
  const Masked& only = parsed->any_of.front();
  if (text.find('*') != std::string_view::npos) {
    return std::unexpected(fmt::format("\"{}\": * only stands in what is matched", text));
  }
  switch (parsed->kind) {
    case Parsed::Kind::standard:
      return static_cast<Community>(only.value.low);
    case Parsed::Kind::extended:
      return ExtendedCommunity{only.value.low};
    case Parsed::Kind::large:
      break;
  }
  return LargeCommunity{only.value.high, static_cast<uint32_t>(only.value.low >> 32),
                        static_cast<uint32_t>(only.value.low)};
}

std::string to_string(const AnyCommunity& community) {
  return std::visit([](const auto& value) { return text_of(value); }, community);
}

void add(const AnyCommunity& community, PathAttributes& attributes) {
  if (const auto* standard = std::get_if<Community>(&community)) {
    attributes.add(*standard);
  } else if (const auto* extended = std::get_if<ExtendedCommunity>(&community)) {
    insert(attributes.extended_communities, *extended);
  } else {
    insert(attributes.large_communities, std::get<LargeCommunity>(community));
  }
}

std::vector<std::string> communities_of(const PathAttributes& attributes) {
  std::vector<std::string> texts;
  const auto append = [&](const auto& communities) {
    for (const auto& community : communities) texts.push_back(text_of(community));
  };
  append(attributes.communities);
  append(attributes.extended_communities);
  append(attributes.large_communities);
  return texts;
}

std::expected<CommunityPattern, std::string> CommunityPattern::parse(std::string_view text) {
  auto parsed = bgp::parse(text);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  CommunityPattern pattern;
  pattern.kind_ = static_cast<Kind>(parsed->kind);
  pattern.any_of_ = std::move(parsed->any_of);
  return pattern;
}

bool CommunityPattern::matches(const PathAttributes& attributes) const {
  const auto is_any = [this](const auto& community) {
    return std::ranges::any_of(
        any_of_, [&](const Masked& masked) { return masked.matches(bits_of(community)); });
  };
  switch (kind_) {
    case Kind::standard:
      return std::ranges::any_of(attributes.communities, is_any);
    case Kind::extended:
      return std::ranges::any_of(attributes.extended_communities, is_any);
    case Kind::large:
      return std::ranges::any_of(attributes.large_communities, is_any);
  }
  return false;
}

void CommunityPattern::remove_from(PathAttributes& attributes) const {
  const auto remove = [this](auto& communities) {
    std::erase_if(communities, [this](const auto& community) {
      return std::ranges::any_of(
          any_of_, [&](const Masked& masked) { return masked.matches(bits_of(community)); });
    });
  };
  switch (kind_) {
    case Kind::standard:
      return remove(attributes.communities);
    case Kind::extended:
      return remove(attributes.extended_communities);
    case Kind::large:
      return remove(attributes.large_communities);
  }
}

}  // namespace skyhop::bgp
