// Cycles that keep within the plain rule.
#include <algorithm>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// What so many cycles by the plain rule leave behind, of which the last went last_: what as many of
// Cycle() leave, but for the kernels.
void Stretch::NotePlainCycles(int64_t n, Instant broker_wakes, Duration rtt_sum) {
  // Each field for itself: whole structures would wait for their parts, just written.
  const Instant out = last_.out, heard = last_.heard, answered = last_.answered;
  t0_ = out + Duration{plain_.step};
  waits_to_ = plain_.wait == kNever.ns ? kNever : out + Duration{plain_.wait};
  out_.cycles += n;
  session_.last_in = c_.session.last_in = heard;
  session_.wakes = broker_wakes;
  ClientSession& s = host_.session;
  s.sends += static_cast<uint32_t>(n);
  s.last_out = s.ping_sent = host_.last_packet_out = out + session_ahead_;
  s.last_in = s.look_from = answered + session_ahead_;
  host_.longest_silence = std::max(host_.longest_silence, Duration{plain_.step});
  host_.radio_wakeups += n * plain_.radio;
  host_.radio_last = answered;
  host_.ping_rtt_sum += rtt_sum;
}

// And the kernels, but for the estimators.
void Stretch::NotePlainKernels() {
  const Instant answered = last_.answered + kernel_ahead_;
  kernel_[kClientEnd].NoteCycle(last_.out + kernel_ahead_, answered, last_.heard,
                                kMaxQuickAcks - 1);
  kernel_[kBrokerEnd].NoteCycle(last_.heard, last_.heard, answered, kMaxQuickAcks);
  lost_[kClientEnd] = lost_[kBrokerEnd] = 0;
}

// How many cycles lie ahead, from the `i`th of those that LookAhead() looked at on, in which
// nothing is lost and that are over before anything else.
size_t Stretch::PlainAhead(size_t i) const {
  if (i >= lost_at_) return 0;
  const size_t ahead = lost_at_ - i;
  if (t0_ + Duration{plain_.step} * static_cast<int64_t>(ahead) <= until_) return ahead;
  return static_cast<size_t>(std::max<int64_t>((until_ - t0_).ns / plain_.step, 0));
}

// As many of the cycles from `i` on as keep within the plain rule. Returns the first that was not
// run. REQUIRES: the last cycle was of this stretch.
template <bool kTcp>
[[gnu::noinline]] size_t Stretch::PlainCycles(size_t i) {
  const PlainRule r = plain_;
  const size_t begin = i, end = i + PlainAhead(i);
  const int64_t* const up_ns = draws_.up.latency_ns();
  const int64_t* const down_ns = draws_.down.latency_ns();
  RttEstimator client = kernel_[kClientEnd].rtt, broker = kernel_[kBrokerEnd].rtt;
  int64_t t0 = t0_.ns, heard = session_.last_in.ns, wakes = session_.wakes.ns;
  int64_t last_rtt = 0, sum = 0;
  for (; i < end; ++i) {
    const size_t u = kTcp ? 2 * i : i;
    const int64_t up = up_ns[u], down = down_ns[i];
    const int64_t rtt = up + down;
    const int64_t arrives = t0 + up, next = t0 + r.step;
    if (arrives - heard > r.silence) break;
    int64_t acked = arrives + down;
    if constexpr (kTcp) {
      const int64_t back = down + up_ns[u + 1];
      if (rtt > client.srtt_ns + r.min_rto[kClientEnd] ||
          back > broker.srtt_ns + r.min_rto[kBrokerEnd]) {
        break;
      }
      if (client.srtt_ns > r.srtt || broker.srtt_ns > r.srtt || client.rttvar_ns > r.rttvar ||
          broker.rttvar_ns > r.rttvar) {
        break;
      }
      acked = arrives + back;
    } else if (rtt > r.round_trip) {
      break;
    }
    int64_t later = wakes;
    while (later < next) later = (later >= arrives ? arrives : heard) + r.silence;
    if (later == next) break;
    if constexpr (kTcp) {
      client.AddOnePerRound(std::max<int64_t>(rtt, 1), r.min_rto[kClientEnd]);
      broker.AddOnePerRound(std::max<int64_t>(acked - arrives, 1), r.min_rto[kBrokerEnd]);
    }
    wakes = later;
    heard = arrives;
    sum += last_rtt = rtt;
    t0 = next;
  }
  if (i == begin) return i;
  kernel_[kClientEnd].rtt = client;
  kernel_[kBrokerEnd].rtt = broker;
  last_.out = Instant{t0 - r.step};
  last_.heard = Instant{heard};
  last_.answered = last_.out + Duration{last_rtt};
  NotePlainCycles(static_cast<int64_t>(i - begin), Instant{wakes}, Duration{sum});
  NotePlainKernels();
  return i;
}

template size_t Stretch::PlainCycles<true>(size_t i);
template size_t Stretch::PlainCycles<false>(size_t i);

}  // namespace keepsim::quiet
