// Every kind of error: its place, its key, and what the user is told.
#include <gtest/gtest.h>

#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab {
namespace {

struct Case {
  const char* name;
  const char* text;
  std::vector<std::string> expected;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class LabError : public testing::TestWithParam<Case> {};

TEST_P(LabError, HasPlaceKeyAndMessage) {
  EXPECT_EQ(messages(GetParam().text), GetParam().expected);
}

const Case kYaml[] = {
    {"empty", "", {"x:1:1: error: the file is empty; a lab starts with \"lab: NAME\""}},
    {"only_comments",
     "# nothing\n",
     {"x:1:1: error: the file is empty; a lab starts with \"lab: NAME\""}},
    {"not_a_map", "[a, b]\n", {"x:1:1: error: expected a map, found a list"}},
    {"a_word", "hello\n", {"x:1:1: error: expected a map, found \"hello\""}},
    {"tab",
     "lab: a\nsettings:\n\tshaping: none\n",
     {"x:3:1: error: a tab in the indentation; YAML wants spaces"}},
    {"unclosed", "lab: [a\n", {"x:2:1: error: YAML syntax: end of sequence flow not found"}},
    {"second_document",
     "lab: a\n---\nlab: b\n",
     {"x:3:1: error: a second document; a lab file has one"}},
    {"not_utf8",
     "lab: a\nx: \xff\n",
     {"x:2:4: error: a byte that is not UTF-8 (0xff): this is not a YAML text"}},
    {"control_character",
     "lab: a\x01\n",
     {"x:1:7: error: a control character (0x01): this is not a YAML text"}},
    {"tag",
     "lab: !!str a\n",
     {"x:1:6: error: tag tag:yaml.org,2002:str is not supported; write the plain value"}},
    {"merge_key",
     "lab: a\n<<: b\n",
     {"x:2:1: error: merge key << is not supported; give an alias as the whole value instead"}},
    {"key_is_a_list", "lab: a\n[b, c]: d\n", {"x:2:1: error: a key must be a word, found a list"}},
    {"unknown_anchor",
     "lab: *a\n",
     {"x:1:6: error: YAML syntax: the referenced anchor is not defined"}},
    {"alias_in_itself",
     "lab: a\nlimits: &s {route_server: *s}\n",
     {"x:2:27: error: an alias inside the value it stands for",
      "x:2:27: error: limits.route_server: expected current or seed-2022, found nothing"}},
    {"duplicate_top_key",
     "lab: a\nlab: b\n",
     {"x:2:1: error: duplicate key \"lab\"; the first is at line 1"}},
    {"duplicate_deep_key",
     "lab: a\nsettings:\n  shaping: none\n  shaping: none\n",
     {"x:4:3: error: duplicate key \"shaping\"; the first is at line 3"}},
    {"duplicate_resource",
     "lab: a\naviatrix_spoke_gateway:\n  s: {cidr: 10.0.0.0/24}\n  s: {cidr: 10.1.0.0/24}\n",
     {"x:4:3: error: duplicate key \"s\"; the first is at line 3"}},
};

const Case kKeys[] = {
    {"missing_lab", "settings: {}\n", {"x:1:1: error: missing key \"lab\": a name"}},
    {"unknown_section_near",
     "lab: a\nazurerm_route_tabel: {}\n",
     {"x:2:1: error: unknown key \"azurerm_route_tabel\"; did you mean \"azurerm_route_table\"?"}},
    {"unknown_section_far", "lab: a\nbanana: {}\n", {"x:2:1: error: unknown key \"banana\""}},
    {"unknown_key_lists_the_few",
     "lab: a\nlimits: {banana: 1}\n",
     {"x:2:10: error: limits: unknown key \"banana\"; known here: route_server, "
      "route_server_peers, route_server_routes_per_peer, route_server_routes_to_gateway, "
      "route_server_routes and vpn_gateway_routes_per_peer"}},
    {"missing_key_is_placed_at_the_name",
     "lab: a\naviatrix_spoke_gateway:\n  s:\n    ha_gw: true\n",
     {"x:3:3: error: aviatrix_spoke_gateway.s: missing key \"cidr\": a prefix such as "
      "10.0.0.0/24"}},
    {"no_value",
     "lab: a\naviatrix_spoke_gateway:\n  s: {cidr: }\n",
     {"x:3:7: error: aviatrix_spoke_gateway.s.cidr: expected a prefix such as 10.0.0.0/24, found "
      "nothing"}},
    {"empty_section",
     "lab: a\nchecks:\n",
     {"x:2:1: error: checks: expected a list of maps, found nothing"}},
    {"list_for_map",
     "lab: a\naviatrix_spoke_gateway: [s]\n",
     {"x:2:25: error: aviatrix_spoke_gateway: expected a map from names to maps, found a list"}},
    {"map_for_list",
     "lab: a\ntraffic: {from: a}\n",
     {"x:2:10: error: traffic: expected a list of maps, found a map"}},
    {"word_for_map",
     "lab: a\naviatrix_spoke_gateway: {s: 1}\n",
     {"x:2:29: error: aviatrix_spoke_gateway.s: expected a map, found \"1\""}},
    {"list_for_scalar", "lab: [a]\n", {"x:1:6: error: lab: expected a name, found a list"}},
    {"bad_name",
     "lab: a\naviatrix_spoke_gateway: {a b: {cidr: 10.0.0.0/24}}\n",
     {"x:2:26: error: aviatrix_spoke_gateway: expected a name of at most 80 letters, digits, '.', "
      "'_' and '-', found \"a b\""}},
    {"two_spellings",
     "lab: a\nazurerm_virtual_network: {v: {address_space: 10.0.0.0/16}}\n"
     "azurerm_virtual_network_gateway:\n"
     "  g: {virtual_network_name: v, bgp_enabled: true, enable_bgp: true}\n",
     {"x:4:51: error: azurerm_virtual_network_gateway.g.enable_bgp: \"enable_bgp\" is already "
      "given "
      "by \"bgp_enabled\" at line 4; keep one"}},
    {"too_many_items",
     "lab: a\nazurerm_virtual_network: {v: {address_space: 10.0.0.0/16}}\n"
     "azurerm_virtual_network_gateway:\n"
     "  g: {virtual_network_name: v, public_ip_addresses: [1.1.1.1, 1.1.1.2, 1.1.1.3]}\n",
     {"x:4:53: error: azurerm_virtual_network_gateway.g.public_ip_addresses: 3 entries; at most 2 "
      "are possible"}},
};

const Case kValues[] = {
    {"host_bits",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.30.7/24}}\n",
     {"x:2:36: error: aviatrix_spoke_gateway.s.cidr: 10.0.30.7/24 has host bits set; 10.0.30.0/24 "
      "is meant?"}},
    {"csv_item_has_its_own_column",
     "lab: a\naviatrix_spoke_gateway:\n  s:\n    cidr: 10.0.0.0/24\n"
     "    filtered_spoke_vpc_routes: 10.0.0.0/8, 10.1/16\n",
     {"x:5:44: error: aviatrix_spoke_gateway.s.filtered_spoke_vpc_routes[1]: expected a prefix "
      "such "
      "as 10.0.0.0/24, found \"10.1/16\""}},
    {"quoted_csv",
     "lab: a\naviatrix_spoke_gateway:\n  s:\n    cidr: 10.0.0.0/24\n"
     "    filtered_spoke_vpc_routes: \"10.0.0.0/8,x\"\n",
     {"x:5:44: error: aviatrix_spoke_gateway.s.filtered_spoke_vpc_routes[1]: expected a prefix "
      "such "
      "as 10.0.0.0/24, found \"x\""}},
    {"asn",
     "lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23, local_as_number: 4294967295}}\n",
     {"x:2:68: error: aviatrix_transit_gateway.t.local_as_number: expected an AS number from 1 to "
      "4294967294, found \"4294967295\""}},
    {"duration_out_of_range",
     "lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23, bgp_polling_time: 51s}}\n",
     {"x:2:69: error: aviatrix_transit_gateway.t.bgp_polling_time: expected a duration from 10s to "
      "50s, found \"51s\""}},
    {"boolean",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24, ha_gw: yes}}\n",
     {"x:2:56: error: aviatrix_spoke_gateway.s.ha_gw: expected true or false, found \"yes\""}},
    {"choice",
     "lab: a\nlimits: {route_server: seed-2021}\n",
     {"x:2:24: error: limits.route_server: expected current or seed-2022, found \"seed-2021\"; did "
      "you "
      "mean \"seed-2022\"?"}},
    {"integer_out_of_range",
     "lab: a\nsettings: {tunnel_mtu: 100}\n",
     {"x:2:24: error: settings.tunnel_mtu: expected a whole number from 576 to 9000, found "
      "\"100\""}},
    {"address",
     "lab: a\nazurerm_local_network_gateway:\n"
     "  l: {gateway_address: 1.2.3.4, bgp_settings: {asn: 1, bgp_peering_address: 1.2.3}}\n",
     {"x:3:77: error: azurerm_local_network_gateway.l.bgp_settings.bgp_peering_address: expected "
      "an "
      "IPv4 address such as 10.0.0.4, found \"1.2.3\""}},
    {"long_text_is_cut",
     "lab: a\nlimits: {route_server: "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n",
     {"x:2:24: error: limits.route_server: expected current or seed-2022, found "
      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\""}},
};

const Case kReferences[] = {
    {"dangling_with_near_name",
     "lab: a\naviatrix_transit_gateway: {transit-1: {cidr: 10.0.0.0/23}}\n"
     "aviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24, transit_gw: transit1}}\n",
     {"x:3:61: error: aviatrix_spoke_gateway.s.transit_gw: \"transit1\" is not a transit gateway; "
      "did you mean \"transit-1\"?"}},
    {"dangling_alone",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24, transit_gw: t}}\n",
     {"x:2:61: error: aviatrix_spoke_gateway.s.transit_gw: \"t\" is not a transit gateway"}},
    {"no_twin_without_ha",
     "lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23, ha_gw: false}}\n"
     "timeline: [{at: 1, down: {gateway: t-hagw}}]\n",
     {"x:3:36: error: timeline[0].down.gateway: \"t-hagw\" is not an Aviatrix gateway"}},
    {"pair_of_one",
     "lab: a\ntimeline: [{at: 1, down: {tunnel: a}}]\n",
     {"x:2:35: error: timeline[0].down.tunnel: expected two ends such as \"a - b\", each an "
      "Aviatrix gateway, a VPN gateway instance or a router, found \"a\""}},
    {"each_alternative_is_looked_up",
     "lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23}}\n"
     "aviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24}}\n"
     "azurerm_linux_virtual_machine: {m: {virtual_network_name: s}}\n"
     "checks: [{path: {from: m, to: m, via: [t|t-hag]}}]\n",
     {"x:5:40: error: checks[0].path.via[0]: \"t-hag\" is not an Aviatrix gateway, a VPN gateway "
      "instance, a router or a subnet as vnet/subnet; did you mean \"t-hagw\"?"}},
    {"subnet_of_a_vnet_that_is_listed",
     "lab: a\nazurerm_virtual_network: {v: {address_space: 10.0.0.0/16, subnet: {default: "
     "{address_prefix: 10.0.0.0/24}}}}\n"
     "checks: [{no_route: {in: v/defalt, prefix: 10.0.0.0/8}}]\n",
     {"x:3:26: error: checks[0].no_route.in: \"v/defalt\" is not an Aviatrix gateway, a VPN "
      "gateway "
      "instance, a VM, a host, a router or a subnet as vnet/subnet; did you mean \"v/default\"?"}},
    {"a_route_server_is_no_router",
     "lab: a\nazurerm_virtual_network: {v: {address_space: 10.0.0.0/16}}\n"
     "azurerm_route_server: {rs: {virtual_network_name: v}}\n"
     "checks: [{no_route: {in: rs-0, prefix: 10.0.0.0/8}}]\n",
     {"x:4:26: error: checks[0].no_route.in: \"rs-0\" is not an Aviatrix gateway, a VPN gateway "
      "instance, a VM, a host, a router or a subnet as vnet/subnet"}},
    {"two_vnets_of_one_name",
     "lab: a\nazurerm_virtual_network: {s: {address_space: 10.0.0.0/16}}\n"
     "aviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24}}\n",
     {"x:3:26: error: aviatrix_spoke_gateway.s: VNet \"s\" already comes from "
      "azurerm_virtual_network.s"}},
    {"a_vm_named_like_a_twin",
     "lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23}}\n"
     "azurerm_linux_virtual_machine: {t-hagw: {virtual_network_name: t}}\n",
     {"x:2:28: error: aviatrix_transit_gateway.t: name \"t-hagw\" already comes from "
      "azurerm_linux_virtual_machine.t-hagw"}},
    {"vm_subnet",
     "lab: a\nazurerm_virtual_network: {v: {address_space: 10.0.0.0/16, subnet: {default: "
     "{address_prefix: 10.0.0.0/24}}}}\n"
     "azurerm_linux_virtual_machine:\n"
     "  m: {virtual_network_name: v}\n"
     "  n: {virtual_network_name: v, subnet: defautl}\n",
     {"x:4:3: error: azurerm_linux_virtual_machine.m: missing key \"subnet\": a subnet of v",
      "x:5:40: error: azurerm_linux_virtual_machine.n.subnet: \"defautl\" is not a subnet of v; "
      "did "
      "you mean \"default\"?"}},
};

const Case kTogether[] = {
    {"nsg_priorities",
     "lab: a\nazurerm_network_security_group:\n  g:\n    security_rule:\n"
     "      - {name: a, priority: 99, direction: Inbound, access: Allow, protocol: Tcp,\n"
     "         source_port_range: 1, destination_port_range: 1, source_address_prefix: '*',\n"
     "         destination_address_prefix: '*'}\n"
     "      - {name: b, priority: 200, direction: Inbound, access: Allow, protocol: Tcp,\n"
     "         source_port_range: 1, destination_port_range: 1, source_address_prefix: '*',\n"
     "         destination_address_prefix: '*'}\n"
     "      - {name: b, priority: 200, direction: Inbound, access: Allow, protocol: Tcp,\n"
     "         source_port_range: 1, source_address_prefix: '*',\n"
     "         destination_address_prefix: '*'}\n"
     "      - {name: d, priority: 200, direction: Outbound, access: Allow, protocol: Tcp,\n"
     "         source_port_range: 1, destination_port_range: 1, source_address_prefix: '*',\n"
     "         destination_address_prefix: '*'}\n",
     {"x:5:29: error: azurerm_network_security_group.g.security_rule[0].priority: expected a whole "
      "number from 100 to 4096, found \"99\"",
      "x:11:9: error: azurerm_network_security_group.g.security_rule[2]: a second \"b\"; names are "
      "unique here",
      "x:11:9: error: azurerm_network_security_group.g.security_rule[2]: missing one of "
      "destination_port_range and destination_port_ranges",
      "x:11:29: error: azurerm_network_security_group.g.security_rule[2].priority: priority 200 is "
      "already that of inbound rule \"b\""}},
    {"user_routes",
     "lab: a\nazurerm_route_table:\n  r:\n    route:\n"
     "      a: {address_prefix: 10.0.0.0/8, next_hop_type: VirtualAppliance}\n"
     "      b: {address_prefix: 10.0.0.0/8, next_hop_type: None, next_hop_in_ip_address: "
     "1.1.1.1}\n",
     {"x:5:7: error: azurerm_route_table.r.route.a: next_hop_type VirtualAppliance needs "
      "next_hop_in_ip_address",
      "x:6:7: error: azurerm_route_table.r.route.b: next_hop_in_ip_address belongs to "
      "next_hop_type "
      "VirtualAppliance",
      "x:6:27: error: azurerm_route_table.r.route.b.address_prefix: 10.0.0.0/8 is already the "
      "prefix of route \"a\""}},
    {"list_item_without_name",
     "lab: a\nazurerm_route_table: {r: {route: [{address_prefix: 10.0.0.0/8, next_hop_type: "
     "None}]}}\n",
     {"x:2:35: error: azurerm_route_table.r.route[0]: missing key \"name\""}},
    {"lan_and_ipsec_keys",
     "lab: a\naviatrix_transit_gateway: {t: {cidr: 10.0.0.0/23}}\n"
     "aviatrix_transit_external_device_conn:\n"
     "  c: {gw_name: t, bgp_remote_as_num: 1, tunnel_protocol: LAN, remote_gateway_ip: 1.2.3.4}\n"
     "  d: {gw_name: t, bgp_remote_as_num: 1, remote_lan_ip: 1.2.3.4}\n",
     {"x:4:3: error: aviatrix_transit_external_device_conn.c: missing key \"remote_vpc_name\": "
      "tunnel_protocol LAN needs it",
      "x:4:82: error: aviatrix_transit_external_device_conn.c.remote_gateway_ip: remote_gateway_ip "
      "belongs to tunnel_protocol IPsec",
      "x:5:3: error: aviatrix_transit_external_device_conn.d: missing key \"remote_gateway_ip\": "
      "tunnel_protocol IPsec needs it",
      "x:5:56: error: aviatrix_transit_external_device_conn.d.remote_lan_ip: remote_lan_ip belongs "
      "to tunnel_protocol LAN"}},
    {"actions_and_checks",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.1.0.0/24}}\n"
     "azurerm_linux_virtual_machine: {m: {virtual_network_name: s}}\n"
     "timeline:\n"
     "  - {at: 1, down: {gateway: s}, up: {gateway: s}}\n"
     "  - {at: 1, down: {}}\n"
     "  - {down: {gateway: s}}\n"
     "  - {at: 1}\n"
     "  - {at: 1, add_spoke: {s2: {cidr: 10.2.0.0/24}}}\n"
     "  - 7\n"
     "checks:\n"
     "  - {name: none}\n"
     "  - {path: {from: m, to: m}}\n",
     {"x:5:33: error: timeline[0].up: \"up\" is already given by \"down\" at line 5; keep one",
      "x:6:19: error: timeline[1].down: missing one of gateway, link, tunnel, session, "
      "router, route_server_instance and vpn_gateway_instance",
      "x:7:5: error: timeline[2]: missing key \"at\": a duration such as 10s, 2m, 1h, 250ms or a "
      "number of seconds",
      "x:8:5: error: timeline[3]: missing one of down, up, advertise, approve, disapprove, "
      "switchover, stop_gateway, change_link and add_spoke",
      "x:9:25: error: aviatrix_spoke_gateway.s2: missing key \"transit_gw\": a spoke that is added "
      "is also attached",
      "x:10:5: error: timeline[5]: expected a map, found \"7\"",
      "x:12:5: error: checks[0]: missing one of reachable, unreachable, path, route, no_route and "
      "session",
      "x:13:12: error: checks[1].path: missing one of via and avoid"}},
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }
const Case kLinks[] = {
    {"link_without_ends",
     "lab: a\nlinks: [{delay: 1ms}]\n",
     {"x:2:9: error: links[0]: missing key \"link\": two ends such as \"a - b\", or \"a -> b\" for "
      "one direction, each an Aviatrix gateway, a VPN gateway instance, a router or a subnet as "
      "vnet/subnet"}},
    {"link_of_one_end",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\nlinks: [{link: s}]\n",
     {"x:3:16: error: links[0].link: expected two ends such as \"a - b\", or \"a -> b\" for one "
      "direction, each an Aviatrix gateway, a VPN gateway instance, a router or a subnet as "
      "vnet/subnet, found \"s\""}},
    {"link_of_nobody",
     "lab: a\naviatrix_spoke_gateway: {spoke: {cidr: 10.0.0.0/24}}\n"
     "links: [{link: spoke -> spok}]\n",
     {"x:3:16: error: links[0].link: \"spok\" is not an Aviatrix gateway, a VPN gateway instance, "
      "a router or a subnet as vnet/subnet; did you mean \"spoke\"?"}},
    {"bad_rate",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\n"
     "links: [{link: s -> s, rate: 10Mbit}]\n",
     {"x:3:30: error: links[0].rate: expected a rate per second such as 550M, 1.25G or 52k, at "
      "most "
      "1000G, found \"10Mbit\""}},
    {"bad_percent",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\n"
     "links: [{link: s -> s, loss_percent: 101}]\n",
     {"x:3:38: error: links[0].loss_percent: expected a percentage from 0 to 100, found \"101\""}},
    {"long_delay",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\n"
     "links: [{link: s -> s, delay: 1m}]\n",
     {"x:3:31: error: links[0].delay: expected a duration from 0s to 20s, found \"1m\""}},
    {"jitter_twice",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\n"
     "links: [{link: s -> s, jitter: 1ms, jitter_file: f}]\n",
     {"x:3:37: error: links[0].jitter_file: \"jitter_file\" is already given by \"jitter\" at line "
      "3; "
      "keep one"}},
    {"no_jitter_file",
     "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\n"
     "timeline: [{at: 1, change_link: {link: s -> s, jitter_file: none.txt}}]\n",
     {"x:3:61: error: timeline[0].change_link.jitter_file: none.txt: there is no such file"}},
    {"bad_shaping",
     "lab: a\nsettings: {shaping: azure}\n",
     {"x:2:21: error: settings.shaping: expected cloud or none, found \"azure\""}},
};
INSTANTIATE_TEST_SUITE_P(Links, LabError, testing::ValuesIn(kLinks), name_of);

// What is wrong inside of a file of delays is told with its line there.
TEST(LabErrors, OfAFileOfDelaysHaveItsLine) {
  const auto messages_with = [](const std::string& delays) {
    const std::string folder = testing::TempDir();
    std::ofstream(folder + "/skyhop-delays.txt", std::ios::binary) << delays;
    const ReadResult result = read_text(
        "lab: a\naviatrix_spoke_gateway: {s: {cidr: 10.0.0.0/24}}\n"
        "links: [{link: s -> s, jitter_file: skyhop-delays.txt}]\n",
        folder + "/x");
    return messages(result);
  };
  const auto expected = [](const std::string& what) {
    return std::vector<std::string>{"x:3:37: error: links[0].jitter_file: skyhop-delays.txt: " +
                                    what};
  };
  EXPECT_EQ(messages_with("1ms\n# one\n\n 2ms # two\r\n"), std::vector<std::string>{});
  EXPECT_EQ(messages_with("# nothing\n"), expected("the file holds no delay"));
  EXPECT_EQ(messages_with("1ms\n\nfast\n"),
            expected("line 3: expected a duration such as 10s, 2m, 1h, 250ms or a number of "
                     "seconds, found \"fast\""));
  EXPECT_EQ(messages_with("21s"), expected("line 1: a delay is at most 20s"));
}

INSTANTIATE_TEST_SUITE_P(Yaml, LabError, testing::ValuesIn(kYaml), name_of);
INSTANTIATE_TEST_SUITE_P(Keys, LabError, testing::ValuesIn(kKeys), name_of);
INSTANTIATE_TEST_SUITE_P(Values, LabError, testing::ValuesIn(kValues), name_of);
INSTANTIATE_TEST_SUITE_P(References, LabError, testing::ValuesIn(kReferences), name_of);
INSTANTIATE_TEST_SUITE_P(Together, LabError, testing::ValuesIn(kTogether), name_of);

// All errors in one run, in file order.
TEST(LabErrors, AreAllReportedInFileOrder) {
  const ReadResult result = read_text(
      "lab: a\n"
      "aviatrix_spoke_gateway:\n"
      "  s: {cidr: 10.0.0.1/24, transit_gw: t}\n"
      "settings: {limit: current}\n"
      "description: {}\n"
      "lab: b\n",
      "x");
  std::vector<int> lines;
  for (const Diagnostic& diagnostic : result.diagnostics) lines.push_back(diagnostic.mark.line);
  EXPECT_EQ(lines, (std::vector<int>{3, 3, 4, 5, 6}));
}

TEST(LabErrors, AFewThousandAreCut) {
  std::string text = "lab: a\n";
  for (int i = 0; i < 5000; ++i) text += "banana" + std::to_string(i) + ": 1\n";
  const ReadResult result = read_text(text, "x");
  ASSERT_EQ(result.diagnostics.size(), 1001u);
  EXPECT_EQ(result.diagnostics.back().message, "too many errors; the rest is not shown");
}

// An error inside an aliased value stands at one place, and is said once.
TEST(LabErrors, AreSaidOnceForAliases) {
  EXPECT_EQ(messages("lab: a\n"
                     "aviatrix_spoke_gateway:\n"
                     "  s1: {cidr: 10.0.0.0/24, filtered_spoke_vpc_routes: &list [10.0.0.1/8]}\n"
                     "  s2: {cidr: 10.1.0.0/24, filtered_spoke_vpc_routes: *list}\n"),
            std::vector<std::string>{"x:3:61: error: aviatrix_spoke_gateway.s1."
                                     "filtered_spoke_vpc_routes[0]: 10.0.0.1/8 has host bits set; "
                                     "10.0.0.0/8 is meant?"});
}

TEST(LabErrors, BillionLaughsAreRefused) {
  std::string text = "lab: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k != 0 ? ", *a" : "*a") + std::to_string(i - 1);
    text += "]\n";
  }
  const ReadResult result = read_text(text, "x");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].message,
            "the file holds more than 1048576 values, aliases expanded");
}

TEST(LabErrors, DeepNestingIsRefused) {
  for (const char* open : {"[", "{a: ", "- ", "a: [", "? "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += open;
    EXPECT_TRUE(has_errors(read_text(text, "x").diagnostics)) << open;
  }
}

TEST(LabErrors, HugeFilesAreRefused) {
  const ReadResult result = read_text(std::string(9u << 20, '#'), "x");
  EXPECT_EQ(messages(result),
            std::vector<std::string>{"x:1:1: error: the file has 9437184 bytes; a lab has at most "
                                     "8388608"});
}

TEST(LabErrors, FilesThatCannotBeRead) {
  EXPECT_EQ(messages(read_file("/nowhere/lab.yaml")),
            std::vector<std::string>{"x: error: there is no such file"});
  EXPECT_EQ(messages(read_file("/dev/zero")),
            std::vector<std::string>{"x: error: this is not a regular file"});
  EXPECT_EQ(messages(read_file("/")),
            std::vector<std::string>{"x: error: this is not a regular file"});
}

}  // namespace
}  // namespace skyhop::lab
