// From a scenario that shows a failure to the smallest one that still does: delta debugging over
// the scenario's messages by reflection. Every step that is kept makes the scenario smaller in one
// and the same order (SizeOf), so the end is reached, and what has been shrunk cannot be shrunk
// again.
#ifndef KEEPSIM_SIM_RUN_SHRINK_H_
#define KEEPSIM_SIM_RUN_SHRINK_H_

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/run/trial.h"
#include "sim/scenario/load.h"

namespace keepsim {

// Smaller is simpler; the first member that differs decides.
struct ScenarioSize {
  uint64_t clients = 0;
  uint64_t fields = 0;  // that are set, messages and elements of lists included
  int64_t horizon_ns = 0;
  uint64_t digits = 0;  // that count, of all numbers and durations: "1h30m" has 2, "90s" has 1
  uint64_t seed = 0;
  friend auto operator<=>(const ScenarioSize&, const ScenarioSize&) = default;
};
ScenarioSize SizeOf(const pb::Scenario& scenario);

struct ShrinkOptions {
  std::string signature;                      // what must still be shown (signature.h)
  uint32_t client = 0;                        // index, in its group, of a client that shows it
  uint64_t runs = 2000;                       // simulations at most
  int threads = 0;                            // 0: all cores
  const std::atomic<bool>* cancel = nullptr;  // may be null; what has been reached is returned
  // Called before each simulation. May be empty.
  std::function<void(uint64_t runs, const ScenarioSize&)> on_progress;
};

struct ShrinkStep {
  std::string what;  // "faults[1] taken away", "horizon: 6h -> 5m"
  uint64_t run = 0;  // the simulation that showed it
};

struct Shrunk {
  LoadedScenario scenario;
  Shown shown;                    // how it shows the signature
  std::vector<ShrinkStep> steps;  // what was done, in order
  uint64_t runs = 0;              // simulations that it took
  bool finished = false;          // nothing smaller shows it; false: the budget ended, or cancelled
};

// InvalidArgument if the scenario cannot be run; FailedPrecondition if it does not show the
// signature. Deterministic: threads and time have no say.
absl::StatusOr<Shrunk> Shrink(const LoadedScenario& scenario, const ShrinkOptions& options);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SHRINK_H_
