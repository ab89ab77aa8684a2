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
