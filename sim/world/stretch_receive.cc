// What is published for the client over TCP, one message at a time, and the PINGREQ after it: a
// kernel that has answered at once expects to do so again, and keeps its acknowledgement for that.
#include <algorithm>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// PUBLISH and its acknowledgement or PUBACK, if none is lost. Of QoS 2, or through a middlebox with
// an answer, both kernels are asked.
bool Stretch::FindReceiveWay(const Message& m, Trial& t) {
  const KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  const MiddleboxSpec& middlebox = group_.middlebox;
  const bool answered = m.answered();
  if (m.packets.count > 2 || (answered && middlebox.enabled) || (!answered && client.interactive)) {
    return Stop(StretchEnd::kOther);
  }
  Way& way = t.way;
  uint64_t up = up_first_;
  way.out = m.due;
  way.answered = t.read[0] = Carry(host_, draws_, kDown, down_first_, way.out, t.path);
  if (way.answered == kNever) return Stop(StretchEnd::kLost);
  // The acknowledgement goes first, unless it waits for the PUBACK.
  Instant known = kNever;
  if (!client.interactive) {
    known = Carry(host_, draws_, kUp, up++, way.answered, t.path);
    if (known == kNever) return Stop(StretchEnd::kLost);
  }
  if (!answered) {
    way.acked = t.known = known;
    if (!middlebox.enabled) return true;
    const Duration idle = way.answered - t.path.mapping_used;
    t.path.mapping_used = way.answered;
    return idle <= middlebox.idle_timeout || Stop(StretchEnd::kOther);
  }
  way.heard = t.read[1] = Carry(host_, draws_, kUp, up, way.answered, t.path);
  if (way.heard == kNever) return Stop(StretchEnd::kLost);
  way.handled = broker.interactive ? InWheel(way.heard, broker_.tcp.delayed_ack) : way.heard;
  way.acked = Carry(host_, draws_, kDown, down_first_ + 1, way.handled, t.path);
  if (way.acked == kNever) return Stop(StretchEnd::kLost);
  if (known != kNever && known > way.handled) return Stop(StretchEnd::kOther);
  t.known = std::min(known, way.heard);
  return true;
}

// As TcpIsQuiet().
bool Stretch::TcpBearsDelivery(const Message& m, const Trial& t) {
  const Way& way = t.way;
  const TcpConfig& config = broker_.tcp;
  const KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  const Instant k1 = host_.KernelNow(way.answered);
  if (t.known - way.out > broker.Patience(config)) return Stop(StretchEnd::kLate);
  if (k1 - client.received <= client.RtoAtMost() ||
      way.out - broker.received < config.delayed_ack) {
    return Stop(StretchEnd::kOther);
  }
  Instant gone = std::max(way.out + broker.TimerGone(config), way.acked);
  if (m.answered()) {
    if (host_.KernelNow(way.acked) - k1 > client.Patience(group_.tcp)) {
      return Stop(StretchEnd::kLate);
    }
    if (way.heard - broker.received <= RtoAtMostWith(kBrokerEnd, t.known - way.out)) {
      return Stop(StretchEnd::kOther);
    }
    gone = std::max({gone, way.answered + client.TimerGone(group_.tcp),
                     way.heard + TimerAtMost(config.delayed_ack)});
  }
  if (gone >= t.client.next) return Stop(StretchEnd::kLate);
  return gone < m.until || Stop(StretchEnd::kPending);
}

// No less than the retransmission time-out, before this sample and after it.
Duration Stretch::RtoAtMostWith(EndIndex at, Duration rtt) const {
  KernelView after = kernel_[at];
  after.rtt.Add(std::max<int64_t>(rtt.ns, 1), ConfigOf(at).min_rto.ns, true);
  return std::max(kernel_[at].RtoAtMost(), after.RtoAtMost());
}

// Both kernels' ends after it.
void Stretch::NoteReceiveKernels(const Message& m, const Trial& t) {
  const Way& way = t.way;
  KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  NoteSample(kBrokerEnd, t.known - way.out);
  client.received = host_.KernelNow(way.answered);
  client.echo = way.out;
  client.quick_acks = client.interactive ? kMaxQuickAcks : kMaxQuickAcks - 1;
  broker.sent = way.out;
  broker.echo = client.received;
  broker.repeated = broker.probed = false;
  broker.last_length = m.state->size;
  if (!m.answered()) return;
  NoteSample(kClientEnd, host_.KernelNow(way.acked) - client.received);
  client.sent = client.received;
  client.echo = way.handled;
  client.repeated = client.probed = false;
  client.last_length = kAckSize;
  client.interactive = true;
  broker.received = way.heard;
  broker.quick_acks = kMaxQuickAcks - 1;
  broker.interactive = false;
}

// The PINGREQ after such a message: the broker's kernel acknowledges at once, the client's when its
// timer fires. Of the cycles that LookAhead() looked at the `i`th. REQUIRES: mends_.
bool Stretch::CycleAfterAnswer(size_t i) {
  const KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  if (!client.interactive || broker.interactive || group_.middlebox.enabled) {
    return Stop(StretchEnd::kOther);
  }
  if (!MayPing()) return false;
  Trial t = NewTrial();
  Way& way = t.way;
  const auto carry = [&](int d, uint64_t index, Instant from, Instant* to) {
    *to = Carry(host_, draws_, d, index, from, t.path);
    return *to != kNever || Stop(StretchEnd::kLost);
  };
  Instant known;
  way.out = t0_;
  if (!carry(kUp, up_first_ + 2 * i, way.out, &way.heard) ||
      !carry(kDown, down_first_ + i, way.heard, &known) ||
      !carry(kDown, down_first_ + i + 1, way.heard, &way.answered)) {
    return false;
  }
  way.handled = way.heard;
  const Instant k0 = host_.KernelNow(way.out), k2 = host_.KernelNow(way.answered);
  const Instant due = InWheel(k2, group_.tcp.delayed_ack);
  const Instant acks = host_.Global(ClockKind::kMonotonic, due);
  if (!carry(kUp, up_first_ + 2 * i + 1, acks, &way.acked)) return false;
  if (way.acked >= until_) return Stop(StretchEnd::kPending);
  if (known > acks || host_.KernelNow(acks) < due) return Stop(StretchEnd::kOther);
  const Instant first = std::min(known, way.answered), second = std::max(known, way.answered);
  const Duration client_rtt = host_.KernelNow(first) - k0, broker_rtt = way.acked - way.heard;
  if (client_rtt > client.Patience(group_.tcp) || broker_rtt > broker.Patience(broker_.tcp)) {
    return Stop(StretchEnd::kLate);
  }
  if (k2 - client.received <= RtoAtMostWith(kClientEnd, client_rtt) ||
      way.heard - broker.received <= broker.RtoAtMost()) {
    return Stop(StretchEnd::kOther);
  }
  const Instant gone =
      std::max({way.out + client.TimerGone(group_.tcp), way.heard + broker.TimerGone(broker_.tcp),
                way.answered + TimerAtMost(group_.tcp.delayed_ack), way.acked});
  if (gone >= until_) return Stop(StretchEnd::kPending);

  const ClientView client_before(host_.session);
  t.client = MoveClient(way.out, way.answered);
  if (!ClientBears(t.client, way.answered, gone) ||
      !BrokerBears(way.heard, PacketType::kPingreq, t, until_)) {
    client_before.Restore(host_.session);
    return false;
  }
  NoteSample(kClientEnd, client_rtt);
  NoteSample(kBrokerEnd, broker_rtt);
  kernel_[kClientEnd].NoteCycle(k0, k2, way.heard, kMaxQuickAcks - 1, kPingSize);
  kernel_[kBrokerEnd].NoteCycle(way.heard, way.heard, host_.KernelNow(acks), kMaxQuickAcks - 1,
                                kPingSize);
  kernel_[kClientEnd].interactive = false;
  kernel_[kBrokerEnd].interactive = true;
  lost_[kClientEnd] = lost_[kBrokerEnd] = 0;
  TouchRadio({way.out, first, second, acks});
  beyond_.Add({2, {0, 1}});
  ++out_.odd;
  Commit(t);
  return true;
}

}  // namespace keepsim::quiet
