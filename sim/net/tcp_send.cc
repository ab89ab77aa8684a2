#include "sim/net/tcp_send.h"

#include <algorithm>

namespace keepsim {

// The kernel's timer wheel: a timer waits in a bucket of its level and fires when the bucket's time
// is over, never early. A level's buckets are eight times as wide as those of the level below: 4 ms
// up to a quarter of a second, 32 ms up to 2 s, 256 ms up to 16 s, about 2 s up to 129 s. So the
// second SYN leaves 1.00 to 1.04 s after the first (calc_wheel_index() of kernel/time/timer.c).
Instant InWheel(Instant now, Duration wait) {
  constexpr int64_t kLevelSize = 63, kLevels = 9;
  constexpr int kLevelShift = 3;
  const int64_t jiffies = InJiffies(wait).ns / kJiffy.ns;
  int shift = 0;
  for (int level = 1; level < kLevels && jiffies >= kLevelSize << shift; ++level) {
    shift += kLevelShift;
  }
  const int64_t expires = (now - kStart).ns / kJiffy.ns + jiffies;
  return kStart + kJiffy * (((expires >> shift) + 1) << shift);
}

namespace tcp_internal {
namespace {

void NoteDataSent(TcpEndpoint& e, Instant now, const TcpConfig& config) {
  // tcp_event_data_sent(): a reply soon after data means an interactive exchange.
  if (e.last_received_at != kLongAgo && now - e.last_received_at < config.delayed_ack) {
    e.interactive = true;
  }
  e.last_sent_at = now;
}

}  // namespace

void SendAck(TcpEndpoint& e, Instant now, TcpOutput& out) {
  if (!e.interactive && e.quick_acks > 0) --e.quick_acks;
  Add(e, Segment::kAck, e.snd_nxt, 0, now, out);
}

void AddRttSample(const TcpConfig& config, TcpEndpoint& e, Duration rtt) {
  rtt = std::max(rtt, Nanoseconds(1));
  if (e.srtt.ns == 0) {
    e.srtt = e.min_rtt = rtt;
    e.mdev = rtt * 2;
    e.rttvar = e.mdev_max = std::max(e.mdev, config.min_rto);
    e.rtt_seq = e.snd_nxt;
  } else {
    const bool round_over = After(e.snd_una, e.rtt_seq);
    RttEstimator estimator = EstimatorOf(e);
    estimator.Add(rtt.ns, config.min_rto.ns, round_over);
    SetEstimator(e, estimator);
    if (round_over) e.rtt_seq = e.snd_nxt;
  }
  e.rto = RtoOf(config, e);
  e.backoff = 0;
}

Instant RtoDeadline(const TcpConfig& config, const TcpEndpoint& e, Instant now) {
  Instant at = InWheel(now, e.rto);
  if (config.user_timeout.ns > 0 && e.first_unacked_at != kNever) {
    // tcp_clamp_rto_to_user_timeout(): look again when the user timeout is over.
    at = std::min(at, std::max(now + kJiffy, e.first_unacked_at + config.user_timeout));
  }
  return at;
}

// tcp_rearm_rto() and tcp_schedule_loss_probe(). One segment in flight: the peer may delay its ACK,
// so the probe waits min_rto longer; never beyond the RTO.
void Arm(const TcpConfig& config, TcpEndpoint& e, Instant now) {
  if (!Outstanding(e)) {
    e.timer = TcpTimer::kNone;
    e.rto_deadline = kNever;
    return;
  }
  const Instant rto = RtoDeadline(config, e, now);
  const bool may_probe = config.tail_loss_probe && e.srtt.ns > 0 && !e.in_recovery &&
                         e.backoff == 0 &&
                         (e.state == TcpState::kEstablished || e.state == TcpState::kCloseWait ||
                          e.state == TcpState::kFinWait);
  if (!may_probe) {
    e.timer = TcpTimer::kRetransmit;
    e.rto_deadline = rto;
    return;
  }
  const bool single = e.snd_nxt - e.snd_una == e.last_length;
  const Duration wait = e.srtt * 2 + (single ? config.min_rto : kMinTimeout);
  e.timer = TcpTimer::kProbe;
  e.rto_deadline = std::min(InWheel(now, wait), rto);
}

void SendNew(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out) {
  if (e.state == TcpState::kSynSent || e.state == TcpState::kSynReceived ||
      e.state == TcpState::kClosed || e.state == TcpState::kDone) {
    return;
  }
  bool sent = false;
  while (After(SendLimit(e), e.snd_nxt) && out.segment_count < TcpOutput::kMaxSegments - 1) {
    if (e.in_recovery && Outstanding(e)) break;  // cwnd is 1 until the retransmission is acked
    const uint32_t data = After(e.snd_end, e.snd_nxt) ? e.snd_end - e.snd_nxt : 0;
    const uint32_t length = std::min(data, static_cast<uint32_t>(config.mss));
    const bool fin = e.fin_queued && length == data;
    if (!config.no_delay && Outstanding(e) && length < static_cast<uint32_t>(config.mss) && !fin) {
      break;  // Nagle
    }
    if (!Outstanding(e)) {
      e.first_unacked_at = e.head_sent_at = now;
      e.first_retransmit_at = kNever;
    }
    Add(e, fin ? Segment::kAck | Segment::kFin : Segment::kAck, e.snd_nxt, length, now, out);
    e.last_length = length + (fin ? 1 : 0);
    e.snd_nxt += e.last_length;
    if (fin) e.fin_sent = true;
    NoteDataSent(e, now, config);
    e.tail_sent_at = now;
    sent = true;
  }
  if (sent && (e.rto_deadline == kNever || e.timer == TcpTimer::kProbe)) Arm(config, e, now);
}

void Resend(TcpEndpoint& e, uint32_t from, uint32_t to, bool probe, Instant now, TcpOutput& out) {
  const bool fin = e.fin_sent && After(to, e.snd_end);
  Segment& s = Add(e, fin ? Segment::kAck | Segment::kFin : Segment::kAck, from,
                   to - from - (fin ? 1 : 0), now, out);
  s.retransmission = true;
  s.probe = probe;
  if (e.first_retransmit_at == kNever) e.first_retransmit_at = now;
  e.last_sent_at = now;
  if (from == e.snd_una) e.head_sent_at = now;
  if (to == e.snd_nxt) e.tail_sent_at = kNever;
  e.timed_at = kNever;  // Karn
}

void Finish(TcpEndpoint& e) {
  e.state = TcpState::kDone;
  e.timer = TcpTimer::kNone;
  e.rto_deadline = e.ack_deadline = e.keepalive_deadline = kNever;
  e.owes_ack = false;
}

}  // namespace tcp_internal
}  // namespace keepsim
