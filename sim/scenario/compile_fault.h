// Faults of the scenario, on the time line and at random.
#ifndef KEEPSIM_SIM_SCENARIO_COMPILE_FAULT_H_
#define KEEPSIM_SIM_SCENARIO_COMPILE_FAULT_H_

#include "sim/scenario/compile_network.h"
#include "sim/scenario/node.h"
#include "sim/scenario/scenario.pb.h"
#include "sim/world/plan.h"

namespace keepsim {

RandomFault ReadRandomFault(const Node& node, TableCache& tables);
// `number`: place in the file, for the default name. `plan.groups` are known already.
ScheduledFault ReadFault(const Node& node, int number, const pb::Scenario& scenario,
                         const Plan& plan);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_FAULT_H_
