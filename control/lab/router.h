// Routers that are no cloud's service, and machines outside of Azure, as written. Terraform has no
// words for them; where it has one for the same thing (connection_mode, ipsec_policy) that is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/lab/azure.h"
#include "lpm/address.h"

namespace skyhop::lab {

/// Ethernet is a cable between two routers outside of Azure.
enum class LineProtocol { IPsec, GRE, VXLAN, Ethernet };

/// A line of a router. It comes up where the other end has one back; a VPN gateway's end is its own
/// resource.
struct RouterConnection {
  std::string name;
  /// A VPN gateway (all its instances), one instance, an Aviatrix gateway, another router,
  /// or a public address; empty: what the connection is named after.
  std::string remote;
  LineProtocol protocol = LineProtocol::IPsec;
  std::optional<Ipv4Address> local_address;   ///< inside the line; the router's own when absent
  std::optional<Ipv4Address> remote_address;  ///< as the far end has it when absent
  ConnectionMode connection_mode = ConnectionMode::Default;
  std::optional<IpsecPolicy> ipsec_policy;  ///< Azure's default proposals when absent
};

/// A BGP neighbour. The session runs inside the connection between the two where there is one, else
/// over the VNets' fabric.
struct RouterNeighbor {
  std::string name;
  /// A route server or VPN gateway (all instances), an instance of one, another router; empty:
  /// what the neighbour is named after.
  std::string peer;
  std::optional<uint32_t> remote_asn;  ///< the peer's own when absent
  bool passive = false;                ///< waits for the peer to connect
  Seconds hold_time{180};
  uint32_t ebgp_multihop = 64;  ///< TTL of what is sent
  bool route_refresh = true;    ///< capability offered (A10, A11)
  /// What is told: empty is everything.
  std::vector<Ipv4Prefix> advertise;
  // How it is told.
  std::vector<uint32_t> prepend_as_path;
  std::vector<uint32_t> strip_as;  ///< taken out of AS paths
  bool as_override = false;        ///< the neighbour's AS in a path is replaced by the own one
  std::vector<std::string> communities;
  std::optional<Ipv4Address> next_hop;  ///< a load balancer's, for example (A22)
};

struct RouterRoute {
  Ipv4Prefix address_prefix;
  /// A connection of the router, "vnet" (out of the VM's NIC), "internet" or "none".
  std::string next_hop;
};

/// What runs on an appliance's VM, or a router outside of Azure.
struct Router {
  std::string name;
  std::optional<std::string> virtual_machine;  ///< absent: it stands outside of Azure
  std::optional<Ipv4Address> address;          ///< outside: its own; a VM's is its NIC's
  std::optional<Ipv4Address> public_ip_address;
  uint32_t asn = 0;           ///< 0: no BGP
  bool ip_forwarding = true;  ///< of the system that runs; a VM's NIC has a switch of its own
  bool bgp_ecmp = true;
  std::vector<Ipv4Prefix> networks;  ///< what it advertises as its own
  std::vector<RouterRoute> routes;
  std::vector<RouterConnection> connections;
  std::vector<RouterNeighbor> neighbors;
};

/// A machine outside of Azure: an end of the network as a VM is.
struct Host {
  std::string name;
  std::string router;  ///< it stands behind, or "internet"
  Ipv4Address address;
};

/// The name that stands for the Internet where a router is meant.
inline constexpr const char* kInternet = "internet";

}  // namespace skyhop::lab
