// UPDATE (RFC 4271 4.3).
#pragma once

#include <expected>
#include <span>
#include <vector>

#include "control/bgp/message/header.h"
#include "control/bgp/message/path_attributes.h"

namespace skyhop::bgp {

struct Update {
  std::vector<Ipv4Prefix> withdrawn;
  std::vector<Ipv4Prefix> announced;
  PathAttributes attributes;  ///< of `announced`, and but for the next hop of `mp_announced`
  Ipv4Address mp_next_hop;
  std::vector<Ipv4Prefix> mp_announced;  ///< RFC 4760's IPv4 unicast
  /// RFC 7606: all that would be announced was moved to `withdrawn`.
  bool treated_as_withdraw = false;
  std::vector<AttributeProblem> problems;
  bool end_of_rib = false;  ///< RFC 4724 2: an UPDATE without anything in it
};

[[nodiscard]] std::expected<Update, Notification> decode_update(Octets body,
                                                                const SessionContext& context);

[[nodiscard]] std::vector<uint8_t> encode_end_of_rib();

/// One message of as many of `prefixes` as fit; takes them from the front.
[[nodiscard]] std::vector<uint8_t> encode_one_withdrawal(std::span<const Ipv4Prefix>& prefixes);
[[nodiscard]] std::vector<uint8_t> encode_one_announcement(std::span<const Ipv4Prefix>& prefixes,
                                                           Octets encoded_attributes);
/// Whether a message with this attributes field can hold any prefix.
[[nodiscard]] bool fits(Octets encoded_attributes);

/// UPDATEs that withdraw all of `prefixes`, as many in each as fit; `emit` gets each message.
template <typename Emit>
void encode_withdrawals(std::span<const Ipv4Prefix> prefixes, Emit emit) {
  while (!prefixes.empty()) emit(encode_one_withdrawal(prefixes));
}

/// UPDATEs that announce all of `prefixes` with one attributes field that fits().
template <typename Emit>
void encode_announcements(std::span<const Ipv4Prefix> prefixes, Octets encoded_attributes,
                          Emit emit) {
  while (!prefixes.empty()) emit(encode_one_announcement(prefixes, encoded_attributes));
}

}  // namespace skyhop::bgp
