// For which groups quiet stretches may be run through without events, and why not for others.
#ifndef KEEPSIM_SIM_WORLD_SKIP_RULE_H_
#define KEEPSIM_SIM_WORLD_SKIP_RULE_H_

#include <string>

#include "sim/world/plan.h"

namespace keepsim {

// Why every event of this group goes through the queue; "" if quiet stretches are skipped.
std::string WhyNotSkipped(const Plan& plan, const GroupPlan& group);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SKIP_RULE_H_
