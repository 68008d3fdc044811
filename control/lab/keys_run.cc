// Key tables of the lab itself and of what is run on it: settings, traffic, timeline, checks.
#include <fmt/format.h>

#include "control/lab/keys.h"

namespace skyhop::lab {
namespace {

constexpr ReferenceType kVm{kMachine};
constexpr ReferenceType kVmOrAddress{kMachine, true};
constexpr ReferenceType kLink{kAviatrixGateway | kVpnGatewayInstance | kRouterResource, false,
                              ReferenceForm::pair};
constexpr ReferenceType kSession{
    kAviatrixGateway | kVpnGatewayInstance | kRouteServerInstance | kRouterResource, false,
    ReferenceForm::pair};
constexpr ReferenceType kTunnelEnd{kAviatrixGateway | kVpnGatewayInstance | kRouterResource};

/// The flow of a reachable or path check.
template <typename T>
void flow(TableWriter<T>& t) {
  t.member("from", &T::from, "The VM that sends.").refers_to(kVm).required();
  t.member("to", &T::to, "The VM or address it sends to.").refers_to(kVmOrAddress).required();
  t.member("protocol", &T::protocol, "Of the packets.").words({"icmp", "tcp", "udp"});
  t.member("source_port", &T::source_port, "Of tcp and udp; 0: any.");
  t.member("destination_port", &T::destination_port, "Of tcp and udp.");
}

/// One action of a timeline entry, or one assertion of a check: exactly one key of the slot is
/// given.
template <typename V, typename Entry, typename Variant>
KeyEditor alternative(TableWriter<Entry>& t, const char* name, const char* slot,
                      Variant Entry::* member, const char* doc) {
  return t
      .template setter<V>(
          name, [member](Entry& entry, V value) { entry.*member = std::move(value); }, doc)
      .same_as(slot)
      .required();
}

std::string flow_text(const std::string& from, const std::string& to, const std::string& protocol,
                      uint16_t port) {
  return port == 0 ? fmt::format("{} -> {} {}", from, to, protocol)
                   : fmt::format("{} -> {} {}/{}", from, to, protocol, port);
}

/// The name of a check that was given none.
struct NameOf {
  std::string operator()(const CheckReachable& check) const {
    return fmt::format("{} is {}",
                       flow_text(check.from, check.to, check.protocol, check.destination_port),
                       check.expected ? "reachable" : "unreachable");
  }
  std::string operator()(const CheckPath& check) const {
    std::string text =
        "path " + flow_text(check.from, check.to, check.protocol, check.destination_port);
    for (const auto& router : check.via) text += " via " + router;
    for (const auto& router : check.avoid) text += " not " + router;
    return text;
  }
  std::string operator()(const CheckRoute& check) const {
    return fmt::format("{} {} {}", check.on, check.expected ? "has" : "has not",
                       check.prefix.to_string());
  }
  std::string operator()(const CheckSession& check) const {
    return fmt::format("session {} is {}", check.session, check.state);
  }
  std::string operator()(std::monostate) const { return {}; }
};

void add_checks(Lab& lab, std::vector<CheckEntry> entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    CheckEntry& entry = entries[i];
    Check check{entry.name, entry.at, {}, fmt::format("checks[{}]", i)};
    const bool is_given = std::visit(
        [&check](auto& what) {
          using What = std::decay_t<decltype(what)>;
          if (check.name.empty()) check.name = NameOf{}(what);
          if constexpr (std::is_same_v<What, std::monostate>) {
            return false;
          } else {
            check.what = std::move(what);
            return true;
          }
        },
        entry.what);
    if (is_given) lab.checks.push_back(std::move(check));
  }
}

void add_timeline(Lab& lab, std::vector<TimelineEntry> entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    TimelineEntry& entry = entries[i];
    const std::string path = fmt::format("timeline[{}]", i);
    if (auto* state = std::get_if<SetState>(&entry.action)) {
      lab.timeline.push_back({entry.at, std::move(*state), path});
    } else if (auto* advertise = std::get_if<SetAdvertisedCidrs>(&entry.action)) {
      lab.timeline.push_back({entry.at, std::move(*advertise), path});
    } else if (auto* approval = std::get_if<SetApproval>(&entry.action)) {
      lab.timeline.push_back({entry.at, std::move(*approval), path});
    } else if (auto* switchover = std::get_if<Switchover>(&entry.action)) {
      lab.timeline.push_back({entry.at, std::move(*switchover), path});
    } else if (auto* stop = std::get_if<StopGateway>(&entry.action)) {
      lab.timeline.push_back({entry.at, std::move(*stop), path});
    } else if (auto* change = std::get_if<LinkConditions>(&entry.action)) {
      lab.timeline.push_back({entry.at, std::move(*change), path});
    } else if (auto* spokes = std::get_if<std::vector<SpokeGateway>>(&entry.action)) {
      for (SpokeGateway& spoke : *spokes) {
        lab.timeline.push_back({entry.at, AddSpoke{spoke.name}, path});
        spoke.added_by_timeline = true;
        lab.spoke_gateways.push_back(std::move(spoke));
      }
    }
  }
}

}  // namespace

template <>
const ObjectTable& table_of<EspKeys>() {
  static const ObjectTable table = [] {
    using T = EspKeys;
    TableWriter<T> t("keys", "Keys of one direction of a tunnel, for its first SA.");
    t.member("from", &T::from, "The gateway that encrypts.").refers_to(kTunnelEnd).required();
    t.member("to", &T::to, "The gateway that decrypts.").refers_to(kTunnelEnd).required();
    t.member("tunnel", &T::tunnel, "Which one of a bundle.").range(0, 49);
    t.member("spi", &T::spi, "Security parameters index, such as 0x1001.").required();
    t.member("encryption_key", &T::encryption_key,
             "Hexadecimal. GCM: the key, then the four octets of salt.")
        .required();
    t.member("integrity_key", &T::integrity_key, "Hexadecimal. GCM has none.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<EspSettings>() {
  static const ObjectTable table = [] {
    using T = EspSettings;
    TableWriter<T> t("esp", "How IPsec tunnels encrypt.");
    t.member("algorithm", &T::algorithm,
             "policy, or one for all tunnels: GCMAES256, AES256/SHA256 and the like.");
    t.member("driver", &T::driver, "The crypto driver; auto: the fastest one for the algorithm.")
        .words({"auto", "crypto_aesni_gcm", "crypto_aesni_mb", "crypto_openssl"});
    t.member("nat_traversal", &T::nat_traversal,
             "ESP in UDP (RFC 3948); auto: between public addresses.")
        .words({"auto", "on", "off"});
    t.member("extended_sequence_numbers", &T::extended_sequence_numbers,
             "64 bits, of which 32 are sent (RFC 4304).");
    t.member("replay_window", &T::replay_window,
             "Packets; with sequence numbers of 32 bits 0 turns it off.")
        .range(0, 65536);
    t.member("lifetime_packets", &T::lifetime_packets, "Packets until a new SA; 0: no end.");
    t.member("lifetime_kilobytes", &T::lifetime_kilobytes,
             "Kilobytes until a new SA; 0: as the policy says.");
    t.member("lifetime", &T::lifetime, "Time until a new SA (default: as the policy says).");
    t.member("seed", &T::seed, "Of the keys that are not given here.");
    t.member("keys", &T::keys, "Keys that are given.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<Limits>() {
  static const ObjectTable table = [] {
    using T = Limits;
    constexpr uint64_t kMost = 1'000'000;
    TableWriter<T> t("limits", "What Azure's route servers and VPN gateways take.");
    t.member("route_server", &T::route_server,
             "Of today: 8 peers, 4000 routes of each, 10000 in all. Of October 2022: 8 peers, 1000 "
             "routes of each, 200 to a VPN gateway.")
        .words({"current", "seed-2022"});
    t.member("route_server_peers", &T::route_server_peers, "Instead of the year's.")
        .range(1, kMost);
    t.member("route_server_routes_per_peer", &T::route_server_routes_per_peer,
             "More end the session.")
        .range(1, kMost);
    t.member("route_server_routes_to_gateway", &T::route_server_routes_to_gateway,
             "More end the session with the VPN gateway; 0: any number.")
        .range(0, kMost);
    t.member("route_server_routes", &T::route_server_routes,
             "In all, of VNets and branches; more are an alert; 0: any number.")
        .range(0, kMost);
    t.member("vpn_gateway_routes_per_peer", &T::vpn_gateway_routes_per_peer,
             "4000 when absent; more end the session.")
        .range(1, kMost);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<Settings>() {
  static const ObjectTable table = [] {
    TableWriter<Settings> t("settings", "How the clouds are modelled where they leave a choice.");
    t.member("tunnel_mtu", &Settings::tunnel_mtu, "Largest packet inside a tunnel, in octets.")
        .range(576, 9000);
    t.member("hpe_tunnels", &Settings::hpe_tunnels,
             "Tunnels of a gateway pair when both have insane_mode.")
        .range(1, 50);
    t.member("twin_metric", &Settings::twin_metric,
             "Metric of Aviatrix routes through a gateway's twin; direct ones have 100.")
        .range(101, 1000);
    t.member("bgp_max_as_limit", &Settings::bgp_max_as_limit,
             "Aviatrix: learned routes with longer AS paths are not passed on; 0: all are.")
        .range(0, 254);
    t.member("prepend_as_path", &Settings::prepend_as_path,
             "Aviatrix: a list of prepends comes beside the own AS, or counts it.")
        .words({"added", "total"});
    t.member("spoke_gateway_subnet", &Settings::spoke_gateway_subnet,
             "Aviatrix: the subnet of a spoke VNet that holds the gateway.")
        .words({"Public-gateway-subnet-1", "Public-subnet-1"});
    t.member("unassociated_attachments", &Settings::unassociated_attachments,
             "Aviatrix: attachments without a network domain share one, or reach nobody.")
        .words({"shared", "isolated"});
    t.member("gre_on_azure", &Settings::gre_on_azure,
             "Aviatrix: allow GRE connections, which the controller refuses on Azure.");
    t.member("gateway_restart_time", &Settings::gateway_restart_time,
             "Aviatrix: until a stopped gateway runs again (single_az_ha).");
    t.member("encryption", &Settings::encryption,
             "esp: tunnels encrypt packets; none: they cost their octets only.");
    t.member("esp", &Settings::esp, "How they encrypt.");
    t.member("forwarding_table", &Settings::forwarding_table,
             "The kind of every router's forwarding table: DPDK's rte_lpm, skyhop's popline, or "
             "auto, by its number of routes and by the number of routers. When absent rte_lpm, and "
             "auto where the lab has more than 64 routers.");
    t.member("shaping", &Settings::shaping,
             "cloud: VPN gateways and Aviatrix gateways carry what their sizes carry; none: "
             "whatever the machine carries.")
        .words({"cloud", "none"});
    t.member("seed", &Settings::seed,
             "Of what links leave to chance: the same seed gives the same packets.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<ForwardingTable>() {
  static const ObjectTable table = [] {
    using T = ForwardingTable;
    TableWriter<T> t("forwarding_tables", "The forwarding table of one router.");
    t.member("router", &T::router, "A gateway, a VPN gateway instance, or a subnet as vnet/subnet.")
        .refers_to({kRouter})
        .required();
    t.member("kind", &T::kind, "As in settings.forwarding_table.").required().without_default();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<TrafficFlow>() {
  static const ObjectTable table = [] {
    using T = TrafficFlow;
    TableWriter<T> t("traffic", "Packets that `skyhop run` sends.");
    t.member("from", &T::from, "The VM that sends.").refers_to(kVm).required();
    t.member("to", &T::to, "The VM that receives.").refers_to(kVm).required();
    t.member("protocol", &T::protocol, "Of the packets.").words({"icmp", "tcp", "udp"});
    t.member("destination_port", &T::destination_port, "Of tcp and udp.");
    t.member("flows", &T::flows, "How many flows; they differ in the source port.").range(1, 64512);
    t.member("size", &T::size, "Octets of the Ethernet frame, check sum included, or imix.")
        .as(Kind::frame_size);
    t.member("pps", &T::pps, "Packets per second; 0: as fast as possible.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<StateChange>() {
  static const ObjectTable table = [] {
    TableWriter<StateChange> t("element", "Something that can fail.");
    const auto element = [&t](const char* name, Element kind, ReferenceType type, const char* doc) {
      t.setter<std::string>(
           name,
           [kind](StateChange& change, std::string target) { change = {kind, std::move(target)}; },
           doc)
          .refers_to(type)
          .same_as("element")
          .required();
    };
    element("gateway", Element::gateway, {kAviatrixGateway},
            "An Aviatrix gateway: transit-1-hagw.");
    element("link", Element::link, kLink, "A link of two routers: transit-1 - transit-1-hagw.");
    element("tunnel", Element::tunnel, kLink, "A tunnel: transit-2 - vng-0.");
    element("session", Element::session, kSession, "A BGP session: transit-1 - routerserver-0.");
    element("router", Element::router, {kRouterResource},
            "A router, or a VM that forwards: its machine.");
    element("route_server_instance", Element::route_server_instance, {kRouteServerInstance},
            "routerserver-0 or routerserver-1.");
    element("vpn_gateway_instance", Element::vpn_gateway_instance, {kVpnGatewayInstance},
            "vng-0 or vng-1.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<SetAdvertisedCidrs>() {
  static const ObjectTable table = [] {
    using T = SetAdvertisedCidrs;
    TableWriter<T> t("advertise", "Customise the advertised CIDRs of a spoke.");
    t.member("spoke", &T::spoke_gateway, "The spoke gateway.")
        .refers_to({kSpokeGateway})
        .required();
    t.member("cidrs", &T::included_advertised_spoke_routes,
             "What it advertises from now on; [] is the VNet's range again.")
        .required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<Approval>() {
  static const ObjectTable table = [] {
    TableWriter<Approval> t("approve", "Learned CIDRs that waited for it.");
    t.member("gateway", &Approval::target, "What this gateway learned.")
        .refers_to({kTransitGateway | kSpokeGateway})
        .same_as("target")
        .required();
    t.member("connection", &Approval::target, "What was learned on this connection.")
        .refers_to({kExternalConnection})
        .same_as("target")
        .required();
    t.member("cidrs", &Approval::cidrs, "The CIDRs, as they were learned.").required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<TimelineEntry>() {
  static const ObjectTable table = [] {
    TableWriter<TimelineEntry> t("timeline", "Something that happens at a time.");
    t.member("at", &TimelineEntry::at, "When, counted from convergence.")
        .required()
        .without_default();
    const auto state = [&t](const char* name, bool up, const char* doc) {
      t.setter<StateChange>(
           name,
           [up](TimelineEntry& entry, StateChange change) {
             if (!change.target.empty()) {
               entry.action = SetState{change.element, std::move(change.target), up};
             }
           },
           doc)
          .same_as("action")
          .required();
    };
    state("down", false, "This fails.");
    state("up", true, "This comes back.");
    alternative<SetAdvertisedCidrs>(t, "advertise", "action", &TimelineEntry::action,
                                    "A spoke advertises something else.");
    const auto approval = [&t](const char* name, bool approved, const char* doc) {
      t.setter<Approval>(
           name,
           [approved](TimelineEntry& entry, Approval given) {
             entry.action = SetApproval{std::move(given.target), std::move(given.cidrs), approved};
           },
           doc)
          .same_as("action")
          .required();
    };
    approval("approve", true, "Learned CIDRs are approved.");
    approval("disapprove", false, "Approved CIDRs are pending again.");
    t.setter<std::string>(
         "switchover",
         [](TimelineEntry& entry, std::string name) { entry.action = Switchover{std::move(name)}; },
         "The standby tunnel of this connection takes over.")
        .refers_to({kExternalConnection})
        .same_as("action")
        .required();
    t.setter<std::string>(
         "stop_gateway",
         [](TimelineEntry& entry, std::string name) {
           entry.action = StopGateway{std::move(name)};
         },
         "Somebody stops this gateway's machine; with single_az_ha it is started again.")
        .refers_to({kAviatrixGateway})
        .same_as("action")
        .required();
    alternative<LinkConditions>(t, "change_link", "action", &TimelineEntry::action,
                                "A link does something else to packets from now on.");
    alternative<std::vector<SpokeGateway>>(t, "add_spoke", "action", &TimelineEntry::action,
                                           "These spoke gateways are made and attached.")
        .at_path("aviatrix_spoke_gateway");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<CheckReachable>() {
  static const ObjectTable table = [] {
    TableWriter<CheckReachable> t("reachable", "Packets arrive, or do not.");
    flow(t);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<CheckPath>() {
  static const ObjectTable table = [] {
    using T = CheckPath;
    constexpr ReferenceType kRouters{kRouter, false, ReferenceForm::alternatives};
    TableWriter<T> t("path", "The routers that packets cross.");
    flow(t);
    t.member("via", &T::via, "All of these, in any order; a|b means one of the two.")
        .refers_to(kRouters);
    t.member("avoid", &T::avoid, "None of these.").refers_to(kRouters);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<CheckRoute>() {
  static const ObjectTable table = [] {
    using T = CheckRoute;
    TableWriter<T> t("has_route", "A route is there.");
    t.member("in", &T::on,
             "A gateway or instance, a router, a subnet as vnet/subnet, a VM (its subnet) or host.")
        .refers_to({kRouter | kMachine})
        .required();
    t.member("prefix", &T::prefix, "Exactly this prefix.").required();
    t.member("next_hops", &T::next_hops,
             "Exactly these are in use, as addresses or routers; backups are not counted.")
        .refers_to({kRouter | kMachine, true});
    t.member("as_path", &T::as_path, "Its AS path, nearest first.").as(Kind::as_path);
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<NoRoute>() {
  static const ObjectTable table = [] {
    TableWriter<NoRoute> t("has_no_route", "A route is not there.");
    t.member("in", &NoRoute::on,
             "A gateway or instance, a router, a subnet as vnet/subnet, a VM (its subnet) or host.")
        .refers_to({kRouter | kMachine})
        .required();
    t.member("prefix", &NoRoute::prefix, "Exactly this prefix.").required();
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<CheckSession>() {
  static const ObjectTable table = [] {
    using T = CheckSession;
    TableWriter<T> t("session_state", "The state of a BGP session.");
    t.member("name", &T::session, "Its two ends: transit-1 - routerserver-0.")
        .refers_to(kSession)
        .required();
    t.member("state", &T::state, "As RFC 4271 names it; Down is any but Established.")
        .words({"Established", "Down", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm"});
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<CheckEntry>() {
  static const ObjectTable table = [] {
    using T = CheckEntry;
    TableWriter<T> t("checks", "Something that must hold at a time.");
    t.member("name", &T::name, "What the report calls it; made from the check when absent.");
    t.member("at", &T::at, "When, counted from convergence.");
    alternative<CheckReachable>(t, "reachable", "check", &T::what, "Packets arrive.");
    t.setter<CheckReachable>(
         "unreachable",
         [](T& entry, CheckReachable check) {
           check.expected = false;
           entry.what = std::move(check);
         },
         "Packets do not arrive.")
        .same_as("check")
        .required();
    alternative<CheckPath>(t, "path", "check", &T::what, "Packets go this way.");
    alternative<CheckRoute>(t, "route", "check", &T::what, "A route is there.");
    t.setter<NoRoute>(
         "no_route",
         [](T& entry, NoRoute route) {
           entry.what = CheckRoute{std::move(route.on), route.prefix, {}, {}, false};
         },
         "A route is not there.")
        .same_as("check")
        .required();
    alternative<CheckSession>(t, "session", "check", &T::what, "A BGP session is in this state.");
    return std::move(t).table();
  }();
  return table;
}

template <>
const ObjectTable& table_of<Lab>() {
  static const ObjectTable table = [] {
    TableWriter<Lab> t("lab", "One network, with what to run on it.");
    t.member("lab", &Lab::name, "Its name.").as(Kind::name).required();
    t.member("description", &Lab::description, "One line about it.");
    t.setter<std::string>(
        "extends", [](Lab&, const std::string&) {},
        "A lab file, relative to this one, that this one changes: maps are merged key by key, "
        "anything else replaces what is there.");
    t.member("limits", &Lab::limits, "What Azure's gateways take.");
    t.member("settings", &Lab::settings, "Choices of the model.");
    t.member("forwarding_tables", &Lab::forwarding_tables,
             "Routers whose forwarding table is of another kind than settings.forwarding_table.");
    t.member("azurerm_virtual_network", &Lab::virtual_networks, "VNets.");
    t.member("azurerm_virtual_network_peering", &Lab::virtual_network_peerings, "VNet peerings.");
    t.member("azurerm_route_table", &Lab::route_tables, "Route tables.");
    t.member("azurerm_network_security_group", &Lab::network_security_groups, "NSGs.");
    t.member("azurerm_route_server", &Lab::route_servers, "Route servers.");
    t.member("azurerm_route_server_bgp_connection", &Lab::route_server_bgp_connections,
             "Their peers.");
    t.member("azurerm_virtual_network_gateway", &Lab::virtual_network_gateways, "VPN gateways.");
    t.member("azurerm_local_network_gateway", &Lab::local_network_gateways,
             "What they know of the other ends.");
    t.member("azurerm_virtual_network_gateway_connection",
             &Lab::virtual_network_gateway_connections, "Their connections.");
    t.member("azurerm_public_ip", &Lab::public_ips, "Public addresses of VMs.");
    t.member("azurerm_linux_virtual_machine", &Lab::virtual_machines, "VMs.");
    t.member("router", &Lab::routers, "Routers on appliances' VMs and outside of Azure.");
    t.member("host", &Lab::hosts, "Machines outside of Azure.");
    t.member("aviatrix_transit_gateway", &Lab::transit_gateways, "Transit gateways.");
    t.member("aviatrix_spoke_gateway", &Lab::spoke_gateways, "Spoke gateways.");
    t.member("aviatrix_transit_external_device_conn", &Lab::transit_external_device_conns,
             "External connections of transit gateways.");
    t.setter<std::vector<SpokeExternalDeviceConn>>(
        "aviatrix_spoke_external_device_conn",
        [](Lab& lab, std::vector<SpokeExternalDeviceConn> connections) {
          for (SpokeExternalDeviceConn& connection : connections) {
            connection.is_on_spoke = true;
            lab.transit_external_device_conns.push_back(std::move(connection));
          }
        },
        "External connections of spoke gateways.");
    t.member("aviatrix_spoke_transit_attachment", &Lab::spoke_transit_attachments,
             "Attachments of spokes.");
    t.member("aviatrix_transit_gateway_peering", &Lab::transit_gateway_peerings,
             "Peerings of transits.");
    t.member("aviatrix_segmentation_network_domain", &Lab::network_domains, "Network domains.");
    t.member("aviatrix_segmentation_network_domain_association", &Lab::network_domain_associations,
             "Who is in them.");
    t.member("aviatrix_segmentation_network_domain_connection_policy", &Lab::connection_policies,
             "Which of them reach each other.");
    t.member("aviatrix_gateway_snat", &Lab::gateway_snats, "Source address translation.");
    t.member("aviatrix_gateway_dnat", &Lab::gateway_dnats, "Destination address translation.");
    t.member("links", &Lab::links, "What links do to packets.");
    t.member("traffic", &Lab::traffic, "Packets to send.");
    t.setter<std::vector<TimelineEntry>>("timeline", add_timeline, "What happens while it runs.");
    t.setter<std::vector<CheckEntry>>("checks", add_checks, "What must hold.");
    return std::move(t).table();
  }();
  return table;
}

}  // namespace skyhop::lab
