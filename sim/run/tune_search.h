// The search of `keepsim tune`: which points get how many runs.
#ifndef KEEPSIM_SIM_RUN_TUNE_SEARCH_H_
#define KEEPSIM_SIM_RUN_TUNE_SEARCH_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sim/run/tune.h"

namespace keepsim {

// What is known of a point.
struct TriedPoint {
  std::vector<PointEvidence> wishes;  // in their order
  PointEvidence goal;
  uint32_t runs = 0;
  bool failed = false;  // a run of it could not be done, or broke an invariant
  std::string error;    // of the first such run
  uint64_t failed_seed = 0;
  double excess = 0;  // by how much its values miss their bounds, in shares of them; 0: by nothing
  bool measured = false;  // all of its numbers
};

class TuneSearch {
 public:
  TuneSearch(const Tune& tune, Store& store, const TuneOptions& options);

  // Coarse grid, refinement where it is promising, then more runs where they decide. OK also if the
  // budget ends it.
  absl::Status Search();
  // `replications` runs of a point, from a seed on. False: the budget does not suffice.
  absl::StatusOr<bool> RunFresh(uint32_t point, uint64_t first_seed, uint32_t replications);

  // All points that have been tried, and what the search's seeds say of them.
  const std::map<uint32_t, TriedPoint>& tried() const { return tried_; }
  // The points whose values meet all wishes, or fail to by the least; the cheapest first.
  std::vector<uint32_t> Ranked() const;
  pb::Evidence::Standing StandingOf(const TriedPoint& point, size_t wish) const;
  // Every wish's interval is within its bound.
  bool Certain(const TriedPoint& point) const;
  // Some wish's interval is beyond its bound.
  bool Hopeless(const TriedPoint& point) const;

  uint64_t runs() const { return runs_; }
  double client_days() const { return client_days_; }
  bool budget_used_up() const { return used_up_; }

 private:
  // Tries these points with so many runs each, in this order, as far as the budget goes. False: it
  // went no further.
  absl::StatusOr<bool> Try(const std::vector<uint32_t>& points, uint32_t replications);
  // As many of the jobs, in their order, as the budget allows; how many that were.
  absl::StatusOr<size_t> RunAll(std::vector<SweepJob> jobs);
  absl::Status Weigh();
  absl::Status Refine(std::vector<uint32_t> strides);
  absl::Status Decide();
  std::vector<uint32_t> Neighbours(uint32_t point, const std::vector<uint32_t>& strides) const;
  bool Affords(double client_days) const;
  double ClientDaysOf(uint32_t point);

  const Tune& tune_;
  Store& store_;
  const TuneOptions& options_;
  std::map<std::vector<uint32_t>, uint32_t> by_index_;
  std::map<uint32_t, TriedPoint> tried_;
  std::map<uint32_t, uint32_t> replications_;  // of each point that has been tried
  std::map<uint32_t, double> client_days_of_;
  uint64_t runs_ = 0;
  double client_days_ = 0;
  uint64_t reserved_runs_ = 0;  // for the check
  bool used_up_ = false;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_TUNE_SEARCH_H_
