// Messages that a client publishes one period after another, with no PINGREQ between, by the plain
// rule.
#include <algorithm>

#include "sim/world/stretch_runner.h"
#include "sim/world/workload.h"

namespace keepsim::quiet {

// The client's timer after the messages from `first` to `last`: it finds nothing due each time, and
// is armed anew by the last message then.
Stretch::ClientTimer Stretch::TimerAfter(Instant first, Instant last) const {
  const Duration step{telling_.step}, ping_after = host_.session.ping_after;
  Instant armed = ArmedAt(first);
  for (Instant out = first; armed <= last; armed = out + ping_after) {
    while (out + step <= armed) out += step;
  }
  return {last + ping_after, armed};
}

// As many as keep within the rule, from `m` on. False if it does not.
bool Stretch::PlainMessages(const Message& m) {
  // The one before was of this stretch, one period ago.
  if (tells_all_ || m.direction == kDown) return false;
  const bool answered = m.answered();
  LookAhead();
  // The broker's kernel is to acknowledge with its answer, or at once if there is none.
  if (tcp_ && answered && kernel_[kClientEnd].interactive) return false;
  if (tcp_ && answered != kernel_[kBrokerEnd].interactive) return RepairedMessage(m);
  const int halves = tcp_ && answered ? 1 : 0;
  size_t ahead = std::min(up_reach_, draws_.up.FirstLost()) >> halves;
  if (tcp_ || answered) ahead = std::min({ahead, down_reach_, draws_.down.FirstLost()});
  ahead = std::min(ahead, static_cast<size_t>((m.others - m.due).ns / telling_.step));
  const Shape shape = tcp_ ? (answered ? Shape::kSegments : Shape::kLoneSegment)
                           : (answered ? Shape::kDatagrams : Shape::kLoneDatagram);
  const BrokerView session = session_;
  const RttEstimator rtt[2] = {kernel_[kClientEnd].rtt, kernel_[kBrokerEnd].rtt};
  while (true) {
    PlainEnd last;
    const size_t n = PlainExchanges(shape, telling_, PacketType::kPublish, m.due, 0, ahead, &last);
    if (n == 0) return RepairedMessage(m);
    if (!Tied(last.wakes, TimerAfter(m.due, last.out))) {
      NotePlainMessages(m, static_cast<int64_t>(n), last);
      return true;
    }
    // Once more, but for the last.
    ahead = n - 1;
    session.Restore(c_.session);
    session_ = session;
    for (const EndIndex at : {kClientEnd, kBrokerEnd}) kernel_[at].rtt = rtt[at];
  }
}

// What as many of MessageCycle() leave.
void Stretch::NotePlainMessages(const Message& m, int64_t n, const PlainEnd& last) {
  const Duration step{telling_.step};
  ClientSession& s = host_.session;
  const ClientTimer timer = TimerAfter(m.due, last.out);
  t0_ = timer.next;
  waits_to_ = timer.waits_to;
  m.state->next = last.out + step;
  m.state->last = last.out;

  s.sends += static_cast<uint32_t>(n);
  s.last_out = host_.last_packet_out = last.out + session_ahead_;
  if (m.answered()) {
    s.last_in = last.answered + session_ahead_;
    constexpr int64_t kPacketIds = 65535;
    uint16_t& id = s.exchanges.next_packet_id;
    id = static_cast<uint16_t>((id - 1 + n) % kPacketIds + 1);
  }
  session_.last_in = c_.session.last_in = last.heard;
  session_.wakes = last.wakes;
  host_.longest_silence = std::max(host_.longest_silence, step);
  host_.radio_wakeups += n * telling_.radio;
  host_.radio_last = tcp_ || m.answered() ? last.answered : last.out;
  asks_all_ = true;
  NoteMessages(m, n, last.answered);
  beyond_.Add(UsualOf(m), n);
  NoteRead(m);
  if (tcp_) NotePublishKernels(m, {last.out, last.heard, last.heard, last.answered, last.answered});
}

}  // namespace keepsim::quiet
