// Exchanges of a plain stretch in which something is lost or late.
#include <algorithm>

#include "sim/world/repaired_exchange.h"
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// Whether the exchange `x`, which has run and is over before `until`, keeps within rule `r`.
bool Stretch::Repair(const PlainRule& r, const RepairedExchange& x, Instant until) {
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
  return (x.answered - client_before > client_rto && x.heard - broker.received > broker_rto &&
          x.out - client_before >= group_.tcp.delayed_ack && rest > client_rto &&
          next - x.received[kBrokerEnd] > broker_rto && rest >= group_.tcp.delayed_ack &&
          (r.radio == 0 || next - x.touched > kRadioTail)) ||
         Stop(StretchEnd::kOther);
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
  if (!MayPing()) return false;
  // The first cycle of a stretch is asked everything.
  if (asks_all_ || kernel_[kClientEnd].interactive) return Stop(StretchEnd::kOther);
  RepairedExchange x(group_.tcp, broker_.tcp, kernel_[kClientEnd], kernel_[kBrokerEnd],
                     kernel_ahead_, group_, draws_, 2 * i, i, {kPingSize, kPingSize});
  if (!x.Run(t0_)) return Stop(x.why());
  if (!Repair(plain_, x, until_)) return false;
  if (!plain_.fixed) {
    const ClientView client_before(host_.session);
    const ClientTimer client = MoveClient(x.out, x.answered);
    if (!ClientBears(client, x.answered, x.gone) || client.next - x.out < Duration{plain_.step} ||
        !BrokerBearsByRule(plain_, PacketType::kPingreq, x.heard, client, until_)) {
      client_before.Restore(host_.session);
      return false;
    }
    NoteSteady(x.out, x.heard, x.answered, client);
    NoteRepair(x);
    return true;
  }
  const Instant next = t0_ + Duration{plain_.step};
  const ClientTimer client{next, plain_.wait == kNever.ns ? kNever : t0_ + Duration{plain_.wait}};
  if (!BrokerBearsByRule(plain_, PacketType::kPingreq, x.heard, client, until_)) return false;
  last_.out = x.out;
  last_.heard = x.heard;
  last_.answered = x.answered;
  NotePlainCycles(1, session_.wakes, x.answered - x.out);
  NoteRepair(x);
  return true;
}

// A message, likewise, and answered. REQUIRES: as PlainMessages(), whose LookAhead() was the last.
bool Stretch::RepairedMessage(const Message& m) {
  if (!mends_by_rule_ || m.packets.count != 2) return false;
  RepairedExchange x(group_.tcp, broker_.tcp, kernel_[kClientEnd], kernel_[kBrokerEnd],
                     kernel_ahead_, group_, draws_, 0, 0, {m.state->size, kAckSize});
  if (!x.Run(m.due)) return Stop(x.why());
  if (!Repair(telling_, x, m.until) || !BrokerBearsByRule(telling_, PacketType::kPublish, x.heard,
                                                          TimerAfter(m.due, m.due), m.until)) {
    return false;
  }
  NotePlainMessages(m, 1, {x.out, x.heard, x.answered, session_.wakes, x.answered - x.out});
  NoteRepair(x);
  return true;
}

}  // namespace keepsim::quiet
