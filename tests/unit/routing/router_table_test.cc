#include "control/routing/router_table.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "lpm/reference_trie.h"

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

TEST_F(RouterTableTest, ManyPrefixesShareAListOfOffers) {
  const auto list = table_.share({offer(100, {first_})});
  EXPECT_EQ(table_.share({offer(100, {first_})}), list);
  const std::vector<Ipv4Prefix> prefixes = {prefix("10.0.0.0/8"), prefix("10.1.0.0/16"),
                                            prefix("10.2.0.0/16")};
  table_.set("controller", prefixes[1], {offer(0, {second_})});
  sink_.take();
  EXPECT_EQ(table_.set("bgp", prefixes, list), 2u);
  EXPECT_EQ(sink_.take(), (Calls{"set 10.0.0.0/8 1", "set 10.2.0.0/16 1"}));
  EXPECT_EQ(table_.set("bgp", prefixes, list), 0u);
  EXPECT_EQ(table_.size(), 3u);
  EXPECT_EQ(table_.set("bgp", prefixes, 0), 2u);
  EXPECT_EQ(sink_.take(), (Calls{"erase 10.0.0.0/8", "erase 10.2.0.0/16"}));
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(RouterTableTest, TextsThatDifferByPrefixAreCompletedWhenRead) {
  table_.describe("bgp", [](Ipv4Prefix p, std::vector<Offer>& offers) {
    for (Offer& offer : offers) offer.as_path = p.to_string();
  });
  const auto list = table_.share({offer(100, {first_})});
  const std::vector<Ipv4Prefix> prefixes = {prefix("10.0.0.0/8"), prefix("10.1.0.0/16")};
  table_.set("bgp", prefixes, list);
  EXPECT_EQ(table_.find(prefixes[0])->best()->as_path, "10.0.0.0/8");
  EXPECT_EQ(table_.lookup(address("10.1.2.3"))->best()->as_path, "10.1.0.0/16");
  EXPECT_EQ(table_.entries().size(), 2u);
}

// What the sink was told is a table, too: it must be the one that follows from all offers.
class ShadowTable final : public FibSink {
 public:
  void edge_added(RouterId, EdgeId, const Edge&) override {}
  void route_set(RouterId, Ipv4Prefix p, const lpm::NextHopSet& set) override {
    routes.set(p, set);
  }
  void route_erased(RouterId, Ipv4Prefix p) override { ASSERT_TRUE(routes.erase(p)); }
  void edge_alive(RouterId, EdgeId, bool) override {}
  void link_state(cloud::LinkId, bool) override {}
  void channel_conditions(Channel, const lab::LinkConditions&) override {}
  void router_state(RouterId, bool) override {}

  lpm::ReferenceTrie<lpm::NextHopSet> routes;
};

TEST(RouterTableModel, RandomChangesEqualATableFromScratch) {
  constexpr const char* kSources[] = {"azure", "bgp", "controller", "static"};
  for (const uint32_t seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    ShadowTable sink;
    RouterTable table(RouterId(0), &sink);
    std::vector<EdgeId> edges;
    for (uint32_t i = 0; i < 4; ++i) {
      edges.push_back(table.edge(Edge::over({cloud::LinkId(i), RouterId(0)})));
    }
    const auto random_prefix = [&] {
      return Ipv4Prefix(Ipv4Address(0x0A000000 + (pick(8) << 12)),
                        static_cast<uint8_t>(pick(9) * 4));
    };
    const auto random_offers = [&] {
      std::vector<Offer> offers;
      for (uint32_t i = pick(3); i > 0; --i) {
        Offer offer{.preference = pick(3), .usable = pick(5) != 0};
        for (uint32_t k = pick(3); k > 0; --k) offer.primary.push_back({.edge = edges[pick(4)]});
        offers.push_back(std::move(offer));
      }
      return offers;
    };
    std::map<Ipv4Prefix, std::map<std::string, std::vector<Offer>>> model;
    const auto put = [&](const std::string& source, Ipv4Prefix p, std::vector<Offer> offers) {
      if (offers.empty()) {
        model[p].erase(source);
      } else {
        model[p][source] = std::move(offers);
      }
      if (model[p].empty()) model.erase(p);
    };
    for (int step = 0; step < 3000; ++step) {
      const std::string source = kSources[pick(4)];
      if (const uint32_t action = pick(20); action < 15) {
        const Ipv4Prefix p = random_prefix();
        auto offers = random_offers();
        put(source, p, offers);
        table.set(source, p, std::move(offers));
      } else if (action < 18) {
        std::vector<Ipv4Prefix> prefixes;
        for (uint32_t i = pick(20); i > 0; --i) prefixes.push_back(random_prefix());
        const auto offers = random_offers();
        for (const Ipv4Prefix p : prefixes) put(source, p, offers);
        table.set(source, prefixes, table.share(offers));
      } else {
        RouterTable::Offers all;
        for (uint32_t i = pick(10); i > 0; --i) {
          if (auto offers = random_offers(); !offers.empty()) all[random_prefix()] = offers;
        }
        const auto before = model;
        for (const auto& [p, sources] : before) {
          if (!all.contains(p)) put(source, p, {});
        }
        for (const auto& [p, offers] : all) put(source, p, offers);
        table.replace(source, std::move(all));
      }
      if (step % 100 != 0) continue;
      ASSERT_EQ(table.size(), model.size());
      size_t installed = 0;
      for (const auto& [p, offers] : model) {
        const Entry expected{p, offers};
        const Entry* entry = table.find(p);
        ASSERT_NE(entry, nullptr);
        ASSERT_EQ(entry->offers, offers);
        ASSERT_EQ(entry->best() == nullptr, expected.best() == nullptr);
        if (expected.best() != nullptr) ++installed;
      }
      ASSERT_EQ(sink.routes.size(), installed);
      for (int i = 0; i < 50; ++i) {
        const Ipv4Address destination(0x0A000000 + pick(1 << 16));
        const auto match = sink.routes.lookup(destination);
        const Entry* entry = table.lookup(destination);
        ASSERT_EQ(match != nullptr, entry != nullptr);
        if (match == nullptr) continue;
        EXPECT_EQ(match->first, entry->prefix);
        std::vector<EdgeId> primary;
        for (const NextHop& hop : entry->best()->primary) primary.push_back(hop.edge);
        std::ranges::sort(primary);
        primary.erase(std::ranges::unique(primary).begin(), primary.end());
        EXPECT_EQ(match->second.primary, primary);
      }
    }
  }
}

TEST_F(RouterTableTest, AnEdgeThatIsDeadBeforeItsRoutesStaysDead) {
  table_.set_edge_alive(first_, false);
  table_.set("bgp", prefix("10.0.0.0/8"), {offer(100, {first_, second_})});
  EXPECT_EQ(table_.active(*table_.find(prefix("10.0.0.0/8"))), std::vector<EdgeId>{second_});
}

}  // namespace
}  // namespace skyhop::routing
