// Key tables of routers that are no cloud's service, and of machines outside of Azure.
#include "control/lab/keys.h"

namespace skyhop::lab {

template <>
const ObjectTable& table_of<RouterConnection>() {
  static const ObjectTable table = [] {
    using T = RouterConnection;
    TableWriter<T> t("connection",
                     "A line of a router to a gateway or another router. Its name is "
                     "that of the far end unless remote says otherwise.");
    t.member("remote", &T::remote, "The far end; a VPN gateway means all its instances.")
        .refers_to({kVpnGateway | kVpnGatewayInstance | kAviatrixGateway | kRouterResource, true});
    t.member("protocol", &T::protocol, "Ethernet is a cable between two routers outside of Azure.");
    t.member("local_address", &T::local_address,
             "Address inside the line; the router's own when absent.");
    t.member("remote_address", &T::remote_address,
             "The far end's address inside the line; what it has there when absent.");
    t.member("connection_mode", &T::connection_mode, "Who opens the tunnel.");
    t.member("ipsec_policy", &T::ipsec_policy,
             "Custom algorithms; Azure's default proposals when absent.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouterNeighbor>() {
  static const ObjectTable table = [] {
    using T = RouterNeighbor;
    TableWriter<T> t("neighbor",
                     "A BGP neighbour, inside the connection between the two where there is one. "
                     "Its name is that of the peer unless peer says otherwise.");
    t.member("peer", &T::peer, "The peer; a route server or VPN gateway means all its instances.")
        .refers_to({kRouteServer | kRouteServerInstance | kVpnGateway | kVpnGatewayInstance |
                    kRouterResource});
    t.member("remote_asn", &T::remote_asn, "Its AS; the peer's own when absent.").as(Kind::asn);
    t.member("passive", &T::passive, "Wait for the peer to connect.");
    t.member("hold_time", &T::hold_time, "Offered hold time; keepalives are a third of it.")
        .range(3, 65535);
    t.member("ebgp_multihop", &T::ebgp_multihop, "TTL of what is sent.").range(1, 255);
    t.member("route_refresh", &T::route_refresh, "Offer the capability (RFC 2918).");
    t.member("advertise", &T::advertise, "Tell only these prefixes; everything when empty.");
    t.member("prepend_as_path", &T::prepend_as_path, "Put before the path.").as(Kind::asn);
    t.member("strip_as", &T::strip_as, "Taken out of the path.").as(Kind::asn);
    t.member("as_override", &T::as_override,
             "Put the own AS where the neighbour's is in the path.");
    t.member("communities", &T::communities, "Added, as 65535:65282.").as(Kind::community);
    t.member("next_hop", &T::next_hop,
             "Told as next hop instead of the own address: a load balancer's, for example.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<RouterRoute>() {
  static const ObjectTable table = [] {
    TableWriter<RouterRoute> t("static_route", "A static route of a router.");
    t.member("address_prefix", &RouterRoute::address_prefix, "Where it leads.").required();
    t.member("next_hop", &RouterRoute::next_hop,
             "A connection of the router, vnet (out of the VM's NIC), internet or none.")
        .required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<Router>() {
  static const ObjectTable table = [] {
    using T = Router;
    TableWriter<T> t("router",
                     "What runs on an appliance's VM, or a router outside of Azure: BGP, tunnels "
                     "and static routes of its own.");
    t.member("virtual_machine", &T::virtual_machine,
             "The VM it runs on; absent: it stands outside of Azure.")
        .refers_to({kVirtualMachine});
    t.member("address", &T::address,
             "Outside of Azure: its own address, from which BGP speaks to Azure's private ones.");
    t.member("public_ip_address", &T::public_ip_address,
             "Outside of Azure: its public address; made up when absent.");
    t.member("asn", &T::asn, "Its AS; absent: no BGP.").as(Kind::asn);
    t.member("ip_forwarding", &T::ip_forwarding,
             "The system forwards; the NIC of a VM has a switch of its own.");
    t.member("bgp_ecmp", &T::bgp_ecmp, "Use all equal BGP routes.");
    t.member("networks", &T::networks, "What it advertises as its own.");
    t.member("static_route", &T::routes, "Its static routes.");
    t.member("connection", &T::connections, "Its lines to gateways and other routers.");
    t.member("neighbor", &T::neighbors, "Its BGP neighbours.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<Host>() {
  static const ObjectTable table = [] {
    TableWriter<Host> t("host",
                        "A machine outside of Azure: an end of the network, where packets start "
                        "and arrive.");
    t.member("router", &Host::router, "The router it stands behind, or internet.")
        .refers_to({kRouterOutside})
        .required();
    t.member("address", &Host::address, "Its address.").required();
    return std::move(t).table();
  }();
  return table;
}

}  // namespace skyhop::lab
