// Runs against closed forms, over a grid; and a wrong broker is seen to miss them.
#include "sim/run/theory.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "sim/metrics/summary.h"
#include "sim/run/detector_theory.h"
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

// A scan in whole seconds, one in any, and clients that count their intervals from other things.
TEST(TheoryTest, DetectionByAScanAndOfOtherRules) {
  const std::string crashes = absl::StrReplaceAll(Crashes("TCP", R"(constant: "100ms")", 60, "4h"),
                                                  {{"count: 300", "count: 300 client: \"c\""}});
  const auto with = [&](const std::string& client, const std::string& broker) {
    return PlanOf(absl::StrCat(crashes, " broker { profile: \"b\" } broker_profiles { name: \"b\" ",
                               broker, " } client_profiles { name: \"c\" ", client, " }"));
  };
  for (const char* broker :
       {R"(base: "mosquitto 2.0.20")", R"(mechanism: SCAN period: "20s")",
        R"(mechanism: SCAN period: "7s" whole_seconds: true rounding: FLOOR_SECONDS)"}) {
    ExpectMet(*with("", broker), "detection");
  }
  for (const char* client : {"ping_when: ALWAYS", "ping_when: EITHER_SILENT"}) {
    ExpectMet(*with(client, ""), "detection");
  }
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

std::string Detector(const std::string& latency, double loss, double factor) {
  return absl::StrCat(R"(name: "detector" horizon: "10d" groups {
      name: "g" count: 100 keep_alive: "60s" client: "patient" start { spread: "60s" }
      path { transport: DATAGRAM up { latency { )",
                      latency, " } loss: ", loss, R"( } down {} } }
      broker { profile: "simple" grace_factor: )",
                      factor, R"( }
      broker_profiles { name: "simple" recovers: true }
      client_profiles { name: "patient" pingresp_rule: NEVER one_ping_at_a_time: false })");
}

// Mistake rate, mistake duration and query accuracy of the detector that closes nothing.
TEST(TheoryTest, TheSimpleDetectorOfTheLiterature) {
  for (const double loss : {0.05, 0.2, 0.5}) {
    // The first is so short that delays alone make mistakes.
    for (const double factor : {1.05, 1.5, 2.5}) {
      for (const char* latency :
           {R"(constant: "50ms")", R"(exponential { mean: "2s" } max: "25s")"}) {
        SCOPED_TRACE(absl::StrCat(loss, " ", factor, " ", latency));
        const auto plan = PlanOf(Detector(latency, loss, factor));
        const RunResult result = ResultOf(*plan);
        const auto figures = TheoryOf(*plan, result.metrics->groups());
        ASSERT_EQ(figures.size(), 3u);
        for (const TheoreticalFigure& f : figures) {
          EXPECT_LT(std::abs(f.z()), 4) << f.quantity << ": " << f.simulated << ", expected "
                                        << f.expected << " +- " << f.standard_error;
        }
      }
    }
  }
}

// The summary's own intervals, of what theory knows: of 200 at 95 % ten miss it; 22 or more would
// in one of a thousand such tests.
TEST(TheoryTest, TheIntervalsOfAccuracyAndDurationHold) {
  const DetectorTheory theory = SimpleDetector(60, 90, 0.1, {0.05});
  int accuracy = 0, duration = 0, recurrence = 0;
  constexpr int kRuns = 200;
  for (int seed = 1; seed <= kRuns; ++seed) {
    const auto plan = PlanOf(
        absl::StrCat("seed: ", seed, " ",
                     absl::StrReplaceAll(Detector(R"(constant: "50ms")", 0.1, 1.5),
                                         {{"count: 100", "count: 12"}, {"\"10d\"", "\"1d\""}})));
    const RunResult result = ResultOf(*plan);
    const auto q = Summarize(*result.metrics, {}).qos();
    const auto within = [](double x, double low, double high) { return low <= x && x <= high; };
    accuracy += within(theory.accuracy, q.query_accuracy_low(), q.query_accuracy_high());
    duration += within(theory.duration_s, q.mistake_duration_mean_low_s(),
                       q.mistake_duration_mean_high_s());
    recurrence += within(1 / theory.mistakes_per_s, q.mistake_recurrence_mean_low_s(),
                         q.mistake_recurrence_mean_high_s());
  }
  EXPECT_GT(accuracy, kRuns - 22);
  EXPECT_LT(accuracy, kRuns);
  EXPECT_GT(duration, kRuns - 22);
  EXPECT_GT(recurrence, kRuns - 22);
}

TEST(TheoryTest, ASimpleDetectorWithAnotherTimeOutMissesIt) {
  const auto right = PlanOf(Detector(R"(constant: "50ms")", 0.2, 1.5));
  const auto wrong = PlanOf(Detector(R"(constant: "50ms")", 0.2, 1.6));
  const auto figures = TheoryOf(*right, keepsim::Run(*wrong, {})->metrics->groups());
  ASSERT_EQ(figures.size(), 3u);
  EXPECT_LT(std::abs(figures[0].z()), 4);  // k is the same, and so is the rate
  EXPECT_LT(figures[1].z(), -4);
  EXPECT_GT(figures[2].z(), 4);
}

// By hand (k = 1, p = 0.2, time-out 1.5 eta): (1 - p) p / eta; (1 + 1 / 0.8) eta - 1.5 eta; for
// exponential delays without loss half of exp(-slack / mean), and the mean itself.
TEST(TheoryTest, TheClosedFormsInNumbers) {
  const DetectorTheory constant = SimpleDetector(60, 90, 0.2, {0.05});
  EXPECT_NEAR(constant.mistakes_per_s, 0.8 * 0.2 / 60, 1e-12);
  EXPECT_NEAR(constant.duration_s, 2.25 * 60 - 90, 1e-9);
  EXPECT_NEAR(constant.accuracy, 1 - 0.2 * (1 + 0.8 * (1 - 1.5)), 1e-12);
  std::vector<double> exponential;
  constexpr int kSlices = 1 << 15;
  for (int i = 0; i < kSlices; ++i) {
    exponential.push_back(-5 * std::log(1 - (i + 0.5) / kSlices));
  }
  const DetectorTheory delayed = SimpleDetector(60, 70, 0, exponential);
  EXPECT_NEAR(delayed.mistakes_per_s * 60, 0.5 * std::exp(-2), 1e-4);
  EXPECT_NEAR(delayed.duration_s, 5, 0.02);
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
