// What becomes of a transmission: loss, bursts in time, latency, order, duplicates.
#include "sim/net/path.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace keepsim {
namespace {

constexpr int kMany = 100000;

RandomSource Luck(uint32_t client = 0) { return {GroupKey(1, "path"), client}; }

QuantileTable Law(DistributionSpec::Kind kind, Duration a, Duration b = {}) {
  DistributionSpec spec;
  spec.kind = kind;
  spec.a = a;
  spec.b = b;
  return QuantileTable(spec);
}

DirectionSpec Constant(Duration latency) {
  DirectionSpec spec;
  spec.latency = Law(DistributionSpec::Kind::kConstant, latency);
  return spec;
}

Transit SendAt(const DirectionSpec& spec, DirectionState& state, Instant now,
               const Degrade* degrade = nullptr) {
  return Send(spec, state, Luck(), Purpose::kSegmentUp, Purpose::kBurstUp, degrade, now);
}

// Four standard deviations of a share.
double Tolerance(double p) { return 4 * std::sqrt(p * (1 - p) / kMany); }

TEST(PathTest, ACleanPathDeliversAfterItsLatency) {
  const DirectionSpec spec = Constant(Milliseconds(50));
  DirectionState state;
  for (int i = 0; i < 100; ++i) {
    const Instant now = kStart + Seconds(i);
    const Transit t = SendAt(spec, state, now);
    ASSERT_EQ(t.fate, Fate::kDelivered);
    ASSERT_EQ(t.arrives_at, now + Milliseconds(50));
    ASSERT_EQ(t.duplicate_at, kNever);
  }
}

TEST(PathTest, IndependentLossStrikesItsShareAndNotTwiceInARowMoreOften) {
  DirectionSpec spec = Constant(Milliseconds(1));
  spec.loss = Probability::FromDouble(0.1);
  DirectionState state;
  int lost = 0;
  int twice = 0;
  bool before = false;
  for (int i = 0; i < kMany; ++i) {
    const bool now = SendAt(spec, state, kStart + Milliseconds(i)).fate == Fate::kLostIndependent;
    lost += now;
    twice += now && before;
    before = now;
  }
  EXPECT_NEAR(static_cast<double>(lost) / kMany, 0.1, Tolerance(0.1));
  EXPECT_NEAR(static_cast<double>(twice) / kMany, 0.01, 2 * Tolerance(0.01));
}

TEST(PathTest, LossOfOneLosesAllAndOfNoneNothing) {
  DirectionSpec spec = Constant(Milliseconds(1));
  DirectionState state;
  spec.loss = Probability::FromDouble(1);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(SendAt(spec, state, kStart).fate, Fate::kLostIndependent);
  }
  spec.loss = Probability::FromDouble(0);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(SendAt(spec, state, kStart).fate, Fate::kDelivered);
}

// Gilbert-Elliott in time: the share of bad time is mean_bad / (mean_good + mean_bad), and how
// often is sent does not change it.
TEST(PathTest, BurstsLastSecondsAndNotPackets) {
  DirectionSpec spec = Constant(Milliseconds(1));
  spec.burst.enabled = true;
  spec.burst.good_sojourn = Law(DistributionSpec::Kind::kExponential, Seconds(90));
  spec.burst.bad_sojourn = Law(DistributionSpec::Kind::kExponential, Seconds(10));
  spec.burst.loss_bad = Probability::FromDouble(1);
  for (const Duration gap : {Milliseconds(200), Seconds(60)}) {
    DirectionState state;
    int lost = 0;
    int stays = 0;  // lost, and the next as well
    bool before = false;
    for (int i = 0; i < kMany; ++i) {
      const bool now = SendAt(spec, state, kStart + gap * i).fate == Fate::kLostBurst;
      lost += now;
      stays += now && before;
      before = now;
    }
    const double share = static_cast<double>(lost) / kMany;
    // Sent every 200 ms, 100000 transmissions see only 200 cycles.
    EXPECT_NEAR(share, 0.1, gap < Seconds(1) ? 0.03 : 0.006);
    const double again = static_cast<double>(stays) / lost;
    // P(bad at t + gap | bad at t) = 0.1 + 0.9 exp(-gap (1/10 + 1/90)).
    const double expected = 0.1 + 0.9 * std::exp(-ToSeconds(gap) / 9);
    EXPECT_NEAR(again, expected, 0.02);
  }
}

TEST(PathTest, ADegradationAddsLossAndLatency) {
  const DirectionSpec spec = Constant(Milliseconds(5));
  Degrade degrade;
  degrade.loss = Probability::FromDouble(0.5);
  degrade.extra_latency = Milliseconds(100);
  DirectionState state;
  int lost = 0;
  for (int i = 0; i < kMany; ++i) {
    const Transit t = SendAt(spec, state, kStart, &degrade);
    lost += t.fate == Fate::kLostDegraded;
    ASSERT_EQ(t.arrives_at, t.fate == Fate::kDelivered ? kStart + Milliseconds(105) : kNever);
  }
  EXPECT_NEAR(static_cast<double>(lost) / kMany, 0.5, Tolerance(0.5));
}

TEST(PathTest, PacketsOvertakeUnlessOrderIsKept) {
  DirectionSpec spec;
  spec.latency = Law(DistributionSpec::Kind::kUniform, Milliseconds(0), Milliseconds(100));
  for (const bool keep : {false, true}) {
    spec.keep_order = keep;
    DirectionState state;
    Instant last = kLongAgo;
    int overtaken = 0;
    for (int i = 0; i < 1000; ++i) {
      const Instant arrives = SendAt(spec, state, kStart + Milliseconds(i)).arrives_at;
      overtaken += arrives < last;
      last = arrives;
    }
    EXPECT_EQ(overtaken > 0, !keep);
  }
}

TEST(PathTest, DuplicatesHaveALatencyOfTheirOwn) {
  DirectionSpec spec;
  spec.latency = Law(DistributionSpec::Kind::kUniform, Milliseconds(10), Milliseconds(90));
  spec.duplicate = Probability::FromDouble(0.25);
  DirectionState state;
  int copies = 0;
  int together = 0;
  for (int i = 0; i < kMany; ++i) {
    const Transit t = SendAt(spec, state, kStart);
    if (t.duplicate_at == kNever) continue;
    ++copies;
    together += t.duplicate_at == t.arrives_at;
    ASSERT_GE(t.duplicate_at, kStart + Milliseconds(10));
    ASSERT_LE(t.duplicate_at, kStart + Milliseconds(90));
  }
  EXPECT_NEAR(static_cast<double>(copies) / kMany, 0.25, Tolerance(0.25));
  EXPECT_LT(together, copies / 100);
}

// Draws have addresses: what one feature uses shifts nobody else's luck.
TEST(PathTest, TheFateOfATransmissionDependsOnItsNumberAlone) {
  DirectionSpec plain = Constant(Milliseconds(1));
  plain.loss = Probability::FromDouble(0.3);
  DirectionSpec rich = plain;
  rich.duplicate = Probability::FromDouble(0.5);
  rich.burst.enabled = true;
  rich.burst.good_sojourn = Law(DistributionSpec::Kind::kExponential, Seconds(1));
  rich.burst.bad_sojourn = Law(DistributionSpec::Kind::kExponential, Seconds(1));
  DirectionState a;
  DirectionState b;
  for (int i = 0; i < 1000; ++i) {
    const bool lost_a = SendAt(plain, a, kStart + Seconds(i)).fate == Fate::kLostIndependent;
    const bool lost_b = SendAt(rich, b, kStart + Seconds(i)).fate == Fate::kLostIndependent;
    ASSERT_EQ(lost_a, lost_b) << i;
  }
}

}  // namespace
}  // namespace keepsim
