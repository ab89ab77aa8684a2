#include "sim/world/quiet_view.h"

namespace keepsim::quiet {

TcpEndpoint EndpointAfter(const TcpConfig& config, const TcpEndpoint& before, int64_t exchanges,
                          const KernelView& view) {
  TcpEndpoint e = before;
  if (exchanges == 0) return e;
  const uint32_t bytes = static_cast<uint32_t>(exchanges) * kPingSize;
  e.snd_una = e.snd_nxt = e.snd_end = e.snd_end + bytes;
  e.rcv_nxt += bytes;
  e.acked_to = e.rcv_nxt;
  e.last_length = kPingSize;
  e.sack_start = e.sack_end = e.snd_una;
  e.probed = view.probed;
  if (e.probed) e.probe_end = e.snd_nxt;
  e.probes_sent = 0;
  e.first_unacked_at = e.first_retransmit_at = kNever;
  e.head_sent_at = e.last_sent_at = view.sent;
  e.tail_sent_at = view.repeated ? kNever : view.sent;
  e.last_received_at = view.received;
  SetEstimator(e, view.rtt);
  e.rtt_seq = e.snd_nxt;
  e.rto = RtoOf(config, e);
  e.timer = TcpTimer::kNone;
  e.quick_acks = view.quick_acks;
  e.interactive = view.interactive;
  e.ts_recent = view.echo;
  return e;
}

}  // namespace keepsim::quiet
