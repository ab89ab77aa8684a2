// What is published for the client over TCP, one message at a time.
#include <algorithm>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// PUBLISH and its acknowledgement, if neither is lost. Where the client answers, its kernel has
// more to say: both kernels are asked then.
bool Stretch::FindReceiveWay(const Message& m, Trial& t) {
  if (m.packets.count > 1 || kernel_[kClientEnd].interactive) return Stop(StretchEnd::kOther);
  Way& way = t.way;
  way.out = m.due;
  way.answered = t.read[0] = Carry(host_, draws_, kDown, down_first_, way.out, t.path);
  if (way.answered == kNever) return Stop(StretchEnd::kLost);
  way.acked = Carry(host_, draws_, kUp, up_first_, way.answered, t.path);
  if (way.acked == kNever) return Stop(StretchEnd::kLost);
  const MiddleboxSpec& middlebox = group_.middlebox;
  if (!middlebox.enabled) return true;
  const Duration idle = way.answered - t.path.mapping_used;
  t.path.mapping_used = way.answered;
  return idle <= middlebox.idle_timeout || Stop(StretchEnd::kOther);
}

// As TcpIsQuiet().
bool Stretch::TcpBearsDelivery(const Way& way, Instant next, Instant until) {
  const KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  if (way.acked - way.out > broker.Patience(broker_.tcp)) return Stop(StretchEnd::kLate);
  if (host_.KernelNow(way.answered) - client.received <= client.RtoAtMost() ||
      way.out - broker.received < broker_.tcp.delayed_ack) {
    return Stop(StretchEnd::kOther);
  }
  const Instant gone = std::max(way.out + broker.TimerGone(broker_.tcp), way.acked);
  if (gone >= next) return Stop(StretchEnd::kLate);
  return gone < until || Stop(StretchEnd::kPending);
}

// Both kernels' ends after it.
void Stretch::NoteReceiveKernels(const Message& m, const Way& way) {
  NoteSample(kBrokerEnd, way.acked - way.out);
  KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  client.received = host_.KernelNow(way.answered);
  client.echo = way.out;
  client.quick_acks = kMaxQuickAcks - 1;
  broker.sent = way.out;
  broker.echo = client.received;
  broker.repeated = broker.probed = false;
  broker.last_length = m.state->size;
}

}  // namespace keepsim::quiet
