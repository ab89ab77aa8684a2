// Looking for the choice that meets what is wished for at the least cost: docs/tuning.md.
#ifndef KEEPSIM_SIM_RUN_TUNE_H_
#define KEEPSIM_SIM_RUN_TUNE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/run/evidence.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"
#include "sim/run/sweep_runner.h"
#include "sim/run/tune.pb.h"

namespace keepsim {

struct Wish {
  SweepMetric metric;
  double bound = 0;
  bool at_most = true;
  // "detection.broker.p99_s at most 100".
  std::string Text() const;
  // What is left to the bound, as a share of it; below 0: missed.
  double Margin(double value) const;
};

struct Tune {
  // All choices, as a sweep: the same store, seeds, repro lines and pages. Its replications are
  // those of the search and, behind them, fresh ones.
  Sweep space;
  std::vector<bool> ordered;  // by axis: its values are in an order that means something
  std::vector<Wish> wishes;
  SweepMetric goal;               // least is best
  uint64_t budget_runs = 0;       // 0: without limit
  double budget_client_days = 0;  // 0: without limit
  uint32_t first_replications = 0;
  uint32_t most_replications = 0;
  uint32_t fresh_replications = 0;
};

// Times that a recommendation may be refuted, each checked on seeds of its own.
inline constexpr uint32_t kMostChecks = 3;

// How a wish stands at a point.
pb::Evidence::Standing StandingOf(const Wish& wish, const PointEvidence& evidence);

// Reads `path`, known to its user as `name`. Whatever is wrong is added to `diagnostics`.
Tune LoadTune(const std::string& path, const std::string& name, Diagnostics& diagnostics);

// Points on the grid that the search begins with: every axis' ends and, of axes in an order, some
// in between.
std::vector<uint32_t> CoarsePoints(const Tune& tune, std::vector<uint32_t>* strides);

struct TuneProgress {
  uint64_t runs = 0;  // done or found in the store
  uint64_t most = 0;  // of them
  uint64_t failed = 0;
};

struct TuneOptions {
  SweepRunOptions sweep;  // threads, engine, cancel; on_progress is not looked at
  std::function<void(const TuneProgress&)> on_progress;
  // Where the numbers of wishes and goal come from.
  EvidenceSource evidence = StoredEvidence;
};

// Searches, checks what it recommends on fresh seeds, and says how sure that is. What it runs
// depends on the file and on results alone; runs that the store has are not run again. Cancelled if
// it was stopped; otherwise an error is the store's.
absl::StatusOr<pb::TuneResult> RunTune(const Tune& tune, Store& store, const TuneOptions& options);

// For a terminal.
std::string ToReport(const Tune& tune, const pb::TuneResult& result);
// One line per number of each point: of the front, the recommended point, its check and so on.
std::string ToCsv(const Tune& tune, const pb::TuneResult& result);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_TUNE_H_
