// For which groups quiet stretches may be run through without events, and why not for others.
#ifndef KEEPSIM_SIM_WORLD_SKIP_RULE_H_
#define KEEPSIM_SIM_WORLD_SKIP_RULE_H_

#include <cstdint>
#include <string>

#include "sim/world/plan.h"
#include "sim/world/quiet_stretch.h"

namespace keepsim {

// Of one group; sums over its clients.
struct SkipStats {
  uint64_t events = 0;     // simulated, in all
  uint64_t skipped = 0;    // of these, within stretches
  uint64_t stretches = 0;  // of one cycle at least
  uint64_t cycles = 0;
  uint64_t ends[kStretchEnds] = {};  // why stretches ended, those without a cycle included

  void Add(const SkipStats& other);
};

// Why every event of this group goes through the queue; "" if quiet stretches are skipped.
std::string WhyNotSkipped(const Plan& plan, const GroupPlan& group);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SKIP_RULE_H_
