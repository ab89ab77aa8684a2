// The round-trip estimators of both ends of a connection through many exchanges of one packet each
// way, of which none is lost.
#ifndef KEEPSIM_SIM_NET_EXCHANGE_RTTS_H_
#define KEEPSIM_SIM_NET_EXCHANGE_RTTS_H_

#include <cstddef>
#include <cstdint>

#include "sim/net/rtt_estimator.h"

namespace keepsim {

// Both ends, the one that begins an exchange first.
struct ExchangeRtts {
  RttEstimator* end[2];  // moved in place
  int64_t min_rto_ns[2] = {0, 0};
  int64_t sum_ns = 0;  // of the first end's round trips

  // Exchange i takes up_ns[2 i] to the second end, down_ns[i] back, and the acknowledgement of that
  // up_ns[2 i + 1]: a round trip of either end. Adds them until one of `n` is longer than SRTT +
  // min_rto at its end, beyond which a timer might act. Returns how many were added. REQUIRES: as
  // for RttEstimator::AddOnePerRound(); latencies are not negative.
  size_t Add(const int64_t* up_ns, const int64_t* down_ns, size_t n);
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_NET_EXCHANGE_RTTS_H_
