// For which plans and groups quiet stretches may be run through without events, and why not for
// others.
#ifndef KEEPSIM_SIM_WORLD_SKIP_RULE_H_
#define KEEPSIM_SIM_WORLD_SKIP_RULE_H_

#include <string>

#include "sim/world/plan.h"

namespace keepsim {

// Whether the plan's only cell may be run as its members (coupled_cell.h): ties are in the
// canonical order, and if packets wait at the broker to be handled, for how long is certain once
// those before them are known.
bool RunsAsMembers(const Plan& plan);

// Why every event of this group goes through the queue; "" if quiet stretches are skipped.
std::string WhyNotSkipped(const Plan& plan, const GroupPlan& group);

inline bool HasMessages(const GroupPlan& g) { return !g.uplink.empty() || !g.downlink.empty(); }

// Why messages from and for clients of such a group go through the queue nevertheless; "" if they
// are skipped, or there are none.
std::string WhyMessagesNotSkipped(const Plan& plan, const GroupPlan& group);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SKIP_RULE_H_
