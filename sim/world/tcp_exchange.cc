#include "sim/world/tcp_exchange.h"

#include <algorithm>

namespace keepsim::quiet {

bool IsQuiet(const TcpEndpoint& e) {
  return e.state == TcpState::kEstablished && TcpAllAcked(e) && !e.owes_ack && !e.fin_queued &&
         !e.peer_fin && !e.in_recovery && e.backoff == 0 && e.ooo_start == e.ooo_end &&
         e.srtt.ns > 0 && e.last_received_at != kLongAgo && TcpNextDeadline(e) == kNever;
}

bool TcpExchange::Run(Instant out, Instant until) {
  now_ = over = out;
  done.events = 1;  // the client's timer, or what makes an end publish
  if (!Write()) return false;
  for (int steps = 0; pending_count_ > 0; ++steps) {
    const Pending next = TakeNext();
    if (next.at >= until) return Stop(StretchEnd::kPending);
    if (steps == kMostSteps) return Stop(StretchEnd::kOther);
    now_ = over = next.at;
    const bool goes_on = next.what == What::kArrival ? OnArrival(next.end, segments_[next.segment])
                                                     : OnTimer(next.end, next.at);
    if (!goes_on) return false;
  }
  return (read_ == packets_.count && IsQuiet(end[kClientEnd]) && IsQuiet(end[kBrokerEnd])) ||
         Stop(StretchEnd::kOther);
}

bool TcpExchange::Push(Instant at, What what, EndIndex to, uint8_t segment) {
  if (pending_count_ == kMost) return Stop(StretchEnd::kOther);
  pending_[pending_count_++] = {at, set_++, what, to, segment};
  return true;
}

TcpExchange::Pending TcpExchange::TakeNext() {
  Pending* const next =
      std::min_element(pending_, pending_ + pending_count_, [](const Pending& x, const Pending& y) {
        if (x.at != y.at) return x.at < y.at;
        return x.what != y.what ? x.what < y.what : x.number < y.number;
      });
  const Pending taken = *next;
  *next = pending_[--pending_count_];
  return taken;
}

bool TcpExchange::Write() {
  TcpOutput out;
  const EndIndex from = packets_.Writer(written_);
  written_to_ = TcpWrite(Config(from), end[from], packets_.bytes[written_++], KernelNow(from), out);
  return Send(from, out) && Arm(from);
}

bool TcpExchange::Send(EndIndex from, const TcpOutput& out) {
  for (int i = 0; i < out.segment_count; ++i) {
    if (!Transmit(from, out.segments[i])) return false;
  }
  return true;
}

bool TcpExchange::Transmit(EndIndex from, const Segment& segment) {
  const uint8_t d = DirectionFrom(from);
  const size_t at = static_cast<size_t>(done.segments[d]++);
  done.bytes[d] += segment.length;
  if (segment.retransmission) ++done.retransmitted[d];
  if (d == kUp) TouchRadio();
  const MiddleboxSpec& middlebox = host_.group->middlebox;
  if (d == kUp && middlebox.enabled) {
    if (now_ - path.mapping_used > middlebox.idle_timeout) return Stop(StretchEnd::kOther);
    path.mapping_used = now_;
  }
  const Instant arrives = Carry(host_, draws_, d, first_[d] + at, now_, path);
  if (arrives == kNever) {
    ++done.lost[d];
    ++lost[from];
    return true;
  }
  if (segment_count_ == kMost) return Stop(StretchEnd::kOther);
  segments_[segment_count_] = segment;
  return Push(arrives, What::kArrival, Peer(from), static_cast<uint8_t>(segment_count_++));
}

bool TcpExchange::OnArrival(EndIndex at, const Segment& segment) {
  if (at == kClientEnd) {
    const MiddleboxSpec& middlebox = host_.group->middlebox;
    if (middlebox.enabled) {
      if (now_ - path.mapping_used > middlebox.idle_timeout) return Stop(StretchEnd::kOther);
      if (middlebox.inbound_refreshes) path.mapping_used = now_;
    }
    TouchRadio();
  }
  ++done.events;
  TcpOutput out;
  TcpOnSegment(Config(at), end[at], segment, KernelNow(at), out);
  return OnOutput(at, out);
}

bool TcpExchange::OnTimer(EndIndex at, Instant fired) {
  if (armed_[at] != fired) return true;  // an earlier deadline has overtaken this wake-up
  armed_[at] = kNever;
  const Instant local = KernelNow(at);
  if (TcpNextDeadline(end[at]) > local) return Arm(at);
  ++done.events;
  TcpOutput out;
  TcpOnTimer(Config(at), end[at], local, out);
  return OnOutput(at, out);
}

// What a cell does with it, as far as a connection goes on.
bool TcpExchange::OnOutput(EndIndex at, const TcpOutput& out) {
  if (out.connected || out.peer_closed || out.finished || out.reset || out.gave_up) {
    return Stop(StretchEnd::kOther);
  }
  if (!Send(at, out)) return false;
  if (out.delivered && !Read(at, out.delivered_to)) return false;
  TcpDelayAck(Config(at), end[at], KernelNow(at));
  return Arm(at);
}

bool TcpExchange::Read(EndIndex at, uint32_t readable_to) {
  if (read_ == written_ || at == packets_.Writer(read_) || !AtOrBefore(written_to_, readable_to)) {
    return Stop(StretchEnd::kOther);
  }
  read[read_++] = now_;
  lost[Peer(at)] = 0;
  return written_ == packets_.count || Write();
}

bool TcpExchange::Arm(EndIndex at) {
  const Instant local = TcpNextDeadline(end[at]);
  if (local == kNever) return true;
  const Instant global = at == kClientEnd ? host_.Global(ClockKind::kMonotonic, local) : local;
  const Instant when = std::max(global, now_);
  if (armed_[at] <= when) return true;
  armed_[at] = when;
  return Push(when, What::kTimer, at, 0);
}

void TcpExchange::TouchRadio() {
  if (now_ - radio_last > kRadioTail) ++radio_wakeups;
  radio_last = now_;
}

}  // namespace keepsim::quiet
