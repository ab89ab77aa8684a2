#include "sim/world/quiet_path.h"

#include <algorithm>

#include "sim/trace/record.h"

namespace keepsim::quiet {

Instant Carry(const Host& host, const DrawsAhead& draws, int d, uint64_t index, Instant at,
              PathView& path) {
  const DirectionSpec& spec = d == kUp ? host.group->up : host.group->down;
  const Degrade* degrade = host.degrades[d].empty() ? nullptr : &host.degrade[d];
  const Purpose segment = d == kUp ? Purpose::kSegmentUp : Purpose::kSegmentDown;
  const TransmissionDraw draw = d == kUp ? draws.up.At(spec, host.luck, segment, index)
                                         : draws.down.At(spec, host.luck, segment, index);
  const Fate fate =
      FateOf(spec, path.burst[d], host.luck, segment,
             d == kUp ? Purpose::kBurstUp : Purpose::kBurstDown, degrade, at, index, draw.loss);
  if (fate != Fate::kDelivered) return kNever;
  Instant arrives = at + Duration{draw.latency_ns};
  if (degrade != nullptr) arrives += degrade->extra_latency;
  if (spec.keep_order) arrives = path.last_arrival[d] = std::max(arrives, path.last_arrival[d]);
  return arrives;
}

}  // namespace keepsim::quiet
