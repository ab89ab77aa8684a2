// The user's calls: connect, accept, write, close, abort.
#include "sim/net/tcp.h"

#include "sim/net/tcp_send.h"

namespace keepsim {

using tcp_internal::Add;
using tcp_internal::Finish;
using tcp_internal::RtoDeadline;
using tcp_internal::SendNew;

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

void TcpDelayAck(const TcpConfig& config, TcpEndpoint& e, Instant now) {
  if (!e.owes_ack || e.state == TcpState::kDone || e.ack_deadline != kNever) return;
  e.ack_deadline = InWheel(now, config.delayed_ack);
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
