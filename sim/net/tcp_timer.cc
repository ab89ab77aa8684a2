// Timers that fire: delayed ACK, keep-alive probes, SYN, tail loss probe, retransmission.
#include <algorithm>

#include "sim/net/tcp.h"
#include "sim/net/tcp_send.h"

namespace keepsim {

using tcp_internal::Add;
using tcp_internal::After;
using tcp_internal::Finish;
using tcp_internal::Outstanding;
using tcp_internal::Resend;
using tcp_internal::RtoDeadline;
using tcp_internal::SendAck;

namespace {

void ResendHead(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out) {
  // tcp_retrans_try_collapse(): what follows in small segments travels along.
  uint32_t to = e.snd_nxt;
  if (After(e.sack_end, e.snd_una) && After(e.sack_start, e.snd_una)) to = e.sack_start;
  to = std::min(to - e.snd_una, static_cast<uint32_t>(config.mss)) + e.snd_una;
  Resend(e, e.snd_una, to, false, now, out);
}

void GiveUp(TcpEndpoint& e, TcpOutput& out) {
  out.gave_up = true;
  Finish(e);
}

// tcp_model_timeout(): the time `retries` retransmissions would take from min_rto, doubling.
Duration ModelTimeout(const TcpConfig& config, int retries) {
  Duration sum{0};
  Duration rto = config.min_rto;
  for (int i = 0; i <= retries; ++i) {
    sum += std::min(rto, config.max_rto);
    rto = std::min(rto * 2, config.max_rto);
  }
  return sum;
}

}  // namespace

void TcpOnTimer(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out) {
  if (e.ack_deadline <= now) {
    e.ack_deadline = kNever;
    // tcp_delack_timer_handler(): a delayed ACK that had to be sent ends the interactive mode.
    e.interactive = false;
    if (e.owes_ack) SendAck(e, now, out);
  }
  if (e.keepalive_deadline <= now) {
    if (e.state == TcpState::kFinWait2) {
      out.finished = true;
      Finish(e);
      return;
    }
    if (Outstanding(e)) {
      e.keepalive_deadline = now + config.keepalive_time;
    } else if (e.probes_sent >= config.keepalive_probes) {
      return GiveUp(e, out);
    } else {
      Segment& probe = Add(e, Segment::kAck, e.snd_una - 1, 0, now, out);
      probe.probe = true;
      ++e.probes_sent;
      e.keepalive_deadline = now + config.keepalive_interval;
    }
  }
  if (e.rto_deadline > now) return;
  if (e.state == TcpState::kSynSent || e.state == TcpState::kSynReceived) {
    const bool active = e.state == TcpState::kSynSent;
    if (e.backoff >= (active ? config.syn_retries : config.synack_retries)) return GiveUp(e, out);
    ++e.backoff;
    e.rto = std::min(e.rto * 2, config.max_rto);
    Segment& again = Add(e, active ? Segment::kSyn : Segment::kSyn | Segment::kAck, 0, 0, now, out);
    if (active) again.ack = 0;
    again.retransmission = true;
    e.last_sent_at = now;
    e.rto_deadline = RtoDeadline(config, e, now);
    return;
  }
  if (!Outstanding(e)) {
    e.rto_deadline = kNever;
    e.timer = TcpTimer::kNone;
    return;
  }
  if (e.timer == TcpTimer::kProbe) {
    e.timer = TcpTimer::kRetransmit;
    if (e.probed) {
      // tcp_send_loss_probe(): one at a time. The retransmission keeps its own time.
      const Instant due = std::max(e.head_sent_at + e.rto, now + Nanoseconds(1));
      e.rto_deadline = std::min(InWheel(now, due - now), RtoDeadline(config, e, now));
      return;
    }
    e.probed = true;
    e.probe_end = e.snd_nxt;
    Resend(e, e.snd_nxt - e.last_length, e.snd_nxt, true, now, out);
    e.rto_deadline = RtoDeadline(config, e, now);
    return;
  }
  if (e.timer == TcpTimer::kReorder) {
    e.in_recovery = true;
    ResendHead(config, e, now, out);
    e.timer = TcpTimer::kRetransmit;
    e.rto_deadline = RtoDeadline(config, e, now);
    return;
  }
  // tcp_retransmit_timer(), tcp_write_timeout().
  const Duration limit = ModelTimeout(config, e.orphaned ? config.orphan_retries : config.retries2);
  if (e.first_retransmit_at != kNever && now - e.first_retransmit_at >= limit) {
    return GiveUp(e, out);
  }
  if (config.user_timeout.ns > 0 && e.first_unacked_at != kNever &&
      now - e.first_unacked_at >= config.user_timeout) {
    return GiveUp(e, out);
  }
  e.in_recovery = true;
  e.probed = false;
  e.sack_start = e.sack_end = e.snd_una;
  ResendHead(config, e, now, out);
  if (e.backoff < 255) ++e.backoff;
  e.rto = std::min(e.rto * 2, config.max_rto);
  e.rto_deadline = RtoDeadline(config, e, now);
}

}  // namespace keepsim
