// Runs the points of a sweep over all cores and puts what they give into a store.
#ifndef KEEPSIM_SIM_RUN_SWEEP_RUNNER_H_
#define KEEPSIM_SIM_RUN_SWEEP_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/run/runner.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"

namespace keepsim {

// One run: a point with a seed.
struct SweepJob {
  uint32_t point = 0;
  uint64_t seed = 0;
  double cost = 0;  // events, about
};

// Every run of the sweep, the largest first. Of a sweep that runs until something is known, one per
// point, with its first seed and the cost of its least number of runs: it stands for all of them,
// which one shard does.
std::vector<SweepJob> JobsOf(const Sweep& sweep);
// Part `index` (from 0) of `count`: every job is in exactly one part, and the parts cost about the
// same. REQUIRES: index < count.
std::vector<SweepJob> ShardOf(const std::vector<SweepJob>& jobs, uint32_t index, uint32_t count);

// Threads for the next run, of this `cost`, when `free` of `threads` have nothing to do: many small
// runs get one each, and a run that is a large part of `cost_left` gets as large a part of them.
int ThreadsFor(double cost, double cost_left, int threads, int free);

struct SweepProgress {
  uint64_t done = 0;    // this time
  uint64_t runs = 0;    // that are known to be wanted
  uint64_t failed = 0;  // those that there was no memory for included, which are not done
  // Of a sweep that runs until something is known.
  uint64_t points_done = 0;
  uint64_t points = 0;
  double cost_done = 0;
  double cost = 0;
};

struct SweepRunOptions {
  int threads = 0;  // over all runs; 0: all cores
  Engine engine = Engine::kAuto;
  // Set from a signal handler: runs that are not finished are dropped.
  const std::atomic<bool>* cancel = nullptr;
  // From the calling thread, about every 100 ms. May be empty.
  std::function<void(const SweepProgress&)> on_progress;
  // How a run is done; RunJob unless a test says otherwise.
  std::function<absl::StatusOr<StoredRun>(const Sweep&, const SweepJob&, const RunOptions&)> run;
};

// Cancelled if it was stopped. A point that cannot be run, or breaks an invariant, is a result.
absl::StatusOr<StoredRun> RunJob(const Sweep& sweep, const SweepJob& job,
                                 const RunOptions& options);

// Runs those of `jobs` that the store does not have yet: single runs, or with `until` all that
// their points take. Cancelled if it was stopped. ResourceExhausted if there was too little memory
// for some runs, once all others are done: its message lists them with the commands that repeat
// them, and they are not in the store. Otherwise an error is the store's.
absl::Status RunJobs(const Sweep& sweep, std::vector<SweepJob> jobs, const SweepRunOptions& options,
                     Store& store);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_RUNNER_H_
