// About how much work a run is, before it is done: what shards and threads are balanced by.
#ifndef KEEPSIM_SIM_RUN_SWEEP_COST_H_
#define KEEPSIM_SIM_RUN_SWEEP_COST_H_

#include "sim/scenario/scenario.pb.h"

namespace keepsim {

// Simulated events, about: four per PINGREQ of each client, six per message, some per connection,
// and what it takes to begin a run at all. What profiles, faults and losses change is not looked
// at. The same everywhere, so that all shards agree on who does what.
double EventsOf(const pb::Scenario& scenario);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_COST_H_
