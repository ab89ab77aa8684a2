// Cycles by the plain rule of a client whose PINGREQs come at no fixed step: its main loop, or what
// it receives, has a say. Its session's own functions say when; the rest needs as few questions as
// in PlainCycles().
#include <algorithm>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// MoveClient(), where the client's timer is known to be armed `wait` after each PINGREQ.
Stretch::ClientTimer Stretch::MoveSteadily(Instant out, Instant answered, Duration wait) {
  const ClientProfile& p = group_.profile;
  ClientSession& s = host_.session;
  NotePing(p, s, out + session_ahead_);
  NoteAnswer(p, s, answered + session_ahead_);
  const Instant next = PingDeadline(p, s);
  return {next == kNever ? kNever : next - session_ahead_,
          wait.ns == kNever.ns ? kNever : out + wait};
}

// REQUIRES: plain_.applies, at no fixed step; as PlainCycles().
size_t Stretch::SteadyCycles(size_t i) {
  if (i >= lost_at_ || !MayPing()) return i;
  const PlainRule& r = plain_;
  const int64_t* const up_ns = draws_.up.latency_ns();
  const int64_t* const down_ns = draws_.down.latency_ns();
  RttEstimator &client = kernel_[kClientEnd].rtt, &broker = kernel_[kBrokerEnd].rtt;
  const int64_t client_min = r.min_rto[kClientEnd], broker_min = r.min_rto[kBrokerEnd];
  ClientSession& s = host_.session;
  const ClientView before(s);
  const bool alike = group_.profile.loop_delay_max.ns == 0 && WaitsAlike(group_.profile, s);
  Duration wait{0};  // of each cycle, if they are alike
  const size_t first = i;
  for (; i < lost_at_ && t0_ < until_; ++i) {
    const Instant out = t0_;
    const size_t u = tcp_ ? 2 * i : i;
    const int64_t rtt = up_ns[u] + down_ns[i], back = tcp_ ? down_ns[i] + up_ns[u + 1] : 0;
    const Instant heard = out + Duration{up_ns[u]}, answered = out + Duration{rtt};
    const bool late = tcp_ ? rtt > client.srtt_ns + client_min ||
                                 back > broker.srtt_ns + broker_min ||
                                 std::max(client.srtt_ns, broker.srtt_ns) > r.srtt ||
                                 std::max(client.rttvar_ns, broker.rttvar_ns) > r.rttvar
                           : rtt > r.round_trip;
    if (late) break;
    const ClientTimer timer =
        wait.ns > 0 ? MoveSteadily(out, answered, wait) : MoveClient(out, answered);
    if (alike) wait = timer.waits_to == kNever ? Duration{kNever.ns} : timer.waits_to - out;
    if (!ClientBears(timer, answered, answered) || timer.next - out < Duration{r.step} ||
        timer.next > until_ || !BrokerBearsByRule(r, PacketType::kPingreq, heard, timer, until_)) {
      // Back to after the last cycle: it alone has left anything but what is counted.
      before.Restore(s);
      if (i == first) return i;
      s.sends += static_cast<uint32_t>(i - first) - 1;
      MoveClient(last_.out, last_.answered);
      break;
    }
    if (tcp_) {
      client.AddOnePerRound(std::max<int64_t>(rtt, 1), client_min);
      broker.AddOnePerRound(std::max<int64_t>(back, 1), broker_min);
    }
    NoteSteady(out, heard, answered, timer);
  }
  if (i > first) NotePlainKernels();
  return i;
}

// What one Cycle() leaves, but for broker and kernels.
void Stretch::NoteSteady(Instant out, Instant heard, Instant answered, const ClientTimer& client) {
  last_.out = out;
  last_.heard = heard;
  last_.answered = answered;
  host_.ping_rtt_sum += answered - out;
  ++out_.cycles;
  NoteOvertaken(client.waits_to, client.next);
  NoteClientSends(out + session_ahead_);
  TouchRadio({out, answered});
  waits_to_ = client.waits_to;
  t0_ = client.next;
  tells_all_ = true;
}

}  // namespace keepsim::quiet
