// When a client's messages are due: those it publishes, or those for it.
#ifndef KEEPSIM_SIM_WORLD_WORKLOAD_H_
#define KEEPSIM_SIM_WORLD_WORKLOAD_H_

#include <cstdint>

#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/world/plan.h"

namespace keepsim {

struct WorkloadState {
  uint64_t index = 0;      // messages (bursts) so far: the next draw
  uint32_t size = 0;       // of a message
  int32_t burst_left = 0;  // further messages of the burst under way
  Instant next = kNever;   // the next message; kNever: there is none, or the client never started
  Instant last = kNever;   // the one before; of messages at one instant, who had the earlier one is
                           // the first
};

// Of the draws of this workload.
constexpr Purpose MessagePurpose(Direction direction, uint32_t number) {
  return (direction == kUp ? Purpose::kUplink : Purpose::kDownlink) + number;
}

// The client starts for the first time at `now`: its first message. `purpose`: of this workload's
// draws.
void FirstMessage(const Workload& w, const RandomSource& luck, Purpose purpose, Instant now,
                  WorkloadState& s);
// The one after it.
void NextMessage(const Workload& w, const RandomSource& luck, Purpose purpose, WorkloadState& s);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_WORKLOAD_H_
