// The results of a sweep in one SQLite file: docs/sweeps.md gives the schema. One transaction per
// finished run, so that whatever stops the writer, every run is there whole or not at all.
#ifndef KEEPSIM_SIM_RUN_STORE_H_
#define KEEPSIM_SIM_RUN_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/run/sweep.h"

struct sqlite3;

namespace keepsim {

struct Measurement {
  std::string metric;  // a path of sim/metrics/metric_path.h
  std::string group;   // "": the whole run
  double value = 0;
  friend auto operator<=>(const Measurement&, const Measurement&) = default;
};

enum class RunStatus {
  kOk,
  kNotMet,     // an expectation that is judged was not met
  kError,      // the point cannot be run
  kViolation,  // the model broke an invariant
};
absl::string_view RunStatusName(RunStatus status);
// Whether the run's numbers count.
inline bool Sound(RunStatus status) {
  return status == RunStatus::kOk || status == RunStatus::kNotMet;
}

// A distribution of a run: values with their weights, ascending. Put together over runs, they are
// the distribution of all of them.
struct StoredDistribution {
  std::string name;  // "detection.broker", "detection.client", "detection.watcher"
  // Seconds (the middle of a cell 1 % wide, within the extremes that were seen) and how many.
  std::vector<std::pair<double, int64_t>> values;
  friend bool operator==(const StoredDistribution&, const StoredDistribution&) = default;
};

// One finished run.
struct StoredRun {
  uint32_t point = 0;
  uint64_t seed = 0;
  RunStatus status = RunStatus::kOk;
  std::string error;            // what went wrong, in words
  std::string digest;           // semantic digest of the run; "" if it did not run
  std::string scenario_digest;  // of the scenario as it was run, seed included
  std::vector<Measurement> metrics;
  std::vector<StoredDistribution> distributions;  // by name
  friend bool operator==(const StoredRun&, const StoredRun&) = default;
};

// A point and a seed.
using RunKey = std::pair<uint32_t, uint64_t>;

class Store {
 public:
  static constexpr char kFileName[] = "sweep.sqlite";

  // Opens the store of `sweep` in `path`, or makes it; ":memory:" is kept nowhere. Unavailable,
  // with the system's reason, if it cannot be read and written; FailedPrecondition, with the
  // reason, if it is of another sweep or another engine version, or is no store at all.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path, const Sweep& sweep);
  // Opens a store that is there, whatever sweep it is of; it is not written to.
  static absl::StatusOr<std::unique_ptr<Store>> OpenToRead(const std::string& path);
  // A store of all runs of `paths`, in `out`: the same bytes whatever their order. They must be of
  // one sweep and one engine version; runs that several have must be the same. Appears whole or not
  // at all.
  static absl::Status Merge(const std::vector<std::string>& paths, const std::string& out);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // In one transaction. A run that is there already is left as it is. Any thread.
  absl::Status Add(const StoredRun& run);
  // Nothing more is to come: what SQLite keeps beside the file is folded into it.
  // Not ok also if another process still has the store open, which is no harm to either.
  absl::Status Finish();

  absl::StatusOr<std::set<RunKey>> Done();
  // All runs, by point and seed; with their metrics only if asked.
  absl::StatusOr<std::vector<StoredRun>> Runs(bool with_metrics);
  struct Value {
    uint32_t point = 0;
    uint64_t seed = 0;
    double value = 0;
  };
  // The groups that some number is of, without "", the whole run.
  absl::StatusOr<std::vector<std::string>> Groups();
  // One number of all runs that have it, by point and seed.
  absl::StatusOr<std::vector<Value>> Values(absl::string_view metric, absl::string_view group);
  // The distributions of that name, of all runs that have it, by point and seed.
  struct PointDistribution {
    uint32_t point = 0;
    StoredDistribution distribution;
  };
  absl::StatusOr<std::vector<PointDistribution>> Distributions(absl::string_view name);
  // Name and value of everything that varies, by point.
  absl::StatusOr<std::vector<std::map<std::string, std::string>>> PointValues();
  // 32 hex digits over what sweep this is and what its runs gave: the same whatever the order, the
  // shards and the time.
  absl::StatusOr<std::string> ContentDigest();
  // One run that is there.
  absl::StatusOr<StoredRun> Fetch(RunKey key, bool with_metrics);
  // Runs that the sweep has, done or not; 0 if it runs until something is known
  // (sim/run/replications.h).
  size_t ExpectedRuns() const;
  // Of the sweep that it is of: name, engine_version, sweep_digest, points, ...
  const std::map<std::string, std::string>& facts() const { return facts_; }

 private:
  Store(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}

  static absl::StatusOr<std::unique_ptr<Store>> OpenFile(const std::string& path, int flags);
  static absl::StatusOr<std::unique_ptr<Store>> OpenOnce(const std::string& path,
                                                         const Sweep& sweep);
  // Aborted if another process is in the way.
  absl::Status Error(absl::string_view doing) const;
  absl::Status Execute(const std::string& sql);
  // False for an empty file; an error if it is something else's.
  absl::StatusOr<bool> IsStore();
  absl::Status Create(const std::map<std::string, std::string>& facts);
  absl::Status AddPointValue(uint32_t point, const std::string& name, const std::string& value);
  absl::Status ReadFacts();
  // What the sweep file says beside its digests, as it says it now.
  absl::Status KeepDefinition(const std::map<std::string, std::string>& facts);
  absl::StatusOr<bool> HasTable(absl::string_view name);
  absl::Status InsertDistributions(const StoredRun& run);
  absl::Status FetchDistributions(StoredRun& run);
  // Why it is not of the sweep that `facts` describe; OK if it is.
  absl::Status CheckFacts(const std::map<std::string, std::string>& facts) const;
  absl::Status Insert(const StoredRun& run);
  absl::StatusOr<int64_t> MetricId(const std::string& metric, const std::string& group);
  absl::Status MergeFrom(const std::vector<std::unique_ptr<Store>>& sources);

  sqlite3* db_;
  const std::string path_;
  std::mutex mutex_;  // of everything below, and of transactions
  std::map<std::string, std::string> facts_;
  // Of what has been committed, and of this transaction.
  std::map<std::pair<std::string, std::string>, int64_t> metric_ids_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_STORE_H_
