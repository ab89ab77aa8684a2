// Differences between runs: what moved, what did not, and how sure that is.
#include "sim/run/comparison.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/run_summary.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

RunSummary SummaryFor(const std::string& keep_alive, int seed) {
  Diagnostics diagnostics;
  const LoadedScenario scenario =
      LoadText("seed: " + std::to_string(seed) + R"( name: "compared" horizon: "6h"
      groups {
        name: "g" count: 60 start { spread: "60s" } keep_alive: ")" +
                   keep_alive + R"("
        path { both { latency { exponential { mean: "40ms" } } loss: 0.05 } }
        random_faults { fault: CRASH gap { exponential { mean: "1h" } } length { constant: "10m" } }
      })",
               ScenarioFormat::kText, "test", diagnostics);
  Plan plan = Compile(scenario, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  plan.Link();
  const auto result = keepsim::Run(plan, {});
  EXPECT_TRUE(result.ok());
  return SummaryOf(*result, plan, scenario);
}

const pb::MetricDifference& Of(const pb::Comparison& c, const std::string& metric) {
  for (const pb::MetricDifference& d : c.differences()) {
    if (d.metric() == metric) return d;
  }
  ADD_FAILURE() << metric << " is not there";
  return pb::MetricDifference::default_instance();
}

TEST(ComparisonTest, TwiceTheKeepAliveTakesTwiceAsLong) {
  const auto c = Compare(SummaryFor("30s", 1), SummaryFor("60s", 2));
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_FALSE(c->same_digest());
  const pb::MetricDifference& median = Of(*c, "detection.broker.p50_s");
  EXPECT_TRUE(median.clear());
  // The medians are K: 30 s and 60 s.
  EXPECT_LE(median.low(), 30);
  EXPECT_GE(median.high(), 30);
  EXPECT_LT(median.high() - median.low(), 15);
  const pb::MetricDifference& packets = Of(*c, "cost.packets_per_client_day");
  EXPECT_TRUE(packets.clear());
  EXPECT_LT(packets.high(), -2000);
  EXPECT_THAT(ToReport(*c), HasSubstr("detection.broker.p50_s"));
}

TEST(ComparisonTest, TheSameSystemWithAnotherSeedHasNoClearDifference) {
  const auto c = Compare(SummaryFor("30s", 1), SummaryFor("30s", 2));
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_FALSE(Of(*c, "detection.broker.p50_s").clear());
  EXPECT_FALSE(Of(*c, "declarations.broker.true_per_client_day").clear());
  EXPECT_FALSE(Of(*c, "cost.packets_per_client_day").clear());
  EXPECT_FALSE(c->same_digest());
}

TEST(ComparisonTest, ARunAndItself) {
  const RunSummary run = SummaryFor("30s", 1);
  const auto c = Compare(run, run, "g");
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_TRUE(c->same_digest());
  for (const pb::MetricDifference& d : c->differences()) EXPECT_EQ(d.difference(), 0) << d.metric();
}

TEST(ComparisonTest, AGroupThatIsNotThere) {
  const RunSummary run = SummaryFor("30s", 1);
  const auto c = Compare(run, run, "h");
  EXPECT_FALSE(c.ok());
}

}  // namespace
}  // namespace keepsim
