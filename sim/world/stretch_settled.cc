// Cycles by the plain rule over TCP in which nothing has to be asked but how long the round trips
// are: neither estimator can leave the rule within a window of draws, and the broker's timer
// finds in each of its wake-ups what it found in the one before.
#include <algorithm>

#include "sim/net/exchange_rtts.h"
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

// The broker's exact timer through the cycles that begin at t0, where PINGREQ number i arrives at
// t0 + i * step + up_ns[2 i]. Each wake-up that finds a packet arms it for that packet's arrival +
// silence, which is `laps` cycles later and again behind the arrival (PlainRule).
struct BrokerLaps {
  int64_t t0, step, silence, laps;
  const int64_t* up_ns;
  int64_t wakes;       // before the first of these cycles' arrivals is found
  int64_t in = 0;      // by the wake-up in this cycle
  int64_t origin = 0;  // which is this cycle's

  int64_t Arrival(int64_t cycle) const { return t0 + cycle * step + up_ns[2 * cycle]; }

  // False if a wake-up may be at the instant at which a cycle begins. `heard`: the last arrival.
  bool Find(int64_t heard, int64_t cycles) {
    while (true) {
      // Few steps: quicker than a division.
      for (in = 0; wakes - (t0 + in * step) >= step;) {
        if (++in >= cycles) return true;
      }
      if (wakes == t0 + in * step) return false;
      if (wakes >= Arrival(in)) return origin = in, true;
      if (in > 0) return origin = in - 1, true;
      wakes = heard + silence;
    }
  }
  // When it wakes up after `cycles` of them.
  int64_t After(int64_t cycles) const {
    if (in >= cycles) return wakes;
    const int64_t behind = cycles - 1 - origin;
    return Arrival(origin + (laps == 1 ? behind : behind / laps * laps)) + silence;
  }
};

// As PlainCycles(), for kMostSettled at most. REQUIRES: IsSettled() for as many.
size_t Stretch::SettledCycles(size_t i) {
  const PlainRule& r = plain_;
  const size_t ahead = std::min(PlainAhead(i), static_cast<size_t>(PlainRule::kMostSettled));
  if (ahead == 0) return i;
  const int64_t* const up_ns = draws_.up.latency_ns() + 2 * i;
  const int64_t* const down_ns = draws_.down.latency_ns() + i;
  const int64_t heard = session_.last_in.ns;
  if (t0_.ns + up_ns[0] - heard > r.silence) return i;
  BrokerLaps broker{t0_.ns, r.step, r.silence, r.laps, up_ns, session_.wakes.ns};
  if (!broker.Find(heard, static_cast<int64_t>(ahead))) return i;
  ExchangeRtts rtts{{&kernel_[kClientEnd].rtt, &kernel_[kBrokerEnd].rtt},
                    {r.min_rto[kClientEnd], r.min_rto[kBrokerEnd]}};
  const size_t n = rtts.Add(up_ns, down_ns, ahead);
  if (n == 0) return i;
  last_.out = t0_ + Duration{r.step} * static_cast<int64_t>(n - 1);
  last_.heard = last_.out + Duration{up_ns[2 * n - 2]};
  last_.answered = last_.heard + Duration{down_ns[n - 1]};
  NotePlainCycles(static_cast<int64_t>(n), Instant{broker.After(static_cast<int64_t>(n))},
                  Duration{rtts.sum_ns});
  NotePlainKernels();
  return i + n;
}

}  // namespace keepsim::quiet
