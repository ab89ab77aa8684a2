// Cycles whose PINGREQs wait at the broker to be handled: when they arrive is known before when
// they are handled.
#include <algorithm>

#include "sim/base/check.h"
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

Instant Stretch::FirstArrives() {
  if (!AcknowledgesAsUsual() || !MayPing()) return kNever;
  LookFromHere();
  PathView path = path_;
  const Instant heard = Carry(host_, draws_, kUp, up_first_, t0_, path);
  if (heard == kNever) return kNever;
  if (group_.middlebox.enabled && t0_ - path.mapping_used > group_.middlebox.idle_timeout) {
    return kNever;
  }
  // Whatever else of either end acts before, the client might send something that arrives first.
  if (tcp_ &&
      host_.KernelNow(heard) - host_.KernelNow(t0_) > kernel_[kClientEnd].Patience(group_.tcp)) {
    return kNever;
  }
  const ClientView client_before(host_.session);
  NotePing(group_.profile, host_.session, host_.SessionNow(t0_));
  const bool client_waits = ClientWakes(t0_, NextLoopDraw()) > heard;
  client_before.Restore(host_.session);
  BrokerView broker = session_;
  const bool broker_waits = BrokerRunsTo(broker, heard);
  session_.Restore(c_.session);
  return client_waits && broker_waits ? heard : kNever;
}

QuietStretch Stretch::RunOne(Instant handled) {
  handled_ = handled;
  LookFromHere();
  if (!Cycle(0)) return out_;
  out_.end = StretchEnd::kPending;
  Finish();
  return out_;
}

QuietStretch Stretch::RunTurns(const QuietTurns& turns) {
  const size_t n = turns.taken;
  LookAhead();
  // A PINGREQ that waits is one that arrives later, to all but the broker's kernel.
  int64_t up_ns[2 * PlainRule::kMostSettled];
  std::copy_n(draws_.up.latency_ns(), 2 * n, up_ns);
  const Duration last_up{up_ns[2 * n - 2]};
  for (size_t i = 0; i < n; ++i) {
    up_ns[2 * i] = (turns.times[i] - t0_).ns - plain_.step * static_cast<int64_t>(i);
  }
  SIM_CHECK(Settle(up_ns, draws_.down.latency_ns(), n) == n);
  kernel_[kBrokerEnd].received = last_.out + last_up;
  asks_all_ = false;
  out_.end = StretchEnd::kPending;
  Finish();
  return out_;
}

}  // namespace keepsim::quiet
