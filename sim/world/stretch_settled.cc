// Cycles by the plain rule over TCP in which nothing has to be asked but how long the round trips
// are: neither estimator can leave the rule within a window of draws, and the broker's timer
// finds in each of its wake-ups what it found in the one before.
#include <algorithm>

#include "sim/net/exchange_rtts.h"
#include "sim/world/broker_laps.h"
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// Whether SRTT and RTTVAR stay within the plain rule for kMostSettled cycles at either end, as long
// as no round trip is late.
bool Stretch::IsSettled() const {
  if (plain_.laps == 0) return false;
  const RttEstimator& x = kernel_[kClientEnd].rtt;
  const RttEstimator& y = kernel_[kBrokerEnd].rtt;
  return x.srtt_ns <= plain_.settled_srtt[kClientEnd] &&
         y.srtt_ns <= plain_.settled_srtt[kBrokerEnd] &&
         std::max({x.rttvar_ns, x.mdev_ns, y.rttvar_ns, y.mdev_ns}) <= plain_.rttvar;
}

// As PlainCycles(), for kMostSettled at most. REQUIRES: IsSettled() for as many.
size_t Stretch::SettledCycles(size_t i) {
  const size_t ahead = std::min(PlainAhead(i), static_cast<size_t>(PlainRule::kMostSettled));
  if (ahead == 0) return i;
  return i + Settle(draws_.up.latency_ns() + 2 * i, draws_.down.latency_ns() + i, ahead);
}

// As many of these `ahead` as go by the rule: cycle i takes up_ns[2 i] up to where it is handled,
// down_ns[i] down, and its acknowledgement up_ns[2 i + 1] up. Returns how many.
size_t Stretch::Settle(const int64_t* up_ns, const int64_t* down_ns, size_t ahead) {
  const PlainRule& r = plain_;
  const int64_t heard = session_.last_in.ns;
  if (t0_.ns + up_ns[0] - heard > r.silence) return 0;
  BrokerLaps broker{t0_.ns, r.step, r.silence, r.laps, up_ns, session_.wakes.ns};
  if (!broker.Find(heard, static_cast<int64_t>(ahead))) return 0;
  ExchangeRtts rtts{{&kernel_[kClientEnd].rtt, &kernel_[kBrokerEnd].rtt},
                    {r.min_rto[kClientEnd], r.min_rto[kBrokerEnd]}};
  const size_t n = rtts.Add(up_ns, down_ns, ahead);
  if (n == 0) return 0;
  last_.out = t0_ + Duration{r.step} * static_cast<int64_t>(n - 1);
  last_.heard = last_.out + Duration{up_ns[2 * n - 2]};
  last_.answered = last_.heard + Duration{down_ns[n - 1]};
  NotePlainCycles(static_cast<int64_t>(n), Instant{broker.After(static_cast<int64_t>(n))},
                  Duration{rtts.sum_ns});
  NotePlainKernels();
  return n;
}

}  // namespace keepsim::quiet
