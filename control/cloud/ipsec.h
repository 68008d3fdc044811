// IPsec policies of two ends: do they agree, what do they add to a packet (A48, A49), and what
// tunnels they make.
#pragma once

#include <optional>
#include <string>

#include "control/cloud/derivation.h"
#include "control/cloud/network.h"
#include "control/lab/lab.h"
#include "dataplane/ipsec/spec.h"

namespace skyhop::cloud {

/// UDP encapsulation of ESP (RFC 3948): where either end stands behind an address translation,
/// which every public address in Azure is. Both ends are at their public addresses then, and at
/// those of their first NICs otherwise.
enum class NatTraversal { off, on };

/// What a policy encrypts with; its words are right ones (fault_of).
[[nodiscard]] dataplane::ipsec::Transform transform_of(const lab::IpsecPolicy& policy);

/// ESP in tunnel mode over IPv4 (RFC 4303): outer header, UDP, ESP header, IV, ICV; padding block.
[[nodiscard]] Encapsulation encapsulation_of(dataplane::ipsec::Transform transform,
                                             NatTraversal nat);

/// Makes `link` an IPsec tunnel between two gateways: what it encrypts with, what it weighs, and
/// the facts that say so. `path` is the resource that asked for it; settings.esp has the last word.
void make_tunnel(Derivation& d, Link& link, GatewayId a, GatewayId b,
                 const lab::IpsecPolicy& policy, NatTraversal nat, const std::string& path);

/// Reports keys in settings.esp that are no tunnel's, when all tunnels are made.
void check_given_keys(Derivation& d);

/// GRE over IPv4 without key, checksum or sequence number (RFC 2784): 20 and 4 octets.
inline constexpr Encapsulation kGre{.fixed_bytes = 24, .block = 1};

/// The first field in which the policies differ ("pfs_group: None against PFS2048"), or empty.
/// An absent policy is Azure's default proposals.
[[nodiscard]] std::string mismatch(const std::optional<lab::IpsecPolicy>& a,
                                   const std::optional<lab::IpsecPolicy>& b);

/// One thing wrong with a policy by itself, or nothing: an unknown algorithm, or GCM for encryption
/// without the same GCM for integrity (A49).
struct PolicyFault {
  std::string field;  ///< "ipsec_integrity"
  std::string message;
  std::string rule;
};
[[nodiscard]] std::optional<PolicyFault> fault_of(const lab::IpsecPolicy& policy);

}  // namespace skyhop::cloud
