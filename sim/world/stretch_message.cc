// One message as part of a stretch, from the client or for it: from PUBLISH to the acknowledgement
// that is the last to arrive. What is of one direction over TCP alone is in stretch_publish.cc and
// stretch_receive.cc.
#include <algorithm>
#include <utility>

#include "sim/mqtt/exchange.h"
#include "sim/world/stretch_runner.h"
#include "sim/world/tcp_exchange.h"
#include "sim/world/workload.h"

namespace keepsim::quiet {

PacketType Stretch::Message::Type(int i) const {
  constexpr PacketType kTypes[] = {PacketType::kPublish, PacketType::kPubrec, PacketType::kPubrel,
                                   PacketType::kPubcomp};
  return packets.count == 2 && i == 1 ? PacketType::kPuback : kTypes[i];
}

// When the next message is due, of all workloads `but` that.
Instant Stretch::NextMessageDue(const WorkloadState* but) const {
  Instant at = kNever;
  if (!messages_) return at;
  for (const Direction d : {kUp, kDown}) {
    for (const WorkloadState& state : host_.Messages(d)) {
      if (&state != but) at = std::min(at, state.next);
    }
  }
  return at;
}

// The message that is `due`, before any PINGREQ.
bool Stretch::FindMessage(Instant due, Message* m) {
  m->state = nullptr;
  for (const Direction d : {kUp, kDown}) {
    std::vector<WorkloadState>& states = host_.Messages(d);
    for (size_t i = 0; i < states.size(); ++i) {
      if (states[i].next != due) continue;
      if (m->state != nullptr) return Stop(StretchEnd::kTie);
      m->direction = d;
      m->number = static_cast<uint32_t>(i);
      m->state = &states[i];
    }
  }
  const EndIndex from = m->direction == kUp ? kClientEnd : kBrokerEnd;
  if (tcp_ && m->state->size > static_cast<uint32_t>(ConfigOf(from).mss)) {
    return Stop(StretchEnd::kOther);
  }
  m->law = &group_.Messages(m->direction)[m->number];
  m->packets = {from, m->law->qos == 2 ? 4 : m->law->qos + 1, {m->state->size}};
  std::fill_n(m->packets.bytes + 1, m->packets.count - 1, kAckSize);
  m->due = due;
  m->after = *m->state;
  NextMessage(*m->law, host_.luck, MessagePurpose(m->direction, m->number), m->after);
  m->others = std::min(end_, NextMessageDue(m->state));
  m->until = std::min(m->others, m->after.next);
  // Until then the sender's timer would not have woken up, if only for nothing.
  if (tcp_ && m->until - due <= kernel_[from].ProbeWait(ConfigOf(from))) {
    return Stop(StretchEnd::kPending);
  }
  // What awaits its PUBREL since another connection might have this one's identifier.
  return m->packets.count <= 2 ||
         (host_.session.exchanges.in_count == 0 && c_.session.exchanges.in_count == 0) ||
         Stop(StretchEnd::kOther);
}

// Its datagrams, if none is lost, and the middlebox's mapping, if it lives on.
bool Stretch::FindDatagrams(const Message& m, Trial& t) {
  const MiddleboxSpec& middlebox = group_.middlebox;
  uint64_t index[2] = {up_first_, down_first_};
  Instant at = m.due;
  for (int i = 0; i < m.packets.count; ++i) {
    const uint8_t d = DirectionFrom(m.packets.Writer(i));
    const Instant sent = at;
    at = t.read[i] = Carry(host_, draws_, d, index[d]++, sent, t.path);
    if (at == kNever) return Stop(StretchEnd::kLost);
    if (!middlebox.enabled) continue;
    const Instant passed = d == kUp ? sent : at;
    if (passed - t.path.mapping_used > middlebox.idle_timeout) return Stop(StretchEnd::kOther);
    if (d == kUp || middlebox.inbound_refreshes) t.path.mapping_used = passed;
  }
  t.way.out = m.due;
  t.way.acked = at;
  return true;
}

// The client's session through it, up to its end. False if it would do anything else; the session
// is then up to the caller.
bool Stretch::ClientTakesPart(const Message& m, Trial& t) {
  ClientSession& s = host_.session;
  ClientTimer& timer = t.client;
  const auto acts = [&](Instant at, const Effects& effects, int expected) {
    timer.next = ClientWakes(at, host_.loop_draws);
    // What is read moves the looks of a main loop: the next may come before the one armed for.
    if (timer.next < timer.waits_to) {
      if (out_.overtaken_count == QuietStretch::kMaxOvertaken) return Stop(StretchEnd::kOther);
      NoteOvertaken(timer.waits_to, timer.next);
      timer.waits_to = timer.next;
    }
    return (effects.size() == expected && timer.next != at) || Stop(StretchEnd::kOther);
  };
  // Up to here the timer has found nothing due.
  timer = {t0_, ArmedAt(m.due)};
  uint16_t id = m.answered() ? c_.session.exchanges.next_packet_id : 0;
  if (m.direction == kUp) {
    const Effects sent =
        Publish(host_.params, s, host_.SessionNow(m.due), m.law->qos, m.state->size);
    if (!acts(m.due, sent, 1)) return false;
    id = sent.begin()->packet.packet_id;
    // At the instant of a message the timer comes after it.
    if (timer.waits_to == m.due) timer.waits_to = timer.next;
  }
  for (int i = m.direction == kUp ? 1 : 0; i < m.packets.count; i += 2) {
    const Instant at = t.read[i];
    if (timer.next <= at) return Stop(StretchEnd::kLate);
    if (timer.waits_to < at) timer.waits_to = timer.next;
    timer.waits_to = std::min(timer.waits_to, timer.next);
    if (timer.waits_to == at) return Stop(StretchEnd::kTie);
    Packet packet;
    packet.type = m.Type(i);
    packet.qos = i == 0 ? m.law->qos : 0;
    packet.packet_id = id;
    packet.size = m.packets.bytes[i];
    const Effects heard = OnPacket(host_.params, s, host_.SessionNow(at), packet);
    // An answer, and a message that is delivered.
    if (!acts(at, heard, (i + 1 < m.packets.count ? 1 : 0) + (i == 0 ? 1 : 0))) return false;
  }
  return timer.next > t.way.acked || Stop(StretchEnd::kLate);
}

// As BrokerBears(), of all that the broker hears and sends.
bool Stretch::BrokerTakesPart(const Message& m, Trial& t) {
  std::pair<Instant, PacketType> noted[PacketTurns::kMost];  // as activity
  int n = 0;
  const bool sends_first = m.direction == kDown;
  if (sends_first && broker_.profile.outgoing_counts) noted[n++] = {m.due, PacketType::kPublish};
  for (int i = sends_first ? 1 : 0; i < m.packets.count; i += 2) {
    noted[n++] = {t.read[i], m.Type(i)};
  }
  const Instant end = std::min(t.client.next, m.until);
  const auto runs = [&] {
    if (n == 0) return BrokerRunsTo(t.session, end) || Stop(StretchEnd::kLate);
    for (int i = 0; i < n; ++i) {
      const Instant until = i + 1 < n ? noted[i + 1].first : end;
      if (!BrokerRunsThrough(noted[i].first, noted[i].second, until, t.session)) return false;
    }
    return true;
  };
  if (!runs() || (Tied(t.session.wakes, t.client) && !Stop(StretchEnd::kTie))) {
    session_.Restore(c_.session);
    return false;
  }
  if (sends_first && m.answered()) TakePacketId(c_.session.exchanges);
  return true;
}

// What both sessions do and, unless they were asked themselves, what the kernels do. If false,
// nothing has changed.
bool Stretch::SessionsBear(const Message& m, Trial& t, bool by_kernels) {
  const ClientView client_before(host_.session);
  DropOvertaken(m.due);
  const size_t overtaken_before = out_.overtaken_count;
  const auto kernels = [&] {
    if (!tcp_ || by_kernels) return true;
    return m.direction == kUp ? TcpIsQuiet(t.way, m.answered(), t.client.next, m.until)
                              : TcpBearsDelivery(m, t);
  };
  const bool bear = ClientTakesPart(m, t) && kernels() && BrokerTakesPart(m, t);
  if (bear) return true;
  client_before.Restore(host_.session);
  out_.overtaken_count = overtaken_before;
  return false;
}

// A message of which nothing is lost: what makes an end publish, and arrivals. Over TCP the last
// packet has an acknowledgement of its own.
Beyond Stretch::UsualOf(const Message& m) const {
  Beyond b;
  const int n = m.packets.count;
  for (int i = 0; i < n; ++i) {
    const uint8_t d = DirectionFrom(m.packets.Writer(i));
    ++b.segments[d];
    b.bytes[d] += m.packets.bytes[i];
  }
  if (tcp_) ++b.segments[DirectionFrom(m.packets.Writer(n))];
  b.events = 1 + b.segments[kUp] + b.segments[kDown];
  return b;
}

// What `n` messages leave behind, beside what is of the last alone and what is sent on the way.
// `answered`: when the client read the last packet, if it read any.
void Stretch::NoteMessages(const Message& m, int64_t n, Instant answered) {
  Traffic& traffic = host_.traffic;
  for (int i = 0; i < m.packets.count; ++i) {
    const EndIndex writer = m.packets.Writer(i);
    const uint8_t d = DirectionFrom(writer);
    const int type = static_cast<int>(m.Type(i));
    const int64_t bytes = n * m.packets.bytes[i];
    traffic.packets[d][type] += n;
    traffic.bytes[d][type] += bytes;
    traffic.sent[d] += static_cast<uint32_t>(n);
    traffic.delivered[d] += static_cast<uint32_t>(n);
    message_bytes_[writer] += bytes;
  }
  if (m.direction == kDown || m.answered()) host_.last_heard = answered;
  out_.messages += n;
  out_.moved[m.direction] |= uint64_t{1} << m.number;
}

// After an exchange that is over at `over`: whether the plain rule's questions are enough for what
// begins at `next`, if the rule applies.
bool Stretch::Follows(const PlainRule& rule, Instant over, Instant next) const {
  const Duration gap = next - over;
  return rule.applies &&
         (!tcp_ ||
          (gap > kernel_[kClientEnd].RtoAtMost() && gap > kernel_[kBrokerEnd].RtoAtMost() &&
           gap >= group_.tcp.delayed_ack && EndsRounds(kClientEnd) && EndsRounds(kBrokerEnd))) &&
         (rule.fixed ? host_.SessionNow(next) - host_.last_packet_out == Duration{rule.step} &&
                           (rule.radio > 0) == (next - host_.radio_last > kRadioTail)
                     : next - host_.radio_last >= Duration{rule.step});
}

// The message goes its way, as a trial says.
void Stretch::CommitMessage(const Message& m, const Trial& t) {
  NoteExchange(t);
  const bool up = m.direction == kUp;
  Instant answered = kNever;
  if (up) NoteClientSends(host_.SessionNow(m.due));
  for (int i = up ? 1 : 0; i < m.packets.count; i += 2) {
    answered = t.read[i];
    if (i + 1 < m.packets.count) NoteClientSends(host_.SessionNow(answered));
  }
  *m.state = m.after;
  NoteMessages(m, 1, answered);
  asks_all_ = !Follows(plain_, t.way.acked, t0_);
  tells_all_ = !up || !Follows(telling_, t.way.acked, m.state->next);
}

// One message. False: it is left to the queue, and nothing has changed.
bool Stretch::MessageCycle(const Message& m) {
  LookAhead();
  return MessageQuietly(m) || (mends_ && MayBeRepaired() && MessageByKernels(m));
}

bool Stretch::MessageQuietly(const Message& m) {
  Trial t = NewTrial();
  const bool up = m.direction == kUp;
  if (!tcp_) {
    if (!FindDatagrams(m, t)) return false;
  } else if (!(up ? FindPublishWay(m, t) : FindReceiveWay(m, t))) {
    return false;
  }
  if (t.way.acked >= m.until) return Stop(StretchEnd::kPending);
  if (!SessionsBear(m, t, /*by_kernels=*/false)) return false;
  NoteRead(m);
  beyond_.Add(UsualOf(m));
  // The timer of an acknowledgement that waits is an event.
  if (t.way.handled > t.way.heard) ++beyond_.events;
  if (tcp_ && up) {
    NoteSample(kClientEnd, host_.KernelNow(t.way.answered) - host_.KernelNow(t.way.out));
    if (m.answered()) NoteSample(kBrokerEnd, t.way.acked - t.way.handled);
    NotePublishKernels(m, t.way);
    TouchRadio({t.way.out, t.way.answered});
  } else if (tcp_) {
    if (m.answered() && !kernel_[kClientEnd].interactive) beyond_.Add({1, {1, 0}});
    NoteReceiveKernels(m, t);
    TouchRadio({t.way.answered});
    if (m.answered()) TouchRadio({t.way.acked});
  } else {
    if (up) TouchRadio({m.due});
    for (int i = up ? 1 : 0; i < m.packets.count; i += 2) TouchRadio({t.read[i]});
  }
  CommitMessage(m, t);
  return true;
}

// What an end has sent is no longer unread where the other has read something of it.
void Stretch::NoteRead(const Message& m) {
  lost_[m.packets.from] = 0;
  if (m.answered()) lost_[Peer(m.packets.from)] = 0;
}

// As KernelsCycle(): whatever is lost or late.
bool Stretch::MessageByKernels(const Message& m) {
  const uint64_t first[2] = {up_first_, down_first_};
  TcpExchange x(broker_, host_, draws_, first, path_, EndpointNow(kClientEnd),
                EndpointNow(kBrokerEnd), m.packets);
  if (!x.Run(m.due, m.until)) return Stop(x.why());
  Trial t = NewTrial();
  t.path = x.path;
  t.way.out = m.due;
  t.way.acked = x.over;
  std::copy_n(x.read, m.packets.count, t.read);
  if (!SessionsBear(m, t, /*by_kernels=*/true)) return false;
  NoteRead(m);
  NoteKernels(x);
  CommitMessage(m, t);
  CountFromHere();
  ++out_.odd;
  return true;
}

}  // namespace keepsim::quiet
