#include "control/bgp/message/capability.h"

#include <fmt/format.h>

#include <algorithm>

namespace skyhop::bgp {
namespace {

// RFC 4724 3, RFC 8538 2: the upper four bits before the restart time.
constexpr uint16_t kHasRestarted = 0x8000;
constexpr uint16_t kNotification = 0x4000;
constexpr uint8_t kForwardingPreserved = 0x80;
constexpr uint8_t kReceives = 1;  // RFC 7911 4
constexpr uint8_t kSends = 2;

AddressFamily read_family(Reader& reader) {
  const uint16_t afi = reader.u16();
  return {afi, reader.u8()};
}

void write_family(Writer& writer, AddressFamily family) {
  writer.u16(family.afi);
  writer.u8(family.safi);
}

// One entry for each family; a later one counts.
template <typename T>
void put(std::vector<T>& entries, const T& entry) {
  const auto known = std::ranges::find(entries, entry.family, &T::family);
  if (known == entries.end()) {
    entries.push_back(entry);
  } else {
    *known = entry;
  }
}

template <typename T>
const T* find_family(const std::vector<T>& entries, AddressFamily family) {
  const auto found = std::ranges::find(entries, family, &T::family);
  return found == entries.end() ? nullptr : &*found;
}

// Each reader is false for a value of the wrong form, and then has changed nothing.
bool read_multiprotocol(Reader reader, Capabilities& out) {
  if (reader.size() != 4) return false;
  AddressFamily family;
  family.afi = reader.u16();
  reader.u8();
  family.safi = reader.u8();
  if (std::ranges::find(out.families, family) == out.families.end()) out.families.push_back(family);
  return true;
}

bool read_graceful_restart(Reader reader, Capabilities& out) {
  if (reader.size() < 2 || (reader.size() - 2) % 4 != 0) return false;
  const uint16_t flags_and_time = reader.u16();
  GracefulRestart restart;
  restart.has_restarted = (flags_and_time & kHasRestarted) != 0;
  restart.notification = (flags_and_time & kNotification) != 0;
  restart.restart_time = flags_and_time & kLongestRestartTime;
  while (!reader.empty()) {
    GracefulRestart::Family entry{read_family(reader)};
    entry.forwarding_preserved = (reader.u8() & kForwardingPreserved) != 0;
    put(restart.families, entry);
  }
  out.graceful_restart = std::move(restart);  // RFC 4724 3: the last one counts
  return true;
}

bool read_long_lived(Reader reader, Capabilities& out) {
  if (reader.empty() || reader.size() % 7 != 0) return false;
  while (!reader.empty()) {
    LongLivedFamily entry{read_family(reader)};
    entry.forwarding_preserved = (reader.u8() & kForwardingPreserved) != 0;
    entry.stale_time = uint32_t{reader.u8()} << 16;
    entry.stale_time |= reader.u16();
    put(out.long_lived, entry);
  }
  return true;
}

bool read_add_path(Reader reader, Capabilities& out) {
  if (reader.empty() || reader.size() % 4 != 0) return false;
  std::vector<AddPathFamily> entries = out.add_path;
  while (!reader.empty()) {
    AddPathFamily entry{read_family(reader)};
    const uint8_t directions = reader.u8();
    // RFC 7911 4: any other value, and the capability is as if not understood.
    if (directions == 0 || directions > (kReceives | kSends)) return false;
    entry.can_receive = (directions & kReceives) != 0;
    entry.can_send = (directions & kSends) != 0;
    put(entries, entry);
  }
  out.add_path = std::move(entries);
  return true;
}

bool read_extended_next_hop(Reader reader, Capabilities& out) {
  if (reader.empty() || reader.size() % 6 != 0) return false;
  std::vector<ExtendedNextHop> entries = out.extended_next_hops;
  while (!reader.empty()) {
    ExtendedNextHop entry;
    entry.family.afi = reader.u16();
    const uint16_t safi = reader.u16();
    entry.next_hop_afi = reader.u16();
    if (safi > 0xFF) return false;
    entry.family.safi = static_cast<uint8_t>(safi);
    if (std::ranges::find(entries, entry) == entries.end()) entries.push_back(entry);
  }
  out.extended_next_hops = std::move(entries);
  return true;
}

bool read_flag(Reader reader, bool& out) {
  if (!reader.empty()) return false;
  out = true;
  return true;
}

// Error where the RFC of the capability wants the session refused.
std::expected<bool, Notification> read_known(CapabilityCode code, Reader reader, Capabilities& out,
                                             std::optional<uint32_t>& asn) {
  switch (code) {
    case CapabilityCode::multiprotocol:
      return read_multiprotocol(reader, out);
    case CapabilityCode::route_refresh:
      return read_flag(reader, out.route_refresh);
    case CapabilityCode::extended_next_hop:
      return read_extended_next_hop(reader, out);
    case CapabilityCode::extended_message:
      return read_flag(reader, out.extended_message);
    case CapabilityCode::role: {
      if (reader.size() != 1) return false;
      const auto role = static_cast<Role>(reader.u8());
      if (out.role && out.role != role) {  // RFC 9234 4.2
        return std::unexpected(Notification(OpenError::role_mismatch));
      }
      out.role = role;
      return true;
    }
    case CapabilityCode::graceful_restart:
      return read_graceful_restart(reader, out);
    case CapabilityCode::four_octet_as:
      if (reader.size() != 4) return std::unexpected(Notification(OpenError::unspecific));
      asn = reader.u32();
      out.four_octet_as = true;
      return true;
    case CapabilityCode::add_path:
      return read_add_path(reader, out);
    case CapabilityCode::enhanced_route_refresh:
      return read_flag(reader, out.enhanced_route_refresh);
    case CapabilityCode::long_lived_graceful_restart:
      return read_long_lived(reader, out);
  }
  return false;
}

template <typename WriteValue>
void write(std::vector<uint8_t>& out, CapabilityCode code, WriteValue write_value) {
  Writer writer(out);
  writer.u8(static_cast<uint8_t>(code));
  writer.u8(0);
  const size_t begun = out.size();
  write_value(writer);
  out[begun - 1] = static_cast<uint8_t>(out.size() - begun);
}

// A value is 255 octets at most: long lists go out as several capabilities of one code.
template <typename T, typename WriteEntry>
void write_list(std::vector<uint8_t>& out, CapabilityCode code, std::span<const T> entries,
                size_t entry_length, WriteEntry write_entry) {
  while (!entries.empty()) {
    const auto now = entries.first(std::min(entries.size(), 255 / entry_length));
    write(out, code, [&](Writer& writer) {
      for (const T& entry : now) write_entry(writer, entry);
    });
    entries = entries.subspan(now.size());
  }
}

void write_graceful_restart(Writer& writer, const GracefulRestart& restart) {
  writer.u16(static_cast<uint16_t>((restart.has_restarted ? kHasRestarted : 0) |
                                   (restart.notification ? kNotification : 0) |
                                   (restart.restart_time & kLongestRestartTime)));
  for (const auto& [family, forwarding_preserved] : restart.families) {
    write_family(writer, family);
    writer.u8(forwarding_preserved ? kForwardingPreserved : 0);
  }
}

void write_long_lived(Writer& writer, const LongLivedFamily& entry) {
  write_family(writer, entry.family);
  writer.u8(entry.forwarding_preserved ? kForwardingPreserved : 0);
  writer.u8(static_cast<uint8_t>(entry.stale_time >> 16));
  writer.u16(static_cast<uint16_t>(entry.stale_time));
}

void write_add_path(Writer& writer, const AddPathFamily& entry) {
  write_family(writer, entry.family);
  writer.u8(
      static_cast<uint8_t>((entry.can_receive ? kReceives : 0) | (entry.can_send ? kSends : 0)));
}

void write_extended_next_hop(Writer& writer, const ExtendedNextHop& entry) {
  writer.u16(entry.family.afi);
  writer.u16(entry.family.safi);
  writer.u16(entry.next_hop_afi);
}

constexpr std::string_view kRoles[] = {"provider", "route-server", "route-server-client",
                                       "customer", "peer"};

}  // namespace

std::string to_string(Role role) {
  const auto number = static_cast<size_t>(role);
  return number < std::size(kRoles) ? std::string(kRoles[number]) : fmt::format("role {}", number);
}

std::optional<Role> counterpart(Role role) {
  switch (role) {
    case Role::provider:
      return Role::customer;
    case Role::customer:
      return Role::provider;
    case Role::route_server:
      return Role::route_server_client;
    case Role::route_server_client:
      return Role::route_server;
    case Role::peer:
      return Role::peer;
  }
  return {};
}

std::string to_string(AddressFamily family) {
  if (family == kIpv4Unicast) return "IPv4 unicast";
  if (family == kIpv6Unicast) return "IPv6 unicast";
  return fmt::format("AFI {} SAFI {}", family.afi, family.safi);
}

const GracefulRestart::Family* GracefulRestart::find(AddressFamily family) const {
  return find_family(families, family);
}

bool Capabilities::speaks(AddressFamily family) const {
  if (families.empty()) return family == kIpv4Unicast;
  return std::ranges::find(families, family) != families.end();
}

const AddPathFamily* Capabilities::add_path_of(AddressFamily family) const {
  return find_family(add_path, family);
}

const LongLivedFamily* Capabilities::long_lived_of(AddressFamily family) const {
  return find_family(long_lived, family);
}

bool Capabilities::takes_ipv6_next_hops_for(AddressFamily family) const {
  return std::ranges::find(extended_next_hops, ExtendedNextHop{family, kIpv6Unicast.afi}) !=
         extended_next_hops.end();
}

std::vector<std::string> describe(const Capabilities& capabilities) {
  std::vector<std::string> texts;
  for (const AddressFamily family : capabilities.families) texts.push_back(to_string(family));
  const auto add_flag = [&](bool is_set, const char* name) {
    if (is_set) texts.emplace_back(name);
  };
  add_flag(capabilities.four_octet_as, "4-octet AS");
  add_flag(capabilities.route_refresh, "route refresh");
  add_flag(capabilities.enhanced_route_refresh, "enhanced route refresh");
  add_flag(capabilities.extended_message, "extended messages");
  if (capabilities.role) texts.push_back("role " + to_string(*capabilities.role));
  if (const auto& restart = capabilities.graceful_restart) {
    std::string text = fmt::format("graceful restart {} s", restart->restart_time);
    if (restart->has_restarted) text += ", restarted";
    if (restart->notification) text += ", also after NOTIFICATION";
    texts.push_back(std::move(text));
  }
  for (const LongLivedFamily& entry : capabilities.long_lived) {
    texts.push_back(fmt::format("long-lived graceful restart {} {} s", to_string(entry.family),
                                entry.stale_time));
  }
  for (const AddPathFamily& entry : capabilities.add_path) {
    const char* directions = entry.can_receive && entry.can_send ? "both ways"
                             : entry.can_receive                 ? "receive"
                                                                 : "send";
    texts.push_back(fmt::format("add-path {} {}", to_string(entry.family), directions));
  }
  for (const ExtendedNextHop& entry : capabilities.extended_next_hops) {
    texts.push_back(fmt::format("{} over {} next hops", to_string(entry.family),
                                entry.next_hop_afi == kIpv6Unicast.afi
                                    ? std::string("IPv6")
                                    : fmt::format("AFI {}", entry.next_hop_afi)));
  }
  for (const Capability& other : capabilities.other_capabilities) {
    texts.push_back(fmt::format("capability {}", other.code));
  }
  return texts;
}

void append(const Capabilities& capabilities, uint32_t asn, std::vector<uint8_t>& out) {
  const auto flag = [&](bool is_set, CapabilityCode code) {
    if (is_set) write(out, code, [](Writer&) {});
  };
  for (const AddressFamily family : capabilities.families) {
    write(out, CapabilityCode::multiprotocol, [&](Writer& writer) {
      writer.u16(family.afi);
      writer.u8(0);
      writer.u8(family.safi);
    });
  }
  flag(capabilities.route_refresh, CapabilityCode::route_refresh);
  write_list(out, CapabilityCode::extended_next_hop, std::span(capabilities.extended_next_hops), 6,
             write_extended_next_hop);
  flag(capabilities.extended_message, CapabilityCode::extended_message);
  if (capabilities.role) {
    write(out, CapabilityCode::role,
          [&](Writer& writer) { writer.u8(static_cast<uint8_t>(*capabilities.role)); });
  }
  if (capabilities.graceful_restart) {
    write(out, CapabilityCode::graceful_restart,
          [&](Writer& writer) { write_graceful_restart(writer, *capabilities.graceful_restart); });
  }
  if (capabilities.four_octet_as) {
    write(out, CapabilityCode::four_octet_as, [&](Writer& writer) { writer.u32(asn); });
  }
  write_list(out, CapabilityCode::add_path, std::span(capabilities.add_path), 4, write_add_path);
  flag(capabilities.enhanced_route_refresh, CapabilityCode::enhanced_route_refresh);
  write_list(out, CapabilityCode::long_lived_graceful_restart, std::span(capabilities.long_lived),
             7, write_long_lived);
  for (const Capability& other : capabilities.other_capabilities) {
    Writer writer(out);
    writer.u8(other.code);
    writer.u8(static_cast<uint8_t>(other.value.size()));
    writer.bytes(other.value);
  }
}

std::expected<void, Notification> read_capabilities(Octets octets, Capabilities& capabilities,
                                                    std::optional<uint32_t>& asn) {
  Reader reader(octets);
  while (!reader.empty()) {
    const uint8_t code = reader.u8();
    const Octets value = reader.take(reader.u8());
    if (!reader.ok()) return std::unexpected(Notification(OpenError::unspecific));
    const auto is_known =
        read_known(static_cast<CapabilityCode>(code), Reader(value), capabilities, asn);
    if (!is_known) return std::unexpected(is_known.error());
    if (!*is_known) {
      capabilities.other_capabilities.push_back({code, {value.begin(), value.end()}});
    }
  }
  return {};
}

}  // namespace skyhop::bgp
