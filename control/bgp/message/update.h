// UPDATE (RFC 4271 4.3).
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "control/bgp/message/header.h"
#include "control/bgp/message/path_attributes.h"

namespace skyhop::bgp {

/// What an UPDATE says of one address family.
template <typename P>
struct FamilyUpdate {
  std::vector<Nlri<P>> withdrawn;
  std::vector<Nlri<P>> announced;
  AttributesPtr attributes;  ///< of `announced`; null without any
};

struct Update {
  FamilyUpdate<Ipv4Prefix> ipv4;     ///< in the message's own fields
  FamilyUpdate<Ipv4Prefix> mp_ipv4;  ///< in RFC 4760's attributes
  FamilyUpdate<Ipv6Prefix> ipv6;
  /// RFC 7606: all that would be announced was moved to `withdrawn`.
  bool treated_as_withdraw = false;
  std::vector<AttributeProblem> problems;
  /// RFC 4724 2: an UPDATE without anything in it, or with an empty MP_UNREACH_NLRI.
  std::optional<AddressFamily> end_of_rib;

  [[nodiscard]] size_t announced_count() const {
    return ipv4.announced.size() + mp_ipv4.announced.size() + ipv6.announced.size();
  }
};

[[nodiscard]] std::expected<Update, Notification> decode_update(Octets body,
                                                                const SessionContext& context);

[[nodiscard]] std::vector<uint8_t> encode_end_of_rib(AddressFamily family = kIpv4Unicast);

/// What all announcements of one attribute set to one peer have in common.
struct EncodedAttributes {
  std::vector<uint8_t> field;  ///< but for MP_REACH_NLRI
  std::optional<Ipv6NextHop> ipv6_next_hop;
};
[[nodiscard]] EncodedAttributes encode_for_update(const PathAttributes& attributes,
                                                  const SessionContext& context);
/// Whether a message with these attributes can hold any prefix.
[[nodiscard]] bool fits(const EncodedAttributes& attributes, const SessionContext& context);

/// One message of as many of `routes` as fit; takes them from the front. IPv6 routes are in
/// MP_REACH_NLRI and MP_UNREACH_NLRI, IPv4 routes in the message's own fields.
template <typename P>
[[nodiscard]] std::vector<uint8_t> encode_one_withdrawal(std::span<const Nlri<P>>& routes,
                                                         const SessionContext& context);
template <typename P>
[[nodiscard]] std::vector<uint8_t> encode_one_announcement(std::span<const Nlri<P>>& routes,
                                                           const EncodedAttributes& attributes,
                                                           const SessionContext& context);

/// UPDATEs that withdraw all of `routes`, as many in each as fit; `emit` gets each message.
template <typename P, typename Emit>
void encode_withdrawals(const std::vector<Nlri<P>>& routes, const SessionContext& context,
                        Emit emit) {
  std::span<const Nlri<P>> rest = routes;
  while (!rest.empty()) emit(encode_one_withdrawal(rest, context));
}

/// UPDATEs that announce all of `routes` with one attribute set that fits().
template <typename P, typename Emit>
void encode_announcements(const std::vector<Nlri<P>>& routes, const EncodedAttributes& attributes,
                          const SessionContext& context, Emit emit) {
  std::span<const Nlri<P>> rest = routes;
  while (!rest.empty()) emit(encode_one_announcement(rest, attributes, context));
}

}  // namespace skyhop::bgp
