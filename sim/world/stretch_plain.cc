// Cycles that keep within the plain rule.
#include <algorithm>
#include <type_traits>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// What so many cycles by the plain rule leave behind, of which the last went last_: what as many of
// Cycle() leave, but for the kernels.
void Stretch::NotePlainCycles(int64_t n, Instant broker_wakes, Duration rtt_sum) {
  // Each field for itself: whole structures would wait for their parts, just written.
  const Instant out = last_.out, heard = last_.heard, answered = last_.answered;
  t0_ = out + Duration{plain_.step};
  tells_all_ = true;
  waits_to_ = plain_.wait == kNever.ns ? kNever : out + Duration{plain_.wait};
  if (waits_to_ > t0_ && waits_to_ != kNever) {
    // Each wait is overtaken by the next PINGREQ.
    for (int64_t i = std::min(n, PlainRule::kMostWaits); i > 0; --i) {
      NoteOvertaken(waits_to_ - Duration{plain_.step} * (i - 1), t0_);
    }
  }
  out_.cycles += n;
  session_.last_in = c_.session.last_in = heard;
  session_.wakes = broker_wakes;
  ClientSession& s = host_.session;
  s.sends += static_cast<uint32_t>(n);
  s.last_out = s.ping_sent = host_.last_packet_out = out + session_ahead_;
  s.last_in = s.look_from = answered + session_ahead_;
  if (plain_.ticked) {
    s.tick_origin = s.last_out;
    s.sends_at_tick = s.sends;
    s.counted = true;
  }
  host_.longest_silence = std::max(host_.longest_silence, Duration{plain_.step});
  host_.radio_wakeups += n * plain_.radio;
  host_.radio_last = answered;
  host_.ping_rtt_sum += rtt_sum;
}

// And the kernels, but for the estimators.
void Stretch::NotePlainKernels() {
  const Instant answered = last_.answered + kernel_ahead_;
  kernel_[kClientEnd].NoteCycle(last_.out + kernel_ahead_, answered, last_.heard, kMaxQuickAcks - 1,
                                kPingSize);
  kernel_[kBrokerEnd].NoteCycle(last_.heard, last_.heard, answered, kMaxQuickAcks, kPingSize);
  lost_[kClientEnd] = lost_[kBrokerEnd] = 0;
}

// How many cycles lie ahead, from the `i`th of those that LookAhead() looked at on, in which
// nothing is lost and that are over before anything else.
size_t Stretch::PlainAhead(size_t i) const {
  if (i >= lost_at_) return 0;
  const size_t ahead = lost_at_ - i;
  if (t0_ + Duration{plain_.step} * static_cast<int64_t>(ahead) <= until_) return ahead;
  return static_cast<size_t>(std::max<int64_t>((until_ - t0_).ns / plain_.step, 0));
}

// As BrokerBears(), by fewer questions where the rule allows it, and the session is noted.
bool Stretch::BrokerBearsByRule(const PlainRule& r, PacketType packet, Instant heard,
                                const ClientTimer& client, Instant until) {
  if (!r.exact) {
    BrokerView b = session_;
    if (!BrokerBears(heard, packet, client, until, b)) return false;
    NoteBroker(b);
    return true;
  }
  const Instant before = session_.last_in, end = std::min(client.next, until);
  const Duration silence{r.silence};
  Instant wakes = session_.wakes;
  if (heard - before > silence || heard + silence < end) return Stop(StretchEnd::kLate);
  while (wakes < end) wakes = (wakes >= heard ? heard : before) + silence;
  if (Tied(wakes, client)) return Stop(StretchEnd::kTie);
  session_.last_in = c_.session.last_in = heard;
  session_.wakes = wakes;
  return true;
}

// As many of the exchanges from `i` to `end` as keep within `r`, the first of which begins at
// `begin` with a packet of this type: what comes first takes draw 2 i of those up where an
// acknowledgement follows, else i.
template <Shape kShape, bool kExact>
[[gnu::noinline]] size_t Stretch::PlainExchanges(const PlainRule& r, PacketType packet,
                                                 Instant begin, size_t i, size_t end,
                                                 PlainEnd* last) {
  constexpr bool kTcp = kShape == Shape::kSegments || kShape == Shape::kLoneSegment;
  const int64_t* const up_ns = draws_.up.latency_ns();
  const int64_t* const down_ns = draws_.down.latency_ns();
  RttEstimator client = kernel_[kClientEnd].rtt, broker = kernel_[kBrokerEnd].rtt;
  const int64_t step = r.step, silence = r.silence, most_srtt = r.srtt, most_rttvar = r.rttvar;
  const int64_t client_min = r.min_rto[kClientEnd], broker_min = r.min_rto[kBrokerEnd];
  const size_t first = i;
  int64_t t0 = begin.ns, heard = session_.last_in.ns, wakes = session_.wakes.ns;
  int64_t last_rtt = 0, sum = 0;
  for (; i < end; ++i) {
    const size_t u = kShape == Shape::kSegments ? 2 * i : i;
    const int64_t up = up_ns[u], down = kShape == Shape::kLoneDatagram ? 0 : down_ns[i];
    const int64_t rtt = up + down;
    const int64_t arrives = t0 + up, next = t0 + step;
    int64_t back = 0;
    if constexpr (kTcp) {
      if (rtt > client.srtt_ns + client_min || client.srtt_ns > most_srtt ||
          broker.srtt_ns > most_srtt || client.rttvar_ns > most_rttvar ||
          broker.rttvar_ns > most_rttvar) {
        break;
      }
      if constexpr (kShape == Shape::kSegments) {
        back = down + up_ns[u + 1];
        if (back > broker.srtt_ns + broker_min) break;
      }
    } else if (rtt > r.round_trip) {
      break;
    }
    if constexpr (kExact) {
      if (arrives - heard > silence) break;
      int64_t later = wakes;
      while (later < next) later = (later >= arrives ? arrives : heard) + silence;
      if (later == next) break;
      wakes = later;
    } else {
      BrokerView b = session_;
      if (!BrokerBears(Instant{arrives}, packet, {Instant{next}, kNever}, Instant{next}, b)) break;
      NoteBroker(b);
      wakes = b.wakes.ns;
    }
    if constexpr (kTcp) client.AddOnePerRound(std::max<int64_t>(rtt, 1), client_min);
    if constexpr (kShape == Shape::kSegments) {
      broker.AddOnePerRound(std::max<int64_t>(back, 1), broker_min);
    }
    heard = arrives;
    sum += last_rtt = rtt;
    t0 = next;
  }
  if (i == first) return i;
  kernel_[kClientEnd].rtt = client;
  kernel_[kBrokerEnd].rtt = broker;
  const Instant out{t0 - step};
  *last = {out, Instant{heard}, out + Duration{last_rtt}, Instant{wakes}, Duration{sum}};
  return i;
}

size_t Stretch::PlainExchanges(Shape shape, const PlainRule& r, PacketType packet, Instant begin,
                               size_t i, size_t end, PlainEnd* last) {
  const auto run = [&](auto exact) {
    switch (shape) {
      case Shape::kSegments:
        return PlainExchanges<Shape::kSegments, exact>(r, packet, begin, i, end, last);
      case Shape::kLoneSegment:
        return PlainExchanges<Shape::kLoneSegment, exact>(r, packet, begin, i, end, last);
      case Shape::kDatagrams:
        return PlainExchanges<Shape::kDatagrams, exact>(r, packet, begin, i, end, last);
      case Shape::kLoneDatagram:
        break;
    }
    return PlainExchanges<Shape::kLoneDatagram, exact>(r, packet, begin, i, end, last);
  };
  return r.exact ? run(std::true_type{}) : run(std::false_type{});
}

// As many of the cycles from `i` on as keep within the plain rule. Returns the first that was not
// run. REQUIRES: the last cycle was of this stretch.
size_t Stretch::PlainCycles(size_t i) {
  PlainEnd last;
  const size_t n = PlainExchanges(tcp_ ? Shape::kSegments : Shape::kDatagrams, plain_,
                                  PacketType::kPingreq, t0_, i, i + PlainAhead(i), &last);
  if (n == i) return i;
  last_.out = last.out;
  last_.heard = last.heard;
  last_.answered = last.answered;
  NotePlainCycles(static_cast<int64_t>(n - i), last.wakes, last.rtt_sum);
  NotePlainKernels();
  return n;
}

}  // namespace keepsim::quiet
