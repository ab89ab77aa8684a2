// When something holds: sorted, disjoint, half-open intervals of virtual time; either listed in the
// plan or drawn from a renewal process with addressed draws (random outages).
#ifndef KEEPSIM_SIM_NET_TIMELINE_H_
#define KEEPSIM_SIM_NET_TIMELINE_H_

#include <cstdint>

#include "sim/base/quantile_table.h"
#include "sim/base/random.h"
#include "sim/base/time.h"

namespace keepsim {

struct Interval {
  Instant from;  // inclusive
  Instant to;    // exclusive; kNever: for good
};

// A renewal process: gap, length, gap, length, ... with draws addressed by the occurrence's number.
// The gap is measured from the end of the previous occurrence.
struct RenewalSpec {
  QuantileTable gap;
  QuantileTable length;
};

struct RenewalState {
  uint64_t index = 0;
  Instant end_of_last = kStart;
};

// The next occurrence; advances the state. Saturates at kNever.
Interval Next(const RenewalSpec& spec, RenewalState& state, const RandomSource& source, Purpose gap,
              Purpose length);

// A host's clock: local = local_base + (global - global_base) * (1e9 + drift_ppb) / 1e9, in
// integers, monotone. A change of drift moves the base.
struct HostClock {
  Instant global_base = kStart;
  Instant local_base = kStart;
  int64_t drift_ppb = 0;

  Instant Local(Instant global) const {
    return drift_ppb == 0 ? local_base + (global - global_base) : DriftedLocal(global);
  }
  // The earliest global instant whose local time is at or after `local`; kNever for kNever.
  Instant Global(Instant local) const {
    if (local == kNever) return kNever;
    return drift_ppb == 0 ? global_base + (local - local_base) : DriftedGlobal(local);
  }
  Instant DriftedLocal(Instant global) const;
  Instant DriftedGlobal(Instant local) const;
  void SetDrift(Instant now, int64_t ppb);
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_NET_TIMELINE_H_
