// Rare false declarations: against closed forms where no plain run reaches, against plain runs
// where they do, and whether the intervals hold.
#include "sim/run/rare.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/base/stats.h"
#include "sim/metrics/tally.h"
#include "sim/run/rare_interval.h"
#include "sim/run/rare_levels.h"
#include "sim/run/rare_occurrence.h"
#include "sim/run/runner.h"
#include "tests/run/rare_cases.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

pb::RareSummary Estimate(const Plan& plan, const RareOptions& options) {
  auto summary = EstimateRare(plan, options);
  EXPECT_TRUE(summary.ok()) << summary.status();
  return summary.ok() ? *std::move(summary) : pb::RareSummary();
}

// Of all groups, or of the only one.
const pb::RareRate& RateOf(const pb::RareSummary& summary, Observer observer) {
  for (const pb::RareRate& r : summary.rates()) {
    if (r.observer() == ObserverName(observer)) return r;
  }
  ADD_FAILURE() << "no rate by the " << ObserverName(observer);
  static const pb::RareRate kNone;
  return kNone;
}

double StandardError(const pb::RareRate& r) {
  return r.false_per_client_day() / std::sqrt(r.effective_count());
}

// ---- levels

rare::Waits WaitsOf(const std::vector<int>& seconds, int declared = 0) {
  rare::Waits waits;
  for (const int s : seconds) waits.Add(Seconds(s));
  for (int i = 0; i < declared; ++i) waits.Add(kForever);
  return waits;
}

TEST(RareLevelsTest, ALevelIsTheShortestThatFewEnoughExceed) {
  const rare::Waits waits = WaitsOf({5, 1, 4, 2, 3, 7, 6, 10, 9, 8});
  EXPECT_EQ(waits.Choose(2).level, Seconds(8));
  EXPECT_EQ(waits.Choose(2).beyond, 2);
  // Equal waits are all within the level or all beyond it.
  EXPECT_EQ(WaitsOf({1, 1, 1, 1, 1, 1, 1, 2}).Choose(4).level, Seconds(1));
  EXPECT_EQ(WaitsOf({1, 1, 1, 1, 1, 1, 1, 2}).Choose(4).beyond, 1);
  EXPECT_EQ(WaitsOf({1, 1, 1}).Choose(1).beyond, 0);
}

TEST(RareLevelsTest, DeclarationsAreBeyondEveryLevel) {
  EXPECT_EQ(WaitsOf({1, 2, 3, 4}, 1).Choose(2).level, Seconds(3));
  EXPECT_EQ(WaitsOf({1, 2, 3, 4}, 1).Choose(2).beyond, 2);
  EXPECT_EQ(WaitsOf({1, 2}, 5).Choose(2).level, Seconds(2));
  EXPECT_EQ(WaitsOf({1, 2}, 5).Choose(2).beyond, 5);
  EXPECT_EQ(WaitsOf({}, 5).Choose(2).beyond, 5);
}

TEST(RareLevelsTest, RareStepsGetMoreTrials) {
  EXPECT_EQ(rare::TrialsFor(rare::kShare, 100), 100);
  EXPECT_EQ(rare::TrialsFor(0.9, 100), 100);
  EXPECT_NEAR(static_cast<double>(rare::TrialsFor(0.01, 100)), 100 * std::sqrt(99.0 / 4), 1);
  EXPECT_EQ(rare::TrialsFor(1e-9, 100), 1600);
}

TEST(RareIntervalTest, OneCountOfEqualWeightsHasTheExactPoissonInterval) {
  const ConfidenceInterval exact = PoissonRateInterval(7, 1);
  const ConfidenceInterval same = WeightedCountInterval(7, 7, 1);
  EXPECT_NEAR(same.low, exact.low, 1e-9);
  EXPECT_NEAR(same.high, exact.high, 1e-9);
  EXPECT_NEAR(WeightedCountInterval(0, 0, 1).high, PoissonRateInterval(0, 1).high, 1e-9);
}

// ---- against closed forms

TEST(RareTest, MeetsTheClosedFormDownToOneInTenThousandMillion) {
  for (const double loss : {0.1, 0.03, 0.01, 0.003}) {
    const double expected = EagerRate(loss);
    const auto plan = PlanOf(EagerScenario(loss));
    const auto summary = Estimate(*plan, {.trials = 200});
    const pb::RareRate& broker = RateOf(summary, Observer::kBroker);
    EXPECT_LT(std::abs(broker.false_per_client_day() - expected), 4 * StandardError(broker))
        << loss << ": " << broker.false_per_client_day() << ", expected " << expected;
    EXPECT_LT(broker.ci95_low(), broker.false_per_client_day());
    EXPECT_GT(broker.ci95_high(), broker.false_per_client_day());
    EXPECT_GT(broker.effective_count(), 30) << loss;
    ASSERT_EQ(broker.causes_size(), 1);
    EXPECT_EQ(broker.causes(0).cause(), "packets_lost");
    // The clients never give up.
    const pb::RareRate& client = RateOf(summary, Observer::kClient);
    EXPECT_FALSE(client.has_false_per_client_day());
    EXPECT_EQ(client.ci95_high(), 0);
  }
}

// ---- against plain runs

TEST(RareTest, MeetsPlainRuns) {
  for (const RareCase& c : RareCases()) {
    SCOPED_TRACE(c.name);
    const auto plan = PlanOf(c.text);
    if (HasFailure()) return;
    const auto count = static_cast<double>(
        ResultOf(*plan).metrics->Total().DeclaredCount(c.observer, Verdict::kFalse));
    const double days = plan->client_count();
    const auto summary = Estimate(*plan, {.replications = 48, .trials = 150});
    const pb::RareRate& rare = RateOf(summary, c.observer);
    ASSERT_TRUE(rare.has_false_per_client_day());
    const double expected = rare.false_per_client_day();
    EXPECT_GT(count, 20) << "the plain run sees too little";
    const double error = std::hypot(std::sqrt(expected * days) / days, StandardError(rare));
    EXPECT_LT(std::abs(count / days - expected), 4 * error)
        << count / days << " per client-day by plain simulation, " << expected
        << " by splitting, of " << rare.effective_count();
  }
}

// ---- what seldom happens to a client

// Bad spells of 10 min once in ten years, in which all is lost.
std::string SeldomBad(double loss, int count) {
  return absl::StrCat(R"(name: "seldom" horizon: "1d" groups { name: "g" count: )", count,
                      R"( keep_alive: "60s" start { spread: "60s" }
      path { both { latency { lognormal { median: "80ms" sigma: 0.5 } } loss: )",
                      loss, R"( bursts { mean_good: "3650d" mean_bad: "10m" } } } })");
}

// In a plain run: each direction has its spells.
ConfidenceInterval PlainRate(double loss, Observer observer) {
  constexpr int kClients = 60000;
  const auto count = ResultOf(*PlanOf(SeldomBad(loss, kClients)))
                         .metrics->Total()
                         .DeclaredCount(observer, Verdict::kFalse);
  EXPECT_GT(count, 10);
  return PoissonRateInterval(count, kClients);
}

TEST(RareTest, ABoundHasRoomForWhatNoLifeMet) {
  const auto summary = Estimate(*PlanOf(SeldomBad(0, 1000)), {.replications = 16, .trials = 50});
  const pb::RareRate& r = RateOf(summary, Observer::kClient);
  EXPECT_FALSE(r.has_false_per_client_day());
  EXPECT_GT(r.ci95_high(), PlainRate(0, Observer::kClient).high);
  EXPECT_NE(r.note().find("bad spells come once in 3650 d: fewer than one was met"),
            std::string::npos)
      << r.note();
}

TEST(RareTest, AnIntervalHasRoomForWhatNoLifeMet) {
  const auto summary =
      Estimate(*PlanOf(SeldomBad(0.07, 1000)), {.replications = 16, .trials = 100});
  const pb::RareRate& r = RateOf(summary, Observer::kClient);
  ASSERT_TRUE(r.has_false_per_client_day());
  EXPECT_LT(r.ci95_low(), PlainRate(0.07, Observer::kClient).low);
  EXPECT_GT(r.ci95_high(), PlainRate(0.07, Observer::kClient).low);
  // The spells of both directions come 2 / 3650 times a client-day.
  EXPECT_GT(r.ci95_high(), 2 / 3650.0);
  EXPECT_LT(r.ci95_high(), 2 / 3650.0 + 1e-3);
  EXPECT_NE(r.note().find("bad spells"), std::string::npos) << r.note();
}

TEST(RareOccurrenceTest, WhatACauseMayDoIsBoundedByItsChanceAndItsLength) {
  const auto of = [](const std::string& text) {
    return rare::OccurrencesOf(*PlanOf(text), 0, Observer::kBroker);
  };
  const auto spells = of(SeldomBad(0, 1));
  ASSERT_EQ(spells.size(), 2U);
  EXPECT_NEAR(spells[0].chance, 1 / 3650.0, 1e-6);
  EXPECT_NEAR(spells[0].per_life, 1 / 3650.0, 1e-6);
  EXPECT_EQ(spells[0].declared, 1);
  EXPECT_TRUE(spells[0].Scarce(3650));
  EXPECT_FALSE(spells[0].Scarce(21 * 3650));
  // Some packets pass: a spell may meet silences of at least (90 s - 1 s) / 2.
  const auto leaky = of(R"(name: "x" horizon: "1d" groups { name: "g" count: 1 keep_alive: "60s"
    path { up { bursts { mean_good: "3650d" mean_bad: "10m" loss_bad: 0.5 } } } })");
  ASSERT_EQ(leaky.size(), 1U);
  EXPECT_NEAR(leaky[0].declared, 2 + 600 / 44.5, 0.1);
  // A crash is declared truly. A gap that is longer than the run never ends.
  const auto faults = of(R"(name: "x" horizon: "1d" groups { name: "g" count: 4 keep_alive: "60s"
    random_faults { fault: CRASH gap { exponential { mean: "10d" } } length { constant: "1m" } }
    random_faults { fault: FREEZE gap { exponential { mean: "10d" } } length { constant: "1m" } }
    random_faults { fault: SLEEP gap { constant: "2d" } length { constant: "1m" } }
    random_faults { fault: PATH_CUT gap { constant: "1h" } length { constant: "1m" } } }
    faults { name: "storm" at: "1h" duration: "1m" select { last: 1 share: 0.01 }
             degrade { loss: 0.5 } }
    faults { name: "late" at: "2d" degrade { loss: 0.5 } })");
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_EQ(faults[0].name, "faults (freeze)");
  EXPECT_NEAR(faults[0].chance, -std::expm1(-0.1), 1e-6);
  EXPECT_EQ(faults[1].chance, 0);
  EXPECT_FALSE(faults[1].Scarce(1));
  EXPECT_EQ(faults[2].chance, 1);
  EXPECT_FALSE(faults[2].Scarce(1));
  EXPECT_EQ(faults[3].name, "fault \"storm\"");
  EXPECT_NEAR(faults[3].chance, 0.005, 1e-9);
  EXPECT_EQ(faults[3].often, "strikes one client in 200");
}

// ---- the interval, the bound, the refusals

TEST(RareTest, IntervalsHoldAsOftenAsTheySay) {
  const double expected = EagerRate(0.02);
  constexpr int kSeeds = 100;
  int held = 0;
  std::vector<double> estimates;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    auto plan = PlanOf(EagerScenario(0.02));
    plan->seed = static_cast<uint64_t>(seed);
    const auto summary = Estimate(*plan, {.replications = 12, .trials = 40});
    const pb::RareRate& r = RateOf(summary, Observer::kBroker);
    held += r.ci95_low() <= expected && expected <= r.ci95_high();
    estimates.push_back(r.false_per_client_day());
  }
  // 95 of 100, but for what 100 draws may miss them by.
  EXPECT_GE(BinomialInterval(held, kSeeds, 0.99).high, 0.95) << held << " of " << kSeeds;
  double mean = 0, squares = 0;
  for (const double x : estimates) mean += x / kSeeds;
  for (const double x : estimates) squares += (x - mean) * (x - mean);
  const double error = std::sqrt(squares / (kSeeds - 1) / kSeeds);
  EXPECT_LT(std::abs(mean - expected), 4 * error) << mean << ", expected " << expected;
}

TEST(RareTest, ThreadsChangeNothing) {
  const auto plan = PlanOf(RareCases()[1].text);
  const auto one = Estimate(*plan, {.replications = 4, .trials = 20, .threads = 1});
  const auto three = Estimate(*plan, {.replications = 4, .trials = 20, .threads = 3});
  EXPECT_EQ(one.SerializeAsString(), three.SerializeAsString());
}

TEST(RareTest, WhereNothingStandsOutThereIsABoundAndNoEstimate) {
  const auto plan = PlanOf(R"(name: "quiet" horizon: "1d" groups { name: "g" count: 3
    keep_alive: "60s" path { both { latency { constant: "20ms" } } } })");
  const auto summary = Estimate(*plan, {.replications = 4, .trials = 20});
  for (const pb::RareRate& r : summary.rates()) {
    EXPECT_FALSE(r.has_false_per_client_day());
    EXPECT_GT(r.ci95_high(), 0);
    EXPECT_NE(r.note(), "");
  }
}

TEST(RareTest, GroupsCountByTheirClients) {
  const auto group = [](const char* name, int count, double loss) {
    return absl::StrCat("groups { name: \"", name, "\" count: ", count,
                        R"( keep_alive: "60s" client: "eager" path { transport: DATAGRAM
                            up { latency { constant: "20ms" } loss: )",
                        loss, R"( } down { latency { constant: "20ms" } } } })");
  };
  const auto plan = PlanOf(absl::StrCat(
      R"(name: "two" horizon: "1d" client_profiles { name: "eager" pingresp_rule: NEVER
         ping_factor: 0.35 one_ping_at_a_time: false })",
      group("good", 3, 0.02), group("bad", 1, 0.04)));
  const auto summary = Estimate(*plan, {.trials = 200});
  ASSERT_EQ(summary.rates_size(), 6);
  const pb::RareRate& all = RateOf(summary, Observer::kBroker);
  EXPECT_EQ(all.group(), "");
  const double expected = (3 * EagerRate(0.02) + EagerRate(0.04)) / 4;
  EXPECT_LT(std::abs(all.false_per_client_day() - expected), 4 * StandardError(all));
  const auto one = Estimate(*plan, {.replications = 4, .trials = 20, .group = "bad"});
  ASSERT_EQ(one.rates_size(), 2);
  EXPECT_EQ(one.rates(0).group(), "bad");
}

TEST(RareTest, ClientsThatAreNotOnTheirOwnAreRefused) {
  const auto why = [](const std::string& text, const std::string& group = "") {
    return std::string(CheckRare(*PlanOf(text), group).message());
  };
  EXPECT_NE(why(R"(name: "x" horizon: "1d" groups { name: "g" count: 3 }
                   broker { accept_per_second: 10 })")
                .find("limits"),
            std::string::npos);
  EXPECT_NE(why(R"(name: "x" horizon: "1d" groups { name: "g" count: 3
                   connect { client_id: "same" } })")
                .find("share a client id"),
            std::string::npos);
  EXPECT_NE(
      why(R"(name: "x" horizon: "1d" groups { name: "meters" count: 3 })", "metres").find("meters"),
      std::string::npos);
}

}  // namespace
}  // namespace keepsim
