#include "control/bgp/mrt.h"

#include <algorithm>
#include <map>

#include "control/bgp/message/path_attributes.h"

namespace skyhop::bgp {
namespace {

constexpr uint16_t kTableDumpV2 = 13;
enum class Subtype : uint16_t {  // RFC 6396 4.3, RFC 8050 4
  peer_index_table = 1,
  rib_ipv4_unicast = 2,
  rib_ipv6_unicast = 4,
  rib_ipv4_unicast_addpath = 8,
  rib_ipv6_unicast_addpath = 10,
};
// Of a peer in the index.
constexpr uint8_t kIpv6Peer = 0x01;
constexpr uint8_t kFourOctetAs = 0x02;

uint32_t seconds_of(Time time) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

struct Entry {
  uint16_t peer = 0;  ///< index
  PathId path_id = 0;
  Time learned = {};
  AttributesPtr attributes;
};

class TableDump {
 public:
  TableDump(const Speaker& speaker, Time now) : speaker_(speaker), now_(now), writer_(out_) {}

  std::vector<uint8_t> write() {
    write_index();
    for (const Prefix& prefix : speaker_.originated()) add_originated(prefix);
    uint16_t index = 0;
    for (const PeerId peer : speaker_.peers()) {
      ++index;
      for (const LearnedRoute& route : speaker_.learned(peer)) {
        routes_[route.prefix].push_back({index, route.path_id, route.learned, route.received});
      }
    }
    uint32_t sequence = 0;
    for (const auto& [prefix, entries] : routes_) write_route(sequence++, prefix, entries);
    return std::move(out_);
  }

 private:
  template <typename WriteBody>
  void record(Subtype subtype, WriteBody write_body) {
    body_.clear();
    Writer body(body_);
    write_body(body);
    writer_.u32(seconds_of(now_));
    writer_.u16(kTableDumpV2);
    writer_.u16(static_cast<uint16_t>(subtype));
    writer_.u32(static_cast<uint32_t>(body_.size()));
    writer_.bytes(body_);
  }

  void write_index() {
    record(Subtype::peer_index_table, [&](Writer& body) {
      const SpeakerConfig& own = speaker_.config();
      const std::vector<PeerId> peers = speaker_.peers();
      body.address(own.router_id);
      body.u16(static_cast<uint16_t>(own.name.size()));
      for (const char c : own.name) body.u8(static_cast<uint8_t>(c));
      body.u16(static_cast<uint16_t>(peers.size() + 1));
      write_peer(body, own.router_id, own.router_id, own.asn);
      for (const PeerId peer : peers) {
        const PeerConfig& config = speaker_.peer_config(peer);
        const PeerStatus status = speaker_.status(peer);
        const bool is_known = status.remote_asn != 0;
        write_peer(body, status.remote_router_id, config.remote_address,
                   is_known ? status.remote_asn : config.remote_asn);
      }
    });
  }

  static void write_peer(Writer& body, Ipv4Address router_id, const IpAddress& address, Asn asn) {
    body.u8(kFourOctetAs | (address.is_ipv4() ? 0 : kIpv6Peer));
    body.address(router_id);
    write_address(body, address);
    body.u32(asn);
  }

  static void write_address(Writer& body, const IpAddress& address) {
    if (address.is_ipv4()) {
      body.address(address.ipv4());
    } else {
      body.ipv6_address(address.ipv6());
    }
  }

  // One that no peer's route to the same prefix hides.
  void add_originated(const Prefix& prefix) {
    for (const Decided& decided : speaker_.explain(prefix)) {
      if (decided.candidate.peer) continue;
      routes_[prefix].push_back({0, 0, {}, decided.candidate.attributes});
    }
  }

  void write_route(uint32_t sequence, const Prefix& prefix, const std::vector<Entry>& entries) {
    const bool has_path_ids =
        std::ranges::any_of(entries, [](const Entry& entry) { return entry.path_id != 0; });
    const Subtype subtype =
        prefix.is_ipv4()
            ? (has_path_ids ? Subtype::rib_ipv4_unicast_addpath : Subtype::rib_ipv4_unicast)
            : (has_path_ids ? Subtype::rib_ipv6_unicast_addpath : Subtype::rib_ipv6_unicast);
    record(subtype, [&](Writer& body) {
      body.u32(sequence);
      write_prefix(body, prefix);
      body.u16(static_cast<uint16_t>(entries.size()));
      for (const Entry& entry : entries) {
        body.u16(entry.peer);
        body.u32(seconds_of(entry.learned));
        if (has_path_ids) body.u32(entry.path_id);
        const std::vector<uint8_t> attributes = encoded(*entry.attributes);
        body.u16(static_cast<uint16_t>(attributes.size()));
        body.bytes(attributes);
      }
    });
  }

  // As in NLRI: the length in bits, then the octets that it needs.
  static void write_prefix(Writer& body, const Prefix& prefix) {
    body.u8(prefix.length());
    std::vector<uint8_t> address;
    Writer writer(address);
    if (prefix.is_ipv4()) {
      writer.address(prefix.ipv4().address());
    } else {
      writer.ipv6_address(prefix.ipv6().address());
    }
    body.bytes(Octets(address).first((prefix.length() + 7u) / 8));
  }

  // RFC 6396 4.3.4: AS numbers of four octets; of MP_REACH_NLRI the next hop alone.
  static std::vector<uint8_t> encoded(const PathAttributes& attributes) {
    std::vector<uint8_t> octets = encode_attributes(attributes, SessionContext{});
    if (!attributes.ipv6_next_hop) return octets;
    const Ipv6NextHop& next_hop = *attributes.ipv6_next_hop;
    const uint8_t length = next_hop.link_local ? 32 : 16;
    Writer writer(octets);
    writer.u8(attribute_flag::kOptional);
    writer.u8(static_cast<uint8_t>(AttributeType::mp_reach));
    writer.u8(static_cast<uint8_t>(length + 1));
    writer.u8(length);
    writer.ipv6_address(next_hop.global);
    if (next_hop.link_local) writer.ipv6_address(*next_hop.link_local);
    return octets;
  }

  const Speaker& speaker_;
  Time now_;
  std::vector<uint8_t> out_;
  std::vector<uint8_t> body_;
  Writer writer_;
  std::map<Prefix, std::vector<Entry>> routes_;
};

}  // namespace

std::vector<uint8_t> mrt_table_dump(const Speaker& speaker, Time now) {
  return TableDump(speaker, now).write();
}

}  // namespace skyhop::bgp
