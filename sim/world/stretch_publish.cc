// What the client publishes, as part of a stretch: QoS 0 or 1, from PUBLISH to the acknowledgement
// that is the last to arrive. One message at a time; see stretch_messages.cc for many.
#include <algorithm>
#include <limits>

#include "sim/world/stretch_runner.h"
#include "sim/world/tcp_exchange.h"
#include "sim/world/workload.h"

namespace keepsim::quiet {

Instant Stretch::NextPublish() const { return publishes_ ? NextOfOthers(kNobody) : kNever; }

// The next of all messages but those of workload `number`. Others than of one exchange are none of
// the stretch's, which ends before them.
Instant Stretch::NextOfOthers(size_t number) const {
  Instant at = kNever;
  for (size_t i = 0; i < host_.uplink.size(); ++i) {
    if (i != number && IsOneExchange(group_.uplink[i])) at = std::min(at, host_.uplink[i].next);
  }
  return at;
}

// The message that is `due`, before any PINGREQ.
bool Stretch::FindMessage(Instant due, Message* m) {
  const auto is_due = [due](const WorkloadState& w) { return w.next == due; };
  const auto found = std::find_if(host_.uplink.begin(), host_.uplink.end(), is_due);
  if (std::any_of(found + 1, host_.uplink.end(), is_due)) return Stop(StretchEnd::kTie);
  if (tcp_ && found->size > static_cast<uint32_t>(group_.tcp.mss)) return Stop(StretchEnd::kOther);
  m->number = static_cast<uint32_t>(found - host_.uplink.begin());
  m->law = &group_.uplink[m->number];
  m->state = &*found;
  m->answered = m->law->qos > 0;
  m->due = due;
  m->after = *found;
  NextMessage(*m->law, host_.luck, Purpose::kUplink + m->number, m->after);
  m->until = std::min({end_, m->after.next, NextOfOthers(m->number)});
  return true;
}

// Its packets, if none is lost.
bool Stretch::FindPublishWay(const Message& m, Way& way, PathView& path) {
  LookAhead();
  if (m.answered) {
    if (tcp_ && !kernel_[kBrokerEnd].interactive) return Stop(StretchEnd::kOther);
    return FindWay(0, m.due, way, path) || Stop(StretchEnd::kLost);
  }
  way.out = m.due;
  way.heard = Carry(host_, draws_, kUp, up_first_, way.out, path);
  if (way.heard == kNever) return Stop(StretchEnd::kLost);
  way.handled = way.answered = way.acked = way.heard;
  if (!tcp_) return true;
  // Where the broker's end answers at once, its acknowledgement waits for an answer.
  if (kernel_[kBrokerEnd].interactive) way.handled = InWheel(way.heard, broker_.tcp.delayed_ack);
  way.answered = way.acked = Carry(host_, draws_, kDown, down_first_, way.handled, path);
  return way.acked != kNever || Stop(StretchEnd::kLost);
}

// The client's session through it, up to the answer or, without one, to its end. False if it would
// do anything else; the session is then up to the caller.
bool Stretch::ClientPublishes(const Message& m, Trial& t) {
  ClientSession& s = host_.session;
  const Way& way = t.way;
  // Up to here the timer has found nothing due.
  Instant armed = ArmedAt(way.out);
  const Effects sent =
      Publish(host_.params, s, host_.SessionNow(way.out), m.law->qos, m.state->size);
  if (sent.size() != 1) return Stop(StretchEnd::kOther);
  t.client.next = ClientWakes(way.out, host_.loop_draws);
  if (t.client.next < armed || t.client.next == way.out) return Stop(StretchEnd::kOther);
  // At the instant of a message the timer comes after it.
  if (armed == way.out) armed = t.client.next;
  if (m.answered) {
    if (t.client.next <= way.answered) return Stop(StretchEnd::kLate);
    if (armed == way.answered) return Stop(StretchEnd::kTie);
    if (armed < way.answered) armed = t.client.next;
    const Effects heard =
        OnPacket(host_.params, s, host_.SessionNow(way.answered),
                 SmallPacket(PacketType::kPuback, sent.begin()->packet.packet_id));
    t.client.next = ClientWakes(way.answered, host_.loop_draws);
    if (!heard.empty() || t.client.next < armed) return Stop(StretchEnd::kOther);
  }
  t.client.waits_to = armed;
  return t.client.next > way.acked || Stop(StretchEnd::kLate);
}

// What the sessions do, and what `kernels` says of their kernels. If false, nothing has changed.
template <typename Kernels>
bool Stretch::MayPublish(const Message& m, Trial& t, Kernels kernels) {
  const ClientView client_before(host_.session);
  if (ClientPublishes(m, t) && kernels() &&
      BrokerBears(t.way.heard, PacketType::kPublish, t, m.until)) {
    return true;
  }
  client_before.Restore(host_.session);
  return false;
}

// A message of which nothing is lost: what makes the client publish, and arrivals.
Beyond Stretch::UsualOf(const Message& m) const {
  const int64_t ups = tcp_ && m.answered ? 2 : 1, downs = tcp_ || m.answered ? 1 : 0;
  return {1 + ups + downs, {ups, downs}, {m.state->size, m.answered ? kPubackSize : 0}};
}

// What `n` messages leave behind, beside what is of the last alone.
void Stretch::NoteMessages(const Message& m, int64_t n, Instant answered) {
  const uint32_t size = m.state->size;
  Traffic& traffic = host_.traffic;
  const auto count = [&](int d, PacketType type, uint32_t bytes) {
    traffic.packets[d][static_cast<int>(type)] += n;
    traffic.bytes[d][static_cast<int>(type)] += n * bytes;
    traffic.sent[d] += static_cast<uint32_t>(n);
    traffic.delivered[d] += static_cast<uint32_t>(n);
    published_bytes_[d == kUp ? kClientEnd : kBrokerEnd] += n * bytes;
  };
  count(kUp, PacketType::kPublish, size);
  if (m.answered) {
    count(kDown, PacketType::kPuback, kPubackSize);
    host_.last_heard = answered;
  }
  beyond_.Add(UsualOf(m), n);
  out_.published += n;
  out_.moved |= uint64_t{1} << m.number;
}

// Both kernels' ends after a message, but for their estimators.
void Stretch::NotePublishKernels(const Message& m, const Way& way) {
  lost_[kClientEnd] = 0;
  if (m.answered) lost_[kBrokerEnd] = 0;
  if (!tcp_) return;
  KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  const Instant k0 = host_.KernelNow(way.out);
  if (m.answered) {
    const Instant k2 = host_.KernelNow(way.answered);
    client.NoteCycle(k0, k2, way.handled, kMaxQuickAcks - 1, m.state->size);
    broker.NoteCycle(way.handled, way.heard, k2, kMaxQuickAcks, kPubackSize);
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

// After an exchange that is over at `over`: whether the plain rule's questions are enough for what
// begins at `next`, if the rule applies.
bool Stretch::Follows(const PlainRule& rule, Instant over, Instant next) const {
  const Duration gap = next - over;
  return rule.applies &&
         (!tcp_ || (gap > kernel_[kClientEnd].RtoAtMost() &&
                    gap > kernel_[kBrokerEnd].RtoAtMost() && gap >= group_.tcp.delayed_ack)) &&
         (rule.fixed ? host_.SessionNow(next) - host_.last_packet_out == Duration{rule.step} &&
                           (rule.radio > 0) == (next - host_.radio_last > kRadioTail)
                     : next - host_.radio_last >= Duration{rule.step});
}

// The message goes its way, as a trial says.
void Stretch::CommitMessage(const Message& m, const Trial& t) {
  NoteExchange(t);
  *m.state = m.after;
  NoteMessages(m, 1, t.way.answered);
  asks_all_ = !Follows(plain_, t.way.acked, t0_);
  tells_all_ = !Follows(telling_, t.way.acked, m.state->next);
}

// One message. False: it is left to the queue, and nothing has changed.
bool Stretch::PublishCycle(const Message& m) {
  return PublishQuietly(m) || (mends_ && MayBeRepaired() && PublishByKernels(m));
}

bool Stretch::PublishQuietly(const Message& m) {
  Trial t = NewTrial();
  const Way& way = t.way;
  if (!FindPublishWay(m, t.way, t.path)) return false;
  if (way.acked >= m.until) return Stop(StretchEnd::kPending);
  if (!PassMiddlebox(way, m.answered, &t.path.mapping_used)) return Stop(StretchEnd::kOther);
  const auto kernels = [&] { return !tcp_ || TcpIsQuiet(way, m.answered, t.client.next, m.until); };
  if (!MayPublish(m, t, kernels)) return false;
  if (tcp_) NoteSample(kClientEnd, host_.KernelNow(way.answered) - host_.KernelNow(way.out));
  if (tcp_ && m.answered) NoteSample(kBrokerEnd, way.acked - way.handled);
  // The timer of an acknowledgement that waits is an event.
  if (!m.answered && way.handled > way.heard) ++beyond_.events;
  NotePublishKernels(m, way);
  TouchRadio({way.out});
  if (tcp_ || m.answered) TouchRadio({way.answered});
  CommitMessage(m, t);
  return true;
}

// As KernelsCycle(): whatever is lost or late.
bool Stretch::PublishByKernels(const Message& m) {
  const uint64_t first[2] = {up_first_, down_first_};
  TcpExchange x(broker_, host_, draws_, first, path_, EndpointNow(kClientEnd),
                EndpointNow(kBrokerEnd), m.state->size, m.answered ? kPubackSize : 0);
  if (!x.Run(m.due, m.until)) return Stop(x.why());
  Trial t = NewTrial();
  t.path = x.path;
  t.way = {m.due, x.heard, x.heard, m.answered ? x.answered : x.over, x.over};
  if (!MayPublish(m, t, [] { return true; })) return false;
  // Without an answer the client has read nothing since.
  const int unread = m.answered ? 0 : lost_[kBrokerEnd];
  NoteKernels(x, UsualOf(m));
  constexpr int kMost = std::numeric_limits<uint16_t>::max();
  lost_[kBrokerEnd] = static_cast<uint16_t>(std::min(lost_[kBrokerEnd] + unread, kMost));
  CommitMessage(m, t);
  CountFromHere();
  ++out_.odd;
  return true;
}

}  // namespace keepsim::quiet
