// Two runs held against one another, client by client: what `keepsim compare` says of runs whose
// traces it has.
#ifndef KEEPSIM_SIM_RUN_RUN_COMPARISON_H_
#define KEEPSIM_SIM_RUN_RUN_COMPARISON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/run/comparison.pb.h"
#include "sim/run/run_outcomes.h"

namespace keepsim {

// One pair: the clients of the same index in groups of the same name, or in the group of this name
// alone. Means of a client's numbers by Student's paired test, rates of events by the exact
// conditional test (or Student's, where the events of a client come in clusters), detection
// latencies by bootstrap; all of them adjusted together after Holm.
//
// REQUIRES: in both runs each client is a cell of its own, so that clients are independent.
// FailedPrecondition, with the reason, if fewer than two clients have a partner or the horizons
// differ.
absl::StatusOr<pb::PointComparison> CompareClients(const RunOutcomes& a, const RunOutcomes& b,
                                                   absl::string_view group);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_RUN_COMPARISON_H_
