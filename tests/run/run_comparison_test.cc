// Two runs client by client: pairs, bootstrap of latencies, verdicts.
#include "sim/run/run_comparison.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/run/bootstrap.h"
#include "sim/run/comparison_text.h"
#include "sim/run/run_summary.h"
#include "tests/run/stored_run.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

double Uniform(uint32_t stream, uint64_t i) {
  const RandomSource luck(GroupKey(3, "run_comparison_test"), stream);
  return (static_cast<double>(luck.Draw64(Purpose::kTest, i) >> 11) + 0.5) * 0x1p-53;
}

std::vector<std::optional<BootstrapDifference>> Bootstrap(const std::vector<std::vector<double>>& a,
                                                          const std::vector<std::vector<double>>& b,
                                                          const std::vector<double>& shares) {
  std::vector<ClientValues> clients;
  for (size_t i = 0; i < a.size(); ++i) clients.push_back({&a[i], &b[i]});
  return BootstrapDifferences(clients, shares);
}

TEST(BootstrapTest, AMeansIntervalIsAboutThatOfTheNormalLaw) {
  // Pairs that share their luck, and differ by 1 with a deviation of 0.1 sqrt(1 / 12) x 10.
  std::vector<std::vector<double>> a;
  std::vector<std::vector<double>> b;
  double mean = 0;
  double squares = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    const double common = 50 * Uniform(0, i);
    const double d = 1 + 2 * (Uniform(1, i) - 0.5);
    a.push_back({common});
    b.push_back({common + d});
    mean += d / 400;
    squares += (d - 1) * (d - 1) / 400;
  }
  const auto found = Bootstrap(a, b, {kMeanShare, 0.5})[0];
  ASSERT_TRUE(found && found->interval);
  EXPECT_NEAR(found->b - found->a, mean, 1e-9);
  const double half = 1.96 * std::sqrt(squares / 400);
  EXPECT_NEAR(found->interval->low, mean - half, half / 5);
  EXPECT_NEAR(found->interval->high, mean + half, half / 5);
  EXPECT_LE(*found->p_value, 2 / 2000.0 + 1e-12);
}

// Whether the difference of the quantiles of two laws is within its interval, and found to be none
// where there is none, as often as it should be.
TEST(BootstrapTest, QuantilesAreCoveredAndEqualOnesAreNotToldApart) {
  int covered = 0;
  int shown = 0;
  constexpr int kTimes = 60;
  for (uint32_t t = 0; t < kTimes; ++t) {
    std::vector<std::vector<double>> a(100);
    std::vector<std::vector<double>> b(100);
    std::vector<std::vector<double>> c(100);
    for (uint64_t i = 0; i < 100; ++i) {
      for (uint64_t k = 0; k < 3; ++k) {
        a[i].push_back(30 * Uniform(4 * t + 10, 8 * i + k));
        b[i].push_back(60 * Uniform(4 * t + 11, 8 * i + k));
        c[i].push_back(30 * Uniform(4 * t + 12, 8 * i + k));
      }
      for (auto* of : {&a[i], &b[i], &c[i]}) std::sort(of->begin(), of->end());
    }
    const auto differs = Bootstrap(a, b, {0.9})[0];
    covered += differs->interval->low <= 27 && 27 <= differs->interval->high;
    EXPECT_LT(*differs->p_value, 0.01);
    shown += *Bootstrap(a, c, {0.9})[0]->p_value < 0.05;
  }
  // 95 % of 60 is 57, with a deviation of 1.7.
  EXPECT_GE(covered, 52);
  EXPECT_LE(shown, 8);
}

TEST(BootstrapTest, TheSameArgumentsGiveTheSameAndTooFewValuesNone) {
  std::vector<std::vector<double>> a(30);
  std::vector<std::vector<double>> b(30);
  for (uint64_t i = 0; i < 30; ++i) {
    a[i] = {Uniform(5, i)};
    b[i] = {Uniform(6, i)};
  }
  const auto one = Bootstrap(a, b, {0.99, 0.5});
  const auto two = Bootstrap(a, b, {0.99, 0.5});
  EXPECT_EQ(one[1]->interval->low, two[1]->interval->low);
  EXPECT_EQ(one[1]->p_value, two[1]->p_value);
  // Of 30 values, none lies beyond p99.
  EXPECT_FALSE(one[0]->interval);
  EXPECT_FALSE(Bootstrap(a, std::vector<std::vector<double>>(30), {0.5})[0]);
  // Equal values: nothing to show.
  EXPECT_EQ(Bootstrap(a, a, {0.5})[0]->p_value, 1);
}

std::string Scenario(const std::string& keep_alive, int seed, int count = 80) {
  return absl::StrCat("seed: ", seed, R"( name: "compared" horizon: "12h"
      groups {
        name: "g" count: )",
                      count, R"( start { spread: "60s" } keep_alive: ")", keep_alive, R"("
        path { both { latency { exponential { mean: "40ms" } } loss: 0.05 } }
        random_faults { fault: CRASH gap { exponential { mean: "1h" } } length { constant: "10m" } }
      })");
}

RunOutcomes OutcomesOf(const std::string& scenario) {
  const StoredRun run = Store(scenario);
  auto outcomes = ReadOutcomes(*run.trace);
  EXPECT_TRUE(outcomes.ok()) << outcomes.status();
  return *std::move(outcomes);
}

const pb::PointDifference& Of(const pb::PointComparison& c, const std::string& metric) {
  for (const pb::PointDifference& d : c.pairs(0).differences()) {
    if (d.metric() == metric) return d;
  }
  ADD_FAILURE() << metric << " is not there";
  return pb::PointDifference::default_instance();
}

TEST(RunOutcomesTest, ClientsAddUpToTheSummary) {
  const StoredRun run = Store(Scenario("30s", 1));
  const auto outcomes = ReadOutcomes(*run.trace);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  Diagnostics diagnostics;
  const LoadedScenario scenario =
      LoadText(Scenario("30s", 1), ScenarioFormat::kText, "scenario", diagnostics);
  const auto result = keepsim::Run(*run.plan, {});
  ASSERT_TRUE(result.ok()) << result.status();
  const RunSummary summary = SummaryOf(*result, *run.plan, scenario);
  int64_t detections = 0;
  int64_t declared = 0;
  double packets = 0;
  double longest = 0;
  for (const ClientOutcome& c : outcomes->groups[0].clients) {
    detections += static_cast<int64_t>(c.latencies_s[0].size());
    for (const double s : c.latencies_s[0]) longest = std::max(longest, s);
    for (const int64_t n : c.declarations[0]) declared += n;
    packets += static_cast<double>(c.packets);
  }
  EXPECT_GT(detections, 100);
  EXPECT_EQ(detections, summary.detection().broker().count());
  EXPECT_NEAR(longest, summary.detection().broker().max_s(), 1e-6);
  const auto& broker = summary.declarations().broker();
  EXPECT_EQ(declared, broker.true_count() + broker.transient_count() + broker.false_count());
  EXPECT_NEAR(packets / 80 / outcomes->days, summary.cost().packets_per_client_day(), 1e-6);
}

TEST(RunComparisonTest, TwiceTheKeepAliveIsSlowerAndCheaper) {
  const auto c = CompareClients(OutcomesOf(Scenario("30s", 1)), OutcomesOf(Scenario("60s", 1)), "");
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->pairs(0).clients(), 80u);
  const pb::PointDifference& median = Of(*c, "detection.broker.p50_s");
  EXPECT_EQ(median.method(), "bootstrap");
  EXPECT_EQ(median.verdict(), pb::PointDifference::WORSE);
  EXPECT_LE(median.low(), 30);
  EXPECT_GE(median.high(), 30);
  const pb::PointDifference& packets = Of(*c, "cost.packets_per_client_day");
  EXPECT_EQ(packets.verdict(), pb::PointDifference::BETTER);
  EXPECT_EQ(packets.method(), "paired t");
  EXPECT_THAT(ToReport(*c), HasSubstr("80 clients in common"));
  EXPECT_THAT(ToCsv(*c), HasSubstr(",bootstrap,"));
}

TEST(RunComparisonTest, TheSameSystemWithAnotherSeedShowsNoDifference) {
  const auto c =
      CompareClients(OutcomesOf(Scenario("30s", 1)), OutcomesOf(Scenario("30s", 2)), "g");
  ASSERT_TRUE(c.ok()) << c.status();
  for (const pb::PointDifference& d : c->pairs(0).differences()) {
    EXPECT_NE(d.verdict(), pb::PointDifference::BETTER) << d.metric();
    EXPECT_NE(d.verdict(), pb::PointDifference::WORSE) << d.metric();
    EXPECT_EQ(d.group(), "g");
  }
  EXPECT_THAT(ToReport(*c), HasSubstr("more such runs would settle it"));
}

TEST(RunComparisonTest, ARunIsEqualToItself) {
  const RunOutcomes run = OutcomesOf(Scenario("30s", 1));
  const auto c = CompareClients(run, run, "");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(Of(*c, "cost.packets_per_client_day").verdict(), pb::PointDifference::EQUAL);
  EXPECT_EQ(Of(*c, "detection.broker.p50_s").verdict(), pb::PointDifference::EQUAL);
  EXPECT_THAT(ToReport(*c), HasSubstr("equal at every client"));
}

TEST(RunComparisonTest, WhatHasNoPartnerIsRefused) {
  const RunOutcomes one = OutcomesOf(Scenario("30s", 1, 1));
  EXPECT_THAT(CompareClients(one, one, "").status().message(), HasSubstr("fewer than two"));
  RunOutcomes longer = one;
  longer.days *= 2;
  EXPECT_THAT(CompareClients(one, longer, "").status().message(), HasSubstr("horizons differ"));
}

}  // namespace
}  // namespace keepsim
