// Runs against closed forms, over a grid; and a wrong broker is seen to miss them.
#include "sim/run/theory.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/run/runner.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

std::vector<TheoreticalFigure> FiguresOf(const Plan& plan) {
  const RunResult result = ResultOf(plan);
  return TheoryOf(plan, result.metrics->groups());
}

// One figure is expected, and to be met within four standard errors: of the 26 cases below one in
// six hundred runs would fail by chance, and the seeds are fixed.
void ExpectMet(const Plan& plan, const std::string& quantity) {
  const auto figures = FiguresOf(plan);
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_NE(figures[0].quantity.find(quantity), std::string::npos) << figures[0].quantity;
  EXPECT_LT(std::abs(figures[0].z()), 4)
      << figures[0].quantity << ": " << figures[0].simulated << ", expected " << figures[0].expected
      << " +- " << figures[0].standard_error;
}

std::string Crashes(const std::string& transport, const std::string& latency, int keep_alive_s,
                    const std::string& gap) {
  return absl::StrCat(
      R"(name: "crashes" horizon: "5d" groups { name: "g" count: 300 keep_alive: ")", keep_alive_s,
      R"(s" start { spread: "60s" } path { transport: )", transport, " both { latency { ", latency,
      " } } } random_faults { fault: CRASH gap { exponential { mean: \"", gap,
      "\" } } length { constant: \"20m\" } } }");
}

TEST(TheoryTest, DetectionOfCrashes) {
  for (const char* transport : {"TCP", "DATAGRAM"}) {
    for (const char* latency :
         {R"(constant: "100ms")", R"(lognormal { median: "2s" sigma: 0.5 })"}) {
      ExpectMet(*PlanOf(Crashes(transport, latency, 60, "4h")), "detection");
    }
  }
  // Lives not much longer than the interval: the phase is no longer uniform.
  ExpectMet(*PlanOf(Crashes("TCP", R"(constant: "100ms")", 600, "20m")), "detection");
}

TEST(TheoryTest, AnsweredPings) {
  for (const double up : {0.01, 0.1, 0.4}) {
    for (const double down : {0.0, 0.05, 0.4}) {
      ExpectMet(*PlanOf(absl::StrCat(R"(name: "pings" horizon: "2d" groups {
          name: "g" count: 100 keep_alive: "60s" path { transport: DATAGRAM
          up { latency { uniform { low: "10ms" high: "9s" } } loss: )",
                                     up, R"( } down { loss: )", down, " } } }")),
                "gives up");
    }
  }
}

TEST(TheoryTest, FalseDeclarationsByTheBroker) {
  for (const double loss : {0.02, 0.1, 0.3}) {
    for (const double factor : {1.5, 2.5, 3.5}) {
      if (std::pow(loss, std::floor(factor)) < 1e-3) continue;
      ExpectMet(*PlanOf(absl::StrCat(R"(name: "closes" horizon: "12d" groups {
          name: "g" count: 500 keep_alive: "60s" client: "patient"
          path { transport: DATAGRAM up { latency { constant: "50ms" } loss: )",
                                     loss, R"( } down {} } }
          broker { grace_factor: )",
                                     factor, R"( }
          client_profiles { name: "patient" pingresp_rule: NEVER one_ping_at_a_time: false })")),
                "false declaration");
    }
  }
}

TEST(TheoryTest, ABrokerThatIsLateMissesIt) {
  const auto right = PlanOf(Crashes("TCP", R"(constant: "100ms")", 60, "4h"));
  auto wrong = PlanOf(Crashes("TCP", R"(constant: "100ms")", 60, "4h"));
  wrong->broker.profile.grace_extra = Seconds(1);
  const auto figures = TheoryOf(*right, keepsim::Run(*wrong, {})->metrics->groups());
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_GT(figures[0].z(), 4);
}

TEST(TheoryTest, WhatHasNoClosedFormHasNoFigure) {
  // TCP with loss, a client that publishes, a scan, a drifting clock.
  for (const char* group :
       {R"(path { both { loss: 0.1 } })", R"(publish { periodic { period: "45s" } })",
        R"(clock { drift_ppm: 100 })", R"(path { both {} middlebox { idle_timeout: "1h" } })"}) {
    EXPECT_TRUE(FiguresOf(*PlanOf(absl::StrCat(
                              R"(name: "none" horizon: "1d" groups { name: "g" count: 20
                   keep_alive: "60s" random_faults { fault: CRASH
                   gap { exponential { mean: "2h" } } length { constant: "20m" } } )",
                              group, " }")))
                    .empty())
        << group;
  }
}

}  // namespace
}  // namespace keepsim
