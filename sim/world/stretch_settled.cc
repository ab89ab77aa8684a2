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

namespace {

// The broker's exact timer through the cycles that begin at t0, where PINGREQ number i is handled
// at t0 + i * step + up_ns[2 i]. Each wake-up that finds a packet arms it for that packet's arrival
// + silence, which is `laps` cycles later and again behind the arrival (PlainRule).
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

// How many of these `ahead` go by rule `r`, whether or not each PINGREQ is handled up to `patience`
// later: cycle i takes up_ns[2 i] up to where it is handled, down_ns[i] down, and its
// acknowledgement up_ns[2 i + 1] up. They begin at t0, with the broker's session as it is. Moves
// `rtts` and `broker` through them.
size_t GoByRule(const PlainRule& r, Instant t0, const BrokerView& session, const int64_t* up_ns,
                const int64_t* down_ns, size_t ahead, Duration patience, ExchangeRtts& rtts,
                BrokerLaps& broker) {
  const Instant first = t0 + Duration{up_ns[0]};
  if (first + patience - session.last_in > Duration{r.silence}) return 0;
  // The broker's timer wakes up before the first is handled, or after it, whenever that is.
  if (session.wakes >= first && session.wakes < first + patience) return 0;
  broker = {t0.ns, r.step, r.silence, r.laps, up_ns, session.wakes.ns};
  if (!broker.Find(session.last_in.ns, static_cast<int64_t>(ahead))) return 0;
  // The client's SRTT is the larger, the longer they wait.
  for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
    rtts.min_rto_ns[at] = r.min_rto[at] - patience.ns;
  }
  return rtts.Add(up_ns, down_ns, ahead);
}

}  // namespace

// As PlainCycles(), for kMostSettled at most. REQUIRES: IsSettled() for as many.
size_t Stretch::SettledCycles(size_t i) {
  const size_t ahead = SettledAhead(i);
  if (ahead == 0) return i;
  return i + Settle(draws_.up.latency_ns() + 2 * i, draws_.down.latency_ns() + i, ahead);
}

// As many of these `ahead` as go by the rule, as GoByRule() has them. Returns how many.
size_t Stretch::Settle(const int64_t* up_ns, const int64_t* down_ns, size_t ahead) {
  ExchangeRtts rtts{{&kernel_[kClientEnd].rtt, &kernel_[kBrokerEnd].rtt}};
  BrokerLaps broker;
  const size_t n =
      GoByRule(plain_, t0_, session_, up_ns, down_ns, ahead, Duration{0}, rtts, broker);
  if (n == 0) return 0;
  last_.out = t0_ + Duration{plain_.step} * static_cast<int64_t>(n - 1);
  last_.heard = last_.out + Duration{up_ns[2 * n - 2]};
  last_.answered = last_.heard + Duration{down_ns[n - 1]};
  NotePlainCycles(static_cast<int64_t>(n), Instant{broker.After(static_cast<int64_t>(n))},
                  Duration{rtts.sum_ns});
  NotePlainKernels();
  return n;
}

void Stretch::LookForTurns(Duration patience, QuietTurns* turns) {
  static_assert(QuietTurns::kMost >= PlainRule::kMostSettled);
  if (!IsSettled() || !AcknowledgesAsUsual() || !MayPing() ||
      // Or an arrival comes after what else is due at its instant.
      group_.up.latency.min().ns == 0 ||
      // The timer of an acknowledgement that waits for the answer is gone with the answer's own.
      broker_.tcp.delayed_ack > broker_.tcp.min_rto ||
      patience.ns >= std::min(plain_.min_rto[kClientEnd], plain_.min_rto[kBrokerEnd])) {
    return;
  }
  LookAhead();
  const size_t ahead = SettledAhead(0);
  if (ahead == 0) return;
  const int64_t* const up_ns = draws_.up.latency_ns();
  RttEstimator client = kernel_[kClientEnd].rtt, broker_end = kernel_[kBrokerEnd].rtt;
  ExchangeRtts rtts{{&client, &broker_end}};
  BrokerLaps broker;
  turns->count = GoByRule(plain_, t0_, session_, up_ns, draws_.down.latency_ns(), ahead, patience,
                          rtts, broker);
  for (size_t i = 0; i < turns->count; ++i) {
    turns->times[i] =
        t0_ + Duration{plain_.step} * static_cast<int64_t>(i) + Duration{up_ns[2 * i]};
  }
}

}  // namespace keepsim::quiet
