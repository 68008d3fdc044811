#include "lpm/table_slot.h"

#include <gtest/gtest.h>
#include <rte_lpm.h>

#include <thread>
#include <vector>

#include "lpm/popline_find.h"
#include "lpm/qsbr.h"
#include "lpm/reference_trie.h"
#include "random_routes.h"

namespace skyhop::lpm {
namespace {

constexpr TablePolicy kAuto{TableChoice::automatic, 1};

Ipv4Prefix nth(uint32_t i) { return {Ipv4Address(0x0a000000 + (i << 8)), 24}; }

/// A slot and what workers read of it.
struct Slot {
  std::atomic<const TableView*> place = nullptr;
  std::unique_ptr<TableSlot> slot;

  Slot(const std::string& name, const TablePolicy& policy, Qsbr* qsbr) {
    auto made = TableSlot::create(name, policy, place, qsbr);
    EXPECT_TRUE(made) << made.error().to_string();
    slot = std::move(*made);
  }
  /// The next call of tidy() sees so many routes of nth().
  void hold(uint32_t routes) {
    for (uint32_t i = 0; i < routes; ++i) ASSERT_TRUE(slot->set(nth(i), 1 + i % 7));
    for (uint32_t i = routes; slot->erase(nth(i)); ++i) continue;
  }
};

GroupId look_up(const TableView& view, uint32_t destination) {
  GroupId group = 0;
  const GroupId miss = view.default_group.load();
  if (view.kind == TableKind::rte_lpm) {
    return rte_lpm_lookup(view.lpm, destination, &group) == 0 ? group : miss;
  }
  popline::best_find().many(*view.popline.load(), &destination, 1, miss, &group);
  return group;
}

TEST(TableSlot, AKindAskedForNeverMoves) {
  for (const auto choice : {TableChoice::rte_lpm, TableChoice::popline}) {
    Slot s("fixed", {choice, 1}, nullptr);
    const TableView* const view = s.place.load();
    for (const uint32_t routes : {1u, 5000u, 1u}) {
      s.hold(routes);
      s.slot->tidy();
      EXPECT_EQ(to_string(s.slot->kind()), to_string(choice));
      EXPECT_EQ(s.place.load(), view);
    }
    EXPECT_EQ(s.slot->why(), "as asked");
  }
}

TEST(TableSlot, AutoMovesWithTheSize) {
  Slot s("auto", kAuto, nullptr);
  EXPECT_EQ(s.slot->kind(), TableKind::popline);  // until it is known how many routes come
  s.slot->tidy();
  EXPECT_EQ(s.slot->kind(), TableKind::rte_lpm);
  ASSERT_TRUE(s.slot->set(Ipv4Prefix::everything(), 77));
  for (uint32_t i = 0; i + 2 < kPoplineFrom; ++i) ASSERT_TRUE(s.slot->set(nth(i), 1 + i % 7));
  EXPECT_EQ(s.slot->kind(), TableKind::rte_lpm);
  ASSERT_TRUE(s.slot->set(nth(kPoplineFrom), 3));  // grown too large: at once
  EXPECT_EQ(s.slot->kind(), TableKind::popline);
  EXPECT_EQ(s.place.load(), &s.slot->table().view());
  EXPECT_EQ(look_up(*s.place.load(), nth(8).address().value()), 2u);
  EXPECT_EQ(look_up(*s.place.load(), 0x0b000000), 77u);
  for (uint32_t i = kPoplineFrom; s.slot->table().size() > kRteLpmUpTo; --i) s.slot->erase(nth(i));
  EXPECT_EQ(s.slot->kind(), TableKind::popline);  // when there is time
  s.slot->tidy();
  EXPECT_EQ(s.slot->kind(), TableKind::rte_lpm);
  EXPECT_EQ(look_up(*s.place.load(), nth(8).address().value()), 2u);
  EXPECT_EQ(look_up(*s.place.load(), nth(kPoplineFrom).address().value()), 77u);
  EXPECT_EQ(s.slot->moves(), 3u);
}

TEST(TableSlot, AutoInALargeLabNeverTakesRteLpm) {
  Slot s("large", {TableChoice::automatic, 1000}, nullptr);
  s.hold(3);
  s.slot->tidy();
  EXPECT_EQ(s.slot->kind(), TableKind::popline);
  EXPECT_LT(s.slot->table().bytes(), 100'000u);
  EXPECT_EQ(s.slot->why(), "auto: 1000 routers, rte_lpm takes 64 MiB for each");
}

// EAL of these tests has 512 MB, enough for seven tables of rte_lpm at most.
TEST(TableSlot, AutoStaysWhereItIsWithoutMemory) {
  std::vector<std::unique_ptr<Slot>> slots;
  for (int i = 0; i < 9; ++i) {
    slots.push_back(std::make_unique<Slot>("memory" + std::to_string(i), kAuto, nullptr));
    slots.back()->slot->tidy();
    ASSERT_TRUE(slots.back()->slot->set(nth(1), 4));
    EXPECT_EQ(look_up(*slots.back()->place.load(), nth(1).address().value()), 4u);
  }
  EXPECT_EQ(slots.front()->slot->kind(), TableKind::rte_lpm);
  EXPECT_EQ(slots.back()->slot->kind(), TableKind::popline);
  EXPECT_EQ(slots.back()->slot->why(), "auto: EAL has no memory for another rte_lpm");
}

// The old table is let go when the worker that may hold it has been quiescent, not before.
TEST(TableSlot, TheOldTableOutlivesItsReaders) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  {
    Slot s("readers", kAuto, qsbr->get());
    (*qsbr)->enter(0);
    ASSERT_TRUE(s.slot->set(nth(1), 4));
    const TableView* const old = s.place.load();
    s.slot->tidy();
    ASSERT_NE(s.place.load(), old);
    s.slot->tidy();
    EXPECT_EQ(look_up(*old, nth(1).address().value()), 4u);
    (*qsbr)->quiescent(0);
    s.slot->tidy();
    EXPECT_EQ(look_up(*s.place.load(), nth(1).address().value()), 4u);
    (*qsbr)->leave(0);
  }
}

// A worker looks up all the time while the table moves there and back, and routes around what it
// asks for come and go: what it asks for never changes.
TEST(TableSlot, AReaderSeesNoMove) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  {
    Slot s("moves", kAuto, qsbr->get());
    ASSERT_TRUE(s.slot->set({Ipv4Address(172, 16, 5, 0), 24}, 9));
    ASSERT_TRUE(s.slot->set({Ipv4Address(172, 16, 6, 128), 25}, 10));
    (*qsbr)->enter(0);
    std::atomic<bool> is_over = false;
    std::atomic<uint32_t> wrong = 0;
    std::thread reader([&] {
      do {
        const TableView& view = *s.place.load(std::memory_order_acquire);
        if (look_up(view, 0xac100501) != 9 || look_up(view, 0xac1006ff) != 10 ||
            look_up(view, 0xac100601) != kNoRouteGroup) {
          wrong.fetch_add(1);
        }
        (*qsbr)->quiescent(0);
        std::this_thread::yield();
      } while (!is_over.load());
      (*qsbr)->leave(0);
    });
    for (int round = 0; round < 4; ++round) {
      s.hold(static_cast<uint32_t>(kPoplineFrom));
      s.hold(10);
      s.slot->tidy();
    }
    is_over.store(true);
    reader.join();
    EXPECT_EQ(wrong.load(), 0u);
    EXPECT_EQ(s.slot->moves(), 7u);
  }
}

}  // namespace
}  // namespace skyhop::lpm
