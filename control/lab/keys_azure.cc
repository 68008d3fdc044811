// Key tables of the azurerm resources. Attribute names are those of the Terraform provider, v3 to
// v5 where it renamed them (V60); an attribute that holds another resource's id there holds its
// name here.
#include "control/lab/keys.h"

namespace skyhop::lab {
namespace {

/// Adds `name` and `other`, two spellings of one required reference.
template <typename T, typename M>
void reference(TableWriter<T>& table, const char* name, const char* other, M T::* member,
               uint32_t targets, const char* doc) {
  table.member(name, member, doc).refers_to({targets}).required();
  table.member(other, member, "The same.").refers_to({targets}).required().same_as(name);
}

template <typename T>
void enable_bgp(TableWriter<T>& table) {
  table.member("bgp_enabled", &T::bgp_enabled, "Speak BGP.");
  table.member("enable_bgp", &T::bgp_enabled, "Older name of bgp_enabled.").same_as("bgp_enabled");
}

}  // namespace

template <>
const ObjectTable& table_of<Subnet>() {
  static const ObjectTable table = [] {
    TableWriter<Subnet> t("subnet", "A subnet of a VNet.");
    t.member("address_prefixes", &Subnet::address_prefixes, "Its prefixes.").required();
    t.member("address_prefix", &Subnet::address_prefixes, "The same, when it is one.")
        .required()
        .same_as("address_prefixes");
    t.member("route_table", &Subnet::route_table, "The route table of the subnet.")
        .refers_to({kRouteTable});
    t.member("route_table_id", &Subnet::route_table, "The same.")
        .refers_to({kRouteTable})
        .same_as("route_table");
    t.member("network_security_group", &Subnet::network_security_group, "The NSG of the subnet.")
        .refers_to({kSecurityGroup});
    t.member("network_security_group_id", &Subnet::network_security_group, "The same.")
        .refers_to({kSecurityGroup})
        .same_as("network_security_group");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<VirtualNetwork>() {
  static const ObjectTable table = [] {
    TableWriter<VirtualNetwork> t(
        "azurerm_virtual_network",
        "A VNet. Those of Aviatrix gateways are made with the gateway and not written.");
    t.member("location", &VirtualNetwork::location,
             "Azure region; peerings between two are global.")
        .as(Kind::location);
    t.member("address_space", &VirtualNetwork::address_space, "Its address ranges.").required();
    t.member("subnet", &VirtualNetwork::subnets,
             "Its subnets. RouteServerSubnet and GatewaySubnet are Azure's special names.")
        .may_be_list();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<VirtualNetworkPeering>() {
  static const ObjectTable table = [] {
    using T = VirtualNetworkPeering;
    TableWriter<T> t("azurerm_virtual_network_peering",
                     "One direction of a VNet peering; both are needed.");
    t.member("virtual_network_name", &T::virtual_network_name, "The VNet whose side this is.")
        .refers_to({kVirtualNetwork})
        .required();
    reference(t, "remote_virtual_network_id", "remote_virtual_network_name",
              &T::remote_virtual_network_name, kVirtualNetwork, "The other VNet.");
    t.member("allow_virtual_network_access", &T::allow_virtual_network_access,
             "Packets may cross to the other VNet.");
    t.member("allow_forwarded_traffic", &T::allow_forwarded_traffic,
             "Packets whose source is outside the other VNet may come in.");
    t.member("allow_gateway_transit", &T::allow_gateway_transit,
             "The other VNet may use this one's gateways and route server.");
    t.member("use_remote_gateways", &T::use_remote_gateways,
             "Use the gateways and route server of the other VNet.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<UserRoute>() {
  static const ObjectTable table = [] {
    TableWriter<UserRoute> t("route", "A user-defined route.");
    t.member("address_prefix", &UserRoute::address_prefix, "Where it leads.").required();
    t.member("next_hop_type", &UserRoute::next_hop_type, "What it leads to.")
        .required()
        .without_default();
    t.member("next_hop_in_ip_address", &UserRoute::next_hop_in_ip_address,
             "Of a VirtualAppliance: its address.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteTable>() {
  static const ObjectTable table = [] {
    TableWriter<RouteTable> t("azurerm_route_table",
                              "A route table; subnets name it in route_table.");
    t.member("bgp_route_propagation_enabled", &RouteTable::bgp_route_propagation_enabled,
             "Routes of gateways and route servers reach its subnets.");
    t.setter<bool>(
         "disable_bgp_route_propagation",
         [](RouteTable& r, bool off) { r.bgp_route_propagation_enabled = !off; },
         "Older, inverted name of bgp_route_propagation_enabled.")
        .same_as("bgp_route_propagation_enabled");
    t.member("route", &RouteTable::routes, "Its routes.").may_be_list();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<SecurityRule>() {
  static const ObjectTable table = [] {
    using T = SecurityRule;
    TableWriter<T> t("security_rule",
                     "A rule of an NSG; the lowest priority that matches decides.");
    t.member("priority", &T::priority, "Lower is asked first; unique in its direction.")
        .range(100, 4096)
        .required()
        .without_default();
    t.member("direction", &T::direction, "Of the packets.").required().without_default();
    t.member("access", &T::access, "What happens to them.").required().without_default();
    t.member("protocol", &T::protocol, "Of the packets.").required().without_default();
    const auto ports = [&t](const char* one, const char* many, std::vector<PortRange> T::* member,
                            const char* doc) {
      // "*" in the list makes it all ports, which lab.h writes as an empty list.
      const auto set = [member](T& rule, std::vector<PortRange> ranges) {
        for (const PortRange& range : ranges) {
          if (range.first == 0 && range.last == 65535) ranges.clear();
          if (ranges.empty()) break;
        }
        rule.*member = std::move(ranges);
      };
      t.setter<std::vector<PortRange>>(one, set, doc).required().at_most(1);
      t.setter<std::vector<PortRange>>(many, set, "Several of them.").required().same_as(one);
    };
    ports("source_port_range", "source_port_ranges", &T::source_port_ranges, "Source ports.");
    ports("destination_port_range", "destination_port_ranges", &T::destination_port_ranges,
          "Destination ports.");
    const auto addresses = [&t](const char* one, const char* many,
                                std::vector<std::string> T::* member, const char* doc) {
      t.member(one, member, doc).as(Kind::address_selector).required().at_most(1);
      t.member(many, member, "Several of them.").as(Kind::address_selector).required().same_as(one);
    };
    addresses("source_address_prefix", "source_address_prefixes", &T::source_address_prefixes,
              "Source addresses.");
    addresses("destination_address_prefix", "destination_address_prefixes",
              &T::destination_address_prefixes, "Destination addresses.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<NetworkSecurityGroup>() {
  static const ObjectTable table = [] {
    TableWriter<NetworkSecurityGroup> t(
        "azurerm_network_security_group",
        "A network security group; Azure's default rules follow its own.");
    t.member("security_rule", &NetworkSecurityGroup::security_rules, "Its rules.").may_be_list();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteServer>() {
  static const ObjectTable table = [] {
    TableWriter<RouteServer> t("azurerm_route_server",
                               "A route server: two instances in RouteServerSubnet, AS 65515.");
    t.member("virtual_network_name", &RouteServer::virtual_network_name,
             "The VNet, with a subnet named RouteServerSubnet.")
        .refers_to({kVirtualNetwork})
        .required();
    t.member("branch_to_branch_traffic_enabled", &RouteServer::branch_to_branch_traffic_enabled,
             "Exchange routes between its peers and the VPN gateway.");
    t.member("hub_routing_preference", &RouteServer::hub_routing_preference,
             "What wins between equal prefixes of ExpressRoute, VPN and peers.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouteServerBgpConnection>() {
  static const ObjectTable table = [] {
    using T = RouteServerBgpConnection;
    TableWriter<T> t("azurerm_route_server_bgp_connection", "A peer of a route server.");
    reference(t, "route_server_id", "route_server", &T::route_server, kRouteServer,
              "The route server.");
    t.member("peer_asn", &T::peer_asn, "The peer's AS.").as(Kind::asn).required();
    t.member("peer_ip", &T::peer_ip,
             "The peer's address, or the Aviatrix gateway whose bgp_lan address is meant, or the "
             "router whose VM's is.")
        .refers_to({kTransit | kRouterResource, true})
        .required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<PeeringAddresses>() {
  static const ObjectTable table = [] {
    TableWriter<PeeringAddresses> t("peering_addresses", "BGP addresses of one gateway instance.");
    t.member("ip_configuration_name", &PeeringAddresses::ip_configuration_name,
             "Terraform's name of the instance; the order of the list decides.");
    t.member("apipa_addresses", &PeeringAddresses::apipa_addresses,
             "Addresses inside the tunnels, in 169.254.21.0-169.254.22.255.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<BgpSettings>() {
  static const ObjectTable table = [] {
    TableWriter<BgpSettings> t("bgp_settings", "BGP of a VPN gateway.");
    t.member("asn", &BgpSettings::asn, "Its AS.").as(Kind::asn);
    t.member("peering_addresses", &BgpSettings::peering_addresses, "One entry per instance.")
        .at_most(2);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<VirtualNetworkGateway>() {
  static const ObjectTable table = [] {
    using T = VirtualNetworkGateway;
    TableWriter<T> t("azurerm_virtual_network_gateway", "A VPN gateway in GatewaySubnet.");
    t.member("virtual_network_name", &T::virtual_network_name,
             "The VNet, with a subnet named GatewaySubnet.")
        .refers_to({kVirtualNetwork})
        .required();
    t.member("type", &T::type, "Kind of gateway.").words({"Vpn"});
    t.setter<std::string>(
         "vpn_type", [](T&, const std::string&) {}, "Policy-based gateways speak no BGP.")
        .words({"RouteBased"});
    t.member("active_active", &T::active_active, "Two instances that both forward.");
    enable_bgp(t);
    t.member("sku", &T::sku, "Size.")
        .words({"Basic", "VpnGw1", "VpnGw2", "VpnGw3", "VpnGw4", "VpnGw5", "VpnGw1AZ", "VpnGw2AZ",
                "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ"});
    t.member("generation", &T::generation, "Hardware generation.")
        .words({"Generation1", "Generation2", "None"});
    t.setter<BgpSettings>(
        "bgp_settings",
        [](T& gateway, BgpSettings settings) {
          gateway.asn = settings.asn;
          for (auto& instance : settings.peering_addresses) {
            gateway.apipa_addresses.push_back(std::move(instance.apipa_addresses));
          }
        },
        "Its AS and the addresses inside its tunnels.");
    t.member("public_ip_addresses", &T::public_ip_addresses,
             "Public addresses, one per instance; made up when absent.")
        .at_most(2);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<PeerBgpSettings>() {
  static const ObjectTable table = [] {
    TableWriter<PeerBgpSettings> t("peer_bgp_settings", "BGP of the other side.");
    t.member("asn", &PeerBgpSettings::asn, "Its AS.").as(Kind::asn).required();
    t.member("bgp_peering_address", &PeerBgpSettings::bgp_peering_address,
             "Its BGP address, inside or behind the tunnel.")
        .required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<LocalNetworkGateway>() {
  static const ObjectTable table = [] {
    using T = LocalNetworkGateway;
    TableWriter<T> t("azurerm_local_network_gateway",
                     "What a VPN gateway knows of the other end of a connection.");
    t.member("gateway_address", &T::gateway_address,
             "Its public address, or the Aviatrix gateway or router whose public address is meant.")
        .refers_to({kAviatrixGateway | kRouterResource, true})
        .required();
    t.member("address_space", &T::address_space, "Prefixes behind it without BGP.");
    t.setter<PeerBgpSettings>(
        "bgp_settings",
        [](T& gateway, const PeerBgpSettings& settings) {
          gateway.asn = settings.asn;
          gateway.bgp_peering_address = settings.bgp_peering_address;
        },
        "Its AS and BGP address.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<IpsecPolicy>() {
  static const ObjectTable table = [] {
    using T = IpsecPolicy;
    TableWriter<T> t("ipsec_policy", "A custom IPsec and IKE policy; both ends must agree.");
    t.member("ike_encryption", &T::ike_encryption, "Phase 1 encryption.")
        .words({"AES128", "AES192", "AES256", "DES", "DES3", "GCMAES128", "GCMAES256"});
    t.member("ike_integrity", &T::ike_integrity, "Phase 1 integrity.")
        .words({"GCMAES128", "GCMAES256", "MD5", "SHA1", "SHA256", "SHA384"});
    t.member("dh_group", &T::dh_group, "Phase 1 Diffie-Hellman group.")
        .words({"DHGroup1", "DHGroup14", "DHGroup2", "DHGroup2048", "DHGroup24", "ECP256", "ECP384",
                "None"});
    t.member("ipsec_encryption", &T::ipsec_encryption, "Phase 2 encryption.")
        .words({"AES128", "AES192", "AES256", "DES", "DES3", "GCMAES128", "GCMAES192", "GCMAES256",
                "None"});
    t.member("ipsec_integrity", &T::ipsec_integrity, "Phase 2 integrity.")
        .words({"GCMAES128", "GCMAES192", "GCMAES256", "MD5", "SHA1", "SHA256"});
    t.member("pfs_group", &T::pfs_group, "Phase 2 Diffie-Hellman group.")
        .words({"ECP256", "ECP384", "PFS1", "PFS14", "PFS2", "PFS2048", "PFS24", "PFSMM", "None"});
    t.member("sa_lifetime", &T::sa_lifetime, "Seconds until phase 2 has new keys.")
        .range(300, UINT32_MAX);
    t.member("sa_datasize", &T::sa_datasize, "Kilobytes until phase 2 has new keys.")
        .range(1024, UINT32_MAX);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<VirtualNetworkGatewayConnection>() {
  static const ObjectTable table = [] {
    using T = VirtualNetworkGatewayConnection;
    TableWriter<T> t("azurerm_virtual_network_gateway_connection",
                     "A connection of a VPN gateway to a local network gateway.");
    t.setter<std::string>(
         "type", [](T&, const std::string&) {}, "Kind of connection.")
        .words({"IPsec"});
    reference(t, "virtual_network_gateway_id", "virtual_network_gateway",
              &T::virtual_network_gateway, kVpnGateway, "The VPN gateway.");
    reference(t, "local_network_gateway_id", "local_network_gateway", &T::local_network_gateway,
              kLocalNetworkGateway, "The other end.");
    enable_bgp(t);
    t.member("connection_mode", &T::connection_mode,
             "Who opens the tunnel; two responders never meet.");
    t.member("ipsec_policy", &T::ipsec_policy, "Custom algorithms; Azure's own when absent.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<PublicIp>() {
  static const ObjectTable table = [] {
    TableWriter<PublicIp> t("azurerm_public_ip",
                            "A public address of a VM: hosts on the Internet reach it by that.");
    t.member("ip_address", &PublicIp::ip_address, "The address; made up when absent.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<VirtualMachine>() {
  static const ObjectTable table = [] {
    using T = VirtualMachine;
    TableWriter<T> t("azurerm_linux_virtual_machine",
                     "A VM with one NIC: an end of the network, where packets start and arrive.");
    t.member("virtual_network_name", &T::virtual_network_name,
             "Its VNet; that of an Aviatrix gateway has the gateway's name.")
        .refers_to({kVirtualNetwork})
        .required();
    t.member("subnet", &T::subnet, "Its subnet; in an Aviatrix VNet the first public one.");
    t.member("private_ip_address", &T::private_ip_address, "Its address; the first free host.");
    t.member("network_security_group", &T::network_security_group, "The NSG of its NIC.")
        .refers_to({kSecurityGroup});
    t.member("network_security_group_id", &T::network_security_group, "The same.")
        .refers_to({kSecurityGroup})
        .same_as("network_security_group");
    t.member("ip_forwarding_enabled", &T::ip_forwarding_enabled,
             "Its NIC takes packets for other addresses.");
    t.member("enable_ip_forwarding", &T::ip_forwarding_enabled,
             "Older name of ip_forwarding_enabled.")
        .same_as("ip_forwarding_enabled");
    t.member("public_ip_address_id", &T::public_ip_address, "The public IP of its NIC.")
        .refers_to({kPublicIp});
    return std::move(t).table();
  }();
  return table;
}

}  // namespace skyhop::lab
