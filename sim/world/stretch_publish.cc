// What the client publishes over TCP, one message at a time; see stretch_messages.cc for many.
#include <algorithm>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// Its packets, if none is lost. Of QoS 2 both kernels are asked.
bool Stretch::FindPublishWay(const Message& m, Trial& t) {
  const bool answered = m.answered();
  if (m.packets.count > 2 || (answered && !AcknowledgesAsUsual())) return Stop(StretchEnd::kOther);
  Way& way = t.way;
  if (answered) {
    if (!FindWay(0, m.due, way, t.path)) return Stop(StretchEnd::kLost);
  } else {
    way.out = m.due;
    way.heard = Carry(host_, draws_, kUp, up_first_, way.out, t.path);
    if (way.heard == kNever) return Stop(StretchEnd::kLost);
    // Where the broker's end answers at once, its acknowledgement waits for an answer.
    way.handled =
        kernel_[kBrokerEnd].interactive ? InWheel(way.heard, broker_.tcp.delayed_ack) : way.heard;
    way.answered = way.acked = Carry(host_, draws_, kDown, down_first_, way.handled, t.path);
    if (way.acked == kNever) return Stop(StretchEnd::kLost);
  }
  t.read[0] = way.heard;
  if (answered) t.read[1] = way.answered;
  return PassMiddlebox(way, answered, &t.path.mapping_used) || Stop(StretchEnd::kOther);
}

// Both kernels' ends after it, but for their estimators.
void Stretch::NotePublishKernels(const Message& m, const Way& way) {
  KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  const Instant k0 = host_.KernelNow(way.out);
  if (m.answered()) {
    const Instant k2 = host_.KernelNow(way.answered);
    client.NoteCycle(k0, k2, way.handled, kMaxQuickAcks - 1, m.state->size);
    broker.NoteCycle(way.handled, way.heard, k2, kMaxQuickAcks, kAckSize);
  } else {
    client.sent = k0;
    client.echo = way.handled;
    client.repeated = client.probed = false;
    broker.received = way.heard;
    broker.echo = k0;
    broker.interactive = false;
    broker.quick_acks = kMaxQuickAcks - 1;
    client.last_length = m.state->size;
  }
}

}  // namespace keepsim::quiet
