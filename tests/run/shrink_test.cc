#include "sim/run/shrink.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/reduction.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

LoadedScenario Load(const std::string& text) {
  Diagnostics diagnostics;
  LoadedScenario s = LoadText(text, ScenarioFormat::kText, "scenario", diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  return s;
}

// One of many things in here throws clients out; the rest is beside the point.
constexpr char kCrowded[] = R"(
    name: "crowded"
    question: "Which of it matters?"
    seed: 77
    horizon: "5h"
    groups { name: "idle" count: 30 keep_alive: "1h" path { both { latency { constant: "10ms" } } } }
    groups {
      name: "busy" count: 40 client: "emqtt" keep_alive: "60s" start { spread: "47s" }
      path { both { latency { lognormal { median: "31.4ms" sigma: 0.3 } } } }
      publish { poisson { mean_gap: "4m13s" } payload_bytes: 123 }
      publish { periodic { period: "2h" } qos: 1 }
    }
    broker { profile: "mosquitto 2.0.22" }
    watchers { name: "w" }
    faults { at: "1h" duration: "5m" select { groups: "idle" } client: FREEZE }
    faults { at: "2h" duration: "1s" broker_stall {} }
    expectations { metric: "declarations.broker.false_count" at_most: 0 })";

ShrinkOptions For(const std::string& signature) {
  ShrinkOptions options;
  options.signature = signature;
  options.threads = 1;
  return options;
}

TEST(Shrink, FindsTheCoreOfACrowdedScenarioAndStopsThere) {
  const LoadedScenario scenario = Load(kCrowded);
  ShrinkOptions options = For("false/client_rule/broker");
  ScenarioSize last = SizeOf(scenario.proto);
  options.on_progress = [&](uint64_t, const ScenarioSize& size) {
    EXPECT_LE(size, last);  // never larger
    last = size;
  };
  const auto shrunk = Shrink(scenario, options);
  ASSERT_TRUE(shrunk.ok()) << shrunk.status();
  EXPECT_TRUE(shrunk->finished);
  const pb::Scenario& s = shrunk->scenario.proto;
  SCOPED_TRACE(ToText(s));
  ASSERT_EQ(s.groups_size(), 1);
  EXPECT_EQ(s.groups(0).name(), "busy");
  EXPECT_EQ(s.groups(0).client(), "emqtt");
  EXPECT_FALSE(s.groups(0).has_count());
  EXPECT_EQ(s.groups(0).publish_size(), 1);
  EXPECT_FALSE(s.groups(0).has_path());
  EXPECT_EQ(s.faults_size() + s.watchers_size() + s.expectations_size(), 0);
  EXPECT_FALSE(shrunk->steps.empty());
  EXPECT_EQ(shrunk->shown.count > 0, true);

  // It shows it on its own, and nothing is left to take away.
  const auto trial = Try(shrunk->scenario, 1, nullptr);
  ASSERT_TRUE(trial.ok());
  EXPECT_EQ(trial->shown.count(options.signature), 1u);
  options.on_progress = nullptr;
  const auto again = Shrink(shrunk->scenario, options);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->steps.empty());
  EXPECT_EQ(ToText(again->scenario.proto), ToText(s));
}

TEST(Shrink, IsDeterministicAndKeepsToItsBudget) {
  const LoadedScenario scenario = Load(kCrowded);
  ShrinkOptions options = For("false/client_rule/broker");
  options.runs = 9;
  const auto one = Shrink(scenario, options);
  options.threads = 3;
  const auto three = Shrink(scenario, options);
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->runs, 9u);
  EXPECT_FALSE(one->finished);
  EXPECT_EQ(ToText(one->scenario.proto), ToText(three->scenario.proto));
  EXPECT_LT(SizeOf(one->scenario.proto), SizeOf(scenario.proto));
}

TEST(Shrink, AnExpectationIsKeptWithItsMeaning) {
  const auto shrunk = Shrink(Load(kCrowded), For("expectation/declarations.broker.false_count"));
  ASSERT_TRUE(shrunk.ok()) << shrunk.status();
  EXPECT_EQ(shrunk->scenario.proto.expectations_size(), 1);
  EXPECT_EQ(shrunk->scenario.proto.groups_size(), 1);
  EXPECT_THAT(shrunk->shown.text, HasSubstr("declarations.broker.false_count"));
}

TEST(Shrink, FaultsMoveToTheFront) {
  const auto shrunk = Shrink(Load(R"(
      horizon: "4h" groups { name: "a" keep_alive: "60s" }
      faults { at: "3h" client: CRASH })"),
                             For("true/failure/broker/crash"));
  ASSERT_TRUE(shrunk.ok()) << shrunk.status();
  SCOPED_TRACE(ToText(shrunk->scenario.proto));
  EXPECT_EQ(shrunk->scenario.proto.faults_size(), 1);
  EXPECT_LT(SizeOf(shrunk->scenario.proto).horizon_ns, Seconds(200).ns);
}

TEST(Shrink, WhatIsNotShownIsSaid) {
  const auto shrunk = Shrink(Load(kCrowded), For("false/clock_drift/client"));
  EXPECT_EQ(shrunk.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Reduction, RoundNumbersAreKnown) {
  EXPECT_EQ(DigitsOf("1h30m"), 2u);
  EXPECT_EQ(DigitsOf("90s"), 1u);
  EXPECT_EQ(DigitsOf("0.015"), 2u);
  EXPECT_EQ(DigitsOf("0"), 1u);
  EXPECT_THAT(RoundUp(Seconds(151), Seconds(170)), testing::Contains(Seconds(160)));
  ASSERT_FALSE(RoundUp(Seconds(151), Seconds(3600)).empty());
  EXPECT_EQ(RoundUp(Seconds(151), Seconds(3600))[0], Seconds(200));
  pb::Scenario s;
  s.add_groups()->set_keep_alive("73s");
  const auto sites = SitesOf(s);
  ASSERT_EQ(sites.size(), 2u);
  EXPECT_EQ(sites[1].path, "groups[0].keep_alive");
  for (const std::string& v : RounderValues(s, sites[1])) EXPECT_EQ(DigitsOf(v), 1u) << v;
  EXPECT_THAT(RounderValues(s, sites[1]), testing::Contains("70s"));
}

}  // namespace
}  // namespace keepsim
