// One run of a scenario, reduced to the failures that it shows.
#ifndef KEEPSIM_SIM_RUN_TRIAL_H_
#define KEEPSIM_SIM_RUN_TRIAL_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "sim/metrics/incident.h"
#include "sim/scenario/load.h"

namespace keepsim {

// A signature as one run shows it.
struct Shown {
  int64_t count = 0;
  Incident first;    // of declarations: the first in canonical order (its number is not set)
  std::string text;  // of expectations and invariants: what was found
};

struct Trial {
  std::string digest;
  std::map<std::string, Shown> shown;  // by signature (signature.h)
};

// InvalidArgument, with what is wrong, if the scenario cannot be run; Cancelled if asked to stop.
absl::StatusOr<Trial> Try(const LoadedScenario& scenario, int threads,
                          const std::atomic<bool>* cancel);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_TRIAL_H_
