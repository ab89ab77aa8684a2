// How long an observer waits at least before it declares its peer dead: what bounds how many
// declarations a stretch of time can hold.
#ifndef KEEPSIM_SIM_WORLD_SHORTEST_WAIT_H_
#define KEEPSIM_SIM_WORLD_SHORTEST_WAIT_H_

#include "sim/base/time.h"
#include "sim/trace/record.h"
#include "sim/world/plan.h"

namespace keepsim {

// Of the group's clients or of the broker for them, by the common clock; rather too short than too
// long. At least half a second.
Duration ShortestWait(const Plan& plan, const GroupPlan& group, Observer observer);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SHORTEST_WAIT_H_
