// Cycles whose PINGREQs wait at the broker to be handled: when they arrive is known before when
// they are handled.
#include <algorithm>

#include "sim/base/check.h"
#include "sim/net/exchange_rtts.h"
#include "sim/world/broker_laps.h"
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

// What is true of cycles whose PINGREQs do not wait and have `patience` to spare is true of them
// however long, up to that, each waits.
void Stretch::LookForTurns(Duration patience, QuietTurns* turns) {
  static_assert(QuietTurns::kMost >= PlainRule::kMostSettled);
  const PlainRule& r = plain_;
  if (!r.applies || !r.fixed || !tcp_ || !AcknowledgesAsUsual() || !MayPing() ||
      !EndsRounds(kClientEnd) || !EndsRounds(kBrokerEnd) ||
      // Or an arrival comes after what else is due at its instant.
      group_.up.latency.min().ns == 0 ||
      // The timer of an acknowledgement that waits for the answer is gone with the answer's own.
      broker_.tcp.delayed_ack > broker_.tcp.min_rto || patience >= broker_.tcp.delayed_ack ||
      patience.ns >= std::min(r.min_rto[kClientEnd], r.min_rto[kBrokerEnd]) || !IsSettled()) {
    return;
  }
  LookAhead();
  const size_t ahead = std::min(PlainAhead(0), static_cast<size_t>(PlainRule::kMostSettled));
  if (ahead == 0) return;
  const int64_t* const up_ns = draws_.up.latency_ns();
  const Instant first = t0_ + Duration{up_ns[0]};
  if (first + patience - session_.last_in > Duration{r.silence}) return;
  // The broker's timer wakes up before the first is handled, or after it, whenever that is.
  if (session_.wakes >= first && session_.wakes < first + patience) return;
  BrokerLaps broker{t0_.ns, r.step, r.silence, r.laps, up_ns, session_.wakes.ns};
  if (!broker.Find(session_.last_in.ns, static_cast<int64_t>(ahead))) return;
  // The client's SRTT is the larger, the longer they wait.
  RttEstimator client = kernel_[kClientEnd].rtt, server = kernel_[kBrokerEnd].rtt;
  ExchangeRtts rtts{{&client, &server},
                    {r.min_rto[kClientEnd] - patience.ns, r.min_rto[kBrokerEnd] - patience.ns}};
  turns->count = rtts.Add(up_ns, draws_.down.latency_ns(), ahead);
  for (size_t i = 0; i < turns->count; ++i) {
    turns->times[i] = t0_ + Duration{r.step} * static_cast<int64_t>(i) + Duration{up_ns[2 * i]};
  }
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
