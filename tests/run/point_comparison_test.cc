// Points of stores held against one another: which are paired, what is said, what is refused.
#include "sim/run/point_comparison.h"

#include <sqlite3.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keepsim {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kAccuracy[] = "qos.query_accuracy";
constexpr char kLatency[] = "detection.broker.p50_s";
constexpr char kFalse[] = "declarations.broker.false_per_client_day";

// Keep alive 10 s, 20 s, 40 s by loss 0, 0.1; latency grows by keep alive, accuracy too, and false
// declarations do not differ.
std::string Made(const std::string& name, double more = 0) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::remove((path + ".sqlite").c_str());
  std::ofstream(path) << R"(inline_scenario { horizon: "1h" groups { name: "g" } } replications: 4
      axes { fields { path: "groups[0].keep_alive" values: ["10s", "20s", "40s"] } }
      axes { given: true fields { path: "groups[0].path.both.loss" values: ["0", "0.1"] } }
      metrics { metric: "detection.broker.p50_s" } metrics { metric: "qos.query_accuracy" }
      metrics { metric: "declarations.broker.false_per_client_day" } )";
  Diagnostics diagnostics;
  const Sweep sweep = LoadSweep(path, name, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  const auto store = Store::Open(path + ".sqlite", sweep);
  EXPECT_TRUE(store.ok()) << store.status();
  for (uint32_t p = 0; p < 6; ++p) {
    const double keep_alive = 10 << (p / 2);
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      const double luck = 0.1 * static_cast<double>(seed * seed % 5);
      StoredRun run;
      run.point = p;
      run.seed = seed;
      if (p == 5 && seed == 4) run.status = RunStatus::kViolation;
      run.metrics = {
          {kLatency, "", keep_alive + more + luck + 0.01 * static_cast<double>(p * seed)},
          {kAccuracy, "", 1 - 1 / keep_alive + 0.001 * static_cast<double>(p * seed)},
          {"declarations.broker.false_count", "", static_cast<double>(3 + (p + seed) % 3)},
          {"declarations.broker.client_days", "", 10}};
      EXPECT_TRUE((*store)->Add(run).ok());
    }
  }
  EXPECT_TRUE((*store)->Finish().ok());
  return path + ".sqlite";
}

StoredSweep Opened(const std::string& path) {
  auto s = StoredSweep::Open(path);
  EXPECT_TRUE(s.ok()) << s.status();
  return *std::move(s);
}

const pb::PointDifference& Of(const pb::ComparedPair& pair, const std::string& metric) {
  for (const pb::PointDifference& d : pair.differences()) {
    if (d.metric() == metric) return d;
  }
  ADD_FAILURE() << metric << " is not there";
  return pb::PointDifference::default_instance();
}

TEST(PointComparisonTest, OneAxisAgainstItsFirstValueAtEachLoss) {
  const StoredSweep s = Opened(Made("axis"));
  const auto pairs = PairsOfAxis(s.sweep, "keep_alive", "");
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  const auto c = ComparePoints(s, s, *pairs, {});
  ASSERT_TRUE(c.ok()) << c.status();
  ASSERT_EQ(c->pairs_size(), 4);
  EXPECT_EQ(c->questions(), 12u);
  const pb::ComparedPair& pair = c->pairs(0);
  EXPECT_EQ(pair.a(), "keep_alive=10s");
  EXPECT_EQ(pair.b(), "keep_alive=20s");
  EXPECT_EQ(pair.at(), "loss=0");
  EXPECT_EQ(Of(pair, kLatency).verdict(), pb::PointDifference::WORSE);
  EXPECT_EQ(Of(pair, kLatency).method(), "paired t");
  // The luck of a seed is in both and goes out.
  EXPECT_LT(Of(pair, kLatency).high() - Of(pair, kLatency).low(), 0.2);
  EXPECT_EQ(Of(pair, kAccuracy).verdict(), pb::PointDifference::BETTER);
  EXPECT_EQ(Of(pair, kFalse).verdict(), pb::PointDifference::NO_DIFFERENCE_SHOWN);
  EXPECT_EQ(Of(pair, kFalse).method(), "exact");
  EXPECT_GT(Of(pair, kFalse).more_replications(), 0u);
  // A run with a broken invariant says nothing.
  EXPECT_EQ(c->pairs(3).replications(), 3u);
  EXPECT_THAT(ToReport(*c), HasSubstr("more replications would settle it"));
  EXPECT_THAT(ToReport(*c), HasSubstr("for all 12 questions at once"));
  EXPECT_THAT(ToCsv(*c), HasSubstr("\nkeep_alive=10s,keep_alive=20s,loss=0,0,2,4,"));
}

TEST(PointComparisonTest, AgainstAValueAndWithoutADirection) {
  const StoredSweep s = Opened(Made("against"));
  const auto pairs = PairsOfAxis(s.sweep, "keep_alive", "40s");
  ASSERT_TRUE(pairs.ok()) << pairs.status();
  const auto c = ComparePoints(s, s, *pairs, {{kLatency, "", pb::ReportedMetric::NEITHER}});
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->pairs(0).a(), "keep_alive=40s");
  EXPECT_EQ(Of(c->pairs(0), kLatency).verdict(), pb::PointDifference::LOWER);
  EXPECT_THAT(PairsOfAxis(s.sweep, "keep_alive", "5s").status().message(), HasSubstr("it has 10s"));
  EXPECT_THAT(PairsOfAxis(s.sweep, "keep_alife", "").status().message(), HasSubstr("keep_alive"));
}

TEST(PointComparisonTest, PointsByNumberAndByValues) {
  const StoredSweep s = Opened(Made("points"));
  EXPECT_EQ(*PointNamed(s.sweep, "3"), 3u);
  EXPECT_EQ(*PointNamed(s.sweep, "loss=0.1, keep_alive=40s"), 5u);
  EXPECT_THAT(PointNamed(s.sweep, "6").status().message(), HasSubstr("points 0 to 5"));
  EXPECT_THAT(PointNamed(s.sweep, "loss=0").status().message(), HasSubstr("3 points"));
  EXPECT_THAT(PointNamed(s.sweep, "loss=7").status().message(), HasSubstr("0 points"));
}

TEST(PointComparisonTest, TwoStoresAndTheSameStore) {
  const StoredSweep a = Opened(Made("one"));
  const StoredSweep b = Opened(Made("two", 5));
  const auto pairs = PairsOfStores(a.sweep, b.sweep);
  ASSERT_EQ(pairs.size(), 6u);
  const auto c = ComparePoints(a, b, pairs, {});
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_NEAR(Of(c->pairs(1), kLatency).difference(), 5, 1e-9);
  EXPECT_EQ(Of(c->pairs(1), kLatency).verdict(), pb::PointDifference::WORSE);
  EXPECT_EQ(Of(c->pairs(1), kAccuracy).verdict(), pb::PointDifference::EQUAL);
  EXPECT_EQ(c->pairs(0).a(), "one");
  // Against itself all is equal, rates too.
  const auto same = ComparePoints(a, a, PairsOfStores(a.sweep, a.sweep), {});
  ASSERT_TRUE(same.ok()) << same.status();
  for (const pb::ComparedPair& pair : same->pairs()) {
    for (const pb::PointDifference& d : pair.differences()) {
      EXPECT_EQ(d.verdict(), pb::PointDifference::EQUAL) << d.metric();
    }
  }
}

TEST(PointComparisonTest, SweepsOfOneNameAreToldApartByTheirFolders) {
  StoredSweep a = Opened(Made("first"));
  StoredSweep b = Opened(Made("second", 5));
  EXPECT_EQ(a.folder + "/first.sqlite", Made("first"));
  a.sweep.name = b.sweep.name = "s";
  a.folder = "results/before";
  b.folder = "results/after";
  const auto c = ComparePoints(a, b, PairsOfStores(a.sweep, b.sweep), {});
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_THAT(ToReport(*c), HasSubstr("B: results/after   against A: results/before   at "));
}

TEST(PointComparisonTest, WhatAStoreLacksIsSaid) {
  const std::string path = Made("lacking");
  const auto report = [&] {
    const StoredSweep s = Opened(path);
    const auto c = ComparePoints(s, s, *PairsOfAxis(s.sweep, "keep_alive", ""), {});
    return c.ok() ? ToReport(*c) : std::string(c.status().message());
  };
  // One run of Made() has broken an invariant.
  EXPECT_THAT(report(), HasSubstr("The sweep: 1 run is left out, having failed or broken"));
  EXPECT_THAT(report(), Not(HasSubstr("missing")));
  EXPECT_THAT(report(), Not(HasSubstr("ran until")));
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(db, "DELETE FROM run WHERE seed = 2 AND point < 3", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(db);
  EXPECT_THAT(report(), HasSubstr("The sweep is not complete: 3 runs are missing"));
  StoredSweep s = Opened(path);
  s.sweep.until = SweepUntil{kLatency, "", 0.1, 0, 2, 50, 2};
  const auto c = ComparePoints(s, s, *PairsOfAxis(s.sweep, "keep_alive", ""), {});
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_THAT(ToReport(*c), HasSubstr("The sweep ran until detection.broker.p50_s within 10 %"));
}

}  // namespace
}  // namespace keepsim
