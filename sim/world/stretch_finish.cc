// What a stretch leaves behind.
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// This end after all cycles so far.
TcpEndpoint Stretch::EndpointNow(EndIndex at) const {
  TcpEndpoint e = c_.end[at].tcp;
  if (out_.cycles == kernels_at_) return e;
  const TcpConfig& config = at == kClientEnd ? group_.tcp : broker_.tcp;
  const uint32_t bytes = static_cast<uint32_t>(out_.cycles - kernels_at_) * kPingSize;
  e.snd_una = e.snd_nxt = e.snd_end = e.snd_end + bytes;
  e.rcv_nxt += bytes;
  e.acked_to = e.rcv_nxt;
  e.last_length = kPingSize;
  e.sack_start = e.sack_end = e.snd_una;
  e.probed = kernel_[at].probed;
  if (e.probed) e.probe_end = e.snd_nxt;
  e.probes_sent = 0;
  e.first_unacked_at = e.first_retransmit_at = kNever;
  e.head_sent_at = e.last_sent_at = kernel_[at].sent;
  e.tail_sent_at = kernel_[at].repeated ? kNever : kernel_[at].sent;
  e.last_received_at = kernel_[at].received;
  SetEstimator(e, kernel_[at].rtt);
  e.rtt_seq = e.snd_nxt;
  e.rto = RtoOf(config, e);
  e.timer = TcpTimer::kNone;
  e.quick_acks = kernel_[at].quick_acks;
  e.interactive = kernel_[at].interactive;
  e.ts_recent = kernel_[at].echo;
  return e;
}

// What has happened in all cycles alike, and what only the last one leaves.
void Stretch::Finish() {
  const int64_t n = out_.cycles;
  const uint32_t count = static_cast<uint32_t>(n);
  constexpr int kRequest = static_cast<int>(PacketType::kPingreq);
  constexpr int kAnswer = static_cast<int>(PacketType::kPingresp);
  Traffic& t = host_.traffic;
  t.packets[kUp][kRequest] += n;
  t.packets[kDown][kAnswer] += n;
  t.bytes[kUp][kRequest] += n * kPingSize;
  t.bytes[kDown][kAnswer] += n * kPingSize;
  for (int d = 0; d < 2; ++d) {
    t.sent[d] += count;
    t.delivered[d] += count;
    host_.path[d].burst = path_.burst[d];
    host_.path[d].last_arrival = path_.last_arrival[d];
  }
  const int64_t headers = tcp_ ? kSegmentHeaders : kDatagramHeaders;
  for (int d = 0; d < 2; ++d) {
    const int64_t segments = (tcp_ && d == kUp ? 2 * n : n) + beyond_.segments[d];
    t.segments[d] += segments;
    t.wire_bytes[d] += n * kPingSize + beyond_.bytes[d] + segments * headers;
    t.lost[d] += beyond_.lost[d];
    t.retransmitted[d] += beyond_.retransmitted[d];
    host_.path[d].transmissions += static_cast<uint64_t>(segments);
  }
  c_.middlebox.last_use = path_.mapping_used;
  for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
    c_.end[at].lost = lost_[at];
    if (!tcp_) continue;
    c_.end[at].tcp = EndpointNow(at);
    c_.end[at].readable_to = c_.end[at].tcp.rcv_nxt - 1;
  }
  host_.ping_count += n;
  host_.ping_out = kNever;
  host_.last_heard = last_.answered;
  host_.backoff_draws += static_cast<uint64_t>(n);
  if (group_.profile.loop_delay_max.ns > 0) host_.loop_draws += static_cast<uint64_t>(n);
  out_.events = n * (tcp_ ? kEventsOfCycle : 3) + beyond_.events + session_.ticks;
  host_.events += out_.events;
  out_.client_acts = t0_;
  // Armed for the wait's end until that is over, unless the next ping comes before it.
  out_.client_wakes = waits_to_ < until_ ? t0_ : std::min(waits_to_, t0_);
  out_.broker_wakes = session_.wakes;
  DropOvertaken(std::min(t0_, until_));
}

}  // namespace keepsim::quiet
