// Sweep files: values of axes, filters, points, and everything that is wrong at once.
#include "sim/run/sweep.h"

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/sweep_cost.h"
#include "sim/run/sweep_filter.h"
#include "sim/run/sweep_value.h"

namespace keepsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kBase[] = R"(
inline_scenario {
  horizon: "1h"
  groups { name: "g" count: 2 keep_alive: "60s" path { both { loss: 0.01 } } }
}
)";

Sweep Loaded(const std::string& text, Diagnostics& diagnostics) {
  const std::string path = absl::StrCat(testing::TempDir(), "/sweep_test.textproto");
  std::ofstream(path) << text;
  return LoadSweep(path, "s.textproto", diagnostics);
}

Sweep Valid(const std::string& text) {
  Diagnostics diagnostics;
  Sweep sweep = Loaded(text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  return sweep;
}

std::string Errors(const std::string& text) {
  Diagnostics diagnostics;
  (void)Loaded(text, diagnostics);
  EXPECT_FALSE(diagnostics.ok()) << text;
  return diagnostics.Render();
}

std::vector<std::string> PointTexts(const Sweep& sweep) {
  std::vector<std::string> texts;
  for (size_t p = 0; p < sweep.points.size(); ++p) texts.push_back(sweep.PointText(p));
  return texts;
}

pb::Range RangeOf(const std::string& from, const std::string& to, const std::string& step) {
  pb::Range r;
  r.set_from(from);
  r.set_to(to);
  r.set_step(step);
  return r;
}

pb::LogRange LogRangeOf(const std::string& from, const std::string& to, uint32_t count,
                        const std::string& round = "") {
  pb::LogRange r;
  r.set_from(from);
  r.set_to(to);
  r.set_count(count);
  r.set_round(round);
  return r;
}

TEST(SweepValueTest, RangesCountInStepsAndTakeTheEndIfAStepMeetsIt) {
  EXPECT_THAT(*Expand(RangeOf("10s", "30s", "10s")), ElementsAre("10s", "20s", "30s"));
  EXPECT_THAT(*Expand(RangeOf("10s", "29s", "10s")), ElementsAre("10s", "20s"));
  EXPECT_THAT(*Expand(RangeOf("0", "0.3", "0.1")), ElementsAre("0", "0.1", "0.2", "0.3"));
  EXPECT_THAT(*Expand(RangeOf("0", "2s", "1s")), ElementsAre("0", "1s", "2s"));
}

TEST(SweepValueTest, LogRangesHaveEqualRatiosOnceRounded) {
  EXPECT_THAT(*Expand(LogRangeOf("0.001", "1", 4)), ElementsAre("0.001", "0.01", "0.1", "1"));
  EXPECT_THAT(*Expand(LogRangeOf("10s", "1000s", 3)), ElementsAre("10s", "100s", "1000s"));
  EXPECT_THAT(*Expand(LogRangeOf("10s", "1200s", 3, "5s")), ElementsAre("10s", "110s", "1200s"));
  EXPECT_THAT(*Expand(LogRangeOf("1ms", "4ms", 3)), ElementsAre("1ms", "2ms", "4ms"));
}

TEST(SweepValueTest, RangesThatMakeNoSenseAreRefused) {
  const auto why = [](const auto& range) { return std::string(Expand(range).status().message()); };
  EXPECT_THAT(why(RangeOf("1s", "5s", "1")), HasSubstr("all be durations"));
  EXPECT_THAT(why(RangeOf("1", "5", "0")), HasSubstr("above 0"));
  EXPECT_THAT(why(RangeOf("5", "1", "1")), HasSubstr("below from"));
  EXPECT_THAT(why(RangeOf("0", "1000000", "1")), HasSubstr("more than 10000 values"));
  EXPECT_THAT(why(RangeOf("1", "", "1")), HasSubstr("needs from, to and step"));
  EXPECT_THAT(why(LogRangeOf("0", "5", 3)), HasSubstr("above 0"));
  EXPECT_THAT(why(LogRangeOf("1", "5", 1)), HasSubstr("[2, 10000]"));
  EXPECT_THAT(why(LogRangeOf("1s", "3s", 9)), HasSubstr("twice once it is rounded"));
}

TEST(SweepFilterTest, ComparesBySizeAndJoinsWithAnd) {
  const std::vector<FilterField> fields = {{"wait", {SweepValue::Parse("90s")}},
                                           {"k", {SweepValue::Parse("1m30s")}},
                                           {"broker", {SweepValue::Parse("emqx 5")}}};
  const auto skips = [&](const std::string& text) {
    const auto filter = SweepFilter::Parse(text, fields);
    EXPECT_TRUE(filter.ok()) << filter.status();
    return filter.ok() &&
           filter->Skips([&](size_t f) -> const SweepValue& { return fields[f].values[0]; });
  };
  EXPECT_FALSE(skips("wait > k"));
  EXPECT_TRUE(skips("wait >= k"));
  EXPECT_TRUE(skips("wait==k"));
  EXPECT_FALSE(skips("wait != k"));
  EXPECT_TRUE(skips("wait < 2m"));
  EXPECT_TRUE(skips("80000ms<wait"));
  EXPECT_FALSE(skips("wait <= 89s"));
  EXPECT_TRUE(skips("broker == emqx 5 and wait > 0"));
  EXPECT_TRUE(skips("broker == 'emqx 5'"));
  EXPECT_FALSE(skips("broker == emqx 5 and wait > 90s"));
}

TEST(SweepFilterTest, WhatCannotBeComparedIsRefused) {
  const std::vector<FilterField> fields = {{"wait", {SweepValue::Parse("90s")}},
                                           {"broker", {SweepValue::Parse("emqx")}}};
  const auto why = [&](const std::string& text) {
    return std::string(SweepFilter::Parse(text, fields).status().message());
  };
  EXPECT_THAT(why("wait"), HasSubstr("is no comparison"));
  EXPECT_THAT(why("wait = 3s"), HasSubstr("equality is written =="));
  EXPECT_THAT(why("wate > 3s"), HasSubstr("did you mean \"wait\""));
  EXPECT_THAT(why("wait > 3"), HasSubstr("have no order"));
  EXPECT_THAT(why("wait > broker"), HasSubstr("have no order"));
  EXPECT_THAT(why("broker == emkx"), HasSubstr("never equal"));
  EXPECT_THAT(why("wait >"), HasSubstr("one side is missing"));
}

TEST(SweepTest, EveryCombinationIsAPointTheLastAxisFastest) {
  const Sweep sweep = Valid(absl::StrCat(kBase, R"(
      axes { fields { path: "groups[0].keep_alive" values: ["30s", "60s"] } }
      axes { fields { path: "groups[g].path.both.loss" range { from: "0" to: "0.2" step: "0.1" } } }
      skip: "keep_alive == 60s and loss > 0.1"
      replications: 3 seed: 7)"));
  EXPECT_THAT(PointTexts(sweep), ElementsAre("keep_alive=30s, loss=0", "keep_alive=30s, loss=0.1",
                                             "keep_alive=30s, loss=0.2", "keep_alive=60s, loss=0",
                                             "keep_alive=60s, loss=0.1"));
  EXPECT_EQ(sweep.run_count(), 15u);
  const LoadedScenario s = sweep.Scenario(4, 8);
  EXPECT_EQ(s.proto.seed(), 8u);
  EXPECT_EQ(s.proto.groups(0).keep_alive(), "60s");
  EXPECT_EQ(s.proto.groups(0).path().both().loss(), 0.1);
  EXPECT_EQ(s.proto.name(), "s");
  // Twice as often a ping is nearly twice the work, beside what it takes to begin.
  const double idle = EventsOf(pb::Scenario());
  EXPECT_NEAR((sweep.points[0].cost - idle) / (sweep.points[4].cost - idle), 2, 0.2);
}

TEST(SweepTest, FieldsOfAnAxisChangeTogetherAndOneValueCanHaveSeveralPaths) {
  const Sweep sweep = Valid(absl::StrCat(kBase, R"(
      set: "groups={name: 'h'}"
      axes {
        fields { path: "groups[0].keep_alive" path: "groups[h].keep_alive" values: ["30s", "60s"] }
        fields { name: "n" path: "groups[0].count" values: ["1", "5"] }
      })"));
  EXPECT_THAT(PointTexts(sweep), ElementsAre("keep_alive=30s, n=1", "keep_alive=60s, n=5"));
  const pb::Scenario s = sweep.Scenario(1, 1).proto;
  EXPECT_EQ(s.groups(0).keep_alive(), "60s");
  EXPECT_EQ(s.groups(1).keep_alive(), "60s");
  EXPECT_EQ(s.groups(0).count(), 5u);
  // Two clients at 30 s, six at 60 s: by the hour 120 and 60 pings each, at four events.
  const double idle = EventsOf(pb::Scenario());
  EXPECT_EQ(sweep.points[0].cost - idle, 2 * (16 + 4 * 120));
  EXPECT_EQ(sweep.points[1].cost - idle, 6 * (16 + 4 * 60));
}

TEST(SweepTest, ProfilesCanBeAnAxis) {
  const Sweep sweep = Valid(absl::StrCat(kBase, R"(
      axes { fields { name: "broker" path: "broker.profile" profiles: BROKERS } }
      axes { fields { path: "groups[0].client" profiles: CLIENTS } })"));
  EXPECT_GT(sweep.axes[0].size(), 10u);
  EXPECT_GT(sweep.axes[1].size(), 15u);
  EXPECT_EQ(sweep.points.size(), sweep.axes[0].size() * sweep.axes[1].size());
}

TEST(SweepTest, ABaseFileIsFoundFromTheSweepFile) {
  const std::string folder = testing::TempDir();
  std::ofstream(absl::StrCat(folder, "/sweep_base.textproto"))
      << R"(horizon: "1h" seed: 5 groups { name: "g" })";
  std::ofstream(absl::StrCat(folder, "/sweep_of_file.textproto"))
      << R"(scenario: "sweep_base.textproto" set: "horizon=2h"
            axes { fields { path: "groups[0].count" values: "3" } })";
  Diagnostics diagnostics;
  const Sweep sweep = LoadSweep(absl::StrCat(folder, "/sweep_of_file.textproto"),
                                "dir/sweep_of_file.textproto", diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
  EXPECT_EQ(sweep.first_seed, 5u);
  EXPECT_EQ(sweep.Repro(0, 6),
            "keepsim run dir/sweep_base.textproto --seed 6 --set horizon=2h --set "
            "'groups[0].count=3'");
}

TEST(SweepTest, AllErrorsComeAtOnceEachAtItsPlace) {
  const std::string errors = Errors(absl::StrCat(kBase, R"(axes { fields { values: "1" } }
axes { fields { path: "groups[0].count" } }
axes { fields { path: "seed" values: ["1"] } }
axes { fields { path: "groups[0].keep_alive" values: ["1s", "1s"] } }
metrics { metric: "detection.broker.p98_s" }
metrics { metric: "cost.client_days" group: "q" }
)"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:6:8: error: axes[0].fields[0].path: is required"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:7:8: error: axes[1].fields[0]: needs values, range"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:8:17: error: axes[2].fields[0].path[0]: the seed is"));
  EXPECT_THAT(errors, HasSubstr("axes[3].fields[0].values[1]: \"1s\" stands here twice"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:10:11: error: metrics[0].metric: there is no metric "
                                "\"detection.broker.p98_s\" (did you mean"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:11:38: error: metrics[1].group: there is no group"));
}

TEST(SweepTest, AValueThatNoScenarioCanHaveIsAnErrorWhereItStands) {
  const std::string errors = Errors(absl::StrCat(kBase, R"(
axes { fields { path: "groups[0].keep_alive" values: ["30s", "70000s", "60s", "x"] } }
axes { fields { name: "loss" path: "groups[0].path.both.loss" range { from: "0.9" to: "1.2" step: "0.1" } } }
)"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:7:46: error: axes[0].fields[0].values[1]: "
                                "groups[0].keep_alive: \"70000s\" is out of range"));
  EXPECT_THAT(errors, HasSubstr("axes[0].fields[0].values[3]: groups[0].keep_alive: \"x\""));
  EXPECT_THAT(errors, HasSubstr("s.textproto:8:8: error: axes[1].fields[0]: loss=1.1: "));
  // Legal ones are not blamed.
  EXPECT_THAT(errors, testing::Not(HasSubstr("values[0]")));
  EXPECT_THAT(errors, testing::Not(HasSubstr("values[2]")));
}

TEST(SweepTest, OverridesThatDoNotFitTheSchemaAreErrors) {
  const std::string errors = Errors(absl::StrCat(kBase, R"(
axes { fields { path: "groups[0].keepalive" values: ["30s", "40s"] } }
axes { fields { path: "groups[0].count" values: ["1", "many"] } })"));
  EXPECT_THAT(errors, HasSubstr("s.textproto:7:17: error: axes[0].fields[0].path[0]: unknown field "
                                "\"keepalive\" in Group (did you mean \"keep_alive\"?)"));
  EXPECT_THAT(errors, HasSubstr("axes[1].fields[0].values[1]: \"many\" cannot be"));
}

TEST(SweepTest, TheBaseIsBlamedForWhatIsWrongEverywhere) {
  const std::string errors = Errors(R"(inline_scenario {
  horizon: "1x"
  groups { name: "g" }
}
axes { fields { path: "groups[0].count" values: ["1", "2"] } })");
  EXPECT_THAT(errors, HasSubstr("s.textproto:2:3: error: horizon: "));
  EXPECT_THAT(errors, testing::Not(HasSubstr("values")));
  EXPECT_THAT(Errors("axes { }"), HasSubstr("scenario: is required"));
  EXPECT_THAT(Errors("scenario: \"nowhere.textproto\""),
              HasSubstr("nowhere.textproto: error: cannot be opened"));
}

TEST(SweepTest, NamesThatSqlWouldMixUpAreErrors) {
  const auto with = [](const std::string& name) {
    return absl::StrCat(kBase, "axes { fields { path: \"groups[0].count\" values: \"1\" } }\n",
                        "axes { fields { name: \"", name,
                        "\" path: \"groups[0].keep_alive\" values: \"9s\" } }");
  };
  for (const char* name : {"metric", "result", "status", "seed", "point", "of_group", "error",
                           "digest", "scenario_digest", "engine_version", "Metric"}) {
    EXPECT_THAT(Errors(with(name)), HasSubstr("is a column of every sweep's results")) << name;
  }
  EXPECT_THAT(Errors(with("Count")), HasSubstr("\"Count\" is the name of an earlier field"));
  Diagnostics diagnostics;
  (void)Loaded(with("results"), diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
}

TEST(SweepTest, APartLeavesWhatCannotBeRunToItsPoint) {
  const std::string bad = absl::StrCat(
      kBase, R"(axes { fields { name: "least" path: "groups[0].path.up.latency.min" values: "5s" }
                       fields { name: "most" path: "groups[0].path.up.latency.max" values: "2s" } }
             set: "groups[0].path.up.latency.constant=3s" )");
  EXPECT_THAT(Errors(bad), HasSubstr("groups[0].path.up.latency"));
  Diagnostics diagnostics;
  EXPECT_EQ(Loaded(bad + "part: true", diagnostics).points.size(), 1u);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
}

TEST(SweepTest, NothingLeftAndTooMuchAreErrors) {
  EXPECT_THAT(Errors(absl::StrCat(kBase, R"(axes { fields { path: "groups[0].count" values: "1" } }
      skip: "count < 2")")),
              HasSubstr("no point is left"));
  EXPECT_THAT(Errors(absl::StrCat(kBase, R"(
      axes { fields { path: "groups[0].count" range { from: "1" to: "1001" step: "1" } } }
      axes { fields { name: "k" path: "groups[0].keep_alive"
             range { from: "1s" to: "1000s" step: "1s" } } })")),
              HasSubstr("at most 1000000"));
  EXPECT_THAT(Errors(absl::StrCat(kBase, "seed: 9223372036854775807 replications: 2")),
              HasSubstr("the last seed is at most"));
}

TEST(SweepTest, TheDigestIsOfWhatIsRunAndNotOfWhatIsReported) {
  const std::string text =
      absl::StrCat(kBase, R"(axes { fields { path: "groups[0].count" values: ["1", "2"] } })");
  const Sweep one = Valid(text);
  EXPECT_EQ(one.digest, Valid(text + " question: \"?\" metrics { metric: \"clients\" }").digest);
  EXPECT_NE(one.digest, Valid(text + " replications: 2").digest);
  EXPECT_NE(one.digest, Valid(text + " seed: 2").digest);
  EXPECT_NE(one.points_digest, Valid(text + " skip: \"count == 2\"").points_digest);
  EXPECT_NE(one.base_digest, Valid(text + " set: \"horizon=2h\"").base_digest);
  // Stored because it is reported.
  EXPECT_NE(one.digest, Valid(text + " metrics { metric: \"failures.0.count\" }").digest);
}

}  // namespace
}  // namespace keepsim
