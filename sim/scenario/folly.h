// Warnings: what is legal in a scenario and hardly meant.
#ifndef KEEPSIM_SIM_SCENARIO_FOLLY_H_
#define KEEPSIM_SIM_SCENARIO_FOLLY_H_

#include "sim/scenario/node.h"
#include "sim/world/plan.h"

namespace keepsim {

// `plan` has its horizon and its broker; for faults and watchers its groups too. Nothing but
// diagnostics comes of it.
void WarnOfFolly(const Node& node, const GroupPlan& group, const Plan& plan);
void WarnOfFolly(const Node& node, const ScheduledFault& fault, const Plan& plan);
void WarnOfFolly(const Node& node, const WatcherPlan& watcher, const Plan& plan);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_FOLLY_H_
