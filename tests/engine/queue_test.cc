// The event queue against a sorted list, ties included; the simulator's clock and tie orders.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/heap_queue.h"
#include "sim/engine/radix_queue.h"
#include "sim/engine/simulator.h"

namespace keepsim {
namespace {

Event EventAt(int64_t ns, uint32_t entity, uint32_t counter, EventClass c = EventClass::kWanted) {
  Event e;
  e.at = kStart + Nanoseconds(ns);
  e.subject = EventSubject(entity, 0);
  e.order = EventOrder(c, entity, counter);
  return e;
}

struct ByOrder {
  bool operator()(const Event& x, const Event& y) const { return Before(x, y); }
};

template <typename Queue>
class QueueTest : public testing::Test {};
using Queues = testing::Types<HeapQueue, RadixQueue, EventQueue>;
TYPED_TEST_SUITE(QueueTest, Queues);

// `bias` of 5 steps push: below 3 the queue stays small, above it grows.
template <typename Queue>
void HoldAgainstASortedList(Queue& queue, uint32_t spread, uint32_t bias) {
  const RandomSource luck(GroupKey(1, "queue"), 0);
  std::multiset<Event, ByOrder> model;
  for (uint64_t i = 0; i < 20000; ++i) {
    const RandomBlock u = luck.Block(Purpose::kTest, i);
    if (u.w[0] % 5 < bias || model.empty()) {
      const Event e = EventAt(u.w[1] % spread, u.w[2] % 50, static_cast<uint32_t>(i));
      queue.Push(e);
      model.insert(e);
    } else {
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(queue.Top().order, model.begin()->order);
      const Event e = queue.Pop();
      ASSERT_EQ(e.at, model.begin()->at);
      ASSERT_EQ(e.order, model.begin()->order);
      model.erase(model.begin());
    }
  }
  while (!model.empty()) {
    ASSERT_EQ(queue.Pop().order, model.begin()->order);
    model.erase(model.begin());
  }
  EXPECT_TRUE(queue.empty());
}

TYPED_TEST(QueueTest, PopsInTheOrderOfASortedListUnderRandomUse) {
  for (const uint32_t spread : {4u, 1000u, 1000000000u}) {  // many ties, some, hardly any
    for (const uint32_t bias : {2u, 3u}) {
      TypeParam queue;
      HoldAgainstASortedList(queue, spread, bias);
    }
  }
}

// As a simulation does it: nothing is pushed before what was popped last. Delays of four sizes and
// none at all, then a storm in which all that is left falls on one instant.
TYPED_TEST(QueueTest, KeepsTheOrderOfACellOfManyClients) {
  constexpr int64_t kDelays[] = {0, 1'000, 50'000'000, 60'000'000'000, 86'400'000'000'000};
  const RandomSource luck(GroupKey(1, "queue"), 1);
  TypeParam queue;
  std::set<Event, ByOrder> model;
  uint32_t counter = 0;
  const auto push = [&](int64_t at) {
    const Event e = EventAt(at, counter % 50, counter);
    ++counter;
    queue.Push(e);
    ASSERT_TRUE(model.insert(e).second);
  };
  for (int64_t i = 0; i < 5000; ++i) push(i % 7 * 10'000'000'000 + i / 100 * 100);
  for (uint64_t i = 0; !model.empty(); ++i) {
    ASSERT_EQ(queue.size(), model.size());
    const Event e = queue.Pop();
    ASSERT_EQ(e.at, model.begin()->at) << i;
    ASSERT_EQ(e.order, model.begin()->order) << i;
    model.erase(model.begin());
    const RandomBlock u = luck.Block(Purpose::kTest, i);
    const int64_t delay = kDelays[u.w[0] % 5];
    if (i < 30000) push(e.at.ns + delay + (delay == 0 ? 0 : u.w[1] % delay));
    if (i == 20000) {
      for (int n = 0; n < 3000; ++n) push(e.at.ns + 77'000'000);
    }
  }
  EXPECT_TRUE(queue.empty());
}

TYPED_TEST(QueueTest, TakesTimesUpToTheLast) {
  TypeParam queue;
  for (uint32_t i = 0; i < 63; ++i) queue.Push(EventAt(int64_t{1} << i, 1, i));
  queue.Push(EventAt(std::numeric_limits<int64_t>::max(), 1, 63));
  for (uint32_t i = 0; i < 64; ++i) ASSERT_EQ(queue.Pop().order, EventAt(0, 1, i).order);
}

// Broker faults, which each member of a coupled cell has as its own.
TYPED_TEST(QueueTest, OfOneOrderThoseOfLowerEntitiesComeFirst) {
  TypeParam queue;
  constexpr uint32_t kMembers = 500;
  for (uint32_t i = 0; i < kMembers; ++i) {
    Event e = EventAt(7'000'000'000, 0, 1);
    e.subject = EventSubject(i * 7 % kMembers, 0);
    queue.Push(e);
  }
  for (uint32_t i = 0; i < kMembers; ++i) ASSERT_EQ(queue.Pop().entity(), i);
}

TYPED_TEST(QueueTest, WorksAgainAfterClear) {
  TypeParam queue;
  for (const int64_t scale : {int64_t{1'000'000'000}, int64_t{1}}) {
    for (uint32_t i = 0; i < 3000; ++i) queue.Push(EventAt(i * scale, 1, i));
    queue.Clear();
    HoldAgainstASortedList(queue, 1000, 3);
  }
}

TYPED_TEST(QueueTest, IsEmptyAndSmallAgainAfterClear) {
  TypeParam queue;
  for (const int n : {100, 3}) {
    for (int i = n; i > 0; --i) queue.Push(EventAt(i, 1, 0));
    EXPECT_EQ(queue.size(), static_cast<size_t>(n));
    EXPECT_EQ(queue.Top().at, kStart + Nanoseconds(1));
    queue.Clear();
    EXPECT_TRUE(queue.empty());
  }
}

TEST(EventTest, TheClassDecidesATieThenTheEntityThenItsCounter) {
  EXPECT_TRUE(Before(EventAt(5, 9, 9, EventClass::kTruth), EventAt(5, 1, 1, EventClass::kArrival)));
  EXPECT_TRUE(
      Before(EventAt(5, 9, 9, EventClass::kArrival), EventAt(5, 1, 1, EventClass::kSessionTimer)));
  EXPECT_TRUE(Before(EventAt(5, 1, 9), EventAt(5, 2, 1)));
  EXPECT_TRUE(Before(EventAt(5, 1, 1), EventAt(5, 1, 2)));
  EXPECT_TRUE(
      Before(EventAt(4, 9, 9, EventClass::kSessionTimer), EventAt(5, 1, 1, EventClass::kTruth)));
}

std::vector<uint32_t> OrderUnder(TieMode mode) {
  Simulator<> simulator;
  simulator.Reset(mode);
  for (uint32_t i = 0; i < 40; ++i) simulator.Schedule(EventAt(7, i % 8, i));
  std::vector<uint32_t> order;
  Event e;
  while (simulator.Next(kNever, &e)) order.push_back(e.entity());
  return order;
}

TEST(SimulatorTest, EachTieModeIsAnOrderOfTheSameEvents) {
  const std::vector<uint32_t> canonical = OrderUnder(TieMode::kCanonical);
  EXPECT_TRUE(std::is_sorted(canonical.begin(), canonical.end()));
  std::vector<uint32_t> reversed = OrderUnder(TieMode::kReversed);
  EXPECT_TRUE(std::is_sorted(reversed.rbegin(), reversed.rend()));
  std::vector<uint32_t> shuffled = OrderUnder(TieMode::kShuffled);
  EXPECT_NE(shuffled, canonical);
  EXPECT_NE(shuffled, reversed);
  EXPECT_EQ(shuffled, OrderUnder(TieMode::kShuffled));
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, canonical);
}

TEST(SimulatorTest, TheClockStopsBeforeTheEnd) {
  Simulator<> simulator;
  simulator.Reset(TieMode::kCanonical);
  simulator.Schedule(EventAt(10, 1, 1));
  simulator.Schedule(EventAt(20, 1, 2));
  Event e;
  EXPECT_TRUE(simulator.Next(kStart + Nanoseconds(20), &e));
  EXPECT_EQ(simulator.now(), kStart + Nanoseconds(10));
  EXPECT_FALSE(simulator.Next(kStart + Nanoseconds(20), &e));  // an event at the end is not taken
  EXPECT_EQ(simulator.popped(), 1u);
  EXPECT_FALSE(simulator.empty());
}

TEST(SimulatorDeathTest, ThePastCannotBeScheduled) {
  Simulator<> simulator;
  simulator.Reset(TieMode::kCanonical);
  simulator.Schedule(EventAt(10, 1, 1));
  Event e;
  ASSERT_TRUE(simulator.Next(kNever, &e));
  EXPECT_DEATH(simulator.Schedule(EventAt(9, 1, 2)), "now_");
}

// What is seen ahead is what is popped, nearly always.
TEST(RadixQueueTest, KnowsWhatComesAfterTheNext) {
  RadixQueue queue(/*sort_at_once=*/512);
  const RandomSource luck(GroupKey(1, "queue"), 2);
  queue.Push(EventAt(0, 1, 20000));
  for (uint32_t i = 0; i < 20000; ++i) {
    queue.Push(EventAt(luck.Block(Purpose::kTest, i).w[0] * int64_t{15}, 1, i));
  }
  size_t right = 0;
  while (queue.size() > 1) {
    const Event* const ahead = queue.Ahead(1);
    const uint64_t order = ahead != nullptr ? ahead->order : 0;
    queue.Pop();
    if (queue.Top().order == order) ++right;
  }
  EXPECT_GT(right, 19000u);
}

}  // namespace
}  // namespace keepsim
