// Segments that arrive.
#include <algorithm>

#include "sim/net/tcp.h"
#include "sim/net/tcp_send.h"

namespace keepsim {

using tcp_internal::Add;
using tcp_internal::AddRttSample;
using tcp_internal::After;
using tcp_internal::Arm;
using tcp_internal::Finish;
using tcp_internal::kMinTimeout;
using tcp_internal::Outstanding;
using tcp_internal::RtoDeadline;
using tcp_internal::SendAck;
using tcp_internal::SendLimit;
using tcp_internal::SendNew;

namespace {

constexpr Duration kFinTimeout = Seconds(60);  // tcp_fin_timeout

void OnAckPart(const TcpConfig& config, TcpEndpoint& e, const Segment& s, Instant now,
               TcpOutput& out) {
  if (!s.has_ack()) return;
  if (After(s.sack_end, s.sack_start) && !After(s.ack, e.snd_una) && Outstanding(e) &&
      After(s.sack_end, e.snd_una)) {
    // tcp_ack_update_rtt(): a SACK is a sample too, if its data was sent once.
    if (s.sack_end == e.snd_nxt && e.sack_end != s.sack_end && e.tail_sent_at != kNever) {
      AddRttSample(config, e, now - e.tail_sent_at);
    }
    e.sack_start = s.sack_start;
    e.sack_end = s.sack_end;
    if (!e.in_recovery && e.timer != TcpTimer::kReorder) {
      // RFC 8985: what was sent more than a quarter of the smallest round trip before something
      // that has arrived is lost; else it may have been overtaken (tcp_rack_reo_wnd()).
      const Duration early = e.last_sent_at - e.head_sent_at;
      const Duration wait = e.min_rtt / 4 - early;
      e.timer = TcpTimer::kReorder;
      e.rto_deadline =
          std::min(e.rto_deadline, wait.ns <= 0 ? now : InWheel(now, wait + kMinTimeout));
    }
  }
  // tcp_process_tlp_ack()
  if (e.probed && !After(e.probe_end, s.ack) && (s.duplicate || After(s.ack, e.probe_end))) {
    e.probed = false;
  }
  if (!After(s.ack, e.snd_una) || After(s.ack, e.snd_nxt)) return;
  e.snd_una = s.ack;
  if (config.timestamps) {
    if (s.ts_echo != kLongAgo) AddRttSample(config, e, now - s.ts_echo);
  } else if (e.timed_at != kNever && !After(e.timed_end, s.ack)) {
    AddRttSample(config, e, now - e.timed_at);
    e.timed_at = kNever;
  }
  e.in_recovery = false;
  if (!After(e.sack_end, e.snd_una)) e.sack_start = e.sack_end = e.snd_una;
  e.first_retransmit_at = kNever;
  e.first_unacked_at = Outstanding(e) ? now : kNever;
  e.head_sent_at = e.last_sent_at;
  e.probes_sent = 0;
  e.timer = TcpTimer::kNone;
  e.rto_deadline = kNever;
  if (e.fin_sent && !After(SendLimit(e), e.snd_una)) {
    if (e.peer_fin) {
      out.finished = true;
      Finish(e);
      return;
    }
    e.state = TcpState::kFinWait2;
    e.keepalive_deadline = now + kFinTimeout;
  }
  Arm(config, e, now);
  SendNew(config, e, now, out);
}

void OnPeerFin(TcpEndpoint& e, TcpOutput& out) {
  e.rcv_nxt += 1;
  e.peer_fin = true;
  e.ooo_fin = false;
  out.peer_closed = true;
  if (e.state == TcpState::kEstablished) e.state = TcpState::kCloseWait;
}

// tcp_enter_quickack_mode(): the peer has missed our ACK.
void NoteDuplicate(TcpEndpoint& e) {
  e.interactive = false;
  e.quick_acks = kMaxQuickAcks;
  e.owes_ack = e.owes_duplicate = true;
}

// True if an ACK must go at once.
bool OnDataPart(TcpEndpoint& e, const Segment& s, Instant now, TcpOutput& out) {
  if (s.length == 0 && !s.fin()) return false;
  const uint32_t end = s.seq + s.length;
  if (e.last_received_at != kLongAgo && now - e.last_received_at > e.rto) {
    e.quick_acks = kMaxQuickAcks;  // tcp_event_data_recv(): too long a gap
  }
  e.last_received_at = now;
  if (!After(end, e.rcv_nxt) && (!s.fin() || e.peer_fin)) {
    NoteDuplicate(e);
    return true;
  }
  if (After(s.seq, e.rcv_nxt)) {
    if (e.ooo_start == e.ooo_end) {
      e.ooo_start = s.seq;
      e.ooo_end = end;
    } else if (!After(s.seq, e.ooo_end) && After(end, e.ooo_end)) {
      e.ooo_end = end;
    } else if (!After(e.ooo_start, end) && After(e.ooo_start, s.seq)) {
      e.ooo_start = s.seq;
    }
    if (s.fin() && end == e.ooo_end) e.ooo_fin = true;
    e.owes_ack = true;
    return true;
  }
  bool at_once = false;
  if (After(end, e.rcv_nxt)) {
    e.rcv_nxt = end;
    out.delivered = true;
  }
  bool fin = s.fin() && end == e.rcv_nxt;
  if (e.ooo_start != e.ooo_end && !After(e.ooo_start, e.rcv_nxt)) {
    if (After(e.ooo_end, e.rcv_nxt)) {
      e.rcv_nxt = e.ooo_end;
      fin = e.ooo_fin;
    }
    e.ooo_start = e.ooo_end = e.rcv_nxt;
    at_once = true;  // a hole is filled
  }
  out.delivered_to = e.rcv_nxt - 1;
  if (fin && !e.peer_fin) {
    OnPeerFin(e, out);
    at_once = true;
  }
  e.owes_ack = true;
  // Quick-ACK mode: the kernel answers before the application has read (__tcp_ack_snd_check()).
  return at_once || (!e.interactive && e.quick_acks > 0);
}

void OnSynSent(const TcpConfig& config, TcpEndpoint& e, const Segment& s, Instant now,
               TcpOutput& out) {
  if (!s.syn() || !s.has_ack() || s.ack != e.snd_nxt) return;
  e.state = TcpState::kEstablished;
  e.snd_una = s.ack;
  e.rcv_nxt = s.seq + 1;
  e.ts_recent = s.ts_value;
  const bool repeated = e.backoff > 0;
  e.rto_deadline = kNever;
  e.timer = TcpTimer::kNone;
  e.first_unacked_at = e.first_retransmit_at = kNever;
  e.rto = config.initial_rto;
  if (config.timestamps || !repeated) {
    AddRttSample(config, e, now - (config.timestamps ? s.ts_echo : e.last_sent_at));
  } else {
    e.rto = config.fallback_rto;
  }
  e.backoff = 0;
  if (config.keepalive_time.ns > 0) e.keepalive_deadline = now + config.keepalive_time;
  out.connected = true;
  SendAck(e, now, out);
}

}  // namespace

void TcpOnSegment(const TcpConfig& config, TcpEndpoint& e, const Segment& s, Instant now,
                  TcpOutput& out) {
  if (e.state == TcpState::kClosed || e.state == TcpState::kDone) return;
  if (s.rst()) {
    // In SYN-SENT a reset counts only if it acknowledges the SYN (RFC 9293 3.10.7.3).
    if (e.state == TcpState::kSynSent && !(s.has_ack() && s.ack == e.snd_nxt)) return;
    out.reset = true;
    Finish(e);
    return;
  }
  if (e.state == TcpState::kSynSent) return OnSynSent(config, e, s, now, out);
  if (s.syn()) {
    if (e.state == TcpState::kSynReceived && !s.has_ack()) {
      Segment& again = Add(e, Segment::kSyn | Segment::kAck, 0, 0, now, out);
      again.retransmission = true;
      // tcp_check_req(): its own timer starts anew, and no RTT is taken of it any more.
      e.first_retransmit_at = now;
      e.rto_deadline = RtoDeadline(config, e, now);
    } else {
      SendAck(e, now, out);  // our ACK of the SYN-ACK was lost
    }
    return;
  }
  if (e.state == TcpState::kSynReceived) {
    if (!s.has_ack() || s.ack == 0) return;
    const bool repeated = e.backoff > 0 || e.first_retransmit_at != kNever;
    e.state = e.fin_queued ? TcpState::kFinWait : TcpState::kEstablished;
    e.snd_una = 1;
    e.rto_deadline = kNever;
    e.timer = TcpTimer::kNone;
    e.first_unacked_at = e.first_retransmit_at = kNever;
    // tcp_synack_rtt_meas(): by the time stamp if the SYN-ACK was sent more than once; without one
    // RFC 6298 (5.7).
    e.rto = config.initial_rto;
    if (!repeated) {
      AddRttSample(config, e, now - e.last_sent_at);
    } else if (config.timestamps) {
      AddRttSample(config, e, now - s.ts_echo);
    } else {
      e.rto = config.fallback_rto;
    }
    e.backoff = 0;
    if (config.keepalive_time.ns > 0) e.keepalive_deadline = now + config.keepalive_time;
    out.connected = true;
  }
  if (e.orphaned && s.length > 0 && After(s.seq + s.length, e.rcv_nxt)) {
    // Data for a socket that the application has closed: Linux answers with a reset.
    TcpAbort(e, now, out);
    out.finished = true;
    return;
  }
  if (config.keepalive_time.ns > 0 && e.state == TcpState::kEstablished) {
    e.keepalive_deadline = now + config.keepalive_time;
    e.probes_sent = 0;
  }
  if (After(e.acked_to, s.seq + s.length + (s.fin() ? 1 : 0))) {
    // tcp_sequence(): all of it is acknowledged already. Not even its ACK and its time stamp count.
    if (s.length > 0 || s.fin()) NoteDuplicate(e);
    if (s.length > 0 || s.fin() || s.probe) SendAck(e, now, out);
    return;
  }
  if (!After(s.seq, e.acked_to)) e.ts_recent = s.ts_value;
  const bool at_once = OnDataPart(e, s, now, out);
  OnAckPart(config, e, s, now, out);
  if (e.state == TcpState::kFinWait2 && e.peer_fin) {
    SendAck(e, now, out);
    out.finished = true;
    Finish(e);
    return;
  }
  // tcp_ack_snd_check() comes last: what the ACK has set free carries this end's ACK too.
  if (at_once && e.owes_ack && e.state != TcpState::kDone) SendAck(e, now, out);
}

}  // namespace keepsim
