// "Would this declaration have happened if ...?", answered by simulating its cell alone again with
// the same seed and the same luck, and one thing changed.
#ifndef KEEPSIM_SIM_RUN_COUNTERFACTUAL_H_
#define KEEPSIM_SIM_RUN_COUNTERFACTUAL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/time.h"
#include "sim/metrics/incident.h"
#include "sim/scenario/load.h"
#include "sim/world/plan.h"

namespace keepsim {

struct Counterfactual {
  std::string change;                  // "a grace factor of 2 instead of 1.5"
  std::vector<std::string> overrides;  // as for --set; empty: there is nothing to simulate
  std::string why_not;                 // then: why
};

// More grace, a longer wait for PINGRESP, half the keepAlive, another profile at either end:
// "spec", or of an end that is "spec" already, libmosquitto or mosquitto. `plan` is the scenario's.
std::vector<Counterfactual> CounterfactualsFor(const LoadedScenario& scenario, const Plan& plan,
                                               const Incident& incident);

// Declarations of the same observer on the same client count as this one within (from, to]: from
// the last packet it heard to as long after the declaration.
struct Window {
  Instant from;
  Instant to;
};
Window WindowOf(const Incident& incident, Instant last_heard);

struct Answer {
  bool happened = false;
  Instant at = kNever;  // of the first such declaration
  Verdict verdict = Verdict::kTrue;
};
// InvalidArgument if the scenario does not allow the change.
absl::StatusOr<Answer> Simulate(const LoadedScenario& scenario, const Counterfactual& change,
                                const Incident& incident, const Window& window);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_COUNTERFACTUAL_H_
