// Looks for failures in many changed runs of one scenario, over all cores. What run N is, and so
// what the first N runs show, depends on nothing but the scenario, the bounds and the hunt's seed.
#ifndef KEEPSIM_SIM_RUN_HUNT_H_
#define KEEPSIM_SIM_RUN_HUNT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/run/hunt.pb.h"
#include "sim/run/mutation.h"
#include "sim/run/trial.h"
#include "sim/scenario/load.h"

namespace keepsim {

struct Hunt {
  LoadedScenario scenario;
  std::vector<Dimension> dimensions;
  uint64_t seed = 1;                  // of the changes
  std::vector<std::string> patterns;  // signatures that are looked for (signature.h)
};

// 32 hex digits over everything that decides what run N is and what counts as found; the engine
// version too.
std::string HuntDigest(const Hunt& hunt);

// Run N as it can be run: the first mutant that compiles, in the end the scenario with a seed.
struct HuntRun {
  Mutant mutant;
  Trial trial;
};
absl::StatusOr<HuntRun> RunOf(const Hunt& hunt, uint64_t run, int threads,
                              const std::atomic<bool>* cancel);

struct HuntOptions {
  uint64_t runs = 1000;  // in all, those done before included
  int threads = 0;       // 0: all cores; each run has one
  // The run that is under way is abandoned. May be null.
  const std::atomic<bool>* cancel = nullptr;
  // Called about every 100 ms from the calling thread; false: no further run begins. May be empty.
  std::function<bool(const pb::HuntState&)> go_on;
  // Called from the calling thread for each failure when it is first found, in the order of runs:
  // stores it, and sets its name and incident. May be empty.
  std::function<absl::Status(const HuntRun&, pb::FoundFailure*)> on_found;
};

// Goes on from `state`, which is in order after an error too. Cancelled if it was stopped early.
absl::Status RunHunt(const Hunt& hunt, const HuntOptions& options, pb::HuntState* state);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_HUNT_H_
