#include "sim/run/hunt.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/round_values.h"
#include "sim/run/signature.h"

namespace keepsim {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kScenario[] = R"(
    name: "lossy"
    horizon: "20m"
    groups {
      name: "a" count: 2 keep_alive: "30s"
      path { both { latency { constant: "50ms" } loss: 0.05 bursts { mean_good: "5m" mean_bad: "20s" } } }
    }
    faults { at: "5m" duration: "10s" client: FREEZE }
    faults { at: "10m" duration: "10s" partition {} })";

LoadedScenario Load(const std::string& text) {
  Diagnostics diagnostics;
  LoadedScenario s = LoadText(text, ScenarioFormat::kText, "scenario", diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  return s;
}

Hunt HuntFor(std::vector<std::string> patterns) {
  Hunt hunt;
  hunt.scenario = Load(kScenario);
  hunt.dimensions = DefaultDimensions(hunt.scenario.proto);
  hunt.patterns = std::move(patterns);
  return hunt;
}

std::vector<std::string> Signatures(const pb::HuntState& state) {
  std::vector<std::string> all;
  for (const pb::FoundFailure& f : state.failures()) all.push_back(f.signature());
  return all;
}

TEST(Signature, PatternsMatchFromTheLeft) {
  EXPECT_TRUE(SignatureMatches("false", "false/packets_lost/client"));
  EXPECT_TRUE(SignatureMatches("false/*/client", "false/packets_lost/client"));
  EXPECT_TRUE(SignatureMatches("true/failure/broker", "true/failure/broker/crash"));
  EXPECT_FALSE(SignatureMatches("false/*/broker", "false/packets_lost/client"));
  EXPECT_FALSE(SignatureMatches("fal", "false/packets_lost/client"));
  EXPECT_FALSE(SignatureMatches("false/packets_lost/client/crash", "false/packets_lost/client"));
}

TEST(Signature, PatternsThatCanMatchNothingAreRefusedWithARemedy) {
  EXPECT_TRUE(CheckSignaturePattern("false/*/client").ok());
  EXPECT_TRUE(CheckSignaturePattern("expectation/anything.at_all").ok());
  EXPECT_THAT(CheckSignaturePattern("flase").message(), HasSubstr("did you mean \"false\""));
  EXPECT_THAT(CheckSignaturePattern("false/packet_lost").message(),
              HasSubstr("did you mean \"packets_lost\""));
  EXPECT_FALSE(CheckSignaturePattern("true/failure/broker/crash/x").ok());
}

TEST(RoundValues, AreRoundAndKeepTheEnds) {
  EXPECT_THAT(RoundValues("7s", "31s").value(),
              ElementsAre("7s", "8s", "10s", "12s", "15s", "20s", "25s", "30s", "31s"));
  EXPECT_THAT(RoundValues("0.1", "0.25").value(),
              ElementsAre("0.1", "0.12", "0.15", "0.2", "0.25"));
  EXPECT_THAT(RoundValues("1", "12").value(),
              ElementsAre("1", "2", "3", "4", "5", "6", "8", "10", "12"));
  EXPECT_THAT(RoundValues("0", "1ms").value(), Contains("0"));
  EXPECT_FALSE(RoundValues("1s", "2").ok());
  EXPECT_FALSE(RoundValues("2s", "1s").ok());
}

TEST(Mutation, RunsDifferAndEachIsAlwaysTheSame) {
  const Hunt hunt = HuntFor({"false"});
  EXPECT_TRUE(MutantOf(hunt.scenario, hunt.dimensions, 1, 0, 0).changes.empty());
  std::set<std::string> scenarios;
  int only_seeds = 0;
  for (uint64_t run = 0; run < 200; ++run) {
    const Mutant m = MutantOf(hunt.scenario, hunt.dimensions, 1, run, 0);
    EXPECT_EQ(m.scenario.proto.seed(), 1 + run);
    EXPECT_EQ(ToText(m.scenario.proto),
              ToText(MutantOf(hunt.scenario, hunt.dimensions, 1, run, 0).scenario.proto));
    only_seeds += m.changes.empty() ? 1 : 0;
    scenarios.insert(ToText(m.scenario.proto));
  }
  EXPECT_EQ(scenarios.size(), 200u);
  EXPECT_GT(only_seeds, 20);
  EXPECT_LT(only_seeds, 100);
  EXPECT_NE(ToText(MutantOf(hunt.scenario, hunt.dimensions, 1, 7, 0).scenario.proto),
            ToText(MutantOf(hunt.scenario, hunt.dimensions, 2, 7, 0).scenario.proto));
}

TEST(Mutation, FaultsAreTakenAwayAndAdded) {
  const Hunt hunt = HuntFor({"false"});
  std::set<int> counts;
  for (uint64_t run = 0; run < 200; ++run) {
    counts.insert(MutantOf(hunt.scenario, hunt.dimensions, 1, run, 0).scenario.proto.faults_size());
  }
  EXPECT_THAT(counts, testing::IsSupersetOf({1, 2, 3}));
}

TEST(Mutation, BoundsAreExpandedAndChecked) {
  const LoadedScenario scenario = Load(kScenario);
  pb::HuntBounds bounds;
  ASSERT_TRUE(ParseBound("groups[*].path.both.loss=0.01..0.02", bounds.add_bounds()));
  ASSERT_TRUE(ParseBound("faults[*]=none", bounds.add_bounds()));
  ASSERT_TRUE(ParseBound("broker.profile=*", bounds.add_bounds()));
  EXPECT_FALSE(ParseBound("horizon", bounds.add_bounds()));
  bounds.mutable_bounds()->RemoveLast();
  Diagnostics diagnostics;
  const auto dimensions = DimensionsOf(bounds, scenario, "bounds", diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
  ASSERT_EQ(dimensions.size(), 4u);
  EXPECT_EQ(dimensions[0].path, "groups[0].path.both.loss");
  EXPECT_THAT(dimensions[0].values, ElementsAre("0.01", "0.012", "0.015", "0.02"));
  EXPECT_EQ(dimensions[2].path, "faults[1]");
  EXPECT_THAT(dimensions[3].values, Contains("mosquitto"));

  for (const char* wrong : {"groups[3].keep_alive=1s,2s", "groups[*].lss=0.1,0.2", "seed=1,2",
                            "groups[0].path.both.loss=often", "horizon=2s..1s"}) {
    pb::HuntBounds one;
    ASSERT_TRUE(ParseBound(wrong, one.add_bounds()));
    Diagnostics found;
    (void)DimensionsOf(one, scenario, "bounds", found);
    EXPECT_FALSE(found.ok()) << wrong;
  }
}

TEST(Hunt, TheSameOnAnyNumberOfThreadsAndInParts) {
  const Hunt hunt = HuntFor({"false", "transient"});
  HuntOptions options;
  options.runs = 40;
  options.threads = 1;
  pb::HuntState one;
  ASSERT_TRUE(RunHunt(hunt, options, &one).ok());
  EXPECT_EQ(one.runs(), 40u);
  EXPECT_THAT(Signatures(one), Contains("false/packets_lost/client"));
  EXPECT_GE(one.failures_size(), 2);

  options.threads = 4;
  pb::HuntState four;
  ASSERT_TRUE(RunHunt(hunt, options, &four).ok());
  EXPECT_EQ(one.DebugString(), four.DebugString());

  // Stopped after the first look, then gone on with.
  pb::HuntState parts;
  options.go_on = [](const pb::HuntState& state) { return state.runs() < 10; };
  EXPECT_TRUE(absl::IsCancelled(RunHunt(hunt, options, &parts)));
  EXPECT_LT(parts.runs(), 40u);
  options.go_on = nullptr;
  ASSERT_TRUE(RunHunt(hunt, options, &parts).ok());
  EXPECT_EQ(one.DebugString(), parts.DebugString());
}

TEST(Hunt, UnmetExpectationsAreFoundAndEachKindOnce) {
  Hunt hunt = HuntFor({"expectation"});
  auto* e = hunt.scenario.proto.add_expectations();
  e->set_metric("declarations.client.false_count");
  e->set_at_most(1000);
  hunt.dimensions.clear();
  HuntOptions options;
  options.runs = 5;
  pb::HuntState state;
  ASSERT_TRUE(RunHunt(hunt, options, &state).ok());
  EXPECT_THAT(Signatures(state), ElementsAre());
  hunt.scenario.proto.mutable_expectations(0)->set_at_most(0);
  pb::HuntState unmet;
  ASSERT_TRUE(RunHunt(hunt, options, &unmet).ok());
  EXPECT_THAT(Signatures(unmet), ElementsAre("expectation/declarations.client.false_count"));
  EXPECT_NE(state.hunt(), unmet.hunt());
}

TEST(Hunt, WhatCannotBeStoredEndsIt) {
  const Hunt hunt = HuntFor({"false"});
  HuntOptions options;
  options.runs = 40;
  options.on_found = [](const HuntRun&, pb::FoundFailure*) {
    return absl::UnavailableError("disk full");
  };
  pb::HuntState state;
  EXPECT_EQ(RunHunt(hunt, options, &state).message(), "disk full");
  EXPECT_EQ(state.failures_size(), 0);
  EXPECT_LT(state.runs(), 40u);
}

}  // namespace
}  // namespace keepsim
