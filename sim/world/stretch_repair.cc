// Exchanges of a plain stretch in which something is lost or late.
#include <algorithm>

#include "sim/world/repaired_exchange.h"
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// The exchange `x`, which has run and is over before `until`, by rule `r`. False: it is none.
bool Stretch::Repair(const PlainRule& r, PacketType packet, Instant until, const ClientTimer& after,
                     RepairedExchange& x, PlainEnd* last) {
  const KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  const Instant next = x.out + Duration{r.step};
  if (x.gone >= next || x.answered - x.out > Duration{r.wait} || x.touched - x.out > kRadioTail) {
    return Stop(StretchEnd::kLate);
  }
  if (x.gone >= until) return Stop(StretchEnd::kPending);
  // As in TcpIsQuiet(), whether or not a sample came before the data; and so that the next one
  // may go by the plain rule.
  const Instant client_before = client.received - kernel_ahead_;
  const Duration client_rto = x.RtoAtMost(kClientEnd), broker_rto = x.RtoAtMost(kBrokerEnd);
  const Duration rest = next - x.received[kClientEnd];
  if (x.answered - client_before <= client_rto || x.heard - broker.received <= broker_rto ||
      x.out - client_before < group_.tcp.delayed_ack || rest <= client_rto ||
      next - x.received[kBrokerEnd] <= broker_rto || rest < group_.tcp.delayed_ack ||
      (r.radio > 0 && next - x.touched <= kRadioTail)) {
    return Stop(StretchEnd::kOther);
  }
  const Instant end = std::min(next, until);
  Instant wakes = session_.wakes;
  if (r.exact) {
    const Instant before = session_.last_in;
    const Duration silence{r.silence};
    if (x.heard - before > silence) return Stop(StretchEnd::kLate);
    while (wakes < end) wakes = (wakes >= x.heard ? x.heard : before) + silence;
    if (Tied(wakes, after.next, after.waits_to)) return Stop(StretchEnd::kTie);
  } else {
    BrokerView b = session_;
    if (!BrokerBears(x.heard, packet, after.next, after.waits_to, end, b)) return false;
    NoteBroker(b);
    wakes = b.wakes;
  }
  *last = {x.out, x.heard, x.answered, wakes, x.answered - x.out};
  return true;
}

void Stretch::NoteRepair(const RepairedExchange& x) {
  host_.radio_last = x.touched;
  x.NoteKernels(kernel_[kClientEnd], kernel_[kBrokerEnd]);
  for (const EndIndex at : {kClientEnd, kBrokerEnd}) lost_[at] = x.lost[at];
  if (x.up.sent + x.down.sent > 3) ++out_.odd;
  x.AddExtra(beyond_);
}

// REQUIRES: repairs_, draws of kMostUp and kMostDown transmissions from cycle `i` on.
bool Stretch::RepairedCycle(size_t i) {
  // The first cycle of a stretch is asked everything.
  if (asks_all_) return false;
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  RepairedExchange x(group_.tcp, broker_.tcp, kernel_[kClientEnd], kernel_[kBrokerEnd],
                     kernel_ahead_, group_, draws_, 2 * i, i, {kPingSize, kPingSize});
  if (!x.Run(t0_)) return Stop(x.why());
  const ClientTimer after{t0_ + Duration{plain_.step},
                          plain_.wait == kNever.ns ? kNever : t0_ + Duration{plain_.wait}};
  PlainEnd last;
  if (!Repair(plain_, PacketType::kPingreq, until_, after, x, &last)) return false;
  last_.out = last.out;
  last_.heard = last.heard;
  last_.answered = last.answered;
  NotePlainCycles(1, last.wakes, last.rtt_sum);
  NoteRepair(x);
  return true;
}

// A message, likewise, and answered. REQUIRES: as PlainMessages(), whose LookAhead() was the last.
bool Stretch::RepairedMessage(const Message& m) {
  if (!mends_by_rule_ || !m.answered) return false;
  RepairedExchange x(group_.tcp, broker_.tcp, kernel_[kClientEnd], kernel_[kBrokerEnd],
                     kernel_ahead_, group_, draws_, 0, 0, {m.state->size, kPubackSize});
  if (!x.Run(m.due)) return Stop(x.why());
  PlainEnd last;
  if (!Repair(telling_, PacketType::kPublish, end_, TimerAfter(m.due, m.due), x, &last)) {
    return false;
  }
  NotePlainMessages(m, 1, last);
  NoteRepair(x);
  return true;
}

}  // namespace keepsim::quiet
