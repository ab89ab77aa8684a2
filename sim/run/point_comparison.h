// Points of sweeps held against one another: what is better, what is worse, what was not shown.
#ifndef KEEPSIM_SIM_RUN_POINT_COMPARISON_H_
#define KEEPSIM_SIM_RUN_POINT_COMPARISON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/run/comparison.pb.h"
#include "sim/run/comparison_text.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"

namespace keepsim {

// A store with the sweep that it is of.
struct StoredSweep {
  std::unique_ptr<Store> store;
  Sweep sweep;
  std::string folder;  // that the file is in
  // Opens the store in a file. An error of Store::OpenToRead or SweepOfStore, with the file's name.
  static absl::StatusOr<StoredSweep> Open(const std::string& path);
};

// The point that a text names: its number, or values that only one point has,
// "keep_alive=30s,loss=0.02". InvalidArgument otherwise.
absl::StatusOr<size_t> PointNamed(const Sweep& sweep, absl::string_view text);

// Points of A and B by number; A and B may be one store.
struct PointPair {
  size_t a = 0;
  size_t b = 0;
};
// Every value of the axis that has a field of this name against one of them (the first, if `value`
// is empty), everything else equal. InvalidArgument if there is no such field or value.
absl::StatusOr<std::vector<PointPair>> PairsOfAxis(const Sweep& sweep, absl::string_view field,
                                                   absl::string_view value);
// Points of two stores that have the same values.
std::vector<PointPair> PairsOfStores(const Sweep& a, const Sweep& b);

// FailedPrecondition if the two are of different engine versions. Metrics: those of A's sweep if
// none are given.
absl::StatusOr<pb::PointComparison> ComparePoints(const StoredSweep& a, const StoredSweep& b,
                                                  const std::vector<PointPair>& pairs,
                                                  std::vector<SweepMetric> metrics);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_POINT_COMPARISON_H_
