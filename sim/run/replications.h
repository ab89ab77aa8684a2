// How many runs a point of a sweep gets: a fixed number, or until a number is known well enough.
#ifndef KEEPSIM_SIM_RUN_REPLICATIONS_H_
#define KEEPSIM_SIM_RUN_REPLICATIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/base/stats.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"

namespace keepsim {

// The stored count and exposure of a rate of events; none for other metrics.
struct RateParts {
  std::string count;
  std::string exposure;
};
std::optional<RateParts> PartsOf(absl::string_view metric);
// Whether a metric counts events, so that seeing none still says something.
bool IsCount(absl::string_view metric);

// What one run says of a metric. Of a rate: how many events in which exposure; of a count: with an
// exposure of 1, a run.
struct Observation {
  double value = 0;
  std::optional<double> exposure;  // none: `value` is a number, otherwise a count
};

struct SeedObservation {
  uint64_t seed = 0;
  Observation observation;
};
// What the stored runs say of a metric, by point, in the order of seeds.
absl::StatusOr<std::vector<std::vector<SeedObservation>>> ObservationsOf(const Sweep& sweep,
                                                                         Store& store,
                                                                         const std::string& metric,
                                                                         const std::string& group);

// A mean or a rate over runs, in the order of their seeds, with an interval that holds whenever one
// stops to add runs. A rate's is the wider one of those that take its events as independent and its
// runs as independent: it holds where events come in clusters, and where hardly any was seen.
struct SequentialEstimate {
  double value = 0;
  std::optional<ConfidenceInterval> interval;  // 95 %; none: too few runs to say anything
};
// None without observations.
std::optional<SequentialEstimate> EstimateSequentially(const std::vector<Observation>& runs);

// What is to be run of one point, as its results come in. A pure function of the results: no matter
// who got them, in which order, and when.
class PointReplications {
 public:
  explicit PointReplications(const Sweep& sweep);

  // Seeds first_seed ... first_seed + wanted() - 1. Grows when all of them have been added and do
  // not suffice.
  uint32_t wanted() const { return wanted_; }
  // All that is wanted is there, and is enough.
  bool finished() const { return finished_; }
  // The precision that was asked for was reached. False without `until`.
  bool reached() const { return reached_; }

  // The result of one run; again, or of a seed beyond wanted(): nothing happens.
  void Add(const StoredRun& run);
  // The same, of what is known of a run without all its numbers.
  void Add(uint64_t seed, bool ran, const std::optional<Observation>& observation);

 private:
  struct Result {
    bool ran = false;
    std::optional<Observation> observation;
  };
  void Look();

  const std::optional<SweepUntil> until_;
  const uint64_t first_seed_;
  uint32_t wanted_ = 0;
  uint32_t added_ = 0;
  bool finished_ = false;
  bool reached_ = false;
  std::vector<std::optional<Result>> results_;
};

// Of all points, with what the store has of them.
absl::StatusOr<std::vector<PointReplications>> ReplicationsOf(const Sweep& sweep, Store& store);

// Runs that are wanted of all points, as far as one can tell.
size_t WantedRuns(const std::vector<PointReplications>& points);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_REPLICATIONS_H_
