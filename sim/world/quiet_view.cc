#include "sim/world/quiet_view.h"

namespace keepsim::quiet {

TcpEndpoint EndpointAfter(const TcpConfig& config, const TcpEndpoint& before, int64_t sent,
                          int64_t received, const KernelView& view) {
  TcpEndpoint e = before;
  if (sent > 0) {
    e.snd_una = e.snd_nxt = e.snd_end = e.snd_end + static_cast<uint32_t>(sent);
    e.last_length = view.last_length;
    e.sack_start = e.sack_end = e.snd_una;
    e.probed = view.probed;
    if (e.probed) e.probe_end = e.snd_nxt;
    e.probes_sent = 0;
    e.first_unacked_at = e.first_retransmit_at = kNever;
    e.head_sent_at = e.last_sent_at = view.sent;
    e.tail_sent_at = view.repeated ? kNever : view.sent;
    SetEstimator(e, view.rtt);
    e.rtt_seq = e.snd_nxt;
    e.rto = RtoOf(config, e);
  }
  if (received > 0) {
    e.rcv_nxt += static_cast<uint32_t>(received);
    e.acked_to = e.rcv_nxt;
    e.last_received_at = view.received;
  }
  if (sent > 0 || received > 0) {
    e.timer = TcpTimer::kNone;
    e.quick_acks = view.quick_acks;
    e.interactive = view.interactive;
    e.ts_recent = view.echo;
  }
  return e;
}

}  // namespace keepsim::quiet
