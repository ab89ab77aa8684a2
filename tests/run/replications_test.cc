// Running until a number is known: does the interval hold at the moment at which one stops?
#include "sim/run/replications.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/base/confidence_sequence.h"
#include "sim/base/random.h"

namespace keepsim {
namespace {

constexpr int kRepetitions = 1000;

// What repetition `i` sees in its run number `r`: uniform in (0, 1).
double Uniform(int i, uint32_t r, uint32_t n = 0) {
  const RandomSource luck(GroupKey(7, "replications_test"), static_cast<uint32_t>(i));
  const uint64_t u = luck.Draw64(Purpose::kTest + n, r);
  return (static_cast<double>(u >> 11) + 0.5) * 0x1p-53;
}

double Normal(int i, uint32_t r) { return 10 + 3 * NormalQuantile(Uniform(i, r)); }

// Events of a Poisson process of this mean.
double Poisson(double mean, double u) {
  double p = std::exp(-mean);
  double below = p;
  int n = 0;
  while (below < u && n < 1000) below += p *= mean / ++n;
  return n;
}

Sweep SweepUntilKnown(const std::string& metric, double width, uint32_t least, uint32_t batch,
                      uint32_t most = 2000) {
  Sweep sweep;
  sweep.points.resize(1);
  sweep.first_seed = 5;
  sweep.until = SweepUntil{metric, "", width, 0, least, most, batch};
  sweep.replications = most;
  return sweep;
}

StoredRun RunOf(uint32_t r, std::vector<Measurement> metrics) {
  StoredRun run;
  run.seed = 5 + r;
  run.metrics = std::move(metrics);
  return run;
}

using Draw = std::function<Observation(int i, uint32_t r)>;

struct Found {
  double covered = 0;    // share of repetitions whose interval holds the truth when they stop
  double mean_runs = 0;  // that it took
  double reached = 0;    // share that stopped because it was known
};

Found Repeat(const Sweep& sweep, double truth, const Draw& draw) {
  Found found;
  for (int i = 0; i < kRepetitions; ++i) {
    PointReplications point(sweep);
    std::vector<Observation> seen;
    for (uint32_t r = 0; !point.finished(); ++r) {
      seen.push_back(draw(i, r));
      point.Add(5 + r, true, seen.back());
    }
    const auto e = EstimateSequentially(seen);
    found.covered += e->interval && e->interval->low <= truth && truth <= e->interval->high;
    found.mean_runs += static_cast<double>(seen.size());
    found.reached += point.reached();
  }
  found.covered /= kRepetitions;
  found.mean_runs /= kRepetitions;
  found.reached /= kRepetitions;
  return found;
}

// Looks at Student's interval, made for a fixed number of runs, after every run.
Found RepeatNaively(double width, uint32_t least, double truth, const Draw& draw) {
  Found found;
  for (int i = 0; i < kRepetitions; ++i) {
    double sum = 0;
    double squares = 0;
    for (uint32_t r = 0;; ++r) {
      const double x = draw(i, r).value;
      sum += x;
      squares += x * x;
      const double n = r + 1;
      if (r + 1 < least) continue;
      const double mean = sum / n;
      const double variance = std::max(0.0, (squares - sum * mean) / (n - 1));
      const double half = StudentQuantile(0.975, n - 1) * std::sqrt(variance / n);
      if (half > width * std::fabs(mean) && r < 2000) continue;
      found.covered += std::fabs(mean - truth) <= half;
      found.mean_runs += n;
      break;
    }
  }
  found.covered /= kRepetitions;
  found.mean_runs /= kRepetitions;
  return found;
}

// Three standard deviations of a share of 95 % of the repetitions.
const double kError = 3 * std::sqrt(0.95 * 0.05 / kRepetitions);

TEST(ReplicationsTest, TheIntervalHoldsWhenItStopsWhereTheNaiveOneDoesNot) {
  const Draw draw = [](int i, uint32_t r) { return Observation{Normal(i, r), std::nullopt}; };
  for (const double width : {0.25, 0.1}) {
    const Found safe = Repeat(SweepUntilKnown("detection.broker.p99_s", width, 2, 1), 10, draw);
    const Found naive = RepeatNaively(width, 2, 10, draw);
    RecordProperty(absl::StrCat("width_", width),
                   absl::StrCat("safe ", safe.covered, " with ", safe.mean_runs, " runs, naive ",
                                naive.covered, " with ", naive.mean_runs));
    EXPECT_GE(safe.covered, 0.95 - kError) << width;
    EXPECT_EQ(safe.reached, 1) << width;
    EXPECT_LT(naive.covered, 0.95 - kError) << width;
    // Safety is not bought with running for ever.
    EXPECT_LT(safe.mean_runs, 5 * naive.mean_runs + 10) << width;
  }
}

TEST(ReplicationsTest, RatesHoldWhetherTheirEventsComeAloneOrInClusters) {
  // Independent events, some 0.4 a run, in exposures of 20.
  const Draw alone = [](int i, uint32_t r) {
    return Observation{Poisson(0.4, Uniform(i, r)), 20.0};
  };
  const std::string metric = "declarations.client.false_per_client_day";
  const Found a = Repeat(SweepUntilKnown(metric, 0.5, 5, 5), 0.02, alone);
  EXPECT_GE(a.covered, 0.95 - kError);
  EXPECT_EQ(a.reached, 1);
  // One run in five has an outage that strikes twenty clients.
  const Draw clusters = [](int i, uint32_t r) {
    const double outage = Uniform(i, r, 1) < 0.2 ? Poisson(20, Uniform(i, r, 2)) : 0;
    return Observation{outage + Poisson(0.4, Uniform(i, r)), 20.0};
  };
  const Found c = Repeat(SweepUntilKnown(metric, 0.5, 5, 5), 0.22, clusters);
  EXPECT_GE(c.covered, 0.95 - kError);
  EXPECT_EQ(c.reached, 1);
  // Clusters take more runs for the same precision, though they have more events.
  EXPECT_GT(c.mean_runs, a.mean_runs / 5);
}

TEST(ReplicationsTest, NothingSeenIsNotKnown) {
  // No event in 50 runs: the rate has an upper bound, and the limit ends it.
  PointReplications none(SweepUntilKnown("qos.mistake_rate_per_client_day", 0.1, 5, 5, 50));
  std::vector<Observation> seen;
  for (uint32_t r = 0; r < 60; ++r) {
    seen.push_back({0, 2.0});
    none.Add(5 + r, true, seen.back());
  }
  EXPECT_TRUE(none.finished());
  EXPECT_FALSE(none.reached());
  EXPECT_EQ(none.wanted(), 50u);
  const auto e = EstimateSequentially(seen);
  EXPECT_EQ(e->interval->low, 0);
  EXPECT_GT(e->interval->high, 3 / 120.0);
  EXPECT_LT(e->interval->high, 6 / 120.0);
  // A number that was never measured is not known either.
  PointReplications absent(SweepUntilKnown("detection.broker.p99_s", 0.1, 5, 5, 20));
  for (uint32_t r = 0; r < 20; ++r) absent.Add(RunOf(r, {{"other", "", 1}}));
  EXPECT_TRUE(absent.finished());
  EXPECT_FALSE(absent.reached());
  // One that is always the same is, after the least number of runs.
  PointReplications constant(SweepUntilKnown("detection.broker.p99_s", 0.1, 7, 5));
  for (uint32_t r = 0; r < 7; ++r) {
    EXPECT_FALSE(constant.finished());
    constant.Add(RunOf(r, {{"detection.broker.p99_s", "", 90}}));
  }
  EXPECT_TRUE(constant.reached());
}

TEST(ReplicationsTest, TheOrderOfResultsSaysNothing) {
  const Sweep sweep = SweepUntilKnown("detection.broker.p99_s", 0.2, 4, 3, 100);
  PointReplications in_order(sweep);
  uint32_t n = 0;
  for (; !in_order.finished(); ++n) {
    in_order.Add(RunOf(n, {{"detection.broker.p99_s", "", Normal(1, n)}}));
  }
  EXPECT_EQ(in_order.wanted(), n);
  EXPECT_EQ((n - 4) % 3, 0u);
  EXPECT_GT(n, 4u);
  PointReplications backwards(sweep);
  for (uint32_t r = n; r-- > 0;) {
    EXPECT_FALSE(backwards.finished());
    backwards.Add(RunOf(r, {{"detection.broker.p99_s", "", Normal(1, r)}}));
    backwards.Add(RunOf(r, {{"detection.broker.p99_s", "", 1e9}}));  // again: not looked at
  }
  EXPECT_TRUE(backwards.reached());
  EXPECT_EQ(backwards.wanted(), n);
}

TEST(ConfidenceSequenceTest, WidthsAreThoseOfTheFormula) {
  // By hand: n = 10, squares 82.5, r = 1 / 11, bound (400 * 11)^(1 / 10) = 2.3136,
  // u = 1.3136 / (1 - 0.21033) = 1.6635, half = sqrt(82.5 * 1.6635 / 10) = 3.7046.
  const auto i = MeanSequence({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  ASSERT_TRUE(i);
  EXPECT_NEAR(i->low, 5.5 - 3.7046, 1e-3);
  EXPECT_NEAR(i->high, 5.5 + 3.7046, 1e-3);
  EXPECT_FALSE(MeanSequence({1, 2, 3, 4}));  // four values say nothing
  EXPECT_TRUE(MeanSequence({1, 2, 3, 4, 5}));
  EXPECT_FALSE(MeanSequence({1}));
  EXPECT_EQ(MeanSequence({2, 2})->high, 2);
}

TEST(ConfidenceSequenceTest, RatesAreNarrowOverFiveDecades) {
  EXPECT_EQ(RateSequence(0, 0, 1).low, 0);
  EXPECT_TRUE(std::isinf(RateSequence(0, 0, 1).high));
  for (const int64_t count : {0, 1, 10, 100, 1000, 100000}) {
    const ConfidenceInterval exact = PoissonRateInterval(count, 20);
    const ConfidenceInterval i = RateSequence(count, 20, 2);
    const double rate = static_cast<double>(count) / 20;
    EXPECT_LE(i.low, exact.low) << count;
    EXPECT_GE(i.high, exact.high) << count;
    EXPECT_LT(i.high - rate, 2.6 * (exact.high - rate)) << count;
  }
}

}  // namespace
}  // namespace keepsim
