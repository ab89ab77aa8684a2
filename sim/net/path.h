// One direction of a client's path: latency, loss (independent, and Gilbert-Elliott in time),
// duplication. Pure decisions: the driver gives the instant and the source of luck and schedules
// what comes back.
#ifndef KEEPSIM_SIM_NET_PATH_H_
#define KEEPSIM_SIM_NET_PATH_H_

#include <cstdint>

#include "sim/base/quantile_table.h"
#include "sim/base/random.h"
#include "sim/base/time.h"

namespace keepsim {

// Gilbert-Elliott in continuous time: sojourns in the good and bad state are exponential with
// these means (seconds, not packets: keep alive traffic is sparse). Disabled if mean_bad is 0.
struct BurstLoss {
  QuantileTable good_sojourn;  // exponential; compiled once per group
  QuantileTable bad_sojourn;
  Probability loss_good;  // added to the direction's independent loss while good
  Probability loss_bad;
  bool enabled = false;
};

struct DirectionSpec {
  QuantileTable latency;
  Probability loss;       // independent, per transmission
  Probability duplicate;  // datagram transport only; the copy has a latency of its own
  BurstLoss burst;
  bool keep_order = false;  // a packet never overtakes an earlier one
};

// A degradation in force (fault "degrade"): applied on top of the spec.
struct Degrade {
  Probability loss;  // additional, independent of the others
  Duration extra_latency{0};
};

// The sojourn that covers `until`, drawn lazily; the first is good and begins at time 0.
struct BurstState {
  Instant until = kStart;
  uint64_t index = 0;
  bool bad = false;
};

struct DirectionState {
  uint64_t transmissions = 0;  // index of the next draw; never reset while the client exists
  Instant last_arrival = kLongAgo;
  // Draws of the transmissions [ahead_of, ahead_of + kAtOnce), made together.
  uint64_t ahead_of = ~uint64_t{0};
  RandomBlock ahead[RandomSource::kAtOnce];
  BurstState burst;
};

enum class Fate : uint8_t {
  kDelivered = 0,
  kLostIndependent = 1,
  kLostBurst = 2,
  kLostDegraded = 3,
  kLostOutage = 4,     // set by the driver: path cut, host down
  kLostMiddlebox = 5,  // set by the driver
  kLostHostDown = 6,   // set by the driver
};
const char* FateName(Fate fate);

struct Transit {
  Fate fate = Fate::kDelivered;
  Instant arrives_at = kNever;    // if delivered
  Instant duplicate_at = kNever;  // if duplicated
};

// What becomes of transmission `index` at `now`, whose words 0 and 3 are `loss_draw`.
Fate FateOf(const DirectionSpec& spec, BurstState& state, const RandomSource& source,
            Purpose segment, Purpose burst, const Degrade* degrade, Instant now, uint64_t index,
            uint64_t loss_draw);

// Decides what becomes of one transmission at `now`. REQUIRES: `now` does not go back.
// `segment` is Purpose::kSegmentUp or kSegmentDown, `burst` likewise. One Philox block per
// transmission: word 0 (+3) loss, words 1-2 latency. `degrade` may be null.
Transit Send(const DirectionSpec& spec, DirectionState& state, const RandomSource& source,
             Purpose segment, Purpose burst, const Degrade* degrade, Instant now);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_NET_PATH_H_
