// Host clocks and renewal processes.
#include "sim/net/timeline.h"

#include "gtest/gtest.h"

namespace keepsim {
namespace {

TEST(HostClockTest, ARightClockIsTheGlobalOne) {
  const HostClock clock;
  EXPECT_EQ(clock.Local(kStart + Seconds(5)), kStart + Seconds(5));
  EXPECT_EQ(clock.Global(kStart + Seconds(5)), kStart + Seconds(5));
  EXPECT_EQ(clock.Global(kNever), kNever);
}

TEST(HostClockTest, DriftGainsAndLoses) {
  HostClock fast;
  fast.SetDrift(kStart, 50000);  // 50 ppm: 4.32 s a day
  EXPECT_EQ(fast.Local(kStart + Seconds(86400)), kStart + Seconds(86400) + Milliseconds(4320));
  HostClock slow;
  slow.SetDrift(kStart, -500000000);
  EXPECT_EQ(slow.Local(kStart + Seconds(10)), kStart + Seconds(5));
  EXPECT_EQ(slow.Global(kStart + Seconds(5)), kStart + Seconds(10));
}

// Global(l) is the earliest instant whose local time has reached l: exactly, for every drift, or a
// deadline would fire early or a nanosecond late.
TEST(HostClockTest, GlobalIsTheEarliestInstantThatHasReachedTheLocalOne) {
  const RandomSource luck(GroupKey(1, "clock"), 0);
  for (uint64_t i = 0; i < 20000; ++i) {
    const RandomBlock u = luck.Block(Purpose::kTest, i);
    HostClock clock;
    clock.SetDrift(kStart + Nanoseconds(u.w[0]), static_cast<int64_t>(u.w[1]) % 500000000);
    clock.SetDrift(kStart + Nanoseconds(int64_t{u.w[0]} + u.w[2]),
                   -static_cast<int64_t>(u.w[3] % 500000000));
    const Instant local = clock.Local(kStart + Nanoseconds(int64_t{u.w[0]} * 3 + u.w[2]));
    const Instant global = clock.Global(local);
    ASSERT_GE(clock.Local(global), local) << i;
    ASSERT_LT(clock.Local(global - Nanoseconds(1)), local) << i;
  }
}

TEST(HostClockTest, AChangeOfDriftMakesNoJump) {
  HostClock clock;
  clock.SetDrift(kStart + Seconds(100), 300000000);
  const Instant before = clock.Local(kStart + Seconds(200));
  clock.SetDrift(kStart + Seconds(200), -300000000);
  EXPECT_EQ(clock.Local(kStart + Seconds(200)), before);
  EXPECT_EQ(clock.Local(kStart + Seconds(210)), before + Seconds(7));
}

QuantileTable Constant(Duration d) {
  DistributionSpec spec;
  spec.a = d;
  return QuantileTable(spec);
}

TEST(RenewalTest, AGapBeginsWhereTheLastOneEnded) {
  const RenewalSpec spec{Constant(Seconds(100)), Constant(Seconds(7))};
  RenewalState state;
  const RandomSource luck(GroupKey(1, "renewal"), 0);
  for (int i = 0; i < 5; ++i) {
    const Interval x = Next(spec, state, luck, Purpose::kOutageGap, Purpose::kOutageLength);
    EXPECT_EQ(x.from, kStart + Seconds(100 + i * 107));
    EXPECT_EQ(x.to, x.from + Seconds(7));
  }
}

TEST(RenewalTest, WhatLastsForeverIsTheLast) {
  const RenewalSpec spec{Constant(Seconds(100)), Constant(kForever)};
  RenewalState state;
  const RandomSource luck(GroupKey(1, "renewal"), 0);
  const Interval x = Next(spec, state, luck, Purpose::kOutageGap, Purpose::kOutageLength);
  EXPECT_EQ(x.from, kStart + Seconds(100));
  EXPECT_EQ(x.to, kNever);
  EXPECT_EQ(Next(spec, state, luck, Purpose::kOutageGap, Purpose::kOutageLength).from, kNever);
}

}  // namespace
}  // namespace keepsim
