// The state of one derive(): the network as far as it is built, what was found wrong, and indexes
// by name and address. Internal to control/cloud: the steps in azure/ and aviatrix/ work on it in
// the order derive.cc gives.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "control/cloud/network.h"
#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::cloud {

inline constexpr uint32_t kRouteServerAsn = 65515;  // A1
/// Azure keeps x.0 to x.3 and the last address of every subnet for itself.
inline constexpr uint32_t kFirstHost = 4;
inline constexpr Ipv4Prefix kApipa{Ipv4Address{169, 254, 0, 0}, 16};

/// One configured end of a tunnel or cable. It forms where two ends name each other.
struct TunnelEnd {
  GatewayId gateway;
  Ipv4Address remote;  ///< address of the far end
  /// The far end where it was named, not given by its address.
  std::optional<GatewayId> far;
  lab::LineProtocol protocol = lab::LineProtocol::IPsec;
  bool is_private = false;        ///< between private addresses, over the VNets' peering
  std::optional<RouterId> table;  ///< looks up what arrives; absent: the gateway's own
  std::string connection;         ///< the resource that configures it
  std::string path;               ///< of that resource, for findings
  bool is_azure = false;
  bool initiates = true;
  bool responds = true;
  bool ikev2 = true;
  std::optional<lab::IpsecPolicy> policy;  ///< absent: Azure's default proposals
  bool has_bgp = true;
  Ipv4Address local_bgp;
  Ipv4Address remote_bgp;
  uint32_t local_asn = 0;
  uint32_t remote_asn = 0;
  bool is_passive = false;
  std::vector<Ipv4Prefix> static_prefixes;  ///< reached through the tunnel without BGP
  std::string problem;                      ///< why it can never come up, known to this end
};

/// One configured end of a session over the VNet fabric (BGP over LAN).
struct LanEnd {
  GatewayId gateway;
  Ipv4Address local;
  Ipv4Address remote;
  uint32_t local_asn = 0;
  uint32_t remote_asn = 0;
  bool is_passive = false;
  std::string connection;
  std::string path;
};

/// What a public address is for; each kind counts up in its own documentation range (RFC 5737).
enum class PublicAddressKind { azure, aviatrix, outside };

/// "; did you mean "transit-1"?" for a name that is nearly one of the candidates, else nothing.
[[nodiscard]] std::string did_you_mean(const std::string& name,
                                       const std::vector<std::string>& candidates);

class Derivation {
 public:
  explicit Derivation(const lab::Lab& source);

  const lab::Lab& lab;
  Network network;
  lab::Diagnostics diagnostics;

  std::vector<TunnelEnd> tunnel_ends;
  std::vector<LanEnd> lan_ends;  ///< of Aviatrix gateways and of routers on VMs
  /// The gateway and its twin, by the name of the transit or spoke.
  std::unordered_map<std::string, std::vector<GatewayId>> aviatrix_gateways;
  std::vector<std::vector<GatewayId>> gateways_of_vnet;          ///< by VnetId
  std::unordered_map<std::string, size_t> route_server_of_name;  ///< into network.route_servers
  std::unordered_map<std::string, size_t> vpn_gateway_of_name;   ///< into network.vpn_gateways

  // ---- Findings ----
  void error(std::string path, std::string message, std::string rule = {});
  void warning(std::string path, std::string message, std::string rule = {});
  void fact(std::string subject, std::string attribute, std::string value, std::string reason);

  // ---- Building; every name clash and missing address is reported against `path` ----
  VnetId add_vnet(Vnet vnet, const std::string& path);
  /// Reports a subnet outside its VNet; overlaps are found at the end, all at once.
  SubnetId add_subnet(Subnet subnet, const std::string& path);
  RouteTableId add_route_table(RouteTable table, const std::string& path);
  NsgId add_nsg(Nsg nsg, const std::string& path);
  /// A gateway without NICs; also makes its router, except for a route server (A38).
  GatewayId add_gateway(Gateway gateway, const std::string& path);
  /// Takes the first free host of the subnet, or `address` when given. Reports a full subnet and an
  /// address that is outside, reserved or taken; the NIC then stands at 0.0.0.0.
  NicId add_nic(Nic nic, std::optional<Ipv4Address> address, const std::string& path);
  VmId add_vm(Vm vm, const std::string& path);
  /// A machine outside of Azure, in a subnet of its own that stands on the site's router.
  NicId add_outside_nic(Nic nic, VnetId site, RouterId router, const std::string& path);
  /// The Internet as a router with hosts; once.
  void add_internet();
  /// Nothing when the two routers are linked already.
  std::optional<LinkId> add_link(Link link);
  /// Nothing when the two gateways have a session already.
  std::optional<SessionId> add_session(Session session);
  void add_peering(Peering peering);
  Ipv4Address take_public_address(PublicAddressKind kind);
  /// Reserves an address the user has given; false when it is taken.
  bool reserve_public_address(Ipv4Address address);
  void own_public_address(Ipv4Address address, GatewayId gateway);

  // ---- Finding ----
  [[nodiscard]] std::optional<VnetId> find_vnet(std::string_view name) const;
  [[nodiscard]] std::optional<SubnetId> find_subnet(VnetId vnet, std::string_view name) const;
  [[nodiscard]] std::optional<RouteTableId> find_route_table(std::string_view name) const;
  [[nodiscard]] std::optional<NsgId> find_nsg(std::string_view name) const;
  [[nodiscard]] std::optional<GatewayId> find_gateway(std::string_view name) const;
  [[nodiscard]] std::optional<GatewayId> gateway_of_public_address(Ipv4Address address) const;
  [[nodiscard]] std::optional<NicId> nic_in(VnetId vnet, Ipv4Address address) const;
  /// Every NIC with this address, whatever its VNet.
  [[nodiscard]] const std::vector<NicId>& nics_with(Ipv4Address address) const;
  [[nodiscard]] std::optional<LinkId> link_between(RouterId a, RouterId b) const;
  /// The peering from `local` to `remote`.
  [[nodiscard]] const Peering* peering(VnetId local, VnetId remote) const;
  [[nodiscard]] VnetId vnet_of(NicId nic) const;
  /// As above, but a missing name is reported with the nearest one.
  [[nodiscard]] std::optional<VnetId> need_vnet(const std::string& name, const std::string& path);

  [[nodiscard]] std::string full_name(SubnetId subnet) const;  ///< "vnet/subnet"
  /// Where the resource stands in the lab file.
  [[nodiscard]] const std::string& path_of(VnetId vnet) const { return vnet_paths_[vnet.index()]; }
  [[nodiscard]] const std::string& path_of(SubnetId subnet) const {
    return subnet_paths_[subnet.index()];
  }

 private:
  template <typename Ids>
  using Names = std::map<std::string, Ids, std::less<>>;

  bool claim_name(const std::string& name, const std::string& path);

  Names<VnetId> vnets_;
  Names<RouteTableId> route_tables_;
  Names<NsgId> nsgs_;
  Names<GatewayId> gateways_;
  std::vector<Names<SubnetId>> subnets_;  ///< by VnetId
  std::vector<std::string> vnet_paths_;
  std::vector<std::string> subnet_paths_;
  std::vector<uint32_t> next_host_;  ///< by SubnetId: hosts below are taken or reserved
  std::unordered_map<Ipv4Address, std::vector<NicId>> nics_;
  std::unordered_map<uint64_t, LinkId> links_;
  std::unordered_map<uint64_t, SessionId> sessions_;
  std::unordered_map<uint64_t, PeeringId> peerings_;
  std::unordered_map<Ipv4Address, GatewayId> public_addresses_;
  std::unordered_set<Ipv4Address> taken_public_addresses_;
  std::unordered_set<std::string> names_;  ///< of gateways and VMs: what checks and timeline name
  uint32_t next_azure_ = 10;
  uint32_t next_aviatrix_ = 11;
  uint32_t next_outside_ = 11;
  uint32_t next_overflow_ = 1;
};

}  // namespace skyhop::cloud
