#include "control/bgp/message/update.h"

#include <algorithm>

namespace skyhop::bgp {
namespace {

constexpr uint8_t kLongestPrefix = 32;
constexpr size_t kLongestNlri = 5;

// False when a length is over 32 or octets are missing: such a field cannot be believed
// (RFC 7606 5.3).
bool read_prefixes(Octets octets, std::vector<Ipv4Prefix>& out) {
  Reader reader(octets);
  while (!reader.empty()) {
    const uint8_t length = reader.u8();
    if (length > kLongestPrefix) return false;
    uint32_t address = 0;
    int shift = 24;
    for (const uint8_t octet : reader.take((length + 7u) / 8)) {
      address |= uint32_t{octet} << shift;
      shift -= 8;
    }
    if (!reader.ok()) return false;
    out.emplace_back(Ipv4Address(address), length);
  }
  return true;
}

// As many as keep the message within `limit` octets; takes them from the front.
void write_prefixes(std::span<const Ipv4Prefix>& prefixes, size_t limit,
                    std::vector<uint8_t>& out) {
  Writer writer(out);
  while (!prefixes.empty()) {
    const Ipv4Prefix prefix = prefixes.front();
    const size_t octets = (prefix.length() + 7u) / 8;
    if (out.size() + 1 + octets > limit) return;
    writer.u8(prefix.length());
    for (size_t i = 0; i < octets; ++i) {
      writer.u8(static_cast<uint8_t>(prefix.address().value() >> (24 - 8 * i)));
    }
    prefixes = prefixes.subspan(1);
  }
}

void append(std::vector<Ipv4Prefix>& to, std::vector<Ipv4Prefix>& from) {
  to.insert(to.end(), from.begin(), from.end());
  from.clear();
}

// RFC 4271 5: what a route must carry. Returns the missing attribute's type.
std::optional<AttributeType> missing(const DecodedAttributes& decoded, bool has_nlri) {
  if (!decoded.has_origin) return AttributeType::origin;
  if (!decoded.has_as_path) return AttributeType::as_path;
  if (has_nlri && !decoded.has_next_hop) return AttributeType::next_hop;
  return {};
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
  update.end_of_rib = withdrawn.empty() && attributes.empty() && nlri.empty();
  auto decoded = decode_attributes(attributes, context);
  if (!decoded) return std::unexpected(decoded.error());
  if (!read_prefixes(withdrawn, update.withdrawn) || !read_prefixes(nlri, update.announced)) {
    return malformed(UpdateError::invalid_network_field);
  }
  if (!read_prefixes(decoded->mp_withdrawn, update.withdrawn) ||
      !read_prefixes(decoded->mp_announced, update.mp_announced)) {
    return malformed(UpdateError::optional_attribute_error);
  }
  const bool has_routes = !update.announced.empty() || !update.mp_announced.empty();
  if (has_routes) {
    if (const auto absent = missing(*decoded, !update.announced.empty())) {
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
  update.attributes = std::move(decoded->attributes);
  update.mp_next_hop = decoded->mp_next_hop.value_or(Ipv4Address());
  update.problems = std::move(decoded->problems);
  if (update.treated_as_withdraw) {
    append(update.withdrawn, update.announced);
    append(update.withdrawn, update.mp_announced);
  }
  return update;
}

bool fits(Octets encoded_attributes) {
  return kHeaderLength + 4 + encoded_attributes.size() + kLongestNlri <= kMaxMessageLength;
}

std::vector<uint8_t> encode_one_withdrawal(std::span<const Ipv4Prefix>& prefixes) {
  std::vector<uint8_t> out;
  const size_t begun = begin_message(out, MessageType::update);
  Writer writer(out);
  writer.u16(0);
  const size_t fields = out.size();
  write_prefixes(prefixes, kMaxMessageLength - 2, out);  // the empty attributes field follows
  writer.patch_u16(fields - 2, static_cast<uint16_t>(out.size() - fields));
  writer.u16(0);
  end_message(out, begun);
  return out;
}

std::vector<uint8_t> encode_one_announcement(std::span<const Ipv4Prefix>& prefixes,
                                             Octets encoded_attributes) {
  std::vector<uint8_t> out;
  out.reserve(std::min(kMaxMessageLength, kHeaderLength + 4 + encoded_attributes.size() +
                                              kLongestNlri * prefixes.size()));
  const size_t begun = begin_message(out, MessageType::update);
  Writer writer(out);
  writer.u16(0);
  writer.u16(static_cast<uint16_t>(encoded_attributes.size()));
  writer.bytes(encoded_attributes);
  write_prefixes(prefixes, kMaxMessageLength, out);
  end_message(out, begun);
  return out;
}

std::vector<uint8_t> encode_end_of_rib() {
  std::vector<uint8_t> out;
  const size_t begun = begin_message(out, MessageType::update);
  Writer(out).u32(0);
  end_message(out, begun);
  return out;
}

}  // namespace skyhop::bgp
