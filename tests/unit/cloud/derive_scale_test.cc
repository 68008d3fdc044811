// Determinism, and that the work grows with the lab and not with its square.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/cloud/first_lab.h"

namespace skyhop::cloud::test {
namespace {

std::string fingerprint(const Network& network) {
  std::string text;
  for (const Fact& fact : network.facts) {
    text += fact.subject + "|" + fact.attribute + "|" + fact.value + "|" + fact.reason + "\n";
  }
  for (const Link& link : network.links) {
    text += fmt::format("{} {} {} {}\n", link.name, link.a.index(), link.b.index(),
                        link.encapsulation.fixed_bytes);
  }
  for (const Session& session : network.sessions) text += session.name + session.problem + "\n";
  for (const Nic& nic : network.nics) text += nic.name + nic.address.to_string() + "\n";
  return text;
}

lab::Lab big_lab(uint32_t spokes) {
  lab::Lab lab = first_lab();
  for (uint32_t i = 0; i < spokes; ++i) {
    lab.spoke_gateways.push_back({.name = fmt::format("big-{}", i),
                                  .cidr = {Ipv4Address(172, 16, 0, 0) + i * 256, 24},
                                  .transit_gw = i % 2 == 0 ? "transit-1" : "transit-2",
                                  .ha_gw = i % 4 == 0});
    lab.virtual_machines.push_back(
        {.name = fmt::format("vm-{}", i), .virtual_network_name = fmt::format("big-{}", i)});
  }
  return lab;
}

TEST(Scale, SameLabSameNetwork) {
  const lab::Lab lab = big_lab(20);
  EXPECT_EQ(fingerprint(derive(lab).network), fingerprint(derive(lab).network));
}

// A table of rte_lpm takes 64 MiB: a large lab has them only where it says so.
TEST(Scale, ALargeLabPicksItsForwardingTables) {
  lab::Lab lab = big_lab(100);
  lab.forwarding_tables = {{"big-7", lpm::TableChoice::rte_lpm}};
  const Network network = derive(lab).network;
  ASSERT_GT(network.routers.size(), lpm::kManyRouters);
  for (const Router& router : network.routers) {
    const bool is_named = router.name == "big-7";
    EXPECT_EQ(router.table, is_named ? lpm::TableChoice::rte_lpm : lpm::TableChoice::automatic);
    EXPECT_EQ(router.table_reason,
              is_named ? "forwarding_tables" : "the default with more than 64 routers");
  }
}

TEST(Scale, AThousandSpokes) {
  const DeriveResult result = derive(big_lab(1000));
  EXPECT_EQ(findings(result.diagnostics), std::vector<std::string>{});
  EXPECT_EQ(result.network.gateways.size(), 10u + 1000 + 250);
  EXPECT_EQ(result.network.attachments.size(), 1002u);
  const auto router = result.network.find_router("big-999").value();
  const auto transit = result.network.find_router("transit-2-hagw").value();
  EXPECT_TRUE(result.network.link_between(transit, router));
  // More gateways than documentation addresses: the rest comes from 198.18.0.0/15.
  EXPECT_TRUE(prefix("198.18.0.0/15").contains(gateway(result.network, "big-999").public_ip));
}

}  // namespace
}  // namespace skyhop::cloud::test
