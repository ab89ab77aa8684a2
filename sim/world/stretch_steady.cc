// Cycles by the plain rule of a client whose PINGREQs come at no fixed step: its main loop, or what
// it receives, has a say. Its session's own functions say when; the rest needs as few questions as
// in PlainCycles().
#include <algorithm>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// REQUIRES: plain_.applies, at no fixed step; as PlainCycles().
size_t Stretch::SteadyCycles(size_t i) {
  const PlainRule& r = plain_;
  const int64_t* const up_ns = draws_.up.latency_ns();
  const int64_t* const down_ns = draws_.down.latency_ns();
  RttEstimator &client = kernel_[kClientEnd].rtt, &broker = kernel_[kBrokerEnd].rtt;
  const int64_t client_min = r.min_rto[kClientEnd], broker_min = r.min_rto[kBrokerEnd];
  const size_t first = i;
  for (; i < lost_at_ && MayPing(); ++i) {
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
    const ClientView before(host_.session);
    const ClientTimer timer = MoveClient(out, answered);
    BrokerView session = session_;
    if (!ClientBears(timer, answered, answered) || timer.next - out < Duration{r.step} ||
        timer.next > until_ || !BrokerBears(heard, PacketType::kPingreq, timer, until_, session)) {
      before.Restore(host_.session);
      break;
    }
    NoteBroker(session);
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
