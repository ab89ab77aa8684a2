// Cycles of a plain stretch in which something is lost or late.
#include "sim/world/repaired_exchange.h"
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// REQUIRES: repairs_, draws of kMostUp and kMostDown transmissions from cycle `i` on.
bool Stretch::RepairedCycle(size_t i) {
  // The first cycle of a stretch is asked everything.
  if (asks_all_) return false;
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  RepairedExchange x(group_.tcp, broker_.tcp, client, broker, kernel_ahead_, group_, draws_, 2 * i,
                     i);
  if (!x.Run(t0_)) return Stop(x.why());
  const Instant next = t0_ + Duration{plain_.step};
  if (x.gone >= next || x.answered - x.out > Duration{plain_.wait} ||
      x.touched - x.out > kRadioTail) {
    return Stop(StretchEnd::kLate);
  }
  if (x.gone >= until_) return Stop(StretchEnd::kPending);
  // As in TcpIsQuiet(), whether or not a sample came before the data; and so that the next cycle
  // may go by the plain rule.
  const Instant client_before = client.received - kernel_ahead_;
  const Duration client_rto = x.RtoAtMost(kClientEnd), broker_rto = x.RtoAtMost(kBrokerEnd);
  const Duration rest = next - x.received[kClientEnd];
  if (x.answered - client_before <= client_rto || x.heard - broker.received <= broker_rto ||
      x.out - client_before < group_.tcp.delayed_ack || rest <= client_rto ||
      next - x.received[kBrokerEnd] <= broker_rto || rest < group_.tcp.delayed_ack ||
      (plain_.radio > 0 && next - x.touched <= kRadioTail)) {
    return Stop(StretchEnd::kOther);
  }
  // The broker's exact timer.
  const Instant heard_before = session_.last_in;
  const Duration silence{plain_.silence};
  if (x.heard - heard_before > silence) return Stop(StretchEnd::kLate);
  Instant wakes = session_.wakes;
  while (wakes < std::min(next, until_)) {
    wakes = (wakes >= x.heard ? x.heard : heard_before) + silence;
  }
  // As in BrokerBears().
  if (wakes == next || wakes - x.out == Duration{plain_.wait}) return Stop(StretchEnd::kTie);

  last_.out = x.out;
  last_.heard = x.heard;
  last_.answered = x.answered;
  NotePlainCycles(1, wakes, x.answered - x.out);
  host_.radio_last = x.touched;
  x.NoteKernels(client, broker);
  lost_[kClientEnd] = x.lost[kClientEnd];
  lost_[kBrokerEnd] = x.lost[kBrokerEnd];
  if (x.up.sent + x.down.sent > 3) ++out_.odd;
  x.AddExtra(beyond_);
  return true;
}

}  // namespace keepsim::quiet
