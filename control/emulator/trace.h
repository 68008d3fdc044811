// The path of one flow, there and back, with the reason for every step: what FlightPath, Network
// Watcher and mtr would say. Follows the same tables, groups and hash as the workers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/emulator/emulation.h"
#include "dataplane/drop_reason.h"
#include "lpm/flow.h"

namespace skyhop::emulator {

struct TraceNsg {
  std::string where;      ///< "spoke1-test-vm-nic"
  std::string direction;  ///< "Inbound" or "Outbound"
  cloud::azure::NsgVerdict verdict;
  bool by_state = false;  ///< allowed as the reply of an allowed flow (A69)
};

struct TraceLoser {
  std::string source;       ///< "gateway"
  std::string description;  ///< "AS path 65515 65100"
  std::string reason;       ///< "user route is preferred (A57)"
};

/// One router of the path, or the VM at its end (`router` empty).
struct TraceHop {
  std::string router;  ///< "transit-1", "transit-1/av-gw-transit-1-eth1-bgp_lan"
  std::string kind;    ///< "gateway", "vpn_gateway", "router", "fabric", "internet", "vm"
  Ipv4Address address;
  bool decrements_ttl = false;
  std::optional<Ipv4Prefix> prefix;  ///< what matched; none: no route
  std::string source;                ///< "user", "system", "gateway", "controller", "bgp"
  std::string description;
  std::vector<TraceLoser> losers;    ///< other offers for the same prefix
  std::vector<std::string> choices;  ///< all next hops in use, for ECMP
  std::string next_hop;              ///< the one this flow takes
  std::optional<Ipv4Address> via;
  /// "source 10.0.30.5:1024 -> 100.64.1.1:1024 (aviatrix_gateway_snat.s1.snat_policy[0])"
  std::vector<std::string> translations;
  std::string link;       ///< "spoke1 - transit-1"; empty at the end
  std::string link_kind;  ///< "fabric", "tunnel", "ha"
  std::vector<TraceNsg> nsgs;
};

struct Path {
  lpm::FlowKey flow;     ///< as it was sent
  lpm::FlowKey arrives;  ///< as it is at the end, translated or not
  std::vector<TraceHop> hops;
  bool delivered = false;
  std::optional<dataplane::DropReason> drop;
  std::string verdict;  ///< "delivered to spoke2-test-vm", "dropped at vng-0: no_route ..."
  [[nodiscard]] bool crosses(std::string_view router) const;
};

struct Trace {
  std::string from;
  std::string to;
  Path forward;
  std::optional<Path> back;  ///< when the destination is a VM and the forward path delivers
  [[nodiscard]] bool reachable() const { return forward.delivered && (!back || back->delivered); }
};

struct TraceRequest {
  cloud::VmId from;
  Ipv4Address to;
  uint8_t protocol = 1;      ///< IP protocol number
  uint16_t source_port = 0;  ///< ICMP: the echo identifier
  uint16_t destination_port = 0;
};

[[nodiscard]] Trace trace(const Emulation& emulation, const TraceRequest& request);

/// What mtr shows: per TTL every address that may answer, over all ECMP choices; the destination
/// last. Empty beyond the point where packets die.
[[nodiscard]] std::vector<std::vector<Ipv4Address>> mtr(const Emulation& emulation,
                                                        const TraceRequest& request);
/// "10.0.30.4 10.0.21.132|.196 10.0.100.36|.52 10.0.110.4 10.0.110.5"
[[nodiscard]] std::string to_string(const std::vector<std::vector<Ipv4Address>>& hops);

}  // namespace skyhop::emulator
