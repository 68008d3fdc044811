#include "control/bgp/message/update.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr size_t kPathIdLength = 4;

uint8_t octet_of(Ipv4Address address, size_t n) {
  return static_cast<uint8_t>(address.value() >> (24 - 8 * n));
}
uint8_t octet_of(Ipv6Address address, size_t n) { return address.octet(n); }

template <typename P>
constexpr uint8_t kLongestPrefix = 32;
template <>
constexpr uint8_t kLongestPrefix<Ipv6Prefix> = 128;

template <typename P>
P read_prefix(Octets octets, uint8_t length);
template <>
Ipv4Prefix read_prefix(Octets octets, uint8_t length) {
  uint32_t address = 0;
  int shift = 24;
  for (const uint8_t octet : octets) {
    address |= uint32_t{octet} << shift;
    shift -= 8;
  }
  return {Ipv4Address(address), length};
}
template <>
Ipv6Prefix read_prefix(Octets octets, uint8_t length) {
  std::array<uint64_t, 2> halves{};
  for (size_t i = 0; i < octets.size(); ++i) {
    halves[i / 8] |= uint64_t{octets[i]} << (56 - 8 * (i % 8));
  }
  return {Ipv6Address(halves[0], halves[1]), length};
}

// False when a length is over the family's or octets are missing: such a field cannot be believed
// (RFC 7606 5.3).
template <typename P>
bool read_routes(Octets octets, const SessionContext& context, std::vector<Nlri<P>>& out) {
  const bool has_path_ids = context.family<P>().path_ids_in;
  Reader reader(octets);
  while (!reader.empty()) {
    const PathId path_id = has_path_ids ? reader.u32() : 0;
    const uint8_t length = reader.u8();
    if (length > kLongestPrefix<P>) return false;
    const Octets address = reader.take((length + 7u) / 8);
    if (!reader.ok()) return false;
    out.emplace_back(read_prefix<P>(address, length), path_id);
  }
  return true;
}

// As many as keep the message within `limit` octets; takes them from the front.
template <typename P>
void write_routes(std::span<const Nlri<P>>& routes, bool has_path_ids, size_t limit,
                  std::vector<uint8_t>& out) {
  Writer writer(out);
  while (!routes.empty()) {
    const auto& [prefix, path_id] = routes.front();
    const size_t octets = (prefix.length() + 7u) / 8;
    if (out.size() + (has_path_ids ? kPathIdLength : 0) + 1 + octets > limit) return;
    if (has_path_ids) writer.u32(path_id);
    writer.u8(prefix.length());
    for (size_t i = 0; i < octets; ++i) writer.u8(octet_of(prefix.address(), i));
    routes = routes.subspan(1);
  }
}

// RFC 4271 5: what a route must carry. Returns the missing attribute's type.
std::optional<AttributeType> missing(const DecodedAttributes& decoded, bool has_nlri) {
  if (!decoded.has_origin) return AttributeType::origin;
  if (!decoded.has_as_path) return AttributeType::as_path;
  if (has_nlri && !decoded.has_next_hop) return AttributeType::next_hop;
  return {};
}

template <typename P>
void withdraw_announced(FamilyUpdate<P>& update) {
  update.withdrawn.insert(update.withdrawn.end(), update.announced.begin(), update.announced.end());
  update.announced.clear();
}

// False when the NLRI cannot be believed.
bool read_mp(const DecodedAttributes& decoded, const SessionContext& context, Update& update) {
  if (const auto& mp = decoded.mp_unreach) {
    const bool is_read = mp->family == kIpv4Unicast
                             ? read_routes(mp->nlri, context, update.mp_ipv4.withdrawn)
                             : read_routes(mp->nlri, context, update.ipv6.withdrawn);
    if (!is_read) return false;
  }
  if (const auto& mp = decoded.mp_reach) {
    return mp->family == kIpv4Unicast ? read_routes(mp->nlri, context, update.mp_ipv4.announced)
                                      : read_routes(mp->nlri, context, update.ipv6.announced);
  }
  return true;
}

// The routes of RFC 4760's attributes have a next hop of their own.
void share_attributes(DecodedAttributes& decoded, Update& update) {
  if (decoded.mp_reach) {
    PathAttributes attributes = decoded.attributes;
    attributes.next_hop = decoded.mp_reach->next_hop;
    attributes.ipv6_next_hop = decoded.mp_reach->ipv6_next_hop;
    auto shared = std::make_shared<const PathAttributes>(std::move(attributes));
    if (!update.mp_ipv4.announced.empty()) update.mp_ipv4.attributes = shared;
    if (!update.ipv6.announced.empty()) update.ipv6.attributes = std::move(shared);
  }
  if (!update.ipv4.announced.empty()) {
    update.ipv4.attributes = std::make_shared<const PathAttributes>(std::move(decoded.attributes));
  }
}

// Around the routes of one message: what is written before them, and the lengths that become known
// behind them.
class UpdateFrame {
 public:
  explicit UpdateFrame(size_t expected_size) {
    out_.reserve(expected_size);
    begun_ = begin_message(out_, MessageType::update);
  }
  Writer writer() { return Writer(out_); }
  std::vector<uint8_t>& out() { return out_; }
  // A length of two octets: over all that follows until close().
  [[nodiscard]] size_t open_length() {
    writer().u16(0);
    return out_.size();
  }
  void close_length(size_t opened) {
    writer().patch_u16(opened - 2, static_cast<uint16_t>(out_.size() - opened));
  }
  std::vector<uint8_t> finish() {
    end_message(out_, begun_);
    return std::move(out_);
  }

 private:
  std::vector<uint8_t> out_;
  size_t begun_ = 0;
};

// Flags, type, and a length of two octets, which is still open.
size_t open_mp_attribute(UpdateFrame& frame, AttributeType type, AddressFamily family) {
  Writer writer = frame.writer();
  writer.u8(attribute_flag::kOptional | attribute_flag::kExtendedLength);
  writer.u8(static_cast<uint8_t>(type));
  const size_t length = frame.open_length();
  writer.u16(family.afi);
  writer.u8(family.safi);
  return length;
}

void write_next_hop(Writer writer, const Ipv6NextHop& next_hop) {
  const size_t addresses = next_hop.link_local ? 2 : 1;
  writer.u8(static_cast<uint8_t>(addresses * Ipv6Address::kOctets));
  writer.ipv6_address(next_hop.global);
  if (next_hop.link_local) writer.ipv6_address(*next_hop.link_local);
}

}  // namespace

std::expected<Update, Notification> decode_update(Octets body, const SessionContext& context) {
  const auto malformed = [](UpdateError error) { return std::unexpected(Notification(error)); };
  Reader reader(body);
  const Octets withdrawn = reader.take(reader.u16());
  const Octets attributes = reader.take(reader.u16());
  // RFC 4271 6.3: lengths that do not fit the message.
  if (!reader.ok()) return malformed(UpdateError::malformed_attribute_list);
  const Octets nlri = reader.rest();

  Update update;
  auto decoded = decode_attributes(attributes, context);
  if (!decoded) return std::unexpected(decoded.error());
  if (!read_routes(withdrawn, context, update.ipv4.withdrawn) ||
      !read_routes(nlri, context, update.ipv4.announced)) {
    return malformed(UpdateError::invalid_network_field);
  }
  if (!read_mp(*decoded, context, update)) return malformed(UpdateError::optional_attribute_error);
  if (withdrawn.empty() && nlri.empty()) {
    if (attributes.empty()) update.end_of_rib = kIpv4Unicast;
    const auto& mp = decoded->mp_unreach;
    if (mp && mp->nlri.empty() && !decoded->has_mp_reach) update.end_of_rib = mp->family;
  }
  const bool has_routes = update.announced_count() != 0;
  if (has_routes) {
    if (const auto absent = missing(*decoded, !update.ipv4.announced.empty())) {
      decoded->problems.push_back({static_cast<uint8_t>(*absent), Outcome::treat_as_withdraw,
                                   UpdateError::missing_well_known_attribute,
                                   "mandatory attribute is missing"});
    }
  }
  update.treated_as_withdraw = decoded->malformed();
  // RFC 7606 5.2: attributes that are broken and no route they could belong to; the routes may be
  // what broke.
  if (update.treated_as_withdraw && !has_routes && !decoded->has_mp_reach) {
    return malformed(UpdateError::malformed_attribute_list);
  }
  if (update.treated_as_withdraw) {
    withdraw_announced(update.ipv4);
    withdraw_announced(update.mp_ipv4);
    withdraw_announced(update.ipv6);
  }
  update.problems = std::move(decoded->problems);
  share_attributes(*decoded, update);
  return update;
}

EncodedAttributes encode_for_update(const PathAttributes& attributes,
                                    const SessionContext& context) {
  return {encode_attributes(attributes, context), attributes.ipv6_next_hop};
}

bool fits(const EncodedAttributes& attributes, const SessionContext& context) {
  const bool is_ipv6 = attributes.ipv6_next_hop.has_value();
  const size_t path_id = (is_ipv6 ? context.ipv6 : context.ipv4).path_ids_out ? kPathIdLength : 0;
  constexpr size_t kMpReach = 4 + 3 + 1 + 2 * Ipv6Address::kOctets + 1;  // all before its NLRI
  const size_t longest_route = path_id + 1 + (is_ipv6 ? kMpReach + Ipv6Address::kOctets : 4);
  return kHeaderLength + 4 + attributes.field.size() + longest_route <= context.longest_message;
}

template <typename P>
std::vector<uint8_t> encode_one_withdrawal(std::span<const Nlri<P>>& routes,
                                           const SessionContext& context) {
  const bool has_path_ids = context.family<P>().path_ids_out;
  UpdateFrame frame(0);
  if constexpr (std::is_same_v<P, Ipv4Prefix>) {
    const size_t withdrawn = frame.open_length();
    // The empty attributes field follows.
    write_routes(routes, has_path_ids, context.longest_message - 2, frame.out());
    frame.close_length(withdrawn);
    frame.writer().u16(0);
  } else {
    frame.writer().u16(0);
    const size_t attributes = frame.open_length();
    const size_t mp = open_mp_attribute(frame, AttributeType::mp_unreach, kFamilyOf<P>);
    write_routes(routes, has_path_ids, context.longest_message, frame.out());
    frame.close_length(mp);
    frame.close_length(attributes);
  }
  return frame.finish();
}

template <typename P>
std::vector<uint8_t> encode_one_announcement(std::span<const Nlri<P>>& routes,
                                             const EncodedAttributes& attributes,
                                             const SessionContext& context) {
  const bool has_path_ids = context.family<P>().path_ids_out;
  const size_t longest_route =
      (has_path_ids ? kPathIdLength : 0) + 1 + (std::is_same_v<P, Ipv4Prefix> ? 4 : 16);
  UpdateFrame frame(std::min(context.longest_message, kHeaderLength + 64 + attributes.field.size() +
                                                          longest_route * routes.size()));
  Writer writer = frame.writer();
  writer.u16(0);
  if constexpr (std::is_same_v<P, Ipv4Prefix>) {
    writer.u16(static_cast<uint16_t>(attributes.field.size()));
    writer.bytes(attributes.field);
    write_routes(routes, has_path_ids, context.longest_message, frame.out());
  } else {
    // RFC 7606 5.1: MP_REACH_NLRI before all others.
    const size_t field = frame.open_length();
    const size_t mp = open_mp_attribute(frame, AttributeType::mp_reach, kFamilyOf<P>);
    write_next_hop(writer, attributes.ipv6_next_hop.value_or(Ipv6NextHop{}));
    writer.u8(0);
    write_routes(routes, has_path_ids, context.longest_message - attributes.field.size(),
                 frame.out());
    frame.close_length(mp);
    writer.bytes(attributes.field);
    frame.close_length(field);
  }
  return frame.finish();
}

template std::vector<uint8_t> encode_one_withdrawal(std::span<const Nlri<Ipv4Prefix>>&,
                                                    const SessionContext&);
template std::vector<uint8_t> encode_one_withdrawal(std::span<const Nlri<Ipv6Prefix>>&,
                                                    const SessionContext&);
template std::vector<uint8_t> encode_one_announcement(std::span<const Nlri<Ipv4Prefix>>&,
                                                      const EncodedAttributes&,
                                                      const SessionContext&);
template std::vector<uint8_t> encode_one_announcement(std::span<const Nlri<Ipv6Prefix>>&,
                                                      const EncodedAttributes&,
                                                      const SessionContext&);

std::vector<uint8_t> encode_end_of_rib(AddressFamily family) {
  UpdateFrame frame(0);
  if (family == kIpv4Unicast) {
    frame.writer().u32(0);
    return frame.finish();
  }
  frame.writer().u16(0);
  const size_t attributes = frame.open_length();
  frame.close_length(open_mp_attribute(frame, AttributeType::mp_unreach, family));
  frame.close_length(attributes);
  return frame.finish();
}

}  // namespace skyhop::bgp
