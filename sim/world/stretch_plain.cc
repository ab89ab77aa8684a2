// Cycles that keep within the plain rule.
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// Whether RTTVAR can only fall at both ends, and SRTT stays within the plain rule, for so many
// cycles or until a deviation rises above min_rto.
bool Stretch::IsSettled(size_t cycles) const {
  for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
    const RttEstimator& rtt = kernel_[at].rtt;
    const int64_t rise = plain_.min_rto[at] / 8 * static_cast<int64_t>(cycles);
    if (rtt.mdev_ns > plain_.min_rto[at] || rtt.srtt_ns + rise > plain_.srtt ||
        rtt.rttvar_ns > plain_.rttvar) {
      return false;
    }
  }
  return true;
}

// As many of the cycles from `i` on as keep within the plain rule; what they leave behind is what
// Cycle() leaves. Returns the first that was not run. REQUIRES: the last cycle was of this stretch.
// kSettled: IsSettled() for all of the cycles.
template <bool kTcp, bool kSettled>
[[gnu::noinline]] size_t Stretch::PlainCycles(size_t i) {
  const PlainRule r = plain_;
  const size_t begin = i;
  size_t end = lost_at_;
  if (t0_ + Duration{r.step} * static_cast<int64_t>(end) > until_) {
    const int64_t fit = (until_ - t0_).ns / r.step;
    end = std::min(end, i + static_cast<size_t>(std::max<int64_t>(fit, 0)));
  }
  const int64_t* const up_ns = draws_.window[kUp].latency_ns();
  const int64_t* const down_ns = draws_.window[kDown].latency_ns();
  RttEstimator client = kernel_[kClientEnd].rtt, broker = kernel_[kBrokerEnd].rtt;
  int64_t t0 = t0_.ns, heard = session_.last_in.ns, wakes = session_.wakes.ns;
  int64_t last_rtt = 0, sum = 0, last_acked = 0;
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
      if (!kSettled && (client.srtt_ns > r.srtt || broker.srtt_ns > r.srtt ||
                        client.rttvar_ns > r.rttvar || broker.rttvar_ns > r.rttvar)) {
        break;
      }
      acked = arrives + back;
    } else if (rtt > r.round_trip) {
      break;
    }
    int64_t later = wakes;
    while (later < next) later = (later >= arrives ? arrives : heard) + r.silence;
    if (later == next) break;
    if constexpr (kTcp && kSettled) {
      client.Move(std::max<int64_t>(rtt, 1));
      broker.Move(std::max<int64_t>(acked - arrives, 1));
      if (client.mdev_ns <= r.min_rto[kClientEnd] && broker.mdev_ns <= r.min_rto[kBrokerEnd]) {
        // EndRound(), where RTTVAR can only fall.
        client.rttvar_ns -= (client.rttvar_ns - r.min_rto[kClientEnd]) >> 2;
        broker.rttvar_ns -= (broker.rttvar_ns - r.min_rto[kBrokerEnd]) >> 2;
      } else {
        client.EndRound(r.min_rto[kClientEnd]);
        broker.EndRound(r.min_rto[kBrokerEnd]);
        end = i + 1;  // no longer settled
      }
    } else if constexpr (kTcp) {
      client.AddOnePerRound(std::max<int64_t>(rtt, 1), r.min_rto[kClientEnd]);
      broker.AddOnePerRound(std::max<int64_t>(acked - arrives, 1), r.min_rto[kBrokerEnd]);
    }
    wakes = later;
    heard = arrives;
    sum += last_rtt = rtt;
    last_acked = acked;
    t0 = next;
  }
  const int64_t n = static_cast<int64_t>(i - begin);
  if (n == 0) return i;
  last_.out = Instant{t0 - r.step};
  last_.heard = Instant{heard};
  last_.answered = last_.out + Duration{last_rtt};
  last_.acked = Instant{last_acked};
  t0_ = Instant{t0};
  waits_to_ = r.wait == kNever.ns ? kNever : last_.out + Duration{r.wait};
  out_.cycles += n;
  session_.last_in = c_.session.last_in = last_.heard;
  session_.wakes = Instant{wakes};
  kernel_[kClientEnd].rtt = client;
  kernel_[kBrokerEnd].rtt = broker;
  const Instant k2 = host_.KernelNow(last_.answered);
  kernel_[kClientEnd].NoteCycle(host_.KernelNow(last_.out), k2, last_.heard, kMaxQuickAcks - 1);
  kernel_[kBrokerEnd].NoteCycle(last_.heard, last_.heard, k2, kMaxQuickAcks);
  lost_ = 0;
  ClientSession& s = host_.session;
  s.sends += static_cast<uint32_t>(n);
  s.last_out = s.ping_sent = host_.last_packet_out = host_.SessionNow(last_.out);
  s.last_in = s.look_from = host_.SessionNow(last_.answered);
  host_.longest_silence = std::max(host_.longest_silence, Duration{r.step});
  host_.radio_wakeups += n * r.radio;
  host_.radio_last = last_.answered;
  host_.ping_rtt_sum += Duration{sum};
  return i;
}

template size_t Stretch::PlainCycles<true, true>(size_t i);
template size_t Stretch::PlainCycles<true, false>(size_t i);
template size_t Stretch::PlainCycles<false, false>(size_t i);

}  // namespace keepsim::quiet
