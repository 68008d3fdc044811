#include "control/lab/reader.h"

#include <gtest/gtest.h>

#include "control/lab/keys.h"
#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab {
namespace {

const ReadResult& every_key() {
  static const ReadResult result = read_file(source_path("tests/unit/lab/data/every-key.yaml"));
  return result;
}

/// All keys of a table and of those below it are marked somewhere.
void expect_read(const ObjectTable& table, std::vector<std::string>& seen) {
  if (std::find(seen.begin(), seen.end(), table.name) != seen.end()) return;
  seen.push_back(table.name);
  for (const Key& key : table.keys) {
    if (key.name != "extends") {  // taken out before the tables are asked
      const bool found = std::any_of(
          every_key().lab.marks.begin(), every_key().lab.marks.end(), [&key](const auto& mark) {
            return mark.first == key.name || mark.first.ends_with("." + key.name);
          });
      EXPECT_TRUE(found) << table.name << "." << key.name;
    }
    const Shape& shape = key.shape.element ? *key.shape.element : key.shape;
    if (shape.table != nullptr) expect_read(shape.table(), seen);
  }
}

TEST(Reader, AcceptsEveryKey) {
  EXPECT_EQ(messages(every_key()), std::vector<std::string>{});
  std::vector<std::string> seen;
  expect_read(table_of<Lab>(), seen);
  EXPECT_EQ(seen.size(), 54u);
}

TEST(Reader, KeepsWhatIsWritten) {
  const Lab& lab = every_key().lab;
  EXPECT_EQ(lab.name, "every-key");
  EXPECT_EQ(lab.limits.route_server, "seed-2022");
  EXPECT_EQ(lab.settings.tunnel_mtu, 1400u);
  ASSERT_EQ(lab.virtual_networks.size(), 2u);
  EXPECT_EQ(lab.virtual_networks[0].location, "westeurope");
  EXPECT_EQ(lab.virtual_networks[0].address_space.size(), 2u);
  ASSERT_EQ(lab.virtual_networks[0].subnets.size(), 3u);
  EXPECT_EQ(lab.virtual_networks[0].subnets[1].name, "GatewaySubnet");
  EXPECT_EQ(lab.virtual_networks[0].subnets[2].route_table, "to-nva");
  EXPECT_EQ(lab.virtual_networks[1].subnets[0].name, "default");
  EXPECT_EQ(lab.virtual_networks[1].subnets[0].network_security_group, "web");

  const SecurityRule& one = lab.network_security_groups[0].security_rules[0];
  EXPECT_EQ(one.priority, 100);
  EXPECT_TRUE(one.source_port_ranges.empty());  // "*"
  ASSERT_EQ(one.destination_port_ranges.size(), 1u);
  EXPECT_EQ(one.destination_port_ranges[0].last, 81);
  EXPECT_EQ(one.destination_address_prefixes, std::vector<std::string>{"10.1.2.4/32"});
  const SecurityRule& many = lab.network_security_groups[0].security_rules[1];
  EXPECT_EQ(many.direction, Direction::Outbound);
  EXPECT_EQ(many.protocol, Protocol::Any);
  EXPECT_EQ(many.source_port_ranges.size(), 2u);
  EXPECT_TRUE(many.destination_port_ranges.empty());

  EXPECT_EQ(lab.route_tables[0].routes[0].next_hop_type, NextHopType::VirtualAppliance);
  EXPECT_EQ(lab.route_servers[0].hub_routing_preference, RoutingPreference::ASPath);
  EXPECT_EQ(lab.route_server_bgp_connections[0].peer_ip, "t1");
  EXPECT_EQ(lab.route_server_bgp_connections[1].peer_ip, "10.1.2.4");
  const VirtualNetworkGateway& gateway = lab.virtual_network_gateways[0];
  EXPECT_EQ(gateway.asn, 65515u);
  ASSERT_EQ(gateway.apipa_addresses.size(), 2u);
  EXPECT_EQ(gateway.apipa_addresses[0].size(), 2u);
  EXPECT_EQ(gateway.apipa_addresses[1][0].to_string(), "169.254.22.1");
  EXPECT_EQ(lab.virtual_network_gateways[1].asn, 65515u);
  EXPECT_EQ(lab.local_network_gateways[0].asn, 65050u);
  EXPECT_EQ(lab.local_network_gateways[1].gateway_address, "t2-hagw");
  EXPECT_FALSE(lab.local_network_gateways[1].asn.has_value());
  EXPECT_EQ(lab.virtual_network_gateway_connections[0].ipsec_policy->pfs_group, "ECP384");
  EXPECT_FALSE(lab.virtual_network_gateway_connections[1].ipsec_policy.has_value());

  const TransitGateway& transit = lab.transit_gateways[0];
  EXPECT_EQ(transit.bgp_polling_time, Seconds{10});
  EXPECT_EQ(transit.bgp_hold_time, Seconds{90});
  EXPECT_EQ(transit.filtered_spoke_vpc_routes.size(), 2u);
  EXPECT_EQ(transit.prepend_as_path, (std::vector<uint32_t>{65020, 65020}));
  EXPECT_TRUE(lab.transit_gateways[1].ha_gw);
  EXPECT_EQ(lab.transit_gateways[1].local_as_number, 0u);

  const TransitExternalDeviceConn& lan = lab.transit_external_device_conns[0];
  EXPECT_EQ(lan.tunnel_protocol, TunnelProtocol::LAN);
  EXPECT_EQ(lan.remote_vpc_name, "hub");
  const TransitExternalDeviceConn& ipsec = lab.transit_external_device_conns[1];
  EXPECT_EQ(ipsec.remote_gateway_ip, std::vector<std::string>{"gw"});
  EXPECT_EQ(ipsec.local_tunnel_cidr,
            (std::vector<std::string>{"169.254.21.2/30", "169.254.22.2/30"}));
  EXPECT_EQ(ipsec.ipsec_policy.ike_integrity, "SHA384");
  EXPECT_EQ(ipsec.ipsec_policy.dh_group, "ECP384");
  EXPECT_EQ(ipsec.ipsec_policy.ike_encryption, "AES128");
  EXPECT_EQ(ipsec.ipsec_policy.ipsec_integrity, "SHA1");
  EXPECT_EQ(ipsec.ipsec_policy.pfs_group, "PFS2048");
  EXPECT_EQ(ipsec.ipsec_policy.ipsec_encryption, "GCMAES256");

  EXPECT_EQ(lab.traffic[0].size, "imix");
  EXPECT_EQ(lab.traffic[0].pps, 1000.5);
}

TEST(Reader, KeepsTheAviatrixResources) {
  const Lab& lab = every_key().lab;
  const auto all = attachments(lab);  // s1 by its transit_gw, s2 by a resource of its own
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].spoke_gw_name, "s1");
  EXPECT_EQ(all[2].transit_gw_name, "t2");
  EXPECT_EQ(all[2].tunnel_count, 4u);
  EXPECT_FALSE(all[2].enable_max_performance);
  ASSERT_EQ(lab.transit_gateway_peerings.size(), 1u);
  EXPECT_EQ(lab.transit_gateway_peerings[0].prepend_as_path1.size(), 2u);
  EXPECT_TRUE(lab.transit_gateway_peerings[0].enable_single_tunnel_mode);
  EXPECT_EQ(lab.network_domains.size(), 2u);
  EXPECT_EQ(lab.network_domain_associations[0].attachment_name, "s1");
  EXPECT_EQ(lab.connection_policies[0].domain_name_2, "dev");
  const TransitExternalDeviceConn& branch = lab.transit_external_device_conns.back();
  EXPECT_TRUE(branch.is_on_spoke);
  EXPECT_EQ(branch.connection_type, ConnectionType::fixed);
  EXPECT_EQ(branch.tunnel_protocol, TunnelProtocol::GRE);
  EXPECT_EQ(section_of(branch), "aviatrix_spoke_external_device_conn");
  ASSERT_EQ(lab.gateway_snats[0].policies.size(), 1u);
  EXPECT_EQ(lab.gateway_snats[0].policies[0].ips, "100.64.1.1-100.64.1.4");
  EXPECT_EQ(lab.gateway_dnats[0].policies[0].port, (PortRange{80, 80}));
  EXPECT_EQ(lab.transit_gateways[0].learned_cidrs_approval_mode, ApprovalMode::connection);
  EXPECT_TRUE(lab.spoke_gateways[0].enable_bgp);
}

TEST(Reader, TimelineBecomesEventsAndSpokes) {
  const Lab& lab = every_key().lab;
  ASSERT_EQ(lab.timeline.size(), 15u);
  EXPECT_EQ(lab.timeline[0].at, Seconds{0.25});
  EXPECT_EQ(lab.timeline[1].at, Seconds{120});
  const Element elements[] = {Element::gateway,
                              Element::gateway,
                              Element::link,
                              Element::tunnel,
                              Element::session,
                              Element::route_server_instance,
                              Element::vpn_gateway_instance,
                              Element::router};
  for (size_t i = 0; i < std::size(elements); ++i) {
    const auto& state = std::get<SetState>(lab.timeline[i].action);
    EXPECT_EQ(state.element, elements[i]) << i;
    EXPECT_EQ(state.up, i == 1) << i;
  }
  EXPECT_EQ(std::get<SetState>(lab.timeline[3].action).target, "gw-0 - t2");
  const auto& advertise = std::get<SetAdvertisedCidrs>(lab.timeline[8].action);
  EXPECT_EQ(advertise.spoke_gateway, "s1");
  EXPECT_EQ(advertise.included_advertised_spoke_routes.size(), 1u);
  EXPECT_EQ(std::get<AddSpoke>(lab.timeline[9].action).spoke_gateway, "s3");
  EXPECT_EQ(lab.timeline[9].path, "timeline[9]");
  const auto& approved = std::get<SetApproval>(lab.timeline[10].action);
  EXPECT_EQ(approved.target, "to-rs");
  EXPECT_TRUE(approved.approved);
  EXPECT_FALSE(std::get<SetApproval>(lab.timeline[11].action).approved);
  EXPECT_EQ(std::get<Switchover>(lab.timeline[12].action).connection, "to-rs");
  EXPECT_EQ(std::get<StopGateway>(lab.timeline[13].action).gateway, "t1-hagw");
  ASSERT_EQ(lab.spoke_gateways.size(), 3u);
  EXPECT_FALSE(lab.spoke_gateways[0].added_by_timeline);
  EXPECT_TRUE(lab.spoke_gateways[2].added_by_timeline);
  EXPECT_TRUE(lab.marks.contains("aviatrix_spoke_gateway.s3.cidr"));
}

TEST(Reader, LinksKeepWhatIsWrittenAndNothingElse) {
  const Lab& lab = every_key().lab;
  EXPECT_EQ(lab.settings.shaping, "none");
  EXPECT_EQ(lab.settings.seed, 7u);
  EXPECT_EQ(lab.transit_gateways[0].gw_size, "Standard_D5_v2");
  EXPECT_EQ(lab.spoke_gateways[0].gw_size, "Standard_B2s");
  const LinkConditions expected[] = {
      {.link = "t1 - t1-hagw",
       .rate = Rate{1'250'000'000},
       .packet_rate = Rate{52'000},
       .queue_packets = 64,
       .queue_bytes = 100'000},
      {.link = "gw-0 -> t2",
       .delay = Seconds{0.0015},
       .jitter = Seconds{40e-6},
       .jitter_distribution = JitterDistribution::normal,
       .jitter_reorders = true},
      {.link = "t2 -> gw-0",
       .jitter_file = "delays.txt",
       .jitter_samples = {Seconds{100e-6}, Seconds{250e-6}, Seconds{0.002}}},
      {.link = "hub/workload - gw-0",
       .loss_percent = Percent{1.5},
       .loss_burst = 2.5,
       .loss_in_burst_percent = Percent{80}},
      {.link = "s1 - t1",
       .duplicate_percent = Percent{1},
       .corrupt_percent = Percent{0.1},
       .reorder_percent = Percent{2},
       .reorder_delay = Seconds{0.01}}};
  ASSERT_EQ(lab.links.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) EXPECT_EQ(lab.links[i], expected[i]) << i;
  const auto& change = std::get<LinkConditions>(lab.timeline[14].action);
  EXPECT_EQ(change,
            (LinkConditions{.link = "s1 -> t1", .rate = Rate{0}, .delay = Seconds{250e-6}}));
}

TEST(Reader, ChecksAreNamedWhenTheFileDoesNot) {
  const Lab& lab = every_key().lab;
  std::vector<std::string> names;
  for (const Check& check : lab.checks) names.push_back(check.name);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "named", "vm1 -> 8.8.8.8 icmp is unreachable",
                       "path vm1 -> vm2 tcp/2 via t1|t1-hagw via hub/workload not gw-0",
                       "vm1 has 0.0.0.0/0", "t1/av-gw-t1-eth1-bgp_lan has not 10.0.0.0/8",
                       "session rs-0 - gw-1 is Idle", "t1@prod has not 10.0.0.0/8"}));
  EXPECT_EQ(lab.checks[0].at, Seconds{3600});
  EXPECT_EQ(std::get<CheckReachable>(lab.checks[0].what).source_port, 1);
  EXPECT_FALSE(std::get<CheckReachable>(lab.checks[1].what).expected);
  EXPECT_EQ(std::get<CheckPath>(lab.checks[2].what).avoid, std::vector<std::string>{"gw-0"});
  EXPECT_EQ(std::get<CheckRoute>(lab.checks[3].what).as_path, "65515 65100");
  EXPECT_EQ(std::get<CheckRoute>(lab.checks[3].what).next_hops.size(), 2u);
  EXPECT_FALSE(std::get<CheckRoute>(lab.checks[4].what).expected);
  EXPECT_EQ(std::get<CheckSession>(lab.checks[5].what).session, "rs-0 - gw-1");
  EXPECT_EQ(lab.checks[5].path, "checks[5]");
}

// V59: an AS number is the same as a number and as a text.
TEST(Reader, V59_AsNumberAsTextOrNumber) {
  const auto asn = [](const char* written) {
    const ReadResult result = read_text(
        std::string("lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23, local_as_number: ") +
            written + "}}\n",
        "x");
    EXPECT_EQ(messages(result), std::vector<std::string>{});
    return result.lab.transit_gateways.at(0).local_as_number;
  };
  EXPECT_EQ(asn("65020"), 65020u);
  EXPECT_EQ(asn("\"65020\""), 65020u);
  EXPECT_EQ(asn("'65020'"), 65020u);
}

// V60: attribute names of azurerm v3 to v5 lead to one model.
TEST(Reader, V60_NamesOfAllProviderVersions) {
  const auto read = [](const std::string& gateway, const std::string& table,
                       const std::string& machine) {
    const ReadResult result = read_text(
        "lab: a\n"
        "azurerm_virtual_network: {v: {address_space: 10.0.0.0/16, subnet: {d: {address_prefix: "
        "10.0.0.0/24}}}}\n"
        "azurerm_virtual_network_gateway: {g: {virtual_network_name: v, " +
            gateway +
            "}}\n"
            "azurerm_route_table: {r: {" +
            table +
            "}}\n"
            "azurerm_linux_virtual_machine: {m: {virtual_network_name: v, subnet: d, " +
            machine + "}}\n",
        "x");
    EXPECT_EQ(messages(result), std::vector<std::string>{});
    return std::tuple{result.lab.virtual_network_gateways.at(0).bgp_enabled,
                      result.lab.route_tables.at(0).bgp_route_propagation_enabled,
                      result.lab.virtual_machines.at(0).ip_forwarding_enabled};
  };
  EXPECT_EQ(
      read("enable_bgp: true", "disable_bgp_route_propagation: true", "enable_ip_forwarding: true"),
      (std::tuple{true, false, true}));
  EXPECT_EQ(read("bgp_enabled: true", "bgp_route_propagation_enabled: false",
                 "ip_forwarding_enabled: true"),
            (std::tuple{true, false, true}));
  EXPECT_EQ(read("enable_bgp: false", "disable_bgp_route_propagation: false",
                 "enable_ip_forwarding: false"),
            (std::tuple{false, true, false}));
}

TEST(Reader, MarksStandUnderBothNamesOfAKey) {
  const Marks& marks = every_key().lab.marks;
  const auto line = [&marks](const char* path) {
    const auto found = marks.find(path);
    return found == marks.end() ? 0 : found->second.line;
  };
  EXPECT_NE(line("azurerm_virtual_network_gateway.old.enable_bgp"), 0);
  EXPECT_EQ(line("azurerm_virtual_network_gateway.old.enable_bgp"),
            line("azurerm_virtual_network_gateway.old.bgp_enabled"));
  EXPECT_EQ(line("azurerm_virtual_network.other.subnet.default"),
            line("azurerm_virtual_network.other.subnet[0]"));
  EXPECT_NE(line("azurerm_virtual_network.hub.address_space[1]"), 0);
  EXPECT_EQ(line(""), 2);
}

TEST(Reader, DefaultsAreTheClouds) {
  const ReadResult result = read_text(
      "lab: a\n"
      "aviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23}}\n"
      "aviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24}}\n",
      "x");
  const TransitGateway& transit = result.lab.transit_gateways.at(0);
  EXPECT_TRUE(transit.ha_gw);
  EXPECT_TRUE(transit.connected_transit);
  EXPECT_FALSE(transit.enable_advertise_transit_cidr);
  EXPECT_EQ(transit.bgp_polling_time, Seconds{50});
  EXPECT_EQ(transit.bgp_hold_time, Seconds{180});
  EXPECT_EQ(transit.tunnel_detection_time, Seconds{60});
  EXPECT_FALSE(result.lab.spoke_gateways.at(0).ha_gw);
  EXPECT_EQ(result.lab.limits.route_server, "current");
}

TEST(Reader, LineEndsOfWindowsAndAByteOrderMark) {
  const ReadResult result = read_text(
      "\xef\xbb\xbflab: a\r\naviatrix_spoke_gateway:\r\n  s: {cidr: 10.1.0.0/24}\r\n", "x");
  EXPECT_EQ(messages(result), std::vector<std::string>{});
  EXPECT_EQ(result.lab.name, "a");
}

TEST(Reader, AliasesStandForTheirValue) {
  const ReadResult result = read_text(
      "lab: a\n"
      "aviatrix_spoke_gateway:\n"
      "  s1: {cidr: 10.0.0.0/24, filtered_spoke_vpc_routes: &list [10.0.0.0/8]}\n"
      "  s2: {cidr: 10.1.0.0/24, filtered_spoke_vpc_routes: *list}\n",
      "x");
  EXPECT_EQ(messages(result), std::vector<std::string>{});
  EXPECT_EQ(result.lab.spoke_gateways.at(1).filtered_spoke_vpc_routes.size(), 1u);
}

}  // namespace
}  // namespace skyhop::lab
