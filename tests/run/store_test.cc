// The store of a sweep: what is put in comes out, only where it fits, and merges in any order.
#include "sim/run/store.h"

#include <sqlite3.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/sweep_definition.h"
#include "sim/run/sweep_split.h"
#include "sim/scenario/load.h"

namespace keepsim {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Fresh(const std::string& name) {
  std::string path = absl::StrCat(testing::TempDir(), "/", name, ".sqlite");
  for (const char* end : {"", "-wal", "-shm", "-journal"}) std::remove((path + end).c_str());
  return path;
}

// Two values of one axis; `keep_alive` is of the base.
Sweep SweepOf(const std::string& keep_alive = "60s", const std::string& more = "") {
  const std::string path = absl::StrCat(testing::TempDir(), "/store_test.textproto");
  std::ofstream(path) << "inline_scenario { horizon: \"1h\" groups { name: \"g\" keep_alive: \""
                      << keep_alive << "\" } } replications: 3 "
                      << "axes { fields { path: \"groups[0].count\" values: [\"1\", \"2\"] } } "
                      << more;
  Diagnostics diagnostics;
  Sweep sweep = LoadSweep(path, "s.textproto", diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  return sweep;
}

StoredRun RunOf(uint32_t point, uint64_t seed) {
  StoredRun run;
  run.point = point;
  run.seed = seed;
  run.digest = absl::StrCat("d", point, ".", seed);
  run.scenario_digest = "s";
  run.metrics = {{"a.b", "", 0.1 * static_cast<double>(seed)}, {"a.b", "g", 1e300}};
  return run;
}

std::unique_ptr<Store> Opened(const std::string& path, const Sweep& sweep) {
  auto store = Store::Open(path, sweep);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

std::string Refusal(const std::string& path, const Sweep& sweep) {
  return std::string(Store::Open(path, sweep).status().message());
}

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void Execute(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

TEST(StoreTest, WhatIsPutInComesOut) {
  const std::string path = Fresh("round");
  const Sweep sweep = SweepOf();
  StoredRun failed = RunOf(1, 2);
  failed.status = RunStatus::kViolation;
  failed.error = "line\nwith 'quotes'";
  {
    const auto store = Opened(path, sweep);
    ASSERT_TRUE(store->Add(failed).ok());
    ASSERT_TRUE(store->Add(RunOf(0, 1)).ok());
  }
  const auto store = Opened(path, sweep);
  EXPECT_EQ(*store->Done(), (std::set<RunKey>{{0, 1}, {1, 2}}));
  EXPECT_EQ(*store->Runs(true), (std::vector<StoredRun>{RunOf(0, 1), failed}));
  const auto values = store->Values("a.b", "");
  ASSERT_TRUE(values.ok());
  ASSERT_EQ(values->size(), 2u);
  EXPECT_EQ((*values)[1].point, 1u);
  EXPECT_EQ((*values)[1].value, 0.2);
  EXPECT_EQ(store->ExpectedRuns(), 6u);
}

TEST(StoreTest, DistributionsComeOutByPoint) {
  const auto store = Opened(Fresh("distributions"), SweepOf());
  StoredRun run = RunOf(1, 2);
  run.distributions = {{"detection.broker", {{0.25, 3}, {30.125, 1}}}, {"detection.client", {}}};
  ASSERT_TRUE(store->Add(run).ok());
  ASSERT_TRUE(store->Add(RunOf(0, 1)).ok());
  EXPECT_EQ(*store->Runs(true), (std::vector<StoredRun>{RunOf(0, 1), run}));
  const auto kept = store->Distributions("detection.broker");
  ASSERT_TRUE(kept.ok());
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ((*kept)[0].point, 1u);
  EXPECT_EQ((*kept)[0].distribution, run.distributions[0]);
  // They are of the content.
  const auto without = Opened(":memory:", SweepOf());
  run.distributions.clear();
  ASSERT_TRUE(without->Add(run).ok());
  ASSERT_TRUE(without->Add(RunOf(0, 1)).ok());
  EXPECT_NE(*without->ContentDigest(), *store->ContentDigest());
}

TEST(StoreTest, AStoreOfAnEarlierBuildIsReadAndGoesOn) {
  const std::string path = Fresh("earlier");
  ASSERT_TRUE(Opened(path, SweepOf())->Add(RunOf(0, 1)).ok());
  Execute(path, "DROP TABLE distribution; DELETE FROM fact WHERE name IN ('file', 'definition')");
  {
    const auto store = Store::OpenToRead(path);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(*(*store)->Runs(true), std::vector<StoredRun>{RunOf(0, 1)});
    EXPECT_TRUE((*store)->Distributions("detection.broker")->empty());
    EXPECT_THAT(SweepOfStore(**store).status().message(), HasSubstr("adds that"));
  }
  StoredRun run = RunOf(1, 1);
  run.distributions = {{"detection.broker", {{1, 1}}}};
  const auto store = Opened(path, SweepOf());
  ASSERT_TRUE(store->Add(run).ok());
  EXPECT_EQ(store->Runs(true)->back(), run);
  EXPECT_TRUE(SweepOfStore(*store).ok());
}

TEST(StoreTest, AStoreKnowsItsSweep) {
  const Sweep sweep = SweepOf("60s", R"(
      name: "n" question: "q?" reading: "r" set: "groups[0].client=paho-c" seed: 7
      axes { given: true
        fields { path: "groups[0].keep_alive" path: "groups[g].keep_alive" values: ["9s", "8s"] }
        fields { name: "with" path: "groups[0].path.both.loss" values: ["0", "0.5"] } }
      skip: "count == 2 and with > 0"
      metrics { metric: "detection.broker.p50_s" better: HIGHER })");
  const std::string path = Fresh("definition");
  const auto store = Opened(path, sweep);
  const auto kept = SweepOfStore(*store);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->name, "n");
  EXPECT_EQ(kept->question, "q?");
  EXPECT_EQ(kept->reading, "r");
  EXPECT_EQ(kept->digest, sweep.digest);
  EXPECT_TRUE(kept->axes[1].given);
  ASSERT_EQ(kept->points.size(), 3u);
  for (size_t p = 0; p < 3; ++p) {
    EXPECT_EQ(kept->PointText(p), sweep.PointText(p));
    EXPECT_EQ(kept->Repro(p, 7), sweep.Repro(p, 7));
  }
  EXPECT_EQ(kept->metrics[0].better, pb::ReportedMetric::HIGHER);
  // What is reported, and how it is called, may change; the store then says it as it is now.
  Sweep renamed = sweep;
  renamed.question = "another?";
  const auto again = Opened(path, renamed);
  EXPECT_EQ(SweepOfStore(*again)->question, "another?");
}

TEST(StoreTest, WhatTheFileSaysIsKeptWholeOrNotAtAll) {
  const std::string path = Fresh("definition");
  { (void)Opened(path, SweepOf()); }
  Execute(path,
          "CREATE TRIGGER no BEFORE INSERT ON fact WHEN new.name = 'file' "
          "BEGIN SELECT RAISE(ABORT, 'no'); END");
  Sweep other = SweepOf();
  other.file = "other.textproto";
  other.question = "another?";
  EXPECT_THAT(Refusal(path, other), HasSubstr("cannot be written"));
  const auto store = Store::OpenToRead(path);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->facts().at("file"), "s.textproto");
  EXPECT_EQ(SweepOfStore(**store)->question, "");
}

TEST(StoreTest, GroupsAreThoseOfItsNumbers) {
  const auto store = Opened(":memory:", SweepOf());
  EXPECT_TRUE(store->Groups()->empty());
  ASSERT_TRUE(store->Add(RunOf(0, 1)).ok());
  EXPECT_EQ(*store->Groups(), std::vector<std::string>{"g"});
}

TEST(StoreTest, PartsAreSweepsOfTheirOwnAndCollectIntoTheWhole) {
  const Sweep sweep = SweepOf("60s", R"(
      axes { fields { path: "groups[0].keep_alive" values: ["9s", "8s", "7s"] } })");
  const std::string path = absl::StrCat(testing::TempDir(), "/part.textproto");
  std::vector<std::string> stores;
  const auto whole = Opened(":memory:", sweep);
  size_t points = 0;
  for (const uint32_t i : {0, 1, 2}) {
    std::ofstream(path) << SplitText(sweep, i, 3);
    Diagnostics diagnostics;
    const Sweep part = LoadSweep(path, "part.textproto", diagnostics);
    ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
    stores.push_back(Fresh(absl::StrCat("collect", i)));
    const auto store = Opened(stores.back(), part);
    for (uint32_t p = 0; p < part.points.size(); ++p, ++points) {
      // Every third point, with its scenario.
      EXPECT_EQ(part.PointText(p), sweep.PointText(i + 3 * p));
      StoredRun run = RunOf(p, 2);
      run.scenario_digest = ScenarioDigest(part.Scenario(p, 2).proto);
      EXPECT_EQ(run.scenario_digest, ScenarioDigest(sweep.Scenario(i + 3 * p, 2).proto));
      ASSERT_TRUE(store->Add(run).ok());
      run.point = i + 3 * p;
      ASSERT_TRUE(whole->Add(run).ok());
    }
  }
  EXPECT_EQ(points, 6u);
  const std::string out = Fresh("collected");
  const auto found = CollectRuns(sweep, {stores[1], stores[0], stores[2]}, out);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, 6u);
  EXPECT_EQ(*Opened(out, sweep)->ContentDigest(), *whole->ContentDigest());
  EXPECT_EQ(Bytes(out + ".tmp"), "");
  Execute(stores[2], "UPDATE fact SET value = '0' WHERE name = 'engine_version'");
  EXPECT_THAT(CollectRuns(sweep, stores, Fresh("refused")).status().message(),
              HasSubstr("is of engine version 0"));
}

TEST(StoreTest, ARunThatIsThereStays) {
  const auto store = Opened(":memory:", SweepOf());
  ASSERT_TRUE(store->Add(RunOf(0, 1)).ok());
  StoredRun other = RunOf(0, 1);
  other.digest = "another";
  other.metrics.push_back({"c", "", 5});
  ASSERT_TRUE(store->Add(other).ok());
  EXPECT_EQ(*store->Runs(true), std::vector<StoredRun>{RunOf(0, 1)});
}

TEST(StoreTest, TheContentDigestIsOfTheContentAlone) {
  const Sweep sweep = SweepOf();
  const auto a = Opened(Fresh("digest"), sweep);
  const auto b = Opened(":memory:", sweep);
  for (const uint64_t seed : {1, 2, 3}) ASSERT_TRUE(a->Add(RunOf(0, seed)).ok());
  for (const uint64_t seed : {3, 1}) ASSERT_TRUE(b->Add(RunOf(0, seed)).ok());
  EXPECT_NE(*a->ContentDigest(), *b->ContentDigest());
  ASSERT_TRUE(b->Add(RunOf(0, 2)).ok());
  EXPECT_EQ(*a->ContentDigest(), *b->ContentDigest());
  // One bit of one number.
  const auto c = Opened(":memory:", sweep);
  for (const uint64_t seed : {1, 2, 3}) {
    StoredRun run = RunOf(0, seed);
    if (seed == 2) run.metrics[0].value += 1e-16;
    ASSERT_TRUE(c->Add(run).ok());
  }
  EXPECT_NE(*a->ContentDigest(), *c->ContentDigest());
}

TEST(StoreTest, AStoreThatDoesNotFitIsRefusedWithTheReason) {
  const std::string path = Fresh("fit");
  { (void)Opened(path, SweepOf()); }
  EXPECT_THAT(Refusal(path, SweepOf("90s")), HasSubstr("the base scenario is another one"));
  EXPECT_THAT(Refusal(path, SweepOf("60s", "skip: \"count == 1\"")), HasSubstr("axes or filters"));
  EXPECT_THAT(Refusal(path, SweepOf("60s", "seed: 4")),
              HasSubstr("it has 3 seeds from 1 on, not 3 from 4 on"));
  EXPECT_THAT(Refusal(path, SweepOf("60s", "metrics { metric: \"failures.0.count\" }")),
              HasSubstr("the reported metrics of lists are others"));
  EXPECT_EQ(Refusal(path, SweepOf("60s", "question: \"other words\"")), "");
  // What another number of replications can do with the runs that are there.
  const std::string takes_over =
      absl::StrCat("need not be run again: keepsim merge ", path.substr(0, path.rfind('/')),
                   " --sweep s.textproto --out NEW, then keepsim sweep s.textproto --out NEW");
  for (const char* more : {"seed: 4", "skip: \"count == 1\""}) {
    EXPECT_THAT(Refusal(path, SweepOf("60s", more)), HasSubstr(takes_over));
  }
  EXPECT_THAT(Refusal(path, SweepOf("90s")), Not(HasSubstr("keepsim merge")));
  Execute(path, "UPDATE fact SET value = '1' WHERE name = 'engine_version'");
  EXPECT_THAT(Refusal(path, SweepOf()), HasSubstr("it is of engine version 1, not of "));
  Execute(path, "UPDATE fact SET value = '77' WHERE name = 'format'");
  EXPECT_THAT(Refusal(path, SweepOf()), HasSubstr("has format 77"));
}

TEST(StoreTest, FilesOfOthersAreLeftAlone) {
  const std::string text = Fresh("text");
  std::ofstream(text) << "this is no database, but long enough to be taken for one at first sight";
  EXPECT_THAT(Refusal(text, SweepOf()), HasSubstr("is no store of a sweep"));
  const std::string other = Fresh("other");
  Execute(other, "CREATE TABLE precious (x)");
  const std::string before = Bytes(other);
  EXPECT_THAT(Refusal(other, SweepOf()), HasSubstr("is no store of a sweep"));
  EXPECT_EQ(Bytes(other), before);
  EXPECT_THAT(Refusal("/proc/nowhere/x.sqlite", SweepOf()), HasSubstr("cannot be opened"));
}

TEST(StoreTest, MergingGivesTheSameBytesInAnyOrder) {
  const Sweep sweep = SweepOf();
  const std::vector<std::string> parts = {Fresh("part0"), Fresh("part1"), Fresh("part2")};
  const auto whole = Opened(":memory:", sweep);
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto store = Opened(parts[i], sweep);
    for (const uint32_t point : {1, 0}) {
      StoredRun run = RunOf(point, 1 + i);
      run.metrics.push_back({absl::StrCat("only.", i), "", 1});
      ASSERT_TRUE(store->Add(run).ok());
      ASSERT_TRUE(whole->Add(run).ok());
    }
  }
  const std::string one = Fresh("merged1");
  const std::string two = Fresh("merged2");
  ASSERT_TRUE(Store::Merge({parts[0], parts[1], parts[2]}, one).ok());
  // A part twice is no matter: its runs are the same.
  ASSERT_TRUE(Store::Merge({parts[2], parts[0], parts[1], parts[0]}, two).ok());
  EXPECT_EQ(Bytes(one), Bytes(two));
  const auto merged = Store::OpenToRead(one);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(*(*merged)->ContentDigest(), *whole->ContentDigest());
  // And it is a store like any other.
  EXPECT_EQ(Opened(one, sweep)->Done()->size(), 6u);
}

TEST(StoreTest, WhatDoesNotFitIsNotMerged) {
  const std::string a = Fresh("unlike_a");
  const std::string b = Fresh("unlike_b");
  const std::string out = Fresh("unlike_out");
  ASSERT_TRUE(Opened(a, SweepOf())->Add(RunOf(0, 1)).ok());
  { (void)Opened(b, SweepOf("90s")); }
  EXPECT_THAT(Store::Merge({a, b}, out).message(), HasSubstr("the base scenario is another one"));
  const std::string c = Fresh("unlike_c");
  StoredRun other = RunOf(0, 1);
  other.metrics[0].value = 7;
  ASSERT_TRUE(Opened(c, SweepOf())->Add(other).ok());
  EXPECT_THAT(Store::Merge({a, c}, out).message(), HasSubstr("differ about point 0, seed 1"));
  EXPECT_THAT(Store::Merge({a, Fresh("missing")}, out).message(), HasSubstr("cannot be opened"));
  EXPECT_EQ(Bytes(out), "");
  EXPECT_EQ(Bytes(out + ".tmp"), "");
}

TEST(StoreTest, SeveralWritersOfOneFileLoseNothing) {
  const std::string path = Fresh("writers");
  const Sweep sweep = SweepOf();
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&] {
      // Again and again from the beginning, since that is where they are in each other's way.
      for (uint64_t seed = 1; seed <= 30; ++seed) {
        const auto store = Store::Open(path, sweep);
        ASSERT_TRUE(store.ok()) << store.status();
        const absl::Status status = (*store)->Add(RunOf(0, seed));
        EXPECT_TRUE(status.ok()) << status;
        (void)(*store)->Finish();  // the others may have it open
      }
    });
  }
  for (std::thread& w : writers) w.join();
  const auto store = Opened(path, sweep);
  EXPECT_EQ(store->Done()->size(), 30u);
  const auto runs = store->Runs(true);
  ASSERT_TRUE(runs.ok()) << runs.status();
  for (const StoredRun& run : *runs) EXPECT_EQ(run, RunOf(0, run.seed));
}

}  // namespace
}  // namespace keepsim
