#include "lpm/limbo.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "lpm/qsbr.h"

namespace skyhop::lpm {
namespace {

std::vector<uint32_t> reclaimed(Limbo& limbo) {
  std::vector<uint32_t> indexes;
  limbo.reclaim([&](Limbo::Item item) { indexes.push_back(item.index); });
  return indexes;
}

TEST(Limbo, WithoutReadersEveryGracePeriodIsOver) {
  Limbo limbo(nullptr);
  EXPECT_TRUE(limbo.is_alone());
  limbo.add({7, 1});
  EXPECT_FALSE(limbo.is_empty());
  EXPECT_EQ(reclaimed(limbo), std::vector<uint32_t>{7});
  EXPECT_TRUE(limbo.is_empty());
}

TEST(Limbo, HandsOverWhatAGracePeriodHasPassedSince) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  (*qsbr)->enter(0);
  {
    Limbo limbo(qsbr->get());
    EXPECT_FALSE(limbo.is_alone());
    limbo.add({1, 0});
    EXPECT_TRUE(reclaimed(limbo).empty());
    (*qsbr)->quiescent(0);
    limbo.add({2, 0});  // after the worker's report
    EXPECT_EQ(reclaimed(limbo), std::vector<uint32_t>{1});
    EXPECT_TRUE(reclaimed(limbo).empty());
    (*qsbr)->quiescent(0);
    EXPECT_EQ(reclaimed(limbo), std::vector<uint32_t>{2});
  }
  (*qsbr)->leave(0);
}

TEST(Limbo, LetsGoOfObjectsAfterAGracePeriodOrAtItsEnd) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  (*qsbr)->enter(0);
  const auto first = std::make_shared<int>(1), second = std::make_shared<int>(2);
  {
    Limbo limbo(qsbr->get());
    limbo.add(std::shared_ptr<const void>(first));
    EXPECT_TRUE(reclaimed(limbo).empty());
    EXPECT_EQ(first.use_count(), 2);
    (*qsbr)->quiescent(0);
    limbo.add(std::shared_ptr<const void>(second));
    EXPECT_TRUE(reclaimed(limbo).empty());
    EXPECT_EQ(first.use_count(), 1);
    EXPECT_EQ(second.use_count(), 2);
  }
  EXPECT_EQ(second.use_count(), 1);
  (*qsbr)->leave(0);
}

TEST(Limbo, IsAloneWhileTheQsbrIsClosed) {
  auto qsbr = Qsbr::create(1);
  ASSERT_TRUE(qsbr);
  Limbo limbo(nullptr);
  limbo.attach(**qsbr);
  EXPECT_FALSE(limbo.is_alone());
  (*qsbr)->close();
  EXPECT_TRUE(limbo.is_alone());
}

}  // namespace
}  // namespace skyhop::lpm
