// The structs that tables fill, and the words of their enums. The tables themselves are in
// keys_azure.cc, keys_router.cc, keys_aviatrix.cc, keys_links.cc and keys_run.cc.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "control/lab/key_table.h"

namespace skyhop::lab {

// ---- Maps of the file that lab.h keeps in another form ------------------------------------------

struct PeeringAddresses {
  std::string ip_configuration_name;
  std::vector<Ipv4Address> apipa_addresses;
};
/// Of a VPN gateway.
struct BgpSettings {
  uint32_t asn = 65515;
  std::vector<PeeringAddresses> peering_addresses;
};
/// A connection of a spoke, which differs from a transit's in the section it stands in.
struct SpokeExternalDeviceConn : TransitExternalDeviceConn {};
/// aviatrix_gateway_snat and _dnat call the same things differently.
struct SnatPolicy : NatPolicy {};
struct DnatPolicy : NatPolicy {};
/// Of a local network gateway.
struct PeerBgpSettings {
  uint32_t asn = 0;
  Ipv4Address bgp_peering_address;
};

struct StateChange {
  Element element = Element::link;
  std::string target;
};
/// Of a timeline entry `approve` or `disapprove`.
struct Approval {
  std::string target;
  std::vector<Ipv4Prefix> cidrs;
};
struct TimelineEntry {
  Seconds at{0};
  std::variant<std::monostate, SetState, SetAdvertisedCidrs, std::vector<SpokeGateway>, SetApproval,
               Switchover, StopGateway, LinkConditions>
      action;
};
struct NoRoute {
  std::string on;
  Ipv4Prefix prefix;
};
struct CheckEntry {
  std::string name;
  Seconds at{0};
  std::variant<std::monostate, CheckReachable, CheckPath, CheckRoute, CheckSession> what;
};

// ---- Which types are maps, and which of them are named ------------------------------------------

#define SKYHOP_LAB_OBJECT(type)                 \
  template <>                                   \
  inline constexpr bool kIsObject<type> = true; \
  template <>                                   \
  const ObjectTable& table_of<type>();
#define SKYHOP_LAB_NAMED(type, member) \
  SKYHOP_LAB_OBJECT(type)              \
  template <>                          \
  inline constexpr std::string type::* kNameMember<type> = &type::member;

SKYHOP_LAB_NAMED(VirtualNetwork, name)
SKYHOP_LAB_NAMED(Subnet, name)
SKYHOP_LAB_NAMED(VirtualNetworkPeering, name)
SKYHOP_LAB_NAMED(RouteTable, name)
SKYHOP_LAB_NAMED(UserRoute, name)
SKYHOP_LAB_NAMED(NetworkSecurityGroup, name)
SKYHOP_LAB_NAMED(SecurityRule, name)
SKYHOP_LAB_NAMED(RouteServer, name)
SKYHOP_LAB_NAMED(RouteServerBgpConnection, name)
SKYHOP_LAB_NAMED(VirtualNetworkGateway, name)
SKYHOP_LAB_NAMED(LocalNetworkGateway, name)
SKYHOP_LAB_NAMED(VirtualNetworkGatewayConnection, name)
SKYHOP_LAB_NAMED(PublicIp, name)
SKYHOP_LAB_NAMED(VirtualMachine, name)
SKYHOP_LAB_NAMED(Router, name)
SKYHOP_LAB_NAMED(RouterConnection, name)
SKYHOP_LAB_NAMED(RouterNeighbor, name)
SKYHOP_LAB_NAMED(Host, name)
SKYHOP_LAB_NAMED(TransitGateway, name)
SKYHOP_LAB_NAMED(SpokeGateway, name)
SKYHOP_LAB_NAMED(SpokeTransitAttachment, name)
SKYHOP_LAB_NAMED(TransitGatewayPeering, name)
SKYHOP_LAB_NAMED(TransitExternalDeviceConn, connection_name)
SKYHOP_LAB_NAMED(SpokeExternalDeviceConn, connection_name)
SKYHOP_LAB_NAMED(NetworkDomain, name)
SKYHOP_LAB_NAMED(NetworkDomainAssociation, name)
SKYHOP_LAB_NAMED(ConnectionPolicy, name)
SKYHOP_LAB_NAMED(GatewaySnat, name)
SKYHOP_LAB_NAMED(GatewayDnat, name)
SKYHOP_LAB_OBJECT(SnatPolicy)
SKYHOP_LAB_OBJECT(DnatPolicy)
SKYHOP_LAB_OBJECT(Approval)
SKYHOP_LAB_OBJECT(RouterRoute)
SKYHOP_LAB_OBJECT(PeeringAddresses)
SKYHOP_LAB_OBJECT(BgpSettings)
SKYHOP_LAB_OBJECT(PeerBgpSettings)
SKYHOP_LAB_OBJECT(IpsecPolicy)
SKYHOP_LAB_OBJECT(EspKeys)
SKYHOP_LAB_OBJECT(EspSettings)
SKYHOP_LAB_OBJECT(Limits)
SKYHOP_LAB_OBJECT(Settings)
SKYHOP_LAB_OBJECT(ForwardingTable)
SKYHOP_LAB_OBJECT(LinkConditions)
SKYHOP_LAB_OBJECT(TrafficFlow)
SKYHOP_LAB_OBJECT(StateChange)
SKYHOP_LAB_OBJECT(SetAdvertisedCidrs)
SKYHOP_LAB_OBJECT(TimelineEntry)
SKYHOP_LAB_OBJECT(CheckReachable)
SKYHOP_LAB_OBJECT(CheckPath)
SKYHOP_LAB_OBJECT(CheckRoute)
SKYHOP_LAB_OBJECT(NoRoute)
SKYHOP_LAB_OBJECT(CheckSession)
SKYHOP_LAB_OBJECT(CheckEntry)
SKYHOP_LAB_OBJECT(Lab)

#undef SKYHOP_LAB_NAMED
#undef SKYHOP_LAB_OBJECT

// ---- Words of enums -----------------------------------------------------------------------------

template <typename E, size_t N>
using WordList = std::array<std::pair<std::string_view, E>, N>;

template <>
inline constexpr WordList<NextHopType, 5> kWords<NextHopType> = {
    {{"VirtualNetworkGateway", NextHopType::VirtualNetworkGateway},
     {"VnetLocal", NextHopType::VnetLocal},
     {"Internet", NextHopType::Internet},
     {"VirtualAppliance", NextHopType::VirtualAppliance},
     {"None", NextHopType::None}}};
template <>
inline constexpr WordList<RoutingPreference, 3> kWords<RoutingPreference> = {
    {{"ExpressRoute", RoutingPreference::ExpressRoute},
     {"VpnGateway", RoutingPreference::VpnGateway},
     {"ASPath", RoutingPreference::ASPath}}};
template <>
inline constexpr WordList<Encryption, 2> kWords<Encryption> = {
    {{"esp", Encryption::esp}, {"none", Encryption::none}}};
template <>
inline constexpr WordList<ConnectionMode, 3> kWords<ConnectionMode> = {
    {{"Default", ConnectionMode::Default},
     {"InitiatorOnly", ConnectionMode::InitiatorOnly},
     {"ResponderOnly", ConnectionMode::ResponderOnly}}};
template <>
inline constexpr WordList<LineProtocol, 4> kWords<LineProtocol> = {
    {{"IPsec", LineProtocol::IPsec},
     {"GRE", LineProtocol::GRE},
     {"VXLAN", LineProtocol::VXLAN},
     {"Ethernet", LineProtocol::Ethernet}}};
template <>
inline constexpr WordList<Direction, 2> kWords<Direction> = {
    {{"Inbound", Direction::Inbound}, {"Outbound", Direction::Outbound}}};
template <>
inline constexpr WordList<Access, 2> kWords<Access> = {
    {{"Allow", Access::Allow}, {"Deny", Access::Deny}}};
template <>
inline constexpr WordList<Protocol, 6> kWords<Protocol> = {{{"Tcp", Protocol::Tcp},
                                                            {"Udp", Protocol::Udp},
                                                            {"Icmp", Protocol::Icmp},
                                                            {"Esp", Protocol::Esp},
                                                            {"Ah", Protocol::Ah},
                                                            {"*", Protocol::Any}}};
template <>
inline constexpr WordList<lpm::TableChoice, 3> kWords<lpm::TableChoice> = {
    {{"rte_lpm", lpm::TableChoice::rte_lpm},
     {"popline", lpm::TableChoice::popline},
     {"auto", lpm::TableChoice::automatic}}};
template <>
inline constexpr WordList<JitterDistribution, 2> kWords<JitterDistribution> = {
    {{"uniform", JitterDistribution::uniform}, {"normal", JitterDistribution::normal}}};
template <>
inline constexpr WordList<TunnelProtocol, 3> kWords<TunnelProtocol> = {
    {{"IPsec", TunnelProtocol::IPsec}, {"GRE", TunnelProtocol::GRE}, {"LAN", TunnelProtocol::LAN}}};
template <>
inline constexpr WordList<ConnectionType, 2> kWords<ConnectionType> = {
    {{"bgp", ConnectionType::bgp}, {"static", ConnectionType::fixed}}};
template <>
inline constexpr WordList<ApprovalMode, 2> kWords<ApprovalMode> = {
    {{"gateway", ApprovalMode::gateway}, {"connection", ApprovalMode::connection}}};

}  // namespace skyhop::lab
