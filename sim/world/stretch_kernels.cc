// Cycles that no rule covers: run through by both kernels' own functions.
#include <algorithm>
#include <limits>

#include "sim/world/stretch_runner.h"
#include "sim/world/tcp_exchange.h"

namespace keepsim::quiet {

// Of the cycles that LookAhead() looked at the `i`th. REQUIRES: over TCP.
bool Stretch::KernelsCycle(size_t i) {
  if (!MayPing()) return false;
  const uint64_t first[2] = {up_first_ + 2 * i, down_first_ + i};
  TcpExchange x(broker_, host_, draws_, first, path_, EndpointNow(kClientEnd),
                EndpointNow(kBrokerEnd), {kClientEnd, 2, {kPingSize, kPingSize}});
  if (!x.Run(t0_, until_)) return Stop(x.why());
  const Instant heard = x.read[0], answered = x.read[1];
  Trial t = NewTrial();
  t.path = x.path;
  t.way = {t0_, heard, heard, answered, x.over};
  const ClientView client_before(host_.session);
  t.client = MoveClient(t0_, answered);
  const auto judge = [&] {
    if (!ClientBears(t.client, answered, x.over)) return false;
    // So that the next cycle may go by the plain rule.
    const KernelView client(x.end[kClientEnd]), broker(x.end[kBrokerEnd]);
    const Duration gap = t.client.next - x.over;
    if (plain_.applies &&
        (gap <= client.RtoAtMost() || gap <= broker.RtoAtMost() || gap < group_.tcp.delayed_ack ||
         (plain_.radio > 0 && gap <= kRadioTail))) {
      return Stop(StretchEnd::kOther);
    }
    return BrokerBears(heard, PacketType::kPingreq, t, until_);
  };
  if (!judge()) {
    client_before.Restore(host_.session);
    return false;
  }

  lost_[kClientEnd] = lost_[kBrokerEnd] = 0;
  NoteKernels(x);
  beyond_.Add({kEventsOfCycle, {2, 1}, {kPingSize, kPingSize}}, -1);
  Commit(t);
  CountFromHere();
  ++out_.odd;
  return true;
}

void Stretch::NoteKernels(const TcpExchange& x) {
  beyond_.Add(x.done);
  for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
    c_.end[at].tcp = x.end[at];
    kernel_[at] = KernelView(x.end[at]);
    constexpr int kMost = std::numeric_limits<uint16_t>::max();
    lost_[at] = static_cast<uint16_t>(std::min(lost_[at] + x.lost[at], kMost));
  }
  host_.radio_wakeups += x.radio_wakeups;
  host_.radio_last = x.radio_last;
}

}  // namespace keepsim::quiet
