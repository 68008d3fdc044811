#include "dataplane/stages/nat.h"

#include <algorithm>

#include "dataplane/stages/input.h"
#include "pcap/checksum.h"

namespace skyhop::dataplane {
namespace {

constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17;
constexpr uint32_t kIcmpHeader = 8;
constexpr uint32_t kFragmentBits = 0x3fff;
// Ports are tried in this many places; a table that is so full is full.
constexpr uint32_t kTries = 64;
constexpr uint16_t kFirstPort = 1024;  // RFC 4787, REQ-3: not from the well-known range

bool has_ports(uint8_t protocol) { return protocol == kTcp || protocol == kUdp; }
/// Something of the flow's own that can be changed to tell it from others.
bool has_identifier(const lpm::FlowKey& key) {
  return has_ports(key.protocol) || (key.protocol == kIcmp && key.source_port != 0);
}

bool is_among(const std::vector<Ipv4Prefix>& prefixes, Ipv4Address address) {
  return std::ranges::any_of(prefixes, [=](Ipv4Prefix prefix) { return prefix.contains(address); });
}

bool is_in(const NatRule::Ports& ports, uint8_t protocol, uint16_t port) {
  if (ports.first == 0 && ports.last == 0xffff) return true;
  return has_ports(protocol) && ports.first <= port && port <= ports.last;
}

bool addresses_match(const NatRule& rule, const lpm::FlowKey& key) {
  return (rule.protocol == 0 || rule.protocol == key.protocol) &&
         (rule.sources.empty() || is_among(rule.sources, key.source)) &&
         (rule.destinations.empty() || is_among(rule.destinations, key.destination)) &&
         !is_among(rule.except_destinations, key.destination);
}

void store_be16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
void store_be32(uint8_t* at, uint32_t value) {
  store_be16(at, static_cast<uint16_t>(value >> 16));
  store_be16(at + 2, static_cast<uint16_t>(value));
}
uint16_t get16(const uint8_t* at) { return static_cast<uint16_t>(load_be16(at)); }

/// A checksum field that follows changes of what it covers (RFC 1624).
class Checksum {
 public:
  explicit Checksum(uint8_t* at) : at_(at), value_(get16(at)) {}
  void change16(uint16_t from, uint16_t to) { value_ = pcap::update_checksum(value_, from, to); }
  void change32(uint32_t from, uint32_t to) { value_ = pcap::update_checksum32(value_, from, to); }
  void store(bool is_udp = false) {
    store_be16(at_, is_udp && value_ == 0 ? 0xffff : value_);  // RFC 768: zero says "none"
  }

 private:
  uint8_t* at_;
  uint16_t value_;
};

/// Rewrites the packet of flow `from` into `to`; false when it is too short for that.
bool rewrite(uint8_t* ip, const lpm::FlowKey& from, const lpm::FlowKey& to) {
  const uint32_t header = (ip[0] & 15u) * 4;
  const uint32_t length = load_be16(ip + 2);
  uint8_t* const transport = ip + header;
  uint8_t* checksum = nullptr;
  if (from.protocol == kTcp) checksum = transport + 16;
  if (from.protocol == kUdp && get16(transport + 6) != 0) checksum = transport + 6;
  if (has_ports(from.protocol) && length < header + (from.protocol == kTcp ? 20 : 8)) return false;

  Checksum of_header(ip + 10);
  of_header.change32(from.source.value(), to.source.value());
  of_header.change32(from.destination.value(), to.destination.value());
  of_header.store();
  store_be32(ip + 12, to.source.value());
  store_be32(ip + 16, to.destination.value());
  if (from.protocol == kIcmp && from.source_port != to.source_port) {
    Checksum of_message(transport + 2);
    of_message.change16(from.source_port, to.source_port);
    of_message.store();
    store_be16(transport + 4, to.source_port);
  }
  if (!has_ports(from.protocol)) return true;
  if (checksum != nullptr) {
    Checksum of_segment(checksum);
    of_segment.change32(from.source.value(), to.source.value());
    of_segment.change32(from.destination.value(), to.destination.value());
    of_segment.change16(from.source_port, to.source_port);
    of_segment.change16(from.destination_port, to.destination_port);
    of_segment.store(from.protocol == kUdp);
  }
  store_be16(transport, to.source_port);
  store_be16(transport + 2, to.destination_port);
  return true;
}

}  // namespace

const NatRule* find_rule(const std::vector<NatRule>& rules, const lpm::FlowKey& key) {
  const auto rule = std::ranges::find_if(rules, [&](const NatRule& each) {
    return addresses_match(each, key) && is_in(each.source_ports, key.protocol, key.source_port) &&
           is_in(each.destination_ports, key.protocol, key.destination_port);
  });
  return rule == rules.end() ? nullptr : &*rule;
}

lpm::FlowKey candidate(const NatRule& rule, NatSide side, const lpm::FlowKey& key, uint32_t n) {
  lpm::FlowKey to = key;
  // All flows of one host keep one address of the range (RFC 4787, REQ-2).
  const uint32_t addresses = rule.last.value() - rule.first.value() + 1;
  const uint32_t host = side == NatSide::leaving ? key.source.value() : key.destination.value();
  const lpm::Ipv4Address address(rule.first.value() + host % addresses);
  if (side == NatSide::entering) {
    to.destination = address;
    if (rule.ports && has_ports(key.protocol)) {
      const uint32_t size = rule.ports->last - rule.ports->first + 1u;
      to.destination_port = static_cast<uint16_t>(
          rule.ports->first + (key.destination_port - rule.destination_ports.first) % size);
    }
    return to;
  }
  to.source = address;
  if (!has_identifier(key) || (n == 0 && !rule.ports)) return to;
  const NatRule::Ports range =
      rule.ports && has_ports(key.protocol) ? *rule.ports : NatRule::Ports{kFirstPort, 0xffff};
  const uint32_t size = range.last - range.first + 1u;
  // Odd strides from a place of the flow's own: neighbours do not walk in step.
  const uint32_t hash = lpm::flow_hash(key);
  to.source_port = static_cast<uint16_t>(range.first + (hash + n * ((hash >> 16) | 1u)) % size);
  return to;
}

bool Nat::translate_new(const lpm::FlowKey& key, lpm::FlowKey& translated, const NatRule& rule,
                        uint32_t now) const {
  const bool can_vary = side_ == NatSide::leaving && has_identifier(key);
  for (uint32_t n = 0; n < (can_vary ? kTries : 1); ++n) {
    translated = candidate(rule, side_, key, n);
    const auto outcome = flows_->insert(side_, key, translated, now);
    if (outcome == NatTable::Outcome::added) return true;
    // Another worker may have been faster with this very flow.
    if (flows_->find(side_, key, translated, now)) return true;
  }
  return false;
}

NatOutcome Nat::apply(uint8_t* ip, uint32_t now) const {
  const FilterInput input = filter_input(ip);
  if (input.about) return apply_to_error(ip, input.key, *input.about, now);
  if ((load_be16(ip + 6) & kFragmentBits) != 0) {
    // Without ports nobody can say whose it is; what no rule could mean goes on.
    const bool concerns = std::ranges::any_of(
        rules_, [&](const NatRule& rule) { return addresses_match(rule, input.key); });
    return concerns ? NatOutcome::failed : NatOutcome::untouched;
  }
  lpm::FlowKey translated;
  if (!flows_->find(side_, input.key, translated, now)) {
    const NatRule* rule = find_rule(rules_, input.key);
    if (rule == nullptr) return NatOutcome::untouched;
    if (!translate_new(input.key, translated, *rule, now)) return NatOutcome::failed;
  }
  return rewrite(ip, input.key, translated) ? NatOutcome::translated : NatOutcome::failed;
}

// RFC 5508, REQ-4 and REQ-5: an error about a translated packet is for whoever sent that packet
// before it was translated, and quotes it as it was then.
NatOutcome Nat::apply_to_error(uint8_t* ip, const lpm::FlowKey& error, const lpm::FlowKey& about,
                               uint32_t now) const {
  lpm::FlowKey back;
  const lpm::FlowKey reply = reverse_direction(about);
  if (!flows_->find(side_, reply, back, now)) return NatOutcome::untouched;
  const lpm::FlowKey original = reverse_direction(back);
  const uint32_t header = (ip[0] & 15u) * 4;
  const uint32_t length = load_be16(ip + 2);
  uint8_t* const icmp = ip + header;
  uint8_t* const quoted = icmp + kIcmpHeader;
  const uint32_t quoted_header = (quoted[0] & 15u) * 4;
  const uint32_t available = length - header - kIcmpHeader;

  Checksum of_message(icmp + 2);
  Checksum of_quoted(quoted + 10);
  const uint16_t quoted_before = get16(quoted + 10);
  of_quoted.change32(about.source.value(), original.source.value());
  of_quoted.change32(about.destination.value(), original.destination.value());
  of_quoted.store();
  of_message.change16(quoted_before, get16(quoted + 10));
  of_message.change32(about.source.value(), original.source.value());
  of_message.change32(about.destination.value(), original.destination.value());
  store_be32(quoted + 12, original.source.value());
  store_be32(quoted + 16, original.destination.value());
  uint8_t* const transport = quoted + quoted_header;
  if (has_ports(about.protocol)) {  // filter_input has seen them
    of_message.change16(about.source_port, original.source_port);
    of_message.change16(about.destination_port, original.destination_port);
    store_be16(transport, original.source_port);
    store_be16(transport + 2, original.destination_port);
  } else if (about.protocol == kIcmp && available >= quoted_header + 6) {
    // The quoted message's own checksum changes against its identifier: both in one sum.
    Checksum of_echo(transport + 2);
    const uint16_t echo_before = get16(transport + 2);
    of_echo.change16(about.source_port, original.source_port);
    of_echo.store();
    of_message.change16(echo_before, get16(transport + 2));
    of_message.change16(about.source_port, original.source_port);
    store_be16(transport + 4, original.source_port);
  }
  of_message.store();

  lpm::FlowKey outer = error;
  if (outer.destination == reply.destination) outer.destination = back.destination;
  if (outer.source == reply.source) outer.source = back.source;
  Checksum of_header(ip + 10);
  of_header.change32(error.source.value(), outer.source.value());
  of_header.change32(error.destination.value(), outer.destination.value());
  of_header.store();
  store_be32(ip + 12, outer.source.value());
  store_be32(ip + 16, outer.destination.value());
  return NatOutcome::translated;
}

}  // namespace skyhop::dataplane
