// What the client publishes, as part of a stretch: QoS 0 or 1, from PUBLISH to the acknowledgement
// that is the last to arrive.
#include <algorithm>
#include <utility>

#include "sim/world/stretch_runner.h"
#include "sim/world/workload.h"

namespace keepsim::quiet {

Instant Stretch::NextPublish() const {
  Instant at = kNever;
  if (publishes_) {
    for (const WorkloadState& w : host_.uplink) at = std::min(at, w.next);
  }
  return at;
}

// The packets of the message that is published at `way.out`.
bool Stretch::FindPublishWay(bool answered, Way& way, PathView& path) {
  LookAhead();
  if (answered) {
    if (tcp_ && !kernel_[kBrokerEnd].interactive) return Stop(StretchEnd::kOther);
    return FindWay(0, way.out, way, path) || Stop(StretchEnd::kLost);
  }
  way.heard = Carry(host_, draws_, kUp, up_first_, way.out, path);
  if (way.heard == kNever) return Stop(StretchEnd::kLost);
  way.handled = way.answered = way.acked = way.heard;
  if (!tcp_) return true;
  // Where the broker's end answers at once, its acknowledgement waits for an answer.
  if (kernel_[kBrokerEnd].interactive) way.handled = InWheel(way.heard, broker_.tcp.delayed_ack);
  way.answered = way.acked = Carry(host_, draws_, kDown, down_first_, way.handled, path);
  return way.acked != kNever || Stop(StretchEnd::kLost);
}

// As TcpIsQuiet(), where nothing is answered but by the broker's kernel, at `way.handled`.
bool Stretch::TcpIsQuietUnanswered(const Way& way, Instant next) {
  const TcpConfig& client = group_.tcp;
  const Instant k0 = host_.KernelNow(way.out);
  if (host_.KernelNow(way.acked) - k0 > kernel_[kClientEnd].Patience(client)) {
    return Stop(StretchEnd::kLate);
  }
  if (way.heard - kernel_[kBrokerEnd].received <= kernel_[kBrokerEnd].RtoAtMost() ||
      k0 - kernel_[kClientEnd].received < client.delayed_ack) {
    return Stop(StretchEnd::kOther);
  }
  const Instant gone = std::max(way.out + kernel_[kClientEnd].TimerGone(client), way.acked);
  if (gone >= next) return Stop(StretchEnd::kLate);
  return gone < until_ || Stop(StretchEnd::kPending);
}

// As PassMiddlebox(), likewise.
bool Stretch::PassMiddleboxUnanswered(const Way& way, Instant* last_use) const {
  const MiddleboxSpec& m = group_.middlebox;
  if (!m.enabled) return true;
  if (way.out - *last_use > m.idle_timeout) return false;
  *last_use = way.out;
  if (!tcp_) return true;
  if (way.acked - *last_use > m.idle_timeout) return false;
  if (m.inbound_refreshes) *last_use = way.acked;
  return true;
}

// The client's session through it, up to the answer or, without one, to its end. False if it would
// do anything else; the session is then up to the caller.
bool Stretch::ClientPublishes(const Workload& law, uint32_t size, Trial& t, Packet* answer) {
  ClientSession& s = host_.session;
  const Way& way = t.way;
  // Up to here the timer has found nothing due.
  Instant armed = waits_to_ < way.out ? t0_ : std::min(waits_to_, t0_);
  const Effects sent = Publish(host_.params, s, host_.SessionNow(way.out), law.qos, size);
  if (sent.size() != 1) return Stop(StretchEnd::kOther);
  t.next = ClientWakes(way.out, host_.loop_draws);
  if (t.next < armed || t.next == way.out) return Stop(StretchEnd::kOther);
  // At the instant of a message the timer comes after it.
  if (armed == way.out) armed = t.next;
  if (answer != nullptr) {
    if (t.next <= way.answered) return Stop(StretchEnd::kLate);
    if (armed == way.answered) return Stop(StretchEnd::kTie);
    if (armed < way.answered) armed = t.next;
    *answer = SmallPacket(PacketType::kPuback, sent.begin()->packet.packet_id);
    const Effects heard = OnPacket(host_.params, s, host_.SessionNow(way.answered), *answer);
    t.next = ClientWakes(way.answered, host_.loop_draws);
    if (!heard.empty() || t.next < armed) return Stop(StretchEnd::kOther);
  }
  t.waits_to = armed;
  return t.next > way.acked || Stop(StretchEnd::kLate);
}

void Stretch::NotePublishKernels(const Way& way, uint32_t size, const Packet* answer) {
  KernelView &client = kernel_[kClientEnd], &broker = kernel_[kBrokerEnd];
  const Instant k0 = host_.KernelNow(way.out);
  const Instant k2 = host_.KernelNow(way.acked);
  published_bytes_[kClientEnd] += size;
  if (answer != nullptr) {
    published_bytes_[kBrokerEnd] += answer->size;
    const Instant answered = host_.KernelNow(way.answered);
    NoteSample(kClientEnd, answered - k0);
    NoteSample(kBrokerEnd, way.acked - way.handled);
    client.NoteCycle(k0, answered, way.handled, kMaxQuickAcks - 1);
    broker.NoteCycle(way.handled, way.heard, answered, kMaxQuickAcks);
    broker.last_length = answer->size;
  } else {
    NoteSample(kClientEnd, k2 - k0);
    client.sent = k0;
    client.echo = way.handled;
    client.repeated = client.probed = false;
    broker.received = way.heard;
    broker.echo = k0;
    broker.interactive = false;
    broker.quick_acks = kMaxQuickAcks - 1;
  }
  client.last_length = size;
}

// After an exchange that is over at `over`: whether the plain rule's questions are enough for the
// next cycle, if the rule applies.
bool Stretch::FollowsRule(Instant over) const {
  const Duration gap = t0_ - over;
  if (tcp_ && (gap <= kernel_[kClientEnd].RtoAtMost() || gap <= kernel_[kBrokerEnd].RtoAtMost() ||
               gap < group_.tcp.delayed_ack)) {
    return false;
  }
  return host_.SessionNow(t0_) - host_.last_packet_out == Duration{plain_.step} &&
         (plain_.radio > 0) == (t0_ - host_.radio_last > kRadioTail);
}

// The message that is due at until_, before the next PINGREQ. False: it is left to the queue, and
// nothing has changed.
bool Stretch::PublishCycle() {
  const Instant out = until_;
  const auto is_due = [out](const WorkloadState& w) { return w.next == out; };
  const auto due = std::find_if(host_.uplink.begin(), host_.uplink.end(), is_due);
  if (std::any_of(due + 1, host_.uplink.end(), is_due)) return Stop(StretchEnd::kTie);
  const size_t number = static_cast<size_t>(due - host_.uplink.begin());
  const Workload& law = group_.uplink[number];
  const uint32_t size = due->size;
  const bool answered = law.qos > 0;
  if (tcp_ && size > static_cast<uint32_t>(group_.tcp.mss)) return Stop(StretchEnd::kOther);
  Trial t = NewTrial();
  t.way.out = out;
  if (!FindPublishWay(answered, t.way, t.path)) return false;
  const Way& way = t.way;

  const WorkloadState message_before = *due;
  const ClientSession client_before = host_.session;
  Packet answer;
  const auto judge = [&] {
    NextMessage(law, host_.luck, Purpose::kUplink + static_cast<uint32_t>(number), *due);
    until_ = std::min(end_, NextPublish());
    if (way.acked >= until_) return Stop(StretchEnd::kPending);
    if (!(answered ? PassMiddlebox(way, &t.path.mapping_used)
                   : PassMiddleboxUnanswered(way, &t.path.mapping_used))) {
      return Stop(StretchEnd::kOther);
    }
    if (!ClientPublishes(law, size, t, answered ? &answer : nullptr)) return false;
    if (tcp_ && !(answered ? TcpIsQuiet(way, t.next) : TcpIsQuietUnanswered(way, t.next))) {
      return false;
    }
    return BrokerBears(way.heard, PacketType::kPublish, t);
  };
  if (!judge()) {
    *due = message_before;
    host_.session = client_before;
    session_.Restore(c_.session);
    until_ = out;
    return false;
  }

  NoteExchange(t);
  if (tcp_) NotePublishKernels(way, size, answered ? &answer : nullptr);
  const auto count = [&](int d, PacketType type, uint32_t bytes) {
    Traffic& traffic = host_.traffic;
    ++traffic.packets[d][static_cast<int>(type)];
    traffic.bytes[d][static_cast<int>(type)] += bytes;
    ++traffic.sent[d];
    ++traffic.delivered[d];
    beyond_.bytes[d] += bytes;
  };
  count(kUp, PacketType::kPublish, size);
  lost_[kClientEnd] = 0;
  if (answered) {
    count(kDown, PacketType::kPuback, answer.size);
    lost_[kBrokerEnd] = 0;
    host_.last_heard = way.answered;
  }
  const int64_t ups = tcp_ && answered ? 2 : 1, downs = tcp_ || answered ? 1 : 0;
  beyond_.segments[kUp] += ups;
  beyond_.segments[kDown] += downs;
  // What makes the client publish, arrivals, the timer of an acknowledgement that waited.
  const bool waited = tcp_ && !answered && way.handled > way.heard;
  beyond_.events += 1 + ups + downs + (waited ? 1 : 0);
  TouchRadio({out});
  if (downs > 0) TouchRadio({way.answered});
  ++out_.published;
  out_.moved |= uint64_t{1} << number;
  asks_all_ = !plain_.applies || !FollowsRule(way.acked);
  return true;
}

}  // namespace keepsim::quiet
