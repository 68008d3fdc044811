// Key tables of the Aviatrix resources. Gateways take the arguments of the mc-transit and mc-spoke
// modules, connections those of the provider.
#include "control/lab/keys.h"

namespace skyhop::lab {
namespace {

/// Aviatrix' word for an algorithm and Azure's, in which lab.h keeps it.
struct Algorithm {
  const char* aviatrix;
  const char* azure;
};
constexpr std::array kIntegrity = {Algorithm{"SHA-1", "SHA1"}, Algorithm{"SHA-256", "SHA256"},
                                   Algorithm{"SHA-384", "SHA384"}, Algorithm{"SHA-512", "SHA512"}};
constexpr std::array kPhase2Integrity = {
    Algorithm{"NO-AUTH", "None"}, Algorithm{"HMAC-SHA-1", "SHA1"},
    Algorithm{"HMAC-SHA-256", "SHA256"}, Algorithm{"HMAC-SHA-384", "SHA384"},
    Algorithm{"HMAC-SHA-512", "SHA512"}};
constexpr std::array kIkeGroups = {Algorithm{"1", "DHGroup1"}, Algorithm{"2", "DHGroup2"},
                                   Algorithm{"14", "DHGroup14"}, Algorithm{"19", "ECP256"},
                                   Algorithm{"20", "ECP384"}};
constexpr std::array kPfsGroups = {Algorithm{"1", "PFS1"}, Algorithm{"2", "PFS2"},
                                   Algorithm{"14", "PFS2048"}, Algorithm{"19", "ECP256"},
                                   Algorithm{"20", "ECP384"}};
constexpr std::array kEncryption = {Algorithm{"3DES", "DES3"},
                                    Algorithm{"AES-128-CBC", "AES128"},
                                    Algorithm{"AES-192-CBC", "AES192"},
                                    Algorithm{"AES-256-CBC", "AES256"},
                                    Algorithm{"AES-128-GCM-128", "GCMAES128"},
                                    Algorithm{"AES-256-GCM-128", "GCMAES256"}};

template <typename T, size_t N>
void algorithm(TableWriter<T>& table, const char* name, const std::array<Algorithm, N>& algorithms,
               std::string IpsecPolicy::* member, const char* doc) {
  const auto set = [&algorithms, member](T& connection, const std::string& word) {
    for (const Algorithm& known : algorithms) {
      if (word == known.aviatrix) connection.ipsec_policy.*member = known.azure;
    }
  };
  std::vector<std::string> words;
  for (const Algorithm& known : algorithms) words.emplace_back(known.aviatrix);
  table.template setter<std::string>(name, set, doc).words(words);
}

/// Keys that transit and spoke gateways share.
template <typename T>
void gateway(TableWriter<T>& t) {
  t.member("region", &T::location, "Azure region.").as(Kind::location);
  t.member("location", &T::location, "The same.").as(Kind::location).same_as("region");
  t.member("cidr", &T::cidr, "Range of the VNet that is made for it, named like the gateway.")
      .required();
  t.member("ha_gw", &T::ha_gw, "A twin named NAME-hagw; both forward.");
  t.member("insane_mode", &T::insane_mode, "High Performance Encryption.");
  t.member("gw_size", &T::gw_size,
           "Azure VM size, which says what the gateway carries; Standard_D3_v2 with insane_mode, "
           "else Standard_B1ms.");
  t.member("instance_size", &T::gw_size, "The same, as the modules call it.").same_as("gw_size");
  t.member("local_as_number", &T::local_as_number, "Its AS.").as(Kind::asn);
  t.member("bgp_ecmp", &T::bgp_ecmp, "Use all equal BGP routes.");
  t.member("bgp_polling_time", &T::bgp_polling_time,
           "How often the controller reads learned routes.")
      .range(10, 50);
  t.member("bgp_hold_time", &T::bgp_hold_time, "Offered hold time; keepalives are a third of it.")
      .range(12, 360);
  t.member("tunnel_detection_time", &T::tunnel_detection_time, "Until a dead tunnel is noticed.")
      .range(20, 600);
  t.member("prepend_as_path", &T::prepend_as_path, "Put before the path to every peer.")
      .as(Kind::asn)
      .at_most(25);
  t.member("enable_preserve_as_path", &T::enable_preserve_as_path,
           "A manual list keeps AS paths, and holds back what has no route.");
  t.member("enable_learned_cidrs_approval", &T::enable_learned_cidrs_approval,
           "Learned CIDRs wait until they are approved.");
  t.member("learned_cidrs_approval_mode", &T::learned_cidrs_approval_mode,
           "Those of the gateway, or those of the connections that ask for it.");
  t.member("approved_learned_cidrs", &T::approved_learned_cidrs, "Approved from the start.");
  t.member("enable_active_standby", &T::enable_active_standby,
           "One tunnel of a connection forwards, the other stands by.");
  t.member("enable_active_standby_preemptive", &T::enable_active_standby_preemptive,
           "Back to the first tunnel as soon as it returns.");
  t.member("single_ip_snat", &T::single_ip_snat,
           "What leaves for the Internet gets the gateway's address.");
  t.member("single_az_ha", &T::single_az_ha, "The controller starts a stopped gateway again.");
}

template <typename T>
void spoke_vpc_routes(TableWriter<T>& t) {
  t.member("customized_spoke_vpc_routes", &T::customized_spoke_vpc_routes,
           "Exactly these routes in the VNet tables, instead of RFC 1918 and learned ones.");
  t.member("filtered_spoke_vpc_routes", &T::filtered_spoke_vpc_routes,
           "Learned routes inside one of these are not programmed.");
}

}  // namespace

template <>
const ObjectTable& table_of<TransitGateway>() {
  static const ObjectTable table = [] {
    using T = TransitGateway;
    TableWriter<T> t("aviatrix_transit_gateway", "A transit gateway with its VNet.");
    gateway(t);
    t.member("enable_bgp_over_lan", &T::enable_bgp_over_lan,
             "Interfaces for BGP without tunnels; on Azure with insane_mode only.");
    t.member("bgp_lan_interfaces_count", &T::bgp_lan_interfaces_count,
             "How many such interfaces each gateway has.")
        .range(1, 7);
    t.member("connected_transit", &T::connected_transit, "Its spokes reach each other.");
    t.member("enable_advertise_transit_cidr", &T::enable_advertise_transit_cidr,
             "Say its own VNet's range over BGP.");
    t.member("excluded_advertised_spoke_routes", &T::excluded_advertised_spoke_routes,
             "Spoke ranges that are not said over BGP.");
    spoke_vpc_routes(t);
    t.member("customized_transit_vpc_routes", &T::customized_transit_vpc_routes,
             "Exactly these routes in its own VNet's tables (enable_advertise_transit_cidr).");
    t.member("bgp_manual_spoke_advertise_cidrs", &T::bgp_manual_spoke_advertise_cidrs,
             "Exactly these are advertised to peers whose connection has no list of its own.");
    t.member("enable_segmentation", &T::enable_segmentation,
             "Network domains: a route table for each.");
    t.member("enable_multi_tier_transit", &T::enable_multi_tier_transit,
             "Tell peered transits what other peered transits told.");
    t.member("enable_transit_firenet", &T::enable_transit_firenet,
             "FireNet takes interfaces: at most 5 are left for BGP over LAN.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<SpokeGateway>() {
  static const ObjectTable table = [] {
    using T = SpokeGateway;
    TableWriter<T> t("aviatrix_spoke_gateway", "A spoke gateway with its VNet.");
    gateway(t);
    t.member("transit_gw", &T::transit_gw,
             "The transit it is attached to; aviatrix_spoke_transit_attachment says more.")
        .refers_to({kTransitGateway});
    t.member("included_advertised_spoke_routes", &T::included_advertised_spoke_routes,
             "Exactly these are advertised, instead of the VNet's range.");
    spoke_vpc_routes(t);
    t.member("enable_private_vpc_default_route", &T::enable_private_vpc_default_route,
             "Private subnets have their default route to the gateway.");
    t.member("enable_skip_public_route_table_update", &T::enable_skip_public_route_table_update,
             "Tables of public subnets are left alone.");
    t.member("enable_bgp", &T::enable_bgp,
             "A BGP spoke: it may have aviatrix_spoke_external_device_conn.");
    t.member("spoke_bgp_manual_advertise_cidrs", &T::spoke_bgp_manual_advertise_cidrs,
             "BGP spoke: exactly these are advertised to its peers.");
    t.member("disable_route_propagation", &T::disable_route_propagation,
             "BGP spoke: what it learns is not told to its transit.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<SpokeTransitAttachment>() {
  static const ObjectTable table = [] {
    using T = SpokeTransitAttachment;
    TableWriter<T> t("aviatrix_spoke_transit_attachment", "A spoke's attachment to a transit.");
    t.member("spoke_gw_name", &T::spoke_gw_name, "The spoke.")
        .refers_to({kSpokeGateway})
        .required();
    t.member("transit_gw_name", &T::transit_gw_name, "The transit.")
        .refers_to({kTransitGateway})
        .required();
    t.member("route_tables", &T::route_tables,
             "Tables of the spoke's VNet that the controller programs; all when absent.");
    t.member("enable_max_performance", &T::enable_max_performance,
             "Several tunnels when both ends have insane_mode.");
    t.member("tunnel_count", &T::tunnel_count,
             "How many those are; settings.hpe_tunnels when absent.")
        .range(1, 49)
        .without_default();
    t.member("spoke_prepend_as_path", &T::spoke_prepend_as_path,
             "Put before the path of what the spoke tells this transit.")
        .as(Kind::asn)
        .at_most(25);
    t.member("transit_prepend_as_path", &T::transit_prepend_as_path,
             "Put before the path of what the transit tells this spoke.")
        .as(Kind::asn)
        .at_most(25);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<TransitGatewayPeering>() {
  static const ObjectTable table = [] {
    using T = TransitGatewayPeering;
    TableWriter<T> t("aviatrix_transit_gateway_peering", "Two transits tell each other routes.");
    t.member("transit_gateway_name1", &T::transit_gateway_name1, "One transit.")
        .refers_to({kTransitGateway})
        .required();
    t.member("transit_gateway_name2", &T::transit_gateway_name2, "The other one.")
        .refers_to({kTransitGateway})
        .required();
    t.member("gateway1_excluded_network_cidrs", &T::gateway1_excluded_network_cidrs,
             "The first does not tell the second these, nor what lies inside.");
    t.member("gateway2_excluded_network_cidrs", &T::gateway2_excluded_network_cidrs,
             "The second does not tell the first these.");
    t.member("prepend_as_path1", &T::prepend_as_path1,
             "Put before the path of what the first tells the second.")
        .as(Kind::asn)
        .at_most(25);
    t.member("prepend_as_path2", &T::prepend_as_path2,
             "Put before the path of what the second tells the first.")
        .as(Kind::asn)
        .at_most(25);
    t.member("enable_peering_over_private_network", &T::enable_peering_over_private_network,
             "Tunnels over private addresses.");
    t.member("enable_single_tunnel_mode", &T::enable_single_tunnel_mode,
             "One tunnel for each gateway pair, over private addresses.");
    t.member("enable_insane_mode_encryption_over_internet",
             &T::enable_insane_mode_encryption_over_internet,
             "Several tunnels over public addresses.");
    t.member("enable_max_performance", &T::enable_max_performance,
             "Several tunnels when both ends have insane_mode.");
    t.member("tunnel_count", &T::tunnel_count,
             "How many those are: 4 over the Internet, else settings.hpe_tunnels, when absent.")
        .range(1, 50)
        .without_default();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<NetworkDomain>() {
  static const ObjectTable table =
      TableWriter<NetworkDomain>("aviatrix_segmentation_network_domain",
                                 "A network domain: its members reach each other.")
          .table();
  return table;
}

template <>
const ObjectTable& table_of<NetworkDomainAssociation>() {
  static const ObjectTable table = [] {
    using T = NetworkDomainAssociation;
    TableWriter<T> t("aviatrix_segmentation_network_domain_association", "A member of a domain.");
    t.member("network_domain_name", &T::network_domain_name, "The domain.")
        .refers_to({kNetworkDomain})
        .required();
    t.member("attachment_name", &T::attachment_name, "A spoke, or an external connection.")
        .refers_to({kSpokeGateway | kExternalConnection})
        .required();
    t.member("transit_gateway_name", &T::transit_gateway_name,
             "The transit it is attached to; older providers want it.")
        .refers_to({kTransitGateway});
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<ConnectionPolicy>() {
  static const ObjectTable table = [] {
    using T = ConnectionPolicy;
    TableWriter<T> t("aviatrix_segmentation_network_domain_connection_policy",
                     "Two domains reach each other.");
    t.member("domain_name_1", &T::domain_name_1, "One domain.")
        .refers_to({kNetworkDomain})
        .required();
    t.member("domain_name_2", &T::domain_name_2, "The other one.")
        .refers_to({kNetworkDomain})
        .required();
    return std::move(t).table();
  }();
  return table;
}

namespace {

/// What transits' and spokes' connections share; `T` is or derives from TransitExternalDeviceConn.
template <typename T>
class ConnectionKeys {
 public:
  explicit ConnectionKeys(TableWriter<T>& table) : t_(table) {}

  void add(uint32_t gateways) {
    using C = TransitExternalDeviceConn;
    constexpr ReferenceType kRemote{kVpnGateway | kAviatrixGateway, true};
    member("gw_name", &C::gw_name, "The gateway.").refers_to({gateways}).required();
    member("connection_type", &C::connection_type, "How routes are known.");
    member("tunnel_protocol", &C::tunnel_protocol,
           "IPsec or GRE tunnels, or plain packets over LAN.");
    member("bgp_local_as_num", &C::bgp_local_as_num, "Local AS; the gateway's when absent.")
        .as(Kind::asn);
    member("bgp_remote_as_num", &C::bgp_remote_as_num, "BGP: the peer's AS.").as(Kind::asn);
    member("backup_bgp_remote_as_num", &C::backup_bgp_remote_as_num,
           "The AS of the backup peer (ha_enabled).")
        .as(Kind::asn);
    member("ha_enabled", &C::ha_enabled, "There is a backup peer.");
    member("remote_gateway_ip", &C::remote_gateway_ip,
           "Tunnels: addresses of the peer, or a gateway whose addresses are meant.")
        .refers_to(kRemote);
    member("backup_remote_gateway_ip", &C::backup_remote_gateway_ip, "Those of the backup peer.")
        .refers_to(kRemote);
    member("direct_connect", &C::direct_connect, "IPsec between private addresses.");
    member("remote_subnet", &C::remote_subnet, "static: what is behind the peer.");
    member("local_tunnel_cidr", &C::local_tunnel_cidr, "Own addresses inside the tunnels.")
        .as(Kind::interface_cidr);
    member("remote_tunnel_cidr", &C::remote_tunnel_cidr, "The peer's addresses inside them.")
        .as(Kind::interface_cidr);
    member("backup_local_tunnel_cidr", &C::backup_local_tunnel_cidr,
           "Own addresses inside the tunnels to the backup peer.")
        .as(Kind::interface_cidr);
    member("backup_remote_tunnel_cidr", &C::backup_remote_tunnel_cidr,
           "The backup peer's addresses inside them.")
        .as(Kind::interface_cidr);
    member("enable_ikev2", &C::enable_ikev2, "IKEv2 instead of IKEv1.");
    t_.template setter<bool>(
        "custom_algorithms", [](T&, bool) {}, "Says that phase_1_ and phase_2_ keys follow.");
    algorithm(t_, "phase_1_authentication", kIntegrity, &IpsecPolicy::ike_integrity,
              "Phase 1 integrity.");
    algorithm(t_, "phase_1_dh_groups", kIkeGroups, &IpsecPolicy::dh_group,
              "Phase 1 Diffie-Hellman group.");
    algorithm(t_, "phase_1_encryption", kEncryption, &IpsecPolicy::ike_encryption,
              "Phase 1 encryption.");
    algorithm(t_, "phase_2_authentication", kPhase2Integrity, &IpsecPolicy::ipsec_integrity,
              "Phase 2 integrity.");
    algorithm(t_, "phase_2_dh_groups", kPfsGroups, &IpsecPolicy::pfs_group,
              "Phase 2 Diffie-Hellman group; what the other side asks for when absent.");
    algorithm(t_, "phase_2_encryption", kEncryption, &IpsecPolicy::ipsec_encryption,
              "Phase 2 encryption.");
    member("remote_vpc_name", &C::remote_vpc_name,
           "LAN: the peered VNet of the peer, also as vnet:resource group:subscription.")
        .refers_to({kVirtualNetwork, false, ReferenceForm::vnet_id});
    member("remote_lan_ip", &C::remote_lan_ip,
           "LAN: the peer; first route server instance of remote_vpc_name when absent.");
    member("backup_remote_lan_ip", &C::backup_remote_lan_ip,
           "LAN: the backup peer; the second instance when absent.");
    member("enable_bgp_lan_activemesh", &C::enable_bgp_lan_activemesh,
           "LAN: each gateway to each peer; a route server wants it.");
    member("manual_bgp_advertised_cidrs", &C::manual_bgp_advertised_cidrs,
           "Exactly these are advertised to this peer.");
    member("prepend_as_path", &C::prepend_as_path, "Put before the path to this peer.")
        .as(Kind::asn)
        .at_most(25);
    member("enable_learned_cidrs_approval", &C::enable_learned_cidrs_approval,
           "With the gateway's mode connection: what is learned here waits for approval.");
    member("approved_cidrs", &C::approved_cidrs, "Approved from the start.");
    member("switch_to_ha_standby_gateway", &C::switch_to_ha_standby_gateway,
           "Active-standby: the twin's tunnel forwards.");
  }

 private:
  template <typename M>
  KeyEditor member(const char* name, M TransitExternalDeviceConn::* pointer, const char* doc) {
    return t_.member(name, static_cast<M T::*>(pointer), doc);
  }

  TableWriter<T>& t_;
};

}  // namespace

template <>
const ObjectTable& table_of<TransitExternalDeviceConn>() {
  static const ObjectTable table = [] {
    TableWriter<TransitExternalDeviceConn> t(
        "aviatrix_transit_external_device_conn",
        "A connection of a transit gateway with something that is not its transit network.");
    ConnectionKeys(t).add(kTransitGateway);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<SpokeExternalDeviceConn>() {
  static const ObjectTable table = [] {
    TableWriter<SpokeExternalDeviceConn> t("aviatrix_spoke_external_device_conn",
                                           "The same of a spoke gateway.");
    ConnectionKeys(t).add(kSpokeGateway);
    return std::move(t).table();
  }();
  return table;
}

namespace {

/// `ips` and `port` are what the provider calls the new address and port.
template <typename T>
void nat_policy(TableWriter<T>& t, const char* ips, const char* port, const char* where) {
  const auto member = [&t]<typename M>(const char* name, M NatPolicy::* pointer, const char* doc) {
    return t.member(name, static_cast<M T::*>(pointer), doc);
  };
  member("src_cidr", &NatPolicy::src_cidr, "Sources it applies to; any when absent.");
  member("src_port", &NatPolicy::src_port, "Source ports; any when absent.");
  member("dst_cidr", &NatPolicy::dst_cidr, "Destinations it applies to.");
  member("dst_port", &NatPolicy::dst_port, "Destination ports.");
  member("protocol", &NatPolicy::protocol, "Of the packets.").words({"all", "tcp", "udp", "icmp"});
  member("interface", &NatPolicy::interface, where).words({"eth0"}).without_default();
  member("connection", &NatPolicy::connection,
         "Only over this external connection, or the tunnels with this gateway.")
      .refers_to({kExternalConnection | kTransitGateway | kSpokeGateway});
  member(ips, &NatPolicy::ips, "The new address, or a range such as 100.64.1.1-100.64.1.4.")
      .required();
  member(port, &NatPolicy::port, "The new port, or a range.");
}

template <typename T, typename Policy>
ObjectTable nat_table(const char* name, const char* doc, const char* policies,
                      const char* policies_doc) {
  TableWriter<T> t(name, doc);
  t.member("gw_name", &T::gw_name, "The gateway, or its twin.")
      .refers_to({kAviatrixGateway})
      .required();
  t.member("sync_to_ha", &T::sync_to_ha, "The twin does the same.");
  t.template setter<std::vector<Policy>>(
      policies,
      [](T& nat, std::vector<Policy> list) { nat.policies.assign(list.begin(), list.end()); },
      policies_doc);
  return std::move(t).table();
}

}  // namespace

template <>
const ObjectTable& table_of<SnatPolicy>() {
  static const ObjectTable table = [] {
    TableWriter<SnatPolicy> t("snat_policy", "Sources that are translated.");
    nat_policy(t, "snat_ips", "snat_port", "Only what leaves by this interface.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<DnatPolicy>() {
  static const ObjectTable table = [] {
    TableWriter<DnatPolicy> t("dnat_policy", "Destinations that are translated.");
    nat_policy(t, "dnat_ips", "dnat_port", "Only what enters by this interface.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<GatewaySnat>() {
  static const ObjectTable table = nat_table<GatewaySnat, SnatPolicy>(
      "aviatrix_gateway_snat", "Customised source address translation of a gateway.", "snat_policy",
      "The first that applies decides.");
  return table;
}

template <>
const ObjectTable& table_of<GatewayDnat>() {
  static const ObjectTable table = nat_table<GatewayDnat, DnatPolicy>(
      "aviatrix_gateway_dnat", "Destination address translation of a gateway.", "dnat_policy",
      "The first that applies decides.");
  return table;
}

}  // namespace skyhop::lab
