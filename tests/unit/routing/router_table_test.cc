#include "control/routing/router_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace skyhop::routing {
namespace {

using lpm::Ipv4Address;
using lpm::Ipv4Prefix;

Ipv4Prefix prefix(const char* text) { return *Ipv4Prefix::parse(text); }
Ipv4Address address(const char* text) { return *Ipv4Address::parse(text); }

// Writes down what a data plane would be told, one line per call.
class Recorder final : public FibSink {
 public:
  void edge_added(RouterId, EdgeId edge, const Edge&) override { add("edge ", edge); }
  void route_set(RouterId, Ipv4Prefix p, const lpm::NextHopSet& set) override {
    std::string line = "set " + p.to_string();
    for (const EdgeId edge : set.primary) line += " " + std::to_string(edge);
    for (const EdgeId edge : set.backup) line += " b" + std::to_string(edge);
    calls.push_back(line);
  }
  void route_erased(RouterId, Ipv4Prefix p) override { calls.push_back("erase " + p.to_string()); }
  void edge_alive(RouterId, EdgeId edge, bool alive) override {
    add(alive ? "alive " : "dead ", edge);
  }
  void link_state(cloud::LinkId, bool) override {}
  void channel_conditions(Channel, const lab::LinkConditions&) override {}
  void router_state(RouterId, bool) override {}

  std::vector<std::string> take() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;

 private:
  void add(const char* what, EdgeId edge) { calls.push_back(what + std::to_string(edge)); }
};

class RouterTableTest : public testing::Test {
 protected:
  RouterTableTest() {
    first_ = table_.edge(Edge::over({cloud::LinkId(1), RouterId(0)}));
    second_ = table_.edge(Edge::over({cloud::LinkId(2), RouterId(0)}));
    sink_.take();
  }

  Offer offer(uint32_t preference, std::vector<EdgeId> primary, std::vector<EdgeId> backup = {}) {
    Offer made{.source = Source::bgp, .preference = preference};
    for (const EdgeId edge : primary)
      made.primary.push_back({.edge = edge, .via = {}, .name = "p"});
    for (const EdgeId edge : backup) made.backup.push_back({.edge = edge, .via = {}, .name = "b"});
    return made;
  }

  Recorder sink_;
  RouterTable table_{RouterId(0), &sink_};
  EdgeId first_ = 0;
  EdgeId second_ = 0;
};

using Calls = std::vector<std::string>;

TEST_F(RouterTableTest, EdgesAreSharedAndToldOnce) {
  EXPECT_EQ(table_.edge(Edge::over({cloud::LinkId(1), RouterId(0)})), first_);
  EXPECT_EQ(table_.edge_count(), 3u);  // with "no route" in front
  EXPECT_TRUE(sink_.take().empty());
  EXPECT_EQ(table_.edges_over(cloud::LinkId(2)), std::vector<EdgeId>{second_});
}

TEST_F(RouterTableTest, TheLowestPreferenceWinsAndTheOthersKeepTheirReason) {
  table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {first_})});
  table_.set("controller", prefix("10.0.0.0/8"), {offer(0, {second_})});
  EXPECT_EQ(sink_.take(), (Calls{"set 10.0.0.0/8 1", "set 10.0.0.0/8 2"}));
  const Entry* entry = table_.lookup(address("10.1.2.3"));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->best()->preference, 0u);
  ASSERT_EQ(entry->losers().size(), 1u);
  EXPECT_FALSE(entry->losers()[0].reason.empty());
}

TEST_F(RouterTableTest, TheLoserTakesOverWhenTheWinnerGoes) {
  table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {first_})});
  table_.set("controller", prefix("10.0.0.0/8"), {offer(0, {second_})});
  sink_.take();
  EXPECT_TRUE(table_.set("controller", prefix("10.0.0.0/8"), {}));
  EXPECT_EQ(sink_.take(), Calls{"set 10.0.0.0/8 1"});
  EXPECT_TRUE(table_.set("bgp", prefix("10.0.0.0/8"), {}));
  EXPECT_EQ(sink_.take(), Calls{"erase 10.0.0.0/8"});
  EXPECT_EQ(table_.lookup(address("10.1.2.3")), nullptr);
  EXPECT_TRUE(table_.entries().empty());
}

TEST_F(RouterTableTest, OnlyRealDifferencesReachTheSink) {
  table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {second_, first_, first_})});
  EXPECT_EQ(sink_.take(), Calls{"set 10.0.0.0/8 1 2"});
  EXPECT_FALSE(table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {first_, second_})}));
  EXPECT_TRUE(sink_.take().empty());
  RouterTable::Offers offers;
  offers[prefix("10.0.0.0/8")] = {offer(100, {first_, second_})};
  offers[prefix("172.16.0.0/12")] = {offer(100, {first_}, {second_})};
  EXPECT_EQ(table_.replace("bgp", offers), 1u);
  EXPECT_EQ(sink_.take(), Calls{"set 172.16.0.0/12 1 b2"});
  EXPECT_EQ(table_.replace("bgp", {}), 2u);
  EXPECT_EQ(sink_.take(), (Calls{"erase 10.0.0.0/8", "erase 172.16.0.0/12"}));
}

TEST_F(RouterTableTest, AnUnusableOfferIsExplainedAndNeverInstalled) {
  Offer invalid = offer(0, {first_});
  invalid.usable = false;
  invalid.why_not = "overridden by a user route (A57)";
  table_.set("azure", prefix("0.0.0.0/0"), {invalid});
  EXPECT_TRUE(sink_.take().empty());
  EXPECT_EQ(table_.lookup(address("8.8.8.8")), nullptr);
  ASSERT_EQ(table_.find(prefix("0.0.0.0/0"))->losers().size(), 1u);
  EXPECT_EQ(table_.find(prefix("0.0.0.0/0"))->losers()[0].reason, invalid.why_not);
}

TEST_F(RouterTableTest, TheLongestPrefixIsLookedUpAndTheDefaultRouteIsARoute) {
  table_.set("bgp", prefix("0.0.0.0/0"), {offer(100, {first_})});
  table_.set("bgp", prefix("10.0.110.0/24"), {offer(100, {second_})});
  EXPECT_EQ(table_.lookup(address("10.0.110.5"))->prefix, prefix("10.0.110.0/24"));
  EXPECT_EQ(table_.lookup(address("10.0.111.5"))->prefix, prefix("0.0.0.0/0"));
  EXPECT_EQ(table_.edge_for(address("10.0.110.5"), 7), second_);
}

TEST_F(RouterTableTest, ADeadEdgeMovesTrafficToTheOthersAndThenToTheBackup) {
  const EdgeId twin = table_.edge(Edge::over({cloud::LinkId(3), RouterId(0)}));
  table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {first_, second_}, {twin})});
  sink_.take();
  table_.set_edge_alive(first_, false);
  EXPECT_EQ(sink_.take(), Calls{"dead 1"});
  const Entry& entry = *table_.find(prefix("10.0.0.0/8"));
  EXPECT_EQ(table_.active(entry), std::vector<EdgeId>{second_});
  for (uint32_t hash = 0; hash < 1000; ++hash) {
    EXPECT_EQ(table_.edge_for(address("10.1.1.1"), hash * 2654435761u), second_);
  }
  table_.set_edge_alive(second_, false);
  EXPECT_EQ(table_.active(entry), std::vector<EdgeId>{twin});
  table_.set_edge_alive(first_, true);
  EXPECT_EQ(table_.active(entry), std::vector<EdgeId>{first_});
}

TEST_F(RouterTableTest, AnEdgeThatIsDeadBeforeItsRoutesStaysDead) {
  table_.set_edge_alive(first_, false);
  table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {first_, second_})});
  EXPECT_EQ(table_.active(*table_.find(prefix("10.0.0.0/8"))), std::vector<EdgeId>{second_});
}

}  // namespace
}  // namespace skyhop::routing
