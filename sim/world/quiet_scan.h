// The draws of the coming cycles of a quiet stretch, made together.
#ifndef KEEPSIM_SIM_WORLD_QUIET_SCAN_H_
#define KEEPSIM_SIM_WORLD_QUIET_SCAN_H_

#include <cstddef>
#include <cstdint>

#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/world/plan.h"

namespace keepsim {

struct DrawsAhead {
  static constexpr size_t kCycles = 16;

  // Over TCP a cycle has two transmissions up and one down, else one each.
  uint64_t up_first = 0, down_first = 0;
  size_t lost_at = 0;  // the first cycle that loses a packet independently; kCycles: none
  uint64_t up_loss[2 * kCycles], down_loss[kCycles];
  Duration up_latency[2 * kCycles], down_latency[kCycles];

  void Fill(const GroupPlan& group, const RandomSource& luck, uint64_t first_up,
            uint64_t first_down) {
    uint64_t latency[2 * kCycles];
    const size_t n = group.transport == Transport::kTcp ? 2 * kCycles : kCycles;
    up_first = first_up;
    down_first = first_down;
    const size_t per_cycle = n / kCycles;
    luck.Pairs(Purpose::kSegmentUp, first_up, n, up_loss, latency);
    for (size_t i = 0; i < n; ++i) up_latency[i] = group.up.latency.Sample(latency[i]);
    luck.Pairs(Purpose::kSegmentDown, first_down, kCycles, down_loss, latency);
    for (size_t i = 0; i < kCycles; ++i) down_latency[i] = group.down.latency.Sample(latency[i]);
    lost_at = 0;
    while (lost_at < kCycles && !group.down.loss.Hit(down_loss[lost_at]) &&
           !group.up.loss.Hit(up_loss[per_cycle * lost_at]) &&
           !group.up.loss.Hit(up_loss[per_cycle * lost_at + per_cycle - 1])) {
      ++lost_at;
    }
  }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_QUIET_SCAN_H_
