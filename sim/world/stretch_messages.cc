// Messages that a client publishes one period after another, with no PINGREQ between, by the plain
// rule.
#include <algorithm>

#include "sim/world/stretch_runner.h"
#include "sim/world/workload.h"

namespace keepsim::quiet {

// As many as keep within the rule, from the one that is due at until_ on. False if it does not.
// REQUIRES: the last exchange was of this stretch, the message of one period before.
bool Stretch::PlainMessages() {
  if (tells_all_) return false;
  Message m;
  if (!FindMessage(&m)) return false;
  const int64_t step = telling_.step;
  LookAhead();
  // The broker's kernel is to acknowledge with its answer, or at once if there is none.
  if (tcp_ && m.answered != kernel_[kBrokerEnd].interactive) return RepairedMessage(m);
  const int halves = tcp_ && m.answered ? 1 : 0;
  size_t ahead = std::min(up_reach_, draws_.up.FirstLost()) >> halves;
  if (tcp_ || m.answered) ahead = std::min({ahead, down_reach_, draws_.down.FirstLost()});
  ahead = std::min(ahead, static_cast<size_t>((end_ - until_).ns / step));
  PlainEnd last;
  const Shape shape = tcp_ ? (m.answered ? Shape::kSegments : Shape::kLoneSegment)
                           : (m.answered ? Shape::kDatagrams : Shape::kLoneDatagram);
  const size_t n = PlainExchanges(shape, telling_, PacketType::kPublish, until_, 0, ahead, &last);
  if (n == 0) return RepairedMessage(m);
  NotePlainMessages(m, static_cast<int64_t>(n), last);
  return true;
}

// What as many of PublishCycle() leave.
void Stretch::NotePlainMessages(const Message& m, int64_t n, const PlainEnd& last) {
  const Duration step{telling_.step};
  ClientSession& s = host_.session;
  // The client's timer finds nothing due each time, and is armed anew by the last message then.
  Instant armed = ArmedAt(until_);
  for (Instant out = until_; armed <= last.out; armed = out + s.ping_after) {
    while (out + step <= armed) out += step;
  }
  waits_to_ = armed;
  t0_ = last.out + s.ping_after;
  m.state->next = last.out + step;
  m.state->last = last.out;

  s.sends += static_cast<uint32_t>(n);
  s.last_out = host_.last_packet_out = last.out + session_ahead_;
  if (m.answered) {
    s.last_in = last.answered + session_ahead_;
    constexpr int64_t kPacketIds = 65535;
    uint16_t& id = s.exchanges.next_packet_id;
    id = static_cast<uint16_t>((id - 1 + n) % kPacketIds + 1);
  }
  session_.last_in = c_.session.last_in = last.heard;
  session_.wakes = last.wakes;
  host_.longest_silence = std::max(host_.longest_silence, step);
  host_.radio_wakeups += n * telling_.radio;
  host_.radio_last = tcp_ || m.answered ? last.answered : last.out;
  asks_all_ = true;
  NoteMessages(m, n, last.answered);
  NotePublishKernels(m, {last.out, last.heard, last.heard, last.answered, last.answered});
}

}  // namespace keepsim::quiet
