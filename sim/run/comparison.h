// Differences between two runs, with intervals.
#ifndef KEEPSIM_SIM_RUN_COMPARISON_H_
#define KEEPSIM_SIM_RUN_COMPARISON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/metrics/summary.h"
#include "sim/run/comparison.pb.h"

namespace keepsim {

// Of the whole runs, or of the group of that name in both. InvalidArgument if one has no such
// group.
absl::StatusOr<pb::Comparison> Compare(const RunSummary& a, const RunSummary& b,
                                       absl::string_view group = "");

// For reading in a terminal of 100 columns.
std::string ToReport(const pb::Comparison& comparison);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_COMPARISON_H_
