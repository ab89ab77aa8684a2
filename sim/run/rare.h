// How often do observers declare living peers dead, where that is too rare for a plain simulation
// to see? Estimated by multilevel splitting over the observer's silence (docs/adr/0015), without
// bias and with an interval.
#ifndef KEEPSIM_SIM_RUN_RARE_H_
#define KEEPSIM_SIM_RUN_RARE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/run/rare.pb.h"
#include "sim/world/plan.h"

namespace keepsim {

struct RareOptions {
  // Independent repetitions: the interval narrows with the root of their number. At least 2.
  int64_t replications = 64;
  // Per level and replication, where a fifth of them goes on; others have more. At least 10.
  int64_t trials = 500;
  std::string group;  // only this one; "": all
  int threads = 0;    // 0: all cores. The result does not depend on it.
  const std::atomic<bool>* cancel = nullptr;
  // From the calling thread, about every 100 ms; `share` of the work is done, in [0, 1].
  std::function<void(double share)> on_progress;
};

// Why the plan's clients (of `group`, or all) cannot be looked at one by one; OK if they can.
absl::Status CheckRare(const Plan& plan, const std::string& group);

// Fields `rates`, `seed`, `clients`, `horizon_s`, `replications`, `trials` and `events` are set.
// InvalidArgument: CheckRare(). Cancelled if asked to stop.
absl::StatusOr<pb::RareSummary> EstimateRare(const Plan& plan, const RareOptions& options);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_RARE_H_
