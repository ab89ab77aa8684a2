// Tuning where the answer is known: runs are pretended, with numbers that are functions of what was
// chosen and of the seed.
#include "sim/run/tune.h"

#include <cmath>
#include <fstream>
#include <map>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/base/stats.h"

namespace keepsim {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kBase[] = R"(
inline_scenario {
  horizon: "12h"
  groups { name: "g" count: 200 keep_alive: "60s" path { both { loss: 0.01 } } }
}
)";
// K from 10 s to 200 s, and the client's wait: 96 x 4 points.
constexpr char kParameters[] = R"(
parameters { fields { path: "groups[g].keep_alive" range { from: "10s" to: "200s" step: "2s" } } }
parameters { fields { name: "grace" path: "broker.grace_factor" values: ["1.25", "1.5", "2", "3"] } }
)";
constexpr char kWishes[] = R"(
wishes { metric: "detection.broker.p99_s" at_most: 100 }
wishes { metric: "declarations.broker.false_per_client_day" at_most: 0.01 }
)";

Tune Loaded(const std::string& text, Diagnostics& diagnostics) {
  const std::string path = absl::StrCat(testing::TempDir(), "/tune_test.textproto");
  std::ofstream(path) << text;
  return LoadTune(path, "t.textproto", diagnostics);
}

Tune Valid(const std::string& text) {
  Diagnostics diagnostics;
  Tune tune = Loaded(absl::StrCat(kBase, text), diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  return tune;
}

std::string Errors(const std::string& text) {
  Diagnostics diagnostics;
  (void)Loaded(text, diagnostics);
  EXPECT_FALSE(diagnostics.ok()) << text;
  return diagnostics.Render();
}

// Detection takes grace x K and a little luck; K sets the cost; false timeouts fall with the
// silence that is borne, grace x K: below 0.01 per client-day from 83 s on. So 100 s of detection
// and 0.01 leave 83 to 100 s of silence, and the cheapest way there is the longest K: grace 1.25, K
// = 78 s with 97.5 s, or 80 s with 100 s (which luck decides against half of the time).
absl::StatusOr<StoredRun> Pretend(const Sweep& sweep, const SweepJob& job, const RunOptions&) {
  double k = 60;
  double grace = 1.5;
  for (const auto& [name, value] : sweep.Values(job.point)) {
    std::string digits(absl::StripSuffix(value, "s"));
    const size_t minutes = digits.find('m');
    double x = 0;
    if (minutes != std::string::npos) {
      double m = 0;
      (void)absl::SimpleAtod(digits.substr(0, minutes), &m);
      (void)absl::SimpleAtod(digits.substr(minutes + 1), &x);
      x += 60 * m;
    } else {
      (void)absl::SimpleAtod(digits, &x);
    }
    (name == "grace" ? grace : k) = x;
  }
  // The same luck at every point.
  const RandomSource luck(GroupKey(job.seed, "tune_test"), 0);
  const auto uniform = [&](uint64_t i) {
    return (static_cast<double>(luck.Draw64(Purpose::kTest, i) >> 11) + 0.5) * 0x1p-53;
  };
  const double mean = 100 * 0.01 * std::exp((83 - grace * k) / 4);
  double p = std::exp(-std::min(mean, 500.0));
  double below = p;
  double count = 0;
  while (below < uniform(1) && count < 5000) below += p *= std::min(mean, 500.0) / ++count;
  StoredRun run;
  run.point = job.point;
  run.seed = job.seed;
  run.metrics = {{"cost.packets_per_client_day", "", 2 * 86400 / k + NormalQuantile(uniform(2))},
                 {"declarations.broker.client_days", "", 100},
                 {"declarations.broker.false_count", "", count},
                 {"detection.broker.p99_s", "", grace * k + 0.2 * NormalQuantile(uniform(0))}};
  return run;
}

struct Answer {
  pb::TuneResult result;
  std::string content;
};

Answer Find(const Tune& tune, Store& store, TuneOptions options = {}) {
  if (!options.sweep.run) options.sweep.run = Pretend;
  auto result = RunTune(tune, store, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return {*std::move(result), *store.ContentDigest()};
}

Answer Find(const Tune& tune, const TuneOptions& options = {}) {
  const auto store = Store::Open(":memory:", tune.space);
  EXPECT_TRUE(store.ok()) << store.status();
  return Find(tune, **store, options);
}

std::map<std::string, std::string> ChoicesOf(const pb::TunedPoint& p) {
  std::map<std::string, std::string> choices;
  for (const pb::Choice& c : p.choices()) choices[c.name()] = c.value();
  return choices;
}

TEST(TuneTest, FindsTheKnownOptimumWithAFractionOfTheRuns) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  ASSERT_EQ(tune.space.points.size(), 96u * 4);
  const pb::TuneResult r = Find(tune).result;
  EXPECT_EQ(r.verdict(), pb::TuneResult::MET) << ToReport(tune, r);
  const auto choices = ChoicesOf(r.recommended());
  EXPECT_EQ(choices.at("grace"), "1.25");
  EXPECT_THAT(choices.at("keep_alive"), testing::AnyOf("78s", "1m18s")) << ToReport(tune, r);
  // Margins: 97.5 of 100, and what the intervals leave.
  const pb::Evidence& detection = r.recommended().evidence(0);
  EXPECT_NEAR(detection.margin(), 0.025, 0.002);
  EXPECT_LT(detection.sure_margin(), detection.margin());
  EXPECT_EQ(detection.standing(), pb::Evidence::MET);
  EXPECT_GT(r.recommended().evidence(1).client_days(), 400);
  // Detection is what binds: a longer K would be cheaper.
  EXPECT_TRUE(r.wishes(0).binding());
  EXPECT_FALSE(r.wishes(1).binding());
  // Checked on seeds that the search has not had.
  EXPECT_EQ(r.check().point(), r.recommended().point());
  EXPECT_GT(r.check_first_seed(), r.search_last_seed());
  EXPECT_EQ(r.check().replications(), tune.fresh_replications);
  EXPECT_EQ(r.check().evidence(1).method(), "exact");
  // All points with all their runs would be 96 x 4 x 32.
  EXPECT_LT(r.runs(), 1500u);
  EXPECT_LT(r.points_tried(), 150u);
  EXPECT_FALSE(r.budget_used_up());
  // The front: nothing on it is beaten by another.
  EXPECT_GE(r.front_size(), 5);
  for (const pb::TunedPoint& p : r.front()) {
    for (const pb::TunedPoint& q : r.front()) {
      bool beaten = p.point() != q.point();
      for (int i = 0; i < p.evidence_size(); ++i) {
        beaten = beaten && q.evidence(i).value() < p.evidence(i).value();
      }
      EXPECT_FALSE(beaten) << p.point() << " " << q.point();
    }
  }
}

TEST(TuneTest, AMarginBelowNothingIsNoneAndRareWishesHaveTheirOwnCommand) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  pb::TuneResult r;
  r.set_verdict(pb::TuneResult::UNDECIDED);
  pb::Evidence* const e = r.mutable_recommended()->add_evidence();
  e->set_metric("detection.broker.p99_s");
  e->set_standing(pb::Evidence::MET);
  e->set_margin(-0.5);
  pb::Evidence* const rare = r.mutable_recommended()->add_evidence();
  rare->set_metric("declarations.broker.false_per_client_day");
  rare->set_standing(pb::Evidence::LIKELY);
  rare->set_margin(1);
  rare->set_sure_margin(-47081.8276);
  r.mutable_recommended()->add_evidence()->set_metric("cost.packets_per_client_day");
  EXPECT_THAT(ToReport(tune, r), HasSubstr("100 %, for certain none"));
  EXPECT_THAT(ToReport(tune, r), HasSubstr("-50 %"));
  EXPECT_THAT(ToReport(tune, r), HasSubstr("`keepsim rare`"));
  rare->set_standing(pb::Evidence::MET);
  e->set_standing(pb::Evidence::LIKELY);
  EXPECT_THAT(ToReport(tune, r), Not(HasSubstr("`keepsim rare`")));
}

TEST(TuneTest, SaysWhatStandsInTheWayWhenNothingWillDo) {
  const Tune tune = Valid(absl::StrCat(kParameters, R"(
      wishes { metric: "detection.broker.p99_s" at_most: 60 }
      wishes { metric: "declarations.broker.false_per_client_day" at_most: 0.01 }
      wishes { metric: "cost.packets_per_client_day" at_most: 1000000 })"));
  const pb::TuneResult r = Find(tune).result;
  EXPECT_EQ(r.verdict(), pb::TuneResult::IMPOSSIBLE);
  EXPECT_FALSE(r.has_recommended());
  EXPECT_TRUE(r.has_nearest());
  // Each of the two can be met, and each would have to be given up for the other.
  EXPECT_GT(r.wishes(0).points_meeting(), 0u);
  EXPECT_GT(r.wishes(1).points_meeting(), 0u);
  EXPECT_TRUE(r.wishes(0).has_without());
  EXPECT_TRUE(r.wishes(1).has_without());
  EXPECT_FALSE(r.wishes(2).has_without());
  // Without the bound on detection a long K would do, at far less cost than without the other.
  EXPECT_TRUE(r.wishes(0).binding());
  EXPECT_THAT(ToReport(tune, r), HasSubstr("No point was found that meets all wishes"));
  EXPECT_THAT(ToReport(tune, r), HasSubstr("It is the binding one"));
}

TEST(TuneTest, WhatLooksGoodByLuckIsRefutedOnFreshSeeds) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  const uint64_t fresh = tune.space.first_seed + tune.most_replications;
  TuneOptions options;
  options.sweep.run = [&](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    auto run = Pretend(s, j, o);
    // Beyond 94 s the search's seeds had luck.
    double& p99 = run->metrics[3].value;
    if (j.seed >= fresh && p99 > 94) p99 += 10;
    return run;
  };
  const pb::TuneResult r = Find(tune, options).result;
  ASSERT_GE(r.refuted_size(), 1);
  EXPECT_GT(r.refuted(0).evidence(0).value(), 100);
  EXPECT_LT(r.refuted(0).evidence(0).margin(), 0);
  // Those that are left have other seeds for their check.
  ASSERT_TRUE(r.has_recommended());
  EXPECT_LE(r.recommended().evidence(0).value(), 94.5);
  ASSERT_TRUE(r.has_check());
  EXPECT_GE(r.check_first_seed(), fresh + tune.fresh_replications);
}

TEST(TuneTest, TheAnswerDependsOnTheFileAlone) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  TuneOptions options;
  options.sweep.threads = 1;
  const Answer one = Find(tune, options);
  options.sweep.threads = 7;
  const Answer seven = Find(tune, options);
  EXPECT_EQ(one.content, seven.content);
  EXPECT_EQ(one.result.SerializeAsString(), seven.result.SerializeAsString());
  // Stopped again and again: the same in the end, and nothing is run twice.
  const auto store = Store::Open(":memory:", tune.space);
  std::atomic<bool> cancel{false};
  std::atomic<int> begun{0};
  options.sweep.cancel = &cancel;
  options.sweep.run = [&](const Sweep& s, const SweepJob& j,
                          const RunOptions& o) -> absl::StatusOr<StoredRun> {
    if (++begun % 97 == 0) {
      cancel = true;
      while (!*o.cancel) std::this_thread::yield();
    }
    if (*o.cancel) {
      --begun;
      return absl::CancelledError("stopped");
    }
    return Pretend(s, j, o);
  };
  int stops = 0;
  while (absl::IsCancelled(RunTune(tune, **store, options).status())) {
    cancel = false;
    ++stops;
  }
  EXPECT_GE(stops, 2);
  cancel = false;
  const int before = begun;
  const Answer resumed = Find(tune, **store, options);
  EXPECT_EQ(begun, before);
  EXPECT_EQ(resumed.content, one.content);
  EXPECT_EQ(resumed.result.SerializeAsString(), one.result.SerializeAsString());
  EXPECT_EQ(static_cast<uint32_t>(before), resumed.result.runs());
}

TEST(TuneTest, TheBudgetIsKeptAndSaysSo) {
  const std::string text = absl::StrCat(kParameters, kWishes);
  const pb::TuneResult runs = Find(Valid(text + "budget { runs: 130 }")).result;
  EXPECT_LE(runs.runs(), 130u);
  EXPECT_TRUE(runs.budget_used_up());
  const pb::TuneResult days = Find(Valid(text + "budget { client_days: 20000 }")).result;
  EXPECT_LE(days.client_days(), 20000);
  EXPECT_TRUE(days.budget_used_up());
  // The check was kept in mind.
  ASSERT_TRUE(days.has_recommended());
  EXPECT_TRUE(days.has_check());
}

TEST(TuneTest, FailedPointsAreListedAndNotRecommended) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  TuneOptions options;
  options.sweep.run = [&](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    auto run = Pretend(s, j, o);
    if (s.Values(j.point)[1].second == "1.25") {
      run->status = RunStatus::kError;
      run->error = "does not go";
      run->metrics.clear();
    }
    return run;
  };
  const pb::TuneResult r = Find(tune, options).result;
  EXPECT_GT(r.failed_size(), 0);
  EXPECT_EQ(r.failed(0).error(), "does not go");
  EXPECT_THAT(r.failed(0).repro(), HasSubstr("keepsim tune t.textproto --print "));
  ASSERT_TRUE(r.has_recommended());
  EXPECT_EQ(ChoicesOf(r.recommended()).at("grace"), "1.5");
}

TEST(TuneTest, AnotherSourceOfEvidenceIsAskedForEverything) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  TuneOptions options;
  // As a rare-event estimator would: rates without having seen one.
  options.evidence = [](const Sweep& s, Store& store, const SweepMetric& m,
                        const EvidenceRuns& runs) {
    auto all = StoredEvidence(s, store, m, runs);
    if (m.metric != "declarations.broker.false_per_client_day") return all;
    for (PointEvidence& e : *all) {
      if (!e.value) continue;
      e.value = 1e-7;
      e.interval = ConfidenceInterval{0.5e-7, 2e-7};
      e.method = "splitting";
    }
    return all;
  };
  const pb::TuneResult r = Find(tune, options).result;
  EXPECT_EQ(r.recommended().evidence(1).method(), "splitting");
  EXPECT_EQ(r.check().evidence(1).value(), 1e-7);
}

TEST(TuneTest, WrongFilesAreRefusedWithThePlace) {
  const std::string whole = absl::StrCat(kBase, kParameters, kWishes);
  EXPECT_THAT(Errors(absl::StrCat(kBase, kWishes)), HasSubstr("parameters: at least one"));
  EXPECT_THAT(Errors(absl::StrCat(kBase, kParameters)), HasSubstr("wishes: at least one"));
  EXPECT_THAT(Errors(absl::StrCat(kParameters, kWishes)), HasSubstr("scenario: is required"));
  EXPECT_THAT(Errors(whole + "wishes { metric: \"detection.broker.p98_s\" at_most: 1 }"),
              HasSubstr("t.textproto:12:10"));
  EXPECT_THAT(Errors(whole + "wishes { metric: \"clients\" }"),
              HasSubstr("wishes[2]: needs at_most or at_least, and only one"));
  EXPECT_THAT(Errors(whole + "wishes { metric: \"clients\" at_most: 1 at_least: 2 }"),
              HasSubstr("only one of them"));
  EXPECT_THAT(Errors(whole + "wishes { metric: \"clients\" group: \"x\" at_most: 1 }"),
              HasSubstr("there is no group \"x\""));
  EXPECT_THAT(Errors(whole + "minimise { metric: \"cost.packet\" }"), HasSubstr("minimise"));
  EXPECT_THAT(Errors(whole + "budget { runs: 10 }"), HasSubstr("10 are too few"));
  EXPECT_THAT(Errors(whole + "budget { client_days: -1 }"), HasSubstr("must be above 0"));
  EXPECT_THAT(Errors(whole + "first_replications: 2000"), HasSubstr("[1, 1000]"));
  EXPECT_THAT(Errors(whole + "most_replications: 2 "), HasSubstr("out of range [5, 10000]"));
  EXPECT_THAT(Errors(whole + "fresh_replications: 1"), HasSubstr("[2, 10000]"));
  EXPECT_THAT(Errors(whole + "parameters { given: true fields { path: \"groups[g].count\" values: "
                             "\"1\" } }"),
              HasSubstr("what is given is no choice"));
  EXPECT_THAT(Errors(whole + "parameters { fields { path: \"groups[g].kep_alive\" values: \"1s\" } "
                             "}"),
              HasSubstr("keep_alive"));
  EXPECT_THAT(Errors(whole + "wish { }"), HasSubstr("wish"));
}

TEST(TuneTest, CsvHasOneLinePerNumber) {
  const Tune tune = Valid(absl::StrCat(kParameters, kWishes));
  const pb::TuneResult r = Find(tune).result;
  const std::string csv = ToCsv(tune, r);
  EXPECT_THAT(csv, testing::StartsWith("role,point,keep_alive,grace,runs,metric,group,value,low,"));
  EXPECT_THAT(csv, HasSubstr("\nrecommended,"));
  EXPECT_THAT(csv, HasSubstr("\ncheck,"));
  EXPECT_THAT(csv, HasSubstr("\nfront,"));
}

}  // namespace
}  // namespace keepsim
