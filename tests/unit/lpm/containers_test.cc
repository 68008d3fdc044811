// Slab and IdIndex against the containers of the standard library.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

#include "lpm/hash.h"
#include "lpm/id_index.h"
#include "lpm/slab.h"

namespace skyhop::lpm {
namespace {

TEST(Slab, GivesOutTheLowestFreeNumber) {
  Slab<int> slab;
  for (uint32_t i = 1; i <= 10000; ++i) ASSERT_EQ(slab.make(static_cast<int>(i)), i);
  EXPECT_FALSE(slab.is_live(0));
  EXPECT_FALSE(slab.is_live(10001));
  slab.destroy(7000);
  slab.destroy(3);
  EXPECT_FALSE(slab.is_live(3));
  EXPECT_EQ(slab.make(-3), 3u);
  EXPECT_EQ(slab.make(-7000), 7000u);
  EXPECT_EQ(slab.make(0), 10001u);
  EXPECT_EQ(slab[3], -3);
  EXPECT_EQ(slab[10000], 10000);
  EXPECT_EQ(slab.size(), 10001u);
}

TEST(Slab, DestroysWhatLives) {
  const auto counter = std::make_shared<int>(0);
  {
    Slab<std::shared_ptr<int>> slab;
    for (int i = 0; i < 9000; ++i) slab.make(counter);
    for (uint32_t id = 1; id <= 9000; id += 2) slab.destroy(id);
    EXPECT_EQ(counter.use_count(), 4501);
    EXPECT_EQ(slab.size(), 4500u);
  }
  EXPECT_EQ(counter.use_count(), 1);
}

TEST(Slab, RandomUseEqualsAMap) {
  std::mt19937 random(1);
  Slab<uint32_t> slab;
  std::map<uint32_t, uint32_t> model;
  for (int round = 0; round < 6; ++round) {
    const uint32_t wanted = round % 2 == 0 ? 20000 : 10;
    while (model.size() != wanted) {
      if (model.size() < wanted) {
        const auto value = static_cast<uint32_t>(random());
        const uint32_t id = slab.make(value);
        ASSERT_TRUE(model.emplace(id, value).second);
      } else {
        auto at = model.lower_bound(static_cast<uint32_t>(random() % slab.limit()));
        if (at == model.end()) at = model.begin();
        ASSERT_EQ(slab[at->first], at->second);
        slab.destroy(at->first);
        model.erase(at);
      }
    }
    EXPECT_EQ(slab.size(), model.size());
    for (uint32_t id = 0; id < slab.limit() + 10; ++id) {
      ASSERT_EQ(slab.is_live(id), model.contains(id));
    }
  }
}

TEST(IdIndex, RandomUseEqualsASet) {
  std::mt19937 random(2);
  IdIndex index;
  std::map<uint32_t, uint32_t> hash_of_id;
  for (int step = 0; step < 200000; ++step) {
    // Grows, shrinks, and grows again; many ids share few hashes.
    const bool grows = step / 50000 % 2 == 0;
    const auto id = static_cast<uint32_t>(1 + random() % 20000);
    const bool is_in = hash_of_id.contains(id);
    if (!is_in && (grows || random() % 8 == 0)) {
      const auto hash = static_cast<uint32_t>(random() % 5000 * 0x10001u);
      index.insert(hash, id);
      hash_of_id.emplace(id, hash);
    } else if (is_in && (!grows || random() % 8 == 0)) {
      index.erase(hash_of_id.at(id), id);
      hash_of_id.erase(id);
    }
    ASSERT_EQ(index.size(), hash_of_id.size());
    if (step % 20000 != 0) continue;
    for (const auto& [known, hash] : hash_of_id) {
      ASSERT_EQ(index.find(hash, [k = known](uint32_t other) { return other == k; }), known);
    }
    EXPECT_EQ(index.find(0x10001u * 77, [](uint32_t) { return false; }), 0u);
  }
}

TEST(IdIndex, AnEmptyOneFindsNothing) {
  IdIndex index;
  EXPECT_EQ(index.find(5, [](uint32_t) { return true; }), 0u);
  index.insert(5, 1);
  index.erase(5, 1);
  EXPECT_EQ(index.find(5, [](uint32_t) { return true; }), 0u);
}

TEST(Hash, SpreadsNeighboursOverAllBits) {
  std::set<uint32_t> upper;
  std::set<uint32_t> all;
  for (uint32_t i = 0; i < 65536; ++i) {
    const uint32_t hash = hash_of(Ipv4Prefix(Ipv4Address(0x0A000000 + i * 256), 24), hash_seed());
    upper.insert(hash >> 16);
    all.insert(hash);
  }
  EXPECT_GT(all.size(), 65000u);
  EXPECT_GT(upper.size(), 30000u);
}

TEST(Hash, SeesEveryOctetAndTheirNumber) {
  const auto hash = [](std::string_view text) {
    Hasher hasher(1);
    hasher.add(text);
    return hasher.result();
  };
  std::set<uint32_t> hashes;
  std::string text(40, 'a');
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'b';
    hashes.insert(hash(other));
    hashes.insert(hash(std::string_view(text).substr(0, i)));
  }
  hashes.insert(hash(text));
  EXPECT_EQ(hashes.size(), 81u);
}

}  // namespace
}  // namespace skyhop::lpm
