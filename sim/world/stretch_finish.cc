// What a stretch leaves behind.
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// This end after all cycles so far.
TcpEndpoint Stretch::EndpointNow(EndIndex at) const {
  const int64_t pings = (out_.cycles - kernels_at_) * kPingSize;
  return EndpointAfter(at == kClientEnd ? group_.tcp : broker_.tcp, c_.end[at].tcp,
                       pings + message_bytes_[at], pings + message_bytes_[Peer(at)], kernel_[at]);
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
  if (n > 0) {
    // Without a PINGREQ one may be on its way yet whose answer something else has stood for.
    host_.ping_out = kNever;
    host_.last_heard = std::max(host_.last_heard, last_.answered);
  }
  host_.backoff_draws += static_cast<uint64_t>(n);
  if (group_.profile.loop_delay_max.ns > 0) host_.loop_draws += static_cast<uint64_t>(n);
  out_.events = n * (tcp_ ? kEventsOfCycle : 3) + beyond_.events + session_.ticks;
  host_.events += out_.events;
  out_.client_acts = std::min(t0_, NextMessageDue());
  // Armed for the wait's end until that is over, unless the next ping comes before it.
  out_.client_wakes = ArmedAt(until_);
  out_.broker_wakes = session_.wakes;
  out_.follows = !asks_all_ && t0_ < until_;
  DropOvertaken(std::min(t0_, until_));
}

}  // namespace keepsim::quiet
