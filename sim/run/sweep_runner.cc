#include "sim/run/sweep_runner.h"

#include <algorithm>
#include <chrono>  // lint: allow(clock) how often progress is shown: nothing simulated reads it
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"
#include "sim/base/histogram.h"
#include "sim/base/memory_limit.h"
#include "sim/metrics/expectation.h"
#include "sim/metrics/metric_path.h"
#include "sim/metrics/tally.h"
#include "sim/run/replications.h"
#include "sim/run/run_summary.h"
#include "sim/run/start_thread.h"
#include "sim/run/sweep_report.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

constexpr size_t kMostShownViolations = 5;

std::string ErrorsOf(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics.items()) {
    if (d.warning) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ", d.path, d.path.empty() ? "" : ": ", d.message);
  }
  return text;
}

std::string ViolationsOf(const CheckerSet& checks) {
  std::string text = absl::StrCat(checks.total(), " invariants broken");
  for (size_t i = 0; i < std::min(kMostShownViolations, checks.violations().size()); ++i) {
    const Violation& v = checks.violations()[i];
    absl::StrAppend(&text, "; ", v.rule, " (", v.clause, "), entity ", v.entity, ": ", v.text);
  }
  return text;
}

std::string UnmetOf(const RunSummary& summary) {
  std::string text;
  for (const summary_pb::ExpectationResult& e : summary.expectations()) {
    if (!e.met()) absl::StrAppend(&text, text.empty() ? "" : "; ", e.text());
  }
  return text;
}

// Values put together to cells 1/64 of an octave wide, as middles within what was seen.
StoredDistribution DistributionOf(std::string name, const Histogram& h) {
  constexpr int kCellsPerOctave = 64;
  StoredDistribution d{std::move(name), {}};
  int64_t end_ns = -1;  // of the cell that is open
  for (const Histogram::Cell& cell : h.NonEmptyCells()) {
    const int64_t ns = cell.low.ns;
    if (ns < end_ns) {
      d.values.back().second += cell.count;
      continue;
    }
    int64_t octave_ns = 1;
    while (octave_ns <= ns / 2) octave_ns *= 2;
    const int64_t width_ns = std::max<int64_t>(1, octave_ns / kCellsPerOctave);
    const int64_t start_ns = ns - ns % width_ns;
    end_ns = start_ns + width_ns;
    const int64_t middle_ns = std::clamp(start_ns + width_ns / 2, h.min().ns, h.max().ns);
    d.values.emplace_back(static_cast<double>(middle_ns) / 1e9, cell.count);
  }
  return d;
}

// Detection latencies, by observer; without those who detected nothing.
std::vector<StoredDistribution> DistributionsOf(const Tally& total) {
  std::vector<StoredDistribution> out;
  for (const auto& [observer, name] : {std::pair{Observer::kBroker, "detection.broker"},
                                       std::pair{Observer::kClient, "detection.client"},
                                       std::pair{Observer::kWatcher, "detection.watcher"}}) {
    const Histogram h = total.Detection(observer);
    if (h.count() > 0) out.push_back(DistributionOf(name, h));
  }
  return out;
}

// The largest first; the order says nothing of the results.
struct Larger {
  bool operator()(const SweepJob& a, const SweepJob& b) const {
    if (a.cost != b.cost) return a.cost > b.cost;
    return a.point != b.point ? a.point < b.point : a.seed < b.seed;
  }
};

class Pool {
 public:
  // `points`: what is wanted of each, as far as the store has it; empty: `jobs` are all there is.
  Pool(const Sweep& sweep, const std::vector<SweepJob>& jobs, std::vector<PointReplications> points,
       const SweepRunOptions& options, Store& store)
      : sweep_(sweep), options_(options), store_(store), points_(std::move(points)) {
    threads_ = options.threads > 0 ? options.threads
                                   : static_cast<int>(std::thread::hardware_concurrency());
    free_ = threads_ = std::clamp(threads_, 1, 1024);
    for (const SweepJob& j : jobs) Want(j);
  }
  // Before Run(): the runs that a point wants and that are not `done`.
  void WantPoint(uint32_t point, const std::set<RunKey>& done) {
    ++progress_.points;
    progress_.points_done += points_[point].finished();
    WantFrom(point, 0, done);
  }

  absl::Status Run() {
    std::vector<std::thread> workers;
    const size_t most = points_.empty() ? queue_.size() : static_cast<size_t>(threads_);
    for (int i = 0; i < threads_ && static_cast<size_t>(i) < most; ++i) {
      if (!StartThread([this] { Work(); }, &workers)) break;  // those that there are do it all
    }
    if (most > 0 && workers.empty()) {
      return absl::ResourceExhaustedError("out of memory: no thread begins");
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      while (working_ > 0 || (!queue_.empty() && !stop_)) {
        changed_.wait_for(lock, std::chrono::milliseconds(100));
        if (options_.cancel != nullptr && *options_.cancel) stop_ = true;
        if (!options_.on_progress) continue;
        const SweepProgress now = progress_;
        lock.unlock();
        // What cannot be shown is no harm.
        (void)WithinMemory([&] {
          options_.on_progress(now);
          return absl::OkStatus();
        });
        lock.lock();
      }
      stop_ = true;
    }
    freed_.notify_all();
    for (std::thread& t : workers) t.join();
    if (!status_.ok()) return status_;
    if (progress_.done + lost_.size() < progress_.runs) {
      return absl::CancelledError("the sweep was stopped");
    }
    if (lost_.empty()) return absl::OkStatus();
    return absl::ResourceExhaustedError(FailuresText(sweep_, lost_));
  }

 private:
  void Want(const SweepJob& job) {
    queue_.insert(job);
    cost_left_ += job.cost;
    ++progress_.runs;
    progress_.cost += job.cost;
  }

  void WantFrom(uint32_t point, uint32_t first, const std::set<RunKey>& done) {
    for (uint32_t r = first; r < points_[point].wanted(); ++r) {
      const uint64_t seed = sweep_.first_seed + r;
      if (done.count({point, seed}) == 0) Want({point, seed, sweep_.points[point].cost});
    }
  }

  // Under the lock: a run is in the store.
  void Take(const SweepJob& job, const StoredRun& run) {
    ++progress_.done;
    progress_.cost_done += job.cost;
    progress_.failed += run.status != RunStatus::kOk;
    if (points_.empty()) return;
    PointReplications& point = points_[job.point];
    const uint32_t before = point.wanted();
    point.Add(run);
    progress_.points_done += point.finished();  // it was not before: this run was wanted
    WantFrom(job.point, before, {});
  }

  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      freed_.wait(lock, [&] { return Over() || (!queue_.empty() && free_ > 0); });
      if (Over()) return;
      const SweepJob job = *queue_.begin();
      queue_.erase(queue_.begin());
      RunOptions options;
      options.engine = options_.engine;
      options.threads = ThreadsFor(job.cost, cost_left_, threads_, free_);
      options.cancel = &stop_;
      free_ -= options.threads;
      ++working_;
      lock.unlock();
      const auto run = options_.run ? options_.run : RunJob;
      absl::StatusOr<StoredRun> result = absl::UnknownError("");
      const absl::Status status = WithinMemory([&]() -> absl::Status {
        result = run(sweep_, job, options);
        return result.ok() ? store_.Add(*result) : result.status();
      });
      lock.lock();
      --working_;
      free_ += options.threads;
      cost_left_ -= job.cost;
      if (status.ok()) {
        Take(job, *result);
      } else if (absl::IsResourceExhausted(status)) {
        // That is this machine's, and no content of the sweep's.
        StoredRun& lost = lost_.emplace_back();
        lost.point = job.point;
        lost.seed = job.seed;
        lost.status = RunStatus::kError;
        lost.error = std::string(status.message());
        ++progress_.failed;
      } else {
        stop_ = true;
        if (!absl::IsCancelled(status)) status_.Update(status);
      }
      freed_.notify_all();
      if (Over()) changed_.notify_all();
    }
  }

  // Under the lock: nothing more is to be begun.
  bool Over() const { return stop_ || (queue_.empty() && working_ == 0); }

  const Sweep& sweep_;
  const SweepRunOptions& options_;
  Store& store_;
  int threads_ = 1;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards what follows
  std::condition_variable freed_;
  std::condition_variable changed_;
  std::set<SweepJob, Larger> queue_;
  std::vector<PointReplications> points_;
  int free_ = 1;
  int working_ = 0;
  double cost_left_ = 0;
  SweepProgress progress_;
  absl::Status status_;
  std::vector<StoredRun> lost_;  // for want of memory; without content
};

}  // namespace

std::vector<SweepJob> JobsOf(const Sweep& sweep) {
  std::vector<SweepJob> jobs;
  for (uint32_t p = 0; p < sweep.points.size(); ++p) {
    const double cost = sweep.points[p].cost;
    if (sweep.until) {
      jobs.push_back({p, sweep.first_seed, cost * sweep.until->least});
      continue;
    }
    for (uint32_t r = 0; r < sweep.replications; ++r) {
      jobs.push_back({p, sweep.first_seed + r, cost});
    }
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const SweepJob& a, const SweepJob& b) { return a.cost > b.cost; });
  return jobs;
}

std::vector<SweepJob> ShardOf(const std::vector<SweepJob>& jobs, uint32_t index, uint32_t count) {
  SIM_CHECK(index < count);
  struct Load {
    double cost = 0;
    size_t jobs = 0;  // tells empty ones apart where nothing costs anything
    uint32_t shard = 0;
    bool operator>(const Load& o) const {
      return cost != o.cost ? cost > o.cost : jobs != o.jobs ? jobs > o.jobs : shard > o.shard;
    }
  };
  // The largest job left goes to the shard that has least to do.
  std::vector<Load> heap;
  for (uint32_t s = 0; s < count; ++s) heap.push_back({0, 0, s});
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  std::vector<SweepJob> mine;
  for (const SweepJob& job : jobs) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    Load& least = heap.back();
    if (least.shard == index) mine.push_back(job);
    least.cost += job.cost;
    ++least.jobs;
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  }
  return mine;
}

int ThreadsFor(double cost, double cost_left, int threads, int free) {
  const double share = cost_left > 0 ? cost / cost_left : 1;
  return std::clamp(static_cast<int>(std::lround(share * threads)), 1, std::max(1, free));
}

absl::StatusOr<StoredRun> RunJob(const Sweep& sweep, const SweepJob& job,
                                 const RunOptions& options) {
  StoredRun out;
  out.point = job.point;
  out.seed = job.seed;
  const LoadedScenario scenario = sweep.Scenario(job.point, job.seed);
  out.scenario_digest = ScenarioDigest(scenario.proto);
  Diagnostics diagnostics;
  Plan plan = Compile(scenario, diagnostics);
  if (sweep.judge_expectations) CheckExpectations(scenario, diagnostics);
  if (!diagnostics.ok()) {
    out.status = RunStatus::kError;
    out.error = ErrorsOf(diagnostics);
    return out;
  }
  plan.Link();
  const absl::StatusOr<RunResult> result = Run(plan, options);
  if (!result.ok()) return result.status();
  out.digest = result->digest.Hex();
  const RunSummary summary = SummaryOf(*result, plan, scenario);
  for (NamedNumber& n : AllNumbers(summary)) {
    if (!std::isnan(n.value)) out.metrics.push_back({n.metric, n.group, n.value});
  }
  // Under the name that the sweep file gives it, which may be another one of the same number.
  for (const SweepMetric& m : sweep.metrics) {
    const absl::StatusOr<double> value = LookupMetric(summary, m.metric, m.group);
    const auto same = [&](const Measurement& x) {
      return x.metric == m.metric && x.group == m.group;
    };
    if (value.ok() && std::none_of(out.metrics.begin(), out.metrics.end(), same)) {
      out.metrics.push_back({m.metric, m.group, *value});
    }
  }
  std::sort(out.metrics.begin(), out.metrics.end());
  out.distributions = DistributionsOf(result->metrics->Total());
  if (result->checks->total() > 0) {
    out.status = RunStatus::kViolation;
    out.error = ViolationsOf(*result->checks);
  } else if (sweep.judge_expectations && !ExpectationsMet(summary)) {
    out.status = RunStatus::kNotMet;
    out.error = UnmetOf(summary);
  }
  return out;
}

absl::Status RunJobs(const Sweep& sweep, std::vector<SweepJob> jobs, const SweepRunOptions& options,
                     Store& store) {
  const absl::StatusOr<std::set<RunKey>> done = store.Done();
  if (!done.ok()) return done.status();
  if (sweep.until) {
    auto points = ReplicationsOf(sweep, store);
    if (!points.ok()) return points.status();
    Pool pool(sweep, {}, *std::move(points), options, store);
    for (const SweepJob& j : jobs) pool.WantPoint(j.point, *done);
    return pool.Run();
  }
  std::erase_if(jobs, [&](const SweepJob& j) { return done->count({j.point, j.seed}) > 0; });
  return Pool(sweep, jobs, {}, options, store).Run();
}

}  // namespace keepsim
