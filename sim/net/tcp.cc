#include "sim/net/tcp.h"

#include <algorithm>

namespace keepsim {
namespace {

constexpr Duration kMinTimeout = kJiffy * 2;   // TCP_TIMEOUT_MIN
constexpr Duration kFinTimeout = Seconds(60);  // tcp_fin_timeout

// Sequence numbers wrap.
bool After(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) > 0; }

// The end of all that may be sent: data, and the FIN's own number once it is queued.
uint32_t SendLimit(const TcpEndpoint& e) { return e.snd_end + (e.fin_queued ? 1 : 0); }
bool Outstanding(const TcpEndpoint& e) { return e.snd_una != e.snd_nxt; }

// Made in its place in the list: a copy would have to wait for the fields just written.
Segment& Add(TcpEndpoint& e, uint8_t flags, uint32_t seq, uint32_t length, Instant now,
             TcpOutput& out) {
  Segment& s = out.Add();
  s.flags = flags;
  s.seq = seq;
  s.length = length;
  s.ack = e.rcv_nxt;
  s.ts_value = now;
  s.ts_echo = e.ts_recent;
  if ((flags & Segment::kAck) != 0) {
    s.sack_start = e.ooo_start;
    s.sack_end = e.ooo_end;
    s.duplicate = e.owes_duplicate;
    e.owes_ack = e.owes_duplicate = false;
    e.ack_deadline = kNever;
    e.acked_to = e.rcv_nxt;
  }
  return s;
}

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

void NoteDataSent(TcpEndpoint& e, Instant now, const TcpConfig& config) {
  // tcp_event_data_sent(): a reply soon after data means an interactive exchange.
  if (e.last_received_at != kLongAgo && now - e.last_received_at < config.delayed_ack) {
    e.interactive = true;
  }
  e.last_sent_at = now;
}

// Sends what has not been sent, as far as the rules allow; small writes share a segment.
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

// Sends [from, to) again; the FIN rides along if it is within.
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

void ResendHead(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out) {
  // tcp_retrans_try_collapse(): what follows in small segments travels along.
  uint32_t to = e.snd_nxt;
  if (After(e.sack_end, e.snd_una) && After(e.sack_start, e.snd_una)) to = e.sack_start;
  to = std::min(to - e.snd_una, static_cast<uint32_t>(config.mss)) + e.snd_una;
  Resend(e, e.snd_una, to, false, now, out);
}

void Finish(TcpEndpoint& e) {
  e.state = TcpState::kDone;
  e.timer = TcpTimer::kNone;
  e.rto_deadline = e.ack_deadline = e.keepalive_deadline = kNever;
  e.owes_ack = false;
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

void TcpConnect(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out) {
  e = TcpEndpoint{};
  e.state = TcpState::kSynSent;
  e.rto = config.initial_rto;
  e.snd_nxt = e.snd_end = 1;
  e.first_unacked_at = e.last_sent_at = now;
  Segment& syn = Add(e, Segment::kSyn, 0, 0, now, out);
  syn.ack = 0;
  e.timer = TcpTimer::kRetransmit;
  e.rto_deadline = RtoDeadline(config, e, now);
}

void TcpAccept(const TcpConfig& config, TcpEndpoint& e, const Segment& syn, Instant now,
               TcpOutput& out) {
  e = TcpEndpoint{};
  e.state = TcpState::kSynReceived;
  e.rto = config.initial_rto;
  e.rcv_nxt = e.acked_to = syn.seq + 1;
  e.ts_recent = syn.ts_value;
  e.snd_nxt = e.snd_end = 1;
  e.first_unacked_at = e.last_sent_at = now;
  Add(e, Segment::kSyn | Segment::kAck, 0, 0, now, out);
  e.timer = TcpTimer::kRetransmit;
  e.rto_deadline = RtoDeadline(config, e, now);
}

uint32_t TcpWrite(const TcpConfig& config, TcpEndpoint& e, uint32_t bytes, Instant now,
                  TcpOutput& out) {
  e.snd_end += bytes;
  if (!config.timestamps && e.timed_at == kNever) {
    e.timed_end = e.snd_end;
    e.timed_at = now;
  }
  SendNew(config, e, now, out);
  return e.snd_end - 1;
}

void TcpClose(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out) {
  e.orphaned = true;
  switch (e.state) {
    case TcpState::kClosed:
    case TcpState::kSynSent:
    case TcpState::kDone:
      Finish(e);
      return;
    case TcpState::kSynReceived:
    case TcpState::kEstablished:
    case TcpState::kCloseWait:
      if (e.state != TcpState::kSynReceived) e.state = TcpState::kFinWait;
      e.fin_queued = true;
      e.keepalive_deadline = kNever;
      SendNew(config, e, now, out);
      return;
    case TcpState::kFinWait:
    case TcpState::kFinWait2:
      return;
  }
}

void TcpAbort(TcpEndpoint& e, Instant now, TcpOutput& out) {
  if (e.state != TcpState::kClosed && e.state != TcpState::kDone && e.state != TcpState::kSynSent) {
    Add(e, Segment::kRst | Segment::kAck, e.snd_nxt, 0, now, out);
  }
  Finish(e);
}

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

void TcpDelayAck(const TcpConfig& config, TcpEndpoint& e, Instant now) {
  if (!e.owes_ack || e.state == TcpState::kDone || e.ack_deadline != kNever) return;
  e.ack_deadline = InWheel(now, config.delayed_ack);
}

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

bool TcpResetFor(const Segment& segment, Segment* rst) {
  if (segment.rst()) return false;
  *rst = Segment{};
  rst->flags = Segment::kRst | Segment::kAck;
  rst->seq = segment.has_ack() ? segment.ack : 0;
  rst->ack = segment.seq + segment.length + (segment.syn() ? 1 : 0) + (segment.fin() ? 1 : 0);
  return true;
}

}  // namespace keepsim
