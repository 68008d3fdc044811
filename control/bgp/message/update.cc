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
  const uint8_t* at = octets.data();
  const uint8_t* const end = at + octets.size();
  while (at != end) {
    PathId path_id = 0;
    if (has_path_ids) {
      if (end - at <= static_cast<ptrdiff_t>(kPathIdLength)) return false;
      path_id = Reader({at, kPathIdLength}).u32();
      at += kPathIdLength;
    }
    const uint8_t length = *at++;
    const size_t count = (length + 7u) / 8;
    if (length > kLongestPrefix<P> || static_cast<size_t>(end - at) < count) return false;
    out.emplace_back(read_prefix<P>({at, count}, length), path_id);
    at += count;
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

// The attribute whose NLRI cannot be believed.
std::optional<AttributeType> unreadable_mp(const DecodedAttributes& decoded,
                                           const SessionContext& context, Update& update) {
  if (const auto& mp = decoded.mp_unreach) {
    const bool is_read = mp->family == kIpv4Unicast
                             ? read_routes(mp->nlri, context, update.mp_ipv4.withdrawn)
                             : read_routes(mp->nlri, context, update.ipv6.withdrawn);
    if (!is_read) return AttributeType::mp_unreach;
  }
  if (const auto& mp = decoded.mp_reach) {
    const bool is_read = mp->family == kIpv4Unicast
                             ? read_routes(mp->nlri, context, update.mp_ipv4.announced)
                             : read_routes(mp->nlri, context, update.ipv6.announced);
    if (!is_read) return AttributeType::mp_reach;
  }
  return {};
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

struct UpdateDecoder::Fields {
  Octets withdrawn;
  Octets attributes;
  Octets nlri;
};

namespace {

template <typename P>
void empty(FamilyUpdate<P>& family) {
  family.withdrawn.clear();
  family.announced.clear();
  family.attributes = nullptr;
}

// How a set is read: the same octets mean the same only then.
uint8_t form_of(const SessionContext& context, bool has_mp) {
  return static_cast<uint8_t>((context.four_octet_as ? 1 : 0) | (context.is_ebgp ? 2 : 0) |
                              (context.ipv4.ipv6_next_hops ? 4 : 0) | (has_mp ? 8 : 0));
}

// What MP_REACH_NLRI and MP_UNREACH_NLRI say of routes, and in `key` all else.
struct MpRoutes {
  std::optional<AddressFamily> reach_family;
  Octets reach;
  std::optional<AddressFamily> unreach_family;
  Octets unreach;
};

AddressFamily read_family(Reader& reader) {
  const uint16_t afi = reader.u16();
  return {afi, reader.u8()};
}

// Nothing when a part is missing, or one of the two is there twice: for the full decoder to say.
std::optional<MpRoutes> split_mp(Octets attributes, std::vector<uint8_t>& key) {
  MpRoutes routes;
  key.clear();
  Reader reader(attributes);
  while (!reader.empty()) {
    const Octets before = reader.rest();
    const uint8_t flags = reader.u8();
    const auto type = static_cast<AttributeType>(reader.u8());
    const bool is_long = (flags & attribute_flag::kExtendedLength) != 0;
    const Octets value = reader.take(is_long ? reader.u16() : reader.u8());
    if (!reader.ok()) return {};
    Octets kept = before.first(before.size() - reader.size());
    Reader inside(value);
    if (type == AttributeType::mp_unreach) {
      if (routes.unreach_family) return {};
      routes.unreach_family = read_family(inside);
      routes.unreach = inside.rest();
      kept = {};
    } else if (type == AttributeType::mp_reach) {
      if (routes.reach_family) return {};
      routes.reach_family = read_family(inside);
      (void)inside.take(inside.u8());
      inside.u8();
      routes.reach = inside.rest();
      kept = value.first(value.size() - routes.reach.size());
      key.push_back(flags);
      key.push_back(static_cast<uint8_t>(type));
    }
    if (!inside.ok()) return {};
    key.insert(key.end(), kept.begin(), kept.end());
  }
  return routes;
}

}  // namespace

// An attributes field seen before, around routes in the message's own fields.
bool UpdateDecoder::recall(const Fields& fields, const SessionContext& context,
                           std::optional<UpdateFault>& fault) {
  if (fields.nlri.empty()) return false;
  update_.ipv4.attributes = interner_->recall(fields.attributes, form_of(context, false));
  if (!update_.ipv4.attributes) return false;
  if (!read_routes(fields.withdrawn, context, update_.ipv4.withdrawn) ||
      !read_routes(fields.nlri, context, update_.ipv4.announced)) {
    fault = UpdateFault(UpdateError::invalid_network_field);
  }
  return true;
}

// One seen before around other IPv6 routes.
bool UpdateDecoder::recall_mp(const Fields& fields, const SessionContext& context,
                              std::optional<UpdateFault>& fault) {
  if (!context.ipv6.is_agreed || !fields.nlri.empty() || !fields.withdrawn.empty()) return false;
  const auto routes = split_mp(fields.attributes, mp_key_);
  if (!routes || routes->reach_family != kIpv6Unicast || routes->reach.empty() ||
      routes->unreach_family.value_or(kIpv6Unicast) != kIpv6Unicast) {
    mp_key_.clear();
    return false;
  }
  update_.ipv6.attributes = interner_->recall(mp_key_, form_of(context, true));
  if (!update_.ipv6.attributes) return false;
  const auto unreadable = [&](AttributeType type) {
    fault = UpdateFault(UpdateError::optional_attribute_error, static_cast<uint8_t>(type));
  };
  if (!read_routes(routes->unreach, context, update_.ipv6.withdrawn)) {
    unreadable(AttributeType::mp_unreach);
  } else if (!read_routes(routes->reach, context, update_.ipv6.announced)) {
    unreadable(AttributeType::mp_reach);
  }
  return true;
}

void UpdateDecoder::clear() {
  empty(update_.ipv4);
  empty(update_.mp_ipv4);
  empty(update_.ipv6);
  update_.treated_as_withdraw = false;
  update_.problems.clear();
  update_.end_of_rib.reset();
}

std::optional<UpdateFault> UpdateDecoder::decode(Octets body, const SessionContext& context) {
  clear();
  Reader reader(body);
  Fields fields;
  fields.withdrawn = reader.take(reader.u16());
  fields.attributes = reader.take(reader.u16());
  // RFC 4271 6.3: lengths that do not fit the message.
  if (!reader.ok()) return UpdateFault(UpdateError::malformed_attribute_list);
  fields.nlri = reader.rest();

  mp_key_.clear();
  std::optional<UpdateFault> fault;
  if (interner_ != nullptr &&
      (recall(fields, context, fault) || recall_mp(fields, context, fault))) {
    return fault;
  }

  auto decoded = decode_attributes(fields.attributes, context);
  if (!decoded) return decoded.error();
  if (!read_routes(fields.withdrawn, context, update_.ipv4.withdrawn) ||
      !read_routes(fields.nlri, context, update_.ipv4.announced)) {
    return UpdateFault(UpdateError::invalid_network_field);
  }
  if (const auto type = unreadable_mp(*decoded, context, update_)) {
    return UpdateFault(UpdateError::optional_attribute_error, static_cast<uint8_t>(*type));
  }
  if (fields.withdrawn.empty() && fields.nlri.empty()) {
    if (fields.attributes.empty()) update_.end_of_rib = kIpv4Unicast;
    const auto& mp = decoded->mp_unreach;
    if (mp && mp->nlri.empty() && !decoded->has_mp_reach) update_.end_of_rib = mp->family;
  }
  const bool has_routes = update_.announced_count() != 0;
  if (has_routes) {
    if (const auto absent = missing(*decoded, !update_.ipv4.announced.empty())) {
      decoded->problems.push_back({static_cast<uint8_t>(*absent), Outcome::treat_as_withdraw,
                                   UpdateError::missing_well_known_attribute,
                                   "mandatory attribute is missing"});
    }
  }
  update_.treated_as_withdraw = decoded->malformed();
  // RFC 7606 5.2: attributes that are broken and no route they could belong to; the routes may be
  // what broke.
  if (update_.treated_as_withdraw && !has_routes && !decoded->has_mp_reach) {
    return UpdateFault(UpdateError::malformed_attribute_list);
  }
  if (update_.treated_as_withdraw) {
    withdraw_announced(update_.ipv4);
    withdraw_announced(update_.mp_ipv4);
    withdraw_announced(update_.ipv6);
  }
  update_.problems = std::move(decoded->problems);
  share(*decoded, fields, context);
  return {};
}

AttributesPtr UpdateDecoder::shared(PathAttributes attributes) {
  return interner_ != nullptr ? interner_->intern(std::move(attributes))
                              : make_attributes(std::move(attributes));
}

// The routes of RFC 4760's attributes have a next hop of their own. What was told without a fault
// is remembered by its octets.
void UpdateDecoder::share(DecodedAttributes& decoded, const Fields& fields,
                          const SessionContext& context) {
  const bool is_faultless = update_.problems.empty() && interner_ != nullptr;
  if (decoded.mp_reach && (!update_.mp_ipv4.announced.empty() || !update_.ipv6.announced.empty())) {
    PathAttributes attributes = decoded.attributes;
    attributes.next_hop = decoded.mp_reach->next_hop;
    attributes.ipv6_next_hop = decoded.mp_reach->ipv6_next_hop;
    AttributesPtr mp = shared(std::move(attributes));
    if (is_faultless && !mp_key_.empty()) {
      interner_->remember(mp_key_, form_of(context, true), mp);
    }
    if (!update_.mp_ipv4.announced.empty()) update_.mp_ipv4.attributes = mp;
    if (!update_.ipv6.announced.empty()) update_.ipv6.attributes = std::move(mp);
  }
  if (update_.ipv4.announced.empty()) return;
  update_.ipv4.attributes = shared(std::move(decoded.attributes));
  if (is_faultless && !decoded.has_mp_reach && !decoded.has_mp_unreach) {
    interner_->remember(fields.attributes, form_of(context, false), update_.ipv4.attributes);
  }
}

std::expected<Update, UpdateFault> decode_update(Octets body, const SessionContext& context) {
  UpdateDecoder decoder;
  if (auto fault = decoder.decode(body, context)) return std::unexpected(std::move(*fault));
  return decoder.take();
}

EncodedAttributes encode_for_update(const PathAttributes& attributes,
                                    const SessionContext& context) {
  return {encode_attributes(attributes, context), attributes.ipv6_next_hop};
}

bool fits(const EncodedAttributes& attributes, const SessionContext& context) {
  const bool is_ipv6 = attributes.ipv6_next_hop.has_value();
  const bool has_path_ids = context.ipv4.path_ids_out || context.ipv6.path_ids_out;
  const size_t path_id = has_path_ids ? kPathIdLength : 0;
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
  // RFC 8950: IPv4 routes with an IPv6 next hop go where IPv6 ones do.
  if (std::is_same_v<P, Ipv4Prefix> && !attributes.ipv6_next_hop) {
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
