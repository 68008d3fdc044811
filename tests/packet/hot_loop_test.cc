// Every compilation of the hot loop against the plain truth: random tables, random packets, and
// batches whose sizes leave every kind of tail.
#include "dataplane/hot_loop.h"

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include <random>

#include "dataplane/packet_pool.h"
#include "dataplane/stages/input.h"
#include "dataplane/worker.h"
#include "lpm/popline_table.h"
#include "lpm/rte_lpm_table.h"
#include "tests/packet/rig.h"

namespace skyhop::dataplane {
namespace {

constexpr uint32_t kSizes[] = {1, 3, 4, 8, 15, 16, 17, 31, 33, 64, 67, 255, 256};

enum class Form { rte_lpm, popline, narrow_popline };

std::unique_ptr<lpm::LiveTable> make_table(Form form) {
  if (form != Form::rte_lpm) {
    const size_t widen_at = form == Form::popline ? 0 : SIZE_MAX;
    return std::make_unique<lpm::PoplineTable>(lpm::PoplineOptions{widen_at}, nullptr);
  }
  auto made = lpm::RteLpmTable::create("hot-loop-test", {}, nullptr);
  EXPECT_TRUE(made);
  return std::move(*made);
}

struct RandomTable {
  std::unique_ptr<lpm::LiveTable> table;
  lpm::GroupTable groups;
  Router router;

  RandomTable(std::mt19937& random, Form form, int routes, bool has_default)
      : table(make_table(form)) {
    for (int i = 0; i < routes; ++i) {
      const auto length = static_cast<uint8_t>(8 + random() % 25);
      const Ipv4Address address(0x0a000000 | (random() & 0x0003ffff));
      EXPECT_TRUE(table->set(Ipv4Prefix(address, length), random_group(random)));
    }
    if (has_default) {
      EXPECT_TRUE(table->set(Ipv4Prefix::everything(), random_group(random)));
    }
    router.table = &table->view();
    router.slots = groups.slots();
    router.seed = lpm::group_seed(random() % 100);
  }

  lpm::GroupId random_group(std::mt19937& random) {
    lpm::NextHopSet set;
    const auto members = 1 + random() % 4;
    for (EdgeId edge = 1; edge <= 12; ++edge) {
      if (set.primary.size() < members && random() % 3 == 0) set.primary.push_back(edge);
    }
    return groups.find_or_add(set);
  }

  EdgeId expected(uint32_t destination, uint32_t hash) const {
    return groups.edge_for(table->lookup(Ipv4Address(destination)),
                           lpm::group_slot(hash, router.seed));
  }
};

// Every row, every other one, a few, or those behind a hole.
RowSet random_rows(std::mt19937& random, uint32_t size) {
  RowSet rows;
  const auto kind = random() % 4;
  for (uint32_t row = 0; row < size; ++row) {
    if (kind == 0 || (kind == 1 && random() % 2 == 0) || (kind == 2 && random() % 20 == 0) ||
        (kind == 3 && row >= size / 2)) {
      rows.add(row);
    }
  }
  if (rows.is_empty()) rows.add(size - 1);
  return rows;
}

class HotLoopLookup : public testing::TestWithParam<Form> {};

INSTANTIATE_TEST_SUITE_P(Tables, HotLoopLookup,
                         testing::Values(Form::rte_lpm, Form::popline, Form::narrow_popline));

TEST_P(HotLoopLookup, SaysWhatTheTableSays) {
  std::mt19937 random(1);
  const auto pass = std::make_unique<PassTable>();
  for (int round = 0; round < 12; ++round) {
    // From one route, where all rows agree, to hundreds of all lengths.
    const RandomTable table(random, GetParam(), round < 4 ? round : 100 * round, round % 2 == 0);
    for (const uint32_t size : kSizes) {
      const bool one_destination = random() % 4 == 0;
      for (uint32_t i = 0; i < size; ++i) {
        pass->destination[i] =
            one_destination && i > 0 ? pass->destination[0] : 0x0a000000 | (random() & 0x0007ffff);
        pass->net[i] = pass->destination[i] >> 8;
        pass->hash[i] = static_cast<uint32_t>(random());
      }
      // What stands behind is not of the set, and anything.
      for (uint32_t i = size; i < size + 16; ++i) pass->net[i] = random() >> 8;
      const RowSet rows = random_rows(random, size);
      for (const HotLoop* loop : hot_loops()) {
        for (const bool gathers : {false, true}) {
          std::vector<EdgeId> edges(size);
          const bool is_uniform = loop->look_up(table.router, *pass, rows, gathers, edges);
          rows.for_each([&](uint32_t row) {
            EXPECT_EQ(edges[row], table.expected(pass->destination[row], pass->hash[row]))
                << loop->name << " row " << row << " of " << size;
            if (is_uniform) {
              EXPECT_EQ(edges[row], edges[rows.first()]);
            }
          });
        }
      }
    }
  }
}

class InputStage : public testing::Test {
 protected:
  void SetUp() override {
    auto pool = PacketPool::create({4096, 2176}, 4000);
    ASSERT_TRUE(pool) << pool.error().to_string();
    pool_.emplace(std::move(*pool));
    tables_.pool = pool_->get();
    tables_.frees_raw = true;
    tables_.router_count = 1;
    tables_.routers = std::make_unique<Router[]>(1);
    worker_ = std::make_unique<Worker>(tables_, 0, 256, 1);
  }

  void load(const std::vector<Frame>& frames) {
    PassTable& pass = worker_->pass;
    pass.count = 0;
    for (const Frame& frame : frames) {
      rte_mbuf* packet = rte_pktmbuf_alloc(tables_.pool);
      ASSERT_NE(packet, nullptr);
      auto* octets = rte_pktmbuf_mtod(packet, uint8_t*);
      std::copy(frame.begin(), frame.end(), octets);
      packet->data_len = static_cast<uint16_t>(frame.size());
      packet->pkt_len = packet->data_len;
      pass.packet[pass.count] = packet;
      pass.length[pass.count] = packet->data_len;
      pass.frame[pass.count++] = octets;
    }
  }

  Tables tables_;
  std::optional<PacketPool> pool_;
  std::unique_ptr<Worker> worker_;
};

// Mostly good, sometimes of another shape, sometimes with a flipped octet.
Frame random_frame(std::mt19937& random) {
  using pcap::PacketBuilder;
  const Ipv4Address from(static_cast<uint32_t>(random())), to(static_cast<uint32_t>(random()));
  PacketBuilder builder;
  builder.ipv4(from, to).ttl(static_cast<uint8_t>(random()));
  switch (random() % 8) {
    case 0:
      builder.icmp_echo_request(static_cast<uint16_t>(random()), 1);
      break;
    case 1:
      builder.protocol(static_cast<uint8_t>(random()));
      break;
    case 2: {
      const uint8_t nops[] = {1, 1, 1, 0};
      builder.options(nops).udp(1, 2);
      break;
    }
    case 3:
      builder.tcp(static_cast<uint16_t>(random()), 80);
      if (random() % 2 == 0) builder.more_fragments();
      break;
    default:
      builder.udp(static_cast<uint16_t>(random()), static_cast<uint16_t>(random()));
  }
  builder.payload(std::string(random() % 40, 'x'));
  Frame frame = builder.frame();
  if (random() % 4 == 0) frame[12 + random() % 30 % (frame.size() - 12)] ^= 1 << random() % 8;
  if (random() % 16 == 0) frame.resize(random() % frame.size());
  if (random() % 8 == 0) frame.resize(frame.size() + 6);  // padding
  return frame;
}

TEST_F(InputStage, AgreesWithTheSlowReaderOnEveryPacket) {
  std::mt19937 random(2);
  const PassTable& pass = worker_->pass;
  for (int round = 0; round < 60; ++round) {
    for (const uint32_t size : kSizes) {
      std::vector<Frame> frames;
      // Some bursts with good packets only, so that whole vectors pass.
      const bool all_good = round % 3 == 0;
      for (uint32_t i = 0; i < size; ++i) {
        frames.push_back(
            all_good ? pcap::PacketBuilder()
                           .ipv4(Ipv4Address(10, 1, 2, static_cast<uint8_t>(random())),
                                 Ipv4Address(10, 2, static_cast<uint8_t>(random()), 9))
                           .udp(static_cast<uint16_t>(random()), static_cast<uint16_t>(random()))
                           .payload(std::string(random() % 30, 'y'))
                           .frame()
                     : random_frame(random));
      }
      for (const HotLoop* loop : hot_loops()) {
        load(frames);
        // Not only bursts that start where a vector does.
        const uint32_t first = std::min(size, round % 2 == 0 ? 0u : 5u);
        RowSet rows;
        loop->take(*worker_, 0, first, size, rows);
        for (uint32_t i = first; i < size; ++i) {
          Inspected expected;
          const bool is_good =
              !inspect(frames[i].data(), static_cast<uint32_t>(frames[i].size()), expected);
          ASSERT_EQ(rows.contains(i), is_good) << loop->name << " row " << i << " of " << size;
          if (!is_good) continue;
          EXPECT_EQ(pass.destination[i], expected.destination) << loop->name;
          EXPECT_EQ(pass.net[i], expected.destination >> 8) << loop->name;
          EXPECT_EQ(pass.hash[i], expected.hash) << loop->name;
          EXPECT_EQ(pass.info[i], expected.info) << loop->name;
          const FlowEntry flow = expected.is_plain
                                     ? FlowEntry::of(flow_of(frames[i].data() + kEthernetLength))
                                     : FlowEntry::none();
          EXPECT_EQ(pass.flow[i], flow) << loop->name;
          rows.remove(i);
        }
        EXPECT_TRUE(rows.is_empty()) << loop->name;
        worker_->end_pass();
      }
    }
  }
}

TEST_F(InputStage, ReadsWhatThePacketLibraryReads) {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    const Frame frame = random_frame(random);
    Inspected lane;
    const auto reason = inspect(frame.data(), static_cast<uint32_t>(frame.size()), lane);
    const auto parsed = pcap::parse_frame(pcap::LinkType::ethernet, frame);
    if (parsed) {
      const bool is_bad = is_bad_source(parsed->flow.source.value()) ||
                          is_bad_destination(parsed->flow.destination.value());
      ASSERT_EQ(reason.has_value(), is_bad);
      if (!is_bad) {
        EXPECT_EQ(lane.hash, lpm::flow_hash(parsed->flow));
        EXPECT_EQ(info::length(lane.info), parsed->total_length);
      }
    } else {
      ASSERT_TRUE(reason);
    }
  }
}

}  // namespace
}  // namespace skyhop::dataplane
