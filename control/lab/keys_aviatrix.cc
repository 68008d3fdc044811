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

template <size_t N>
void algorithm(TableWriter<TransitExternalDeviceConn>& table, const char* name,
               const std::array<Algorithm, N>& algorithms, std::string IpsecPolicy::* member,
               const char* doc) {
  const auto set = [&algorithms, member](TransitExternalDeviceConn& connection,
                                         const std::string& word) {
    for (const Algorithm& known : algorithms) {
      if (word == known.aviatrix) connection.ipsec_policy.*member = known.azure;
    }
  };
  std::vector<std::string> words;
  for (const Algorithm& known : algorithms) words.emplace_back(known.aviatrix);
  table.setter<std::string>(name, set, doc).words(words);
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
    t.member("local_as_number", &T::local_as_number, "Its AS.").as(Kind::asn);
    t.member("enable_bgp_over_lan", &T::enable_bgp_over_lan,
             "Interfaces for BGP without tunnels; on Azure with insane_mode only.");
    t.member("bgp_lan_interfaces_count", &T::bgp_lan_interfaces_count,
             "How many such interfaces each gateway has.")
        .range(1, 7);
    t.member("bgp_ecmp", &T::bgp_ecmp, "Use all equal BGP routes.");
    t.member("bgp_polling_time", &T::bgp_polling_time,
             "How often the controller reads learned routes.")
        .range(10, 50);
    t.member("bgp_hold_time", &T::bgp_hold_time, "Offered hold time; keepalives are a third of it.")
        .range(12, 360);
    t.member("connected_transit", &T::connected_transit, "Its spokes reach each other.");
    t.member("enable_advertise_transit_cidr", &T::enable_advertise_transit_cidr,
             "Say its own VNet's range over BGP.");
    t.member("tunnel_detection_time", &T::tunnel_detection_time, "Until a dead tunnel is noticed.")
        .range(20, 600);
    t.member("excluded_advertised_spoke_routes", &T::excluded_advertised_spoke_routes,
             "Spoke ranges that are not said over BGP.");
    spoke_vpc_routes(t);
    t.member("prepend_as_path", &T::prepend_as_path, "Put before the path to every peer.")
        .as(Kind::asn)
        .at_most(25);
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
    t.member("transit_gw", &T::transit_gw, "The transit it is attached to; none when absent.")
        .refers_to({kTransitGateway});
    t.member("included_advertised_spoke_routes", &T::included_advertised_spoke_routes,
             "Exactly these are advertised, instead of the VNet's range.");
    spoke_vpc_routes(t);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<TransitExternalDeviceConn>() {
  static const ObjectTable table = [] {
    using T = TransitExternalDeviceConn;
    constexpr ReferenceType kRemote{kVpnGateway, true};
    TableWriter<T> t("aviatrix_transit_external_device_conn",
                     "BGP of a transit gateway with something that is not Aviatrix.");
    t.member("gw_name", &T::gw_name, "The transit gateway.")
        .refers_to({kTransitGateway})
        .required();
    t.setter<std::string>(
         "connection_type", [](T&, const std::string&) {}, "Kind of routing.")
        .words({"bgp"});
    t.member("tunnel_protocol", &T::tunnel_protocol, "IPsec tunnels, or plain packets over LAN.");
    t.member("bgp_local_as_num", &T::bgp_local_as_num, "Local AS; the gateway's when absent.")
        .as(Kind::asn);
    t.member("bgp_remote_as_num", &T::bgp_remote_as_num, "The peer's AS.").as(Kind::asn).required();
    t.member("backup_bgp_remote_as_num", &T::backup_bgp_remote_as_num,
             "The AS of the backup peer (ha_enabled).")
        .as(Kind::asn);
    t.member("ha_enabled", &T::ha_enabled, "There is a backup peer.");
    t.member("remote_gateway_ip", &T::remote_gateway_ip,
             "IPsec: public addresses of the peer, or a VPN gateway whose addresses are meant.")
        .refers_to(kRemote);
    t.member("backup_remote_gateway_ip", &T::backup_remote_gateway_ip, "Those of the backup peer.")
        .refers_to(kRemote);
    t.member("local_tunnel_cidr", &T::local_tunnel_cidr, "Own addresses inside the tunnels.")
        .as(Kind::interface_cidr);
    t.member("remote_tunnel_cidr", &T::remote_tunnel_cidr, "The peer's addresses inside them.")
        .as(Kind::interface_cidr);
    t.member("backup_local_tunnel_cidr", &T::backup_local_tunnel_cidr,
             "Own addresses inside the tunnels to the backup peer.")
        .as(Kind::interface_cidr);
    t.member("backup_remote_tunnel_cidr", &T::backup_remote_tunnel_cidr,
             "The backup peer's addresses inside them.")
        .as(Kind::interface_cidr);
    t.member("enable_ikev2", &T::enable_ikev2, "IKEv2 instead of IKEv1.");
    t.setter<bool>(
        "custom_algorithms", [](T&, bool) {}, "Says that phase_1_ and phase_2_ keys follow.");
    algorithm(t, "phase_1_authentication", kIntegrity, &IpsecPolicy::ike_integrity,
              "Phase 1 integrity.");
    algorithm(t, "phase_1_dh_groups", kIkeGroups, &IpsecPolicy::dh_group,
              "Phase 1 Diffie-Hellman group.");
    algorithm(t, "phase_1_encryption", kEncryption, &IpsecPolicy::ike_encryption,
              "Phase 1 encryption.");
    algorithm(t, "phase_2_authentication", kPhase2Integrity, &IpsecPolicy::ipsec_integrity,
              "Phase 2 integrity.");
    algorithm(t, "phase_2_dh_groups", kPfsGroups, &IpsecPolicy::pfs_group,
              "Phase 2 Diffie-Hellman group; what the other side asks for when absent.");
    algorithm(t, "phase_2_encryption", kEncryption, &IpsecPolicy::ipsec_encryption,
              "Phase 2 encryption.");
    t.member("remote_vpc_name", &T::remote_vpc_name,
             "LAN: the peered VNet of the peer, also as vnet:resource group:subscription.")
        .refers_to({kVirtualNetwork, false, ReferenceForm::vnet_id});
    t.member("remote_lan_ip", &T::remote_lan_ip,
             "LAN: the peer; first route server instance of remote_vpc_name when absent.");
    t.member("backup_remote_lan_ip", &T::backup_remote_lan_ip,
             "LAN: the backup peer; the second instance when absent.");
    t.member("enable_bgp_lan_activemesh", &T::enable_bgp_lan_activemesh,
             "LAN: each gateway to each peer; a route server wants it.");
    t.member("manual_bgp_advertised_cidrs", &T::manual_bgp_advertised_cidrs,
             "Exactly these are advertised to this peer.");
    t.member("prepend_as_path", &T::prepend_as_path, "Put before the path to this peer.")
        .as(Kind::asn)
        .at_most(25);
    return std::move(t).table();
  }();
  return table;
}

}  // namespace skyhop::lab
