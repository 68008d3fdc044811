// Routes change while packets flow. Every packet goes where the reference trie says, before or
// after the changes that were under way when it passed, and none is lost uncounted.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "dataplane/generator/stream.h"
#include "dataplane/rows.h"
#include "lpm/reference_trie.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

constexpr uint32_t kPackets = 120'000;
constexpr double kRate = 1e6;  // so that there is time for changes, on one CPU too
constexpr uint32_t kSinks = 5;
constexpr EdgeId kNoWay = 0;

/// One change of the table and how many packets had entered before and after it.
struct Change {
  Ipv4Prefix prefix;
  EdgeId edge;  ///< kNoWay: withdrawn
  uint64_t before;
  uint64_t after;
};

/// A router with a source of packets, and sinks that it can send them to.
class Churn : public testing::TestWithParam<lpm::TableChoice> {
 protected:
  void SetUp() override {
    router_ = rig_.fabric("fabric");
    rig_.image.routers[router_].table = GetParam();
    source_ = rig_.port("source", Ipv4Address(10, 9, 0, 1), router_);
    rig_.image.ports[source_].capture_file.clear();
    for (uint32_t i = 0; i < kSinks; ++i) {
      const PortIndex port = rig_.port("sink" + std::to_string(i),
                                       Ipv4Address(10, 9, 1, static_cast<uint8_t>(i)), router_);
      port_of_[rig_.deliver(router_, port)] = port;
    }
    // Addresses that share /24s, and blocks of /18, with others.
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t third = 16 * (i % 8) + i / 32;
      spec_.destinations.emplace_back(0x0a000000 | (third << 8) | (i * 37 % 256));
    }
    spec_.port = source_;
    spec_.flows = kPackets;
    spec_.limit = kPackets;
    spec_.pps = kRate;
    rig_.image.streams.push_back(spec_);
  }

  /// A prefix that holds one of the destinations, or lies close by.
  Ipv4Prefix random_prefix() {
    const uint32_t near =
        spec_.destinations[random_() % 64].value() ^ (random_() % 4 == 0 ? 0x100 : 0);
    const auto length = static_cast<uint8_t>(random_() % 3 == 0 ? 8 + random_() % 25 : 24);
    return {Ipv4Address(near), length};
  }

  void set(Dataplane& plane, Ipv4Prefix prefix, EdgeId edge) {
    const uint64_t before = plane.totals().offered;
    if (edge == kNoWay) {
      plane.erase_route(router_, prefix);
    } else {
      ASSERT_TRUE(plane.set_route(router_, prefix, {{edge}, {}}));
    }
    changes_.push_back({prefix, edge, before, plane.totals().offered});
  }

  // Routes that no packet asks for, so many that an automatic table is of the other kind.
  void fill(Dataplane& plane, bool is_large) {
    for (uint32_t i = 0; i < lpm::kPoplineFrom; ++i) {
      const Ipv4Prefix prefix(Ipv4Address(0xac100000 + (i << 8)), 24);
      if (is_large) {
        ASSERT_TRUE(plane.set_route(router_, prefix, {{1}, {}}));
      } else {
        plane.erase_route(router_, prefix);
      }
    }
    plane.tidy();
  }

  /// Where each packet arrived, by its place in the order of sending; kNoWay: nowhere.
  std::vector<EdgeId> arrivals(const Outcome& outcome) {
    const std::vector<StreamFlow> flows = stream_flows(spec_);
    std::map<StreamFlow, uint32_t> place;
    for (uint32_t i = 0; i < flows.size(); ++i) place.emplace(flows[i], i);
    std::vector<EdgeId> arrived(flows.size(), kNoWay);
    for (const auto& [edge, port] : port_of_) {
      for (const Frame& frame : outcome.arrived.at(port)) {
        const auto packet = pcap::parse_frame(pcap::LinkType::ethernet, frame);
        if (!packet) {
          ADD_FAILURE() << "a packet arrived broken";
          continue;
        }
        const uint32_t i = place.at({packet->flow.destination, packet->flow.source_port});
        EXPECT_EQ(arrived[i], kNoWay) << "packet " << i << " arrived twice";
        arrived[i] = edge;
      }
    }
    return arrived;
  }

  Rig rig_;
  RouterIndex router_ = 0;
  PortIndex source_ = 0;
  std::map<EdgeId, PortIndex> port_of_;
  StreamSpec spec_;
  std::mt19937 random_{7};
  std::vector<Change> changes_;
};

INSTANTIATE_TEST_SUITE_P(Tables, Churn,
                         testing::Values(lpm::TableChoice::rte_lpm, lpm::TableChoice::popline,
                                         lpm::TableChoice::automatic),
                         [](const auto& choice) { return std::string(to_string(choice.param)); });

/// What the trie says of one destination, from which change on.
using History = std::vector<std::pair<uint32_t, EdgeId>>;

std::map<Ipv4Address, History> histories(const std::vector<Ipv4Address>& destinations,
                                         const std::vector<Change>& changes) {
  std::map<Ipv4Address, History> all;
  for (const Ipv4Address destination : destinations) all[destination] = {{0, kNoWay}};
  lpm::ReferenceTrie<EdgeId> trie;
  for (uint32_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (change.edge == kNoWay) {
      trie.erase(change.prefix);
    } else {
      trie.set(change.prefix, change.edge);
    }
    for (auto& [destination, history] : all) {
      if (!change.prefix.contains(destination)) continue;
      const auto* match = trie.lookup(destination);
      const EdgeId edge = match == nullptr ? kNoWay : match->second;
      if (edge != history.back().second) history.emplace_back(i + 1, edge);
    }
  }
  return all;
}

TEST_P(Churn, EveryPacketGoesWhereTheOldOrTheNewTableSays) {
  const auto plane = rig_.make();
  ASSERT_NE(plane, nullptr);
  set(*plane, *Ipv4Prefix::parse("10.0.0.0/8"), 1);
  ASSERT_TRUE(plane->start());
  bool is_large = false;
  for (uint32_t i = 0; !plane->is_finished(); ++i) {
    const bool withdraws = random_() % 3 == 0;
    set(*plane, random_prefix(), withdraws ? kNoWay : static_cast<EdgeId>(1 + random_() % kSinks));
    if (i % 64 == 63) plane->tidy();
    if (i % 2000 == 1999 && GetParam() == lpm::TableChoice::automatic) {
      is_large = !is_large;
      fill(*plane, is_large);
    }
  }
  const Outcome outcome = rig_.finish(*plane);
  const auto arrived = arrivals(outcome);
  const auto history_of = histories(spec_.destinations, changes_);
  const auto flows = stream_flows(spec_);

  // A packet looks up at most one burst after it was counted as offered, and not before.
  constexpr uint64_t kMargin = kMaxBurst;
  uint32_t settled = 0;  // changes that every later packet must have seen
  uint32_t begun = 0;    // changes that some earlier packet may have seen
  uint32_t certain = 0, lost = 0, wrong = 0;
  for (uint32_t i = 0; i < kPackets; ++i) {
    while (settled < changes_.size() && changes_[settled].after + kMargin <= i) ++settled;
    while (begun < changes_.size() && changes_[begun].before <= i + kMargin) ++begun;
    const History& history = history_of.at(flows[i].destination);
    auto at = std::ranges::upper_bound(history, settled, {}, &History::value_type::first) - 1;
    uint32_t possible = 0;
    bool is_possible = false;
    for (; at != history.end() && at->first <= begun; ++at, ++possible) {
      is_possible |= at->second == arrived[i];
    }
    wrong += is_possible ? 0 : 1;
    certain += possible == 1 ? 1 : 0;
    lost += arrived[i] == kNoWay ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0u) << "of " << kPackets << " packets, beside " << changes_.size() << " changes";
  EXPECT_EQ(lost, outcome.drops(DropReason::no_route));
  // Else it was no test.
  EXPECT_GT(changes_.size(), 500u);
  EXPECT_GT(certain, kPackets / 10);
  EXPECT_LT(certain, kPackets);
  if (GetParam() == lpm::TableChoice::automatic) {
    EXPECT_GE(plane->table(router_).moves, 1u);
  }
}

}  // namespace
}  // namespace skyhop::dataplane
