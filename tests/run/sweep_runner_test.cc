// Running a sweep: shards, threads, failures, stopping and going on, and what the report says.
#include "sim/run/sweep_runner.h"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <new>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/replications.h"
#include "sim/run/sweep_report.h"

namespace keepsim {
namespace {

using testing::HasSubstr;
using testing::Not;

Sweep SweepOf(const std::string& axes) {
  const std::string path = absl::StrCat(testing::TempDir(), "/sweep_runner_test.textproto");
  std::ofstream(path) << R"(inline_scenario { horizon: "1h"
      groups { name: "g" count: 4 keep_alive: "60s" start { spread: "60s" }
        path { both { latency { exponential { mean: "40ms" } } loss: 0.05 } }
        random_faults { fault: CRASH gap { exponential { mean: "10m" } }
                        length { constant: "4m" } } } } )"
                      << axes;
  Diagnostics diagnostics;
  Sweep sweep = LoadSweep(path, "s.textproto", diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  return sweep;
}

constexpr char kCounts[] =
    "axes { fields { path: \"groups[0].count\" values: [\"1\", \"2\", \"40\", \"7\"] } } "
    "replications: 3 ";

std::unique_ptr<Store> Memory(const Sweep& sweep) {
  auto store = Store::Open(":memory:", sweep);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

// A run that is done at once.
absl::StatusOr<StoredRun> Pretend(const Sweep&, const SweepJob& job, const RunOptions&) {
  StoredRun run;
  run.point = job.point;
  run.seed = job.seed;
  return run;
}

TEST(SweepRunnerTest, ShardsArePartsOfTheWholeAndCostAboutTheSame) {
  const Sweep sweep = SweepOf(kCounts);
  const std::vector<SweepJob> jobs = JobsOf(sweep);
  ASSERT_EQ(jobs.size(), 12u);
  for (size_t i = 1; i < jobs.size(); ++i) EXPECT_GE(jobs[i - 1].cost, jobs[i].cost);
  for (const uint32_t count : {1u, 2u, 3u, 5u, 12u, 40u}) {
    std::multiset<RunKey> all;
    double most = 0;
    for (uint32_t i = 0; i < count; ++i) {
      double cost = 0;
      for (const SweepJob& j : ShardOf(jobs, i, count)) {
        all.insert({j.point, j.seed});
        cost += j.cost;
      }
      most = std::max(most, cost);
    }
    EXPECT_EQ(all.size(), 12u) << count;
    EXPECT_EQ(std::set<RunKey>(all.begin(), all.end()).size(), 12u) << count;
    // No shard has more than its part and one run.
    double total = 0;
    for (const SweepJob& j : jobs) total += j.cost;
    EXPECT_LE(most, total / count + jobs[0].cost);
  }
}

TEST(SweepRunnerTest, SmallRunsGetAThreadEachAndLargeOnesMany) {
  EXPECT_EQ(ThreadsFor(1, 1000, 8, 8), 1);
  EXPECT_EQ(ThreadsFor(1, 1, 8, 8), 8);
  EXPECT_EQ(ThreadsFor(1, 2, 8, 8), 4);
  EXPECT_EQ(ThreadsFor(1, 2, 8, 3), 3);
  EXPECT_EQ(ThreadsFor(90, 100, 8, 8), 7);
  EXPECT_EQ(ThreadsFor(0, 0, 8, 8), 8);
}

TEST(SweepRunnerTest, SmallRunsGoSideBySideOnNoMoreThreadsThanAsked) {
  const Sweep sweep = SweepOf(kCounts);
  const auto store = Memory(sweep);
  std::mutex mutex;
  std::condition_variable second;
  int jobs = 0;
  int threads_in_use = 0;
  int most_jobs = 0;
  int most_threads = 0;
  SweepRunOptions options;
  options.threads = 5;
  options.run = [&](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    std::unique_lock<std::mutex> lock(mutex);
    most_jobs = std::max(most_jobs, ++jobs);
    most_threads = std::max(most_threads, threads_in_use += o.threads);
    second.notify_all();
    second.wait_for(lock, std::chrono::seconds(5), [&] { return most_jobs > 1; });
    lock.unlock();
    auto run = RunJob(s, j, o);
    lock.lock();
    --jobs;
    threads_in_use -= o.threads;
    return run;
  };
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  EXPECT_EQ(store->Done()->size(), 12u);
  EXPECT_GE(most_jobs, 2);
  EXPECT_LE(most_threads, 5);
}

TEST(SweepRunnerTest, ThreadsAndShardsChangeNothing) {
  const Sweep sweep = SweepOf(kCounts);
  std::string first;
  for (const int threads : {1, 3, 8}) {
    const auto store = Memory(sweep);
    SweepRunOptions options;
    options.threads = threads;
    for (uint32_t shard = 0; shard < static_cast<uint32_t>(threads); ++shard) {
      ASSERT_TRUE(RunJobs(sweep, ShardOf(JobsOf(sweep), shard, static_cast<uint32_t>(threads)),
                          options, *store)
                      .ok());
    }
    const std::string digest = *store->ContentDigest();
    if (first.empty()) first = digest;
    EXPECT_EQ(digest, first) << threads;
  }
}

TEST(SweepRunnerTest, PointsShareTheirSeeds) {
  // The second axis changes nothing that happens: with the same luck the runs are the same.
  const Sweep sweep = SweepOf(
      "axes { fields { path: \"groups[0].region\" values: [\"a\", \"b\"] } } replications: 2");
  const auto store = Memory(sweep);
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), {}, *store).ok());
  const auto runs = store->Runs(false);
  ASSERT_EQ(runs->size(), 4u);
  EXPECT_EQ((*runs)[0].digest, (*runs)[2].digest);
  EXPECT_EQ((*runs)[1].digest, (*runs)[3].digest);
  EXPECT_NE((*runs)[0].digest, (*runs)[1].digest);
}

TEST(SweepRunnerTest, AFailedRunDoesNotStopTheOthers) {
  const Sweep sweep = SweepOf(kCounts);
  const auto store = Memory(sweep);
  SweepRunOptions options;
  options.run = [](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    auto run = RunJob(s, j, o);
    if (run.ok() && j.point == 2 && j.seed == 1) {
      run->status = RunStatus::kViolation;
      run->error = "1 invariants broken";
    }
    return run;
  };
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  EXPECT_EQ(store->Done()->size(), 12u);
  const std::string text = FailuresText(sweep, *store->Runs(false));
  EXPECT_EQ(text,
            "point 2, seed 1 (count=40): violation: 1 invariants broken\n  again: keepsim sweep "
            "s.textproto --print 2 > point.textproto; keepsim run point.textproto --seed 1\n");
}

TEST(SweepRunnerTest, WhatThereIsNoMemoryForStopsNothingAndIsTriedAgain) {
  const Sweep sweep = SweepOf(kCounts);
  const auto store = Memory(sweep);
  SweepRunOptions options;
  options.threads = 2;
  options.run = [](const Sweep& s, const SweepJob& j,
                   const RunOptions& o) -> absl::StatusOr<StoredRun> {
    if (j.point == 2) throw std::bad_alloc();
    return RunJob(s, j, o);
  };
  uint64_t failed = 0;
  options.on_progress = [&](const SweepProgress& p) { failed = std::max(failed, p.failed); };
  const absl::Status status = RunJobs(sweep, JobsOf(sweep), options, *store);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("point 2, seed 1 (count=40): error: out of memory\n  again: keepsim"));
  EXPECT_EQ(store->Done()->size(), 9u);
  EXPECT_LE(failed, 3u);
  // With more memory it is as if nothing had been.
  options.run = nullptr;
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  const auto other = Memory(sweep);
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), {}, *other).ok());
  EXPECT_EQ(*store->ContentDigest(), *other->ContentDigest());
}

TEST(SweepRunnerTest, ProgressCountsByWhatRunsCost) {
  const Sweep sweep = SweepOf(kCounts);
  const auto store = Memory(sweep);
  SweepRunOptions options;
  options.threads = 1;
  std::vector<SweepProgress> shown;
  options.on_progress = [&](const SweepProgress& p) { shown.push_back(p); };
  options.run = [](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    // lint: allow(sleep) longer than the time between two looks at the progress
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    return Pretend(s, j, o);
  };
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  bool between = false;
  for (const SweepProgress& p : shown) {
    EXPECT_EQ(p.runs, 12u);
    if (p.done == 0 || p.done == p.runs) continue;
    between = true;
    // The largest go first.
    EXPECT_GT(p.cost_done / p.cost, static_cast<double>(p.done) / static_cast<double>(p.runs));
  }
  EXPECT_TRUE(between);
}

TEST(SweepRunnerTest, ValuesThatDoNotGoTogetherFailAtTheirPointAlone) {
  // Each value is legal with the first of the other axis.
  const Sweep sweep = SweepOf(R"(
      axes { fields { name: "min" path: "groups[0].path.up.latency.min" values: ["1s", "5s"] } }
      axes { fields { name: "max" path: "groups[0].path.up.latency.max" values: ["9s", "2s"] } }
      set: "groups[0].path.up.latency.constant=3s")");
  const auto store = Memory(sweep);
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), {}, *store).ok());
  const auto runs = store->Runs(false);
  ASSERT_EQ(runs->size(), 4u);
  for (const StoredRun& run : *runs) {
    EXPECT_EQ(run.status, run.point == 3 ? RunStatus::kError : RunStatus::kOk) << run.point;
  }
  EXPECT_THAT((*runs)[3].error, HasSubstr("groups[0].path.up.latency"));
}

TEST(SweepRunnerTest, ExpectationsAreJudgedOnRequest) {
  const std::string expecting =
      "set: \"expectations={metric: 'clients' at_most: 5}\" axes { fields { path: "
      "\"groups[0].count\" values: [\"2\", \"9\"] } } ";
  const Sweep silent = SweepOf(expecting);
  const auto first = Memory(silent);
  ASSERT_TRUE(RunJobs(silent, JobsOf(silent), {}, *first).ok());
  EXPECT_EQ(FailuresText(silent, *first->Runs(false)), "");
  const Sweep judged = SweepOf(expecting + "judge_expectations: true");
  const auto second = Memory(judged);
  ASSERT_TRUE(RunJobs(judged, JobsOf(judged), {}, *second).ok());
  EXPECT_EQ((*second->Runs(false))[0].status, RunStatus::kOk);
  EXPECT_EQ((*second->Runs(false))[1].status, RunStatus::kNotMet);
}

TEST(SweepRunnerTest, StoppedItGoesOnWithWhatIsMissing) {
  const Sweep sweep = SweepOf(kCounts);
  const auto store = Memory(sweep);
  std::atomic<bool> cancel{false};
  std::atomic<int> begun{0};
  SweepRunOptions options;
  options.threads = 1;
  options.cancel = &cancel;
  options.run = [&](const Sweep& s, const SweepJob& j,
                    const RunOptions& o) -> absl::StatusOr<StoredRun> {
    if (++begun == 5) {
      cancel = true;
      while (!*o.cancel) std::this_thread::yield();
      return absl::CancelledError("stopped");
    }
    return Pretend(s, j, o);
  };
  EXPECT_TRUE(absl::IsCancelled(RunJobs(sweep, JobsOf(sweep), options, *store)));
  EXPECT_EQ(store->Done()->size(), 4u);
  cancel = false;
  begun = 100;
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  EXPECT_EQ(begun, 108);  // the eight that were missing, and nothing twice
  EXPECT_EQ(store->Done()->size(), 12u);
}

constexpr char kUntil[] =
    "axes { fields { path: \"groups[0].keep_alive\" values: [\"30s\", \"60s\", \"90s\"] } } "
    "until { metric: \"detection.broker.p50_s\" relative_half_width: 0.1 least: 5 batch: 2 "
    "most: 40 } ";

TEST(SweepRunnerTest, RunningUntilSomethingIsKnownDependsOnTheResultsAlone) {
  const Sweep sweep = SweepOf(kUntil);
  ASSERT_EQ(JobsOf(sweep).size(), 3u);
  std::string first;
  size_t runs = 0;
  for (const int threads : {1, 2, 7}) {
    const auto store = Memory(sweep);
    SweepRunOptions options;
    options.threads = threads;
    for (uint32_t shard = 0; shard < static_cast<uint32_t>(threads); ++shard) {
      ASSERT_TRUE(RunJobs(sweep, ShardOf(JobsOf(sweep), shard, static_cast<uint32_t>(threads)),
                          options, *store)
                      .ok());
    }
    const std::string digest = *store->ContentDigest();
    if (first.empty()) first = digest;
    EXPECT_EQ(digest, first) << threads;
    const auto points = ReplicationsOf(sweep, *store);
    ASSERT_TRUE(points.ok());
    runs = store->Done()->size();
    EXPECT_EQ(WantedRuns(*points), runs);
    for (const PointReplications& p : *points) EXPECT_TRUE(p.finished() && p.reached());
    EXPECT_THAT(*ToReport(sweep, *store), HasSubstr("3 of 3 points got there"));
  }
  EXPECT_GT(runs, 15u);  // or nothing was sequential
  EXPECT_LT(runs, 120u);

  // Stopped after every few runs, it ends the same, with nothing run twice.
  const auto store = Memory(sweep);
  std::atomic<bool> cancel{false};
  std::atomic<size_t> begun{0};
  SweepRunOptions options;
  options.threads = 2;
  options.cancel = &cancel;
  options.run = [&](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    if (++begun % 7 == 0) cancel = true;
    return RunJob(s, j, o);
  };
  int rounds = 0;
  while (absl::IsCancelled(RunJobs(sweep, JobsOf(sweep), options, *store))) {
    cancel = false;
    ++rounds;
  }
  EXPECT_GE(rounds, 1);
  EXPECT_EQ(*store->ContentDigest(), first);
  const size_t before = begun;
  cancel = false;
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  EXPECT_EQ(begun, before);
}

TEST(SweepRunnerTest, WhatCannotBeRunIsNotTriedUntilTheLimit) {
  const Sweep sweep = SweepOf(kUntil);
  const auto store = Memory(sweep);
  SweepRunOptions options;
  options.run = [](const Sweep& s, const SweepJob& j, const RunOptions& o) {
    auto run = j.point == 1 ? Pretend(s, j, o) : RunJob(s, j, o);
    if (j.point == 1) run->status = RunStatus::kError;
    return run;
  };
  ASSERT_TRUE(RunJobs(sweep, JobsOf(sweep), options, *store).ok());
  const auto points = ReplicationsOf(sweep, *store);
  EXPECT_EQ((*points)[1].wanted(), 5u);
  EXPECT_TRUE((*points)[1].finished());
  EXPECT_FALSE((*points)[1].reached());
  EXPECT_THAT(*ToReport(sweep, *store), HasSubstr("1 stopped without it"));
}

TEST(SweepReportTest, RatesArePooledAndMeansHaveStudentsInterval) {
  const Sweep sweep = SweepOf(
      "axes { fields { path: \"groups[0].count\" values: [\"1\", \"2\"] } } replications: 2 "
      "metrics { metric: \"detection.broker.p50_s\" }");
  const auto store = Memory(sweep);
  const auto add = [&](uint32_t point, uint64_t seed, double p50, double count) {
    StoredRun run;
    run.point = point;
    run.seed = seed;
    run.metrics = {{"detection.broker.p50_s", "", p50},
                   {"declarations.broker.false_count", "", count},
                   {"declarations.broker.client_days", "", 50}};
    ASSERT_TRUE(store->Add(run).ok());
  };
  add(0, 1, 10, 0);
  add(0, 2, 14, 0);
  add(1, 1, 30, 3);
  add(1, 2, 30, 5);
  const auto p50 = EstimatesOf(sweep, *store, {"detection.broker.p50_s", ""});
  ASSERT_TRUE(p50.ok());
  // t(0.975, 1) = 12.706; standard deviation 2 sqrt 2, of the mean 2.
  EXPECT_EQ(*(*p50)[0].value, 12);
  EXPECT_NEAR((*p50)[0].interval->low, 12 - 12.706 * 2, 0.001);
  EXPECT_NEAR((*p50)[1].interval->high, 30, 1e-12);
  const auto rate = EstimatesOf(sweep, *store, {"declarations.broker.false_per_client_day", ""});
  ASSERT_TRUE(rate.ok());
  // None in 100 client-days: the exact upper bound is 3.689 / 100.
  EXPECT_EQ(*(*rate)[0].value, 0);
  EXPECT_NEAR((*rate)[0].interval->high, 0.03689, 0.00001);
  EXPECT_EQ(*(*rate)[1].value, 0.08);
  const auto count = EstimatesOf(sweep, *store, {"declarations.broker.false_count", ""});
  EXPECT_NEAR((*count)[0].interval->high, 3.689 / 2, 0.001);
  const auto nothing = EstimatesOf(sweep, *store, {"detection.client.p50_s", ""});
  EXPECT_FALSE((*nothing)[0].value.has_value());
  const auto report = ToReport(sweep, *store);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(*report, HasSubstr("Lowest detection.broker.p50_s\n  count=1 with 12 ["));
}

TEST(SweepReportTest, WhatIsBestIsSaidForEachCircumstance) {
  const Sweep sweep = SweepOf(R"(
      axes { fields { name: "k" path: "groups[0].keep_alive" values: ["30s", "60s"] } }
      axes { given: true fields { path: "groups[0].path.both.loss" values: ["0", "0.1"] } }
      metrics { metric: "qos.query_accuracy" })");
  const auto store = Memory(sweep);
  const auto add = [&](uint32_t point, double value) {
    StoredRun run;
    run.point = point;
    run.seed = 1;
    run.metrics = {{"qos.query_accuracy", "", value}};
    ASSERT_TRUE(store->Add(run).ok());
  };
  add(0, 0.9);
  add(1, 0.2);
  add(2, 0.8);
  add(3, 0.7);
  const std::string report = *ToReport(sweep, *store);
  EXPECT_THAT(report, HasSubstr("Highest qos.query_accuracy\n  at loss=0: k=30s with 0.9\n  at "
                                "loss=0.1: k=60s with 0.7\n"));
  EXPECT_THAT(report, Not(HasSubstr("clearly")));  // one seed: nobody knows
}

}  // namespace
}  // namespace keepsim
