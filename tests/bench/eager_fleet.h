// The design that most simulators begin with, as a yardstick: one std::priority_queue for the whole
// fleet, and a new entry for every change of a deadline. Sessions, draws and events are the
// simulator's own, for fleets of idle clients; records, checks and reports are not made at all,
// which is to the yardstick's advantage.
#ifndef KEEPSIM_TESTS_BENCH_EAGER_FLEET_H_
#define KEEPSIM_TESTS_BENCH_EAGER_FLEET_H_

#include <cstdint>

#include "sim/world/plan.h"

namespace keepsim {

// Runs group 0 of the plan from start to horizon. Returns the number of simulated events, which is
// that of keepsim::Run(). REQUIRES: one group of idle clients without faults; over TCP no
// connection may end.
uint64_t RunEagerFleet(const Plan& plan);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_BENCH_EAGER_FLEET_H_
