// From the scenario's messages to a Plan: all validation lives here and in what it calls.
#ifndef KEEPSIM_SIM_SCENARIO_COMPILE_H_
#define KEEPSIM_SIM_SCENARIO_COMPILE_H_

#include "sim/scenario/diagnostics.h"
#include "sim/scenario/load.h"
#include "sim/world/plan.h"

namespace keepsim {

// Adds every error and warning to `diagnostics`. The plan is meaningful only if there is no error.
// The caller gives it its final place and calls Plan::Link().
Plan Compile(const LoadedScenario& scenario, Diagnostics& diagnostics);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_H_
