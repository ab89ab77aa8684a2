// Cycles in which TCP repairs a loss, or acknowledges apart.
#include <iterator>

#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// A cycle in which the probe's exact time has to be known, and one with one of three additions, or
// several of them: the PINGREQ is lost and comes back by a tail loss probe; the broker's kernel
// acknowledges it apart, before the PINGRESP; the client's acknowledgement is lost, so that a probe
// brings the PINGRESP a second time. REQUIRES: repairs_, LookAhead() looked from here.
bool Stretch::RepairedCycle() {
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  KernelView client = kernel_[kClientEnd], broker = kernel_[kBrokerEnd];
  const int64_t* const up_ns = draws_.up.latency_ns();
  const int64_t* const down_ns = draws_.down.latency_ns();
  const auto lost = [&](int d, size_t at) {
    return d == kUp ? group_.up.loss.Hit(draws_.up.loss()[at])
                    : group_.down.loss.Hit(draws_.down.loss()[at]);
  };
  const auto kernel = [&](Instant t) { return host_.KernelNow(t); };
  const auto global = [&](Instant t) { return host_.Global(ClockKind::kMonotonic, t); };
  // No rule for a lost answer, or a lost acknowledgement of its own before it.
  if (lost(kDown, 0) || (!broker.interactive && lost(kDown, 1))) return Stop(StretchEnd::kLost);
  size_t u = 0, d = 0;
  Beyond b;
  Way way;
  way.out = t0_;
  const Instant k0 = kernel(t0_);
  const Instant next = t0_ + Duration{plain_.step};

  Instant sent = t0_, client_timer = client.ProbeAt(group_.tcp, k0);
  Instant gone = t0_ + client.TimerGone(group_.tcp);
  const bool request_lost = lost(kUp, u);
  if (request_lost) {
    const Instant probe = client.ProbeAt(group_.tcp, k0);
    ++u;
    if (client.probed || lost(kUp, u)) return Stop(StretchEnd::kLost);
    client_timer = InWheel(probe, client.Rto(group_.tcp));
    sent = global(probe);
    gone = global(client_timer);
    b.events += 1;
    b.segments[kUp] += 1;
    b.bytes[kUp] += kPingSize;
    b.lost[kUp] += 1;
    b.retransmitted[kUp] += 1;
  }
  way.heard = sent + Duration{up_ns[u++]};
  gone = std::max(gone, way.heard + broker.TimerGone(broker_.tcp));

  Instant acked_alone = kNever;
  if (!broker.interactive) {
    acked_alone = way.heard + Duration{down_ns[d++]};
    gone = std::max(gone, acked_alone);
    b.events += 1;
    b.segments[kDown] += 1;
  }
  way.answered = way.heard + Duration{down_ns[d++]};
  const Instant first_ack = std::min(acked_alone, way.answered);
  const Instant broker_probe = broker.ProbeAt(broker_.tcp, way.heard);
  if (kernel(first_ack) > client_timer || way.answered > broker_probe ||
      way.answered - way.out > Duration{plain_.wait}) {
    return Stop(StretchEnd::kLate);
  }

  Instant answered_last = way.answered, broker_sent = way.heard;
  const bool ack_lost = lost(kUp, u);
  if (ack_lost) {
    ++u;
    if (broker.probed || lost(kDown, d) || lost(kUp, u)) return Stop(StretchEnd::kLost);
    broker_sent = broker_probe;
    answered_last = broker_probe + Duration{down_ns[d++]};
    const Instant broker_timer = InWheel(broker_probe, broker.Rto(broker_.tcp));
    way.acked = answered_last + Duration{up_ns[u++]};
    if (way.acked > broker_timer) return Stop(StretchEnd::kLate);
    gone = std::max(gone, broker_timer);
    b.events += 2;
    b.segments[kUp] += 1;
    b.segments[kDown] += 1;
    b.bytes[kDown] += kPingSize;
    b.lost[kUp] += 1;
    b.retransmitted[kDown] += 1;
  } else {
    way.acked = way.answered + Duration{up_ns[u++]};
    if (way.acked > broker_probe) return Stop(StretchEnd::kLate);
  }
  gone = std::max(gone, way.acked);
  if (gone >= next) return Stop(StretchEnd::kLate);
  if (gone >= until_) return Stop(StretchEnd::kPending);

  const Instant k2 = kernel(way.answered), k_last = kernel(answered_last);
  if (k2 - client.received <= client.RtoAtMost() ||
      way.heard - broker.received <= broker.RtoAtMost() ||
      k0 - client.received < group_.tcp.delayed_ack) {
    return Stop(StretchEnd::kOther);
  }
  const Instant k_sent = kernel(sent);
  client.rtt.Add(std::max<int64_t>((kernel(first_ack) - k_sent).ns, 1), group_.tcp.min_rto.ns,
                 true);
  broker.rtt.Add(std::max<int64_t>((way.acked - broker_sent).ns, 1), broker_.tcp.min_rto.ns, true);
  // So that the next cycle may go by the plain rule.
  if (next - answered_last <= client.RtoAtMost() || next - way.heard <= broker.RtoAtMost() ||
      next - answered_last < group_.tcp.delayed_ack ||
      (plain_.radio > 0 && next - answered_last <= kRadioTail)) {
    return Stop(StretchEnd::kOther);
  }
  BrokerView session = session_;
  if (!BrokerBears(way.heard, next, session)) {
    session_.Restore(c_.session);
    return false;
  }

  session_ = BrokerView(c_.session, session.wakes);
  session_.ticks = session.ticks;
  client.NoteCycle(k_sent, k_last, broker_sent, kMaxQuickAcks - 1);
  broker.NoteCycle(broker_sent, way.heard, k_last,
                   broker.interactive ? kMaxQuickAcks : kMaxQuickAcks - 1);
  client.repeated = client.probed = request_lost;
  broker.repeated = ack_lost;
  broker.interactive = true;
  kernel_[kClientEnd] = client;
  kernel_[kBrokerEnd] = broker;
  beyond_.Add(b);
  lost_[kClientEnd] = ack_lost ? 1 : 0;
  lost_[kBrokerEnd] = 0;
  const Instant local = host_.SessionNow(way.out);
  if (host_.last_packet_out != kLongAgo) {
    host_.longest_silence = std::max(host_.longest_silence, local - host_.last_packet_out);
  }
  host_.last_packet_out = local;
  TouchRadio({way.out, sent, first_ack});
  Instant touches[] = {way.answered, acked_alone == kNever ? way.answered : acked_alone,
                       answered_last};
  std::sort(std::begin(touches), std::end(touches));
  TouchRadio({touches[0], touches[1], touches[2]});
  NotePing(group_.profile, host_.session, local);
  NoteAnswer(group_.profile, host_.session, host_.SessionNow(way.answered));
  host_.ping_rtt_sum += way.answered - way.out;
  ++out_.cycles;
  last_ = way;
  waits_to_ = plain_.wait == kNever.ns ? kNever : way.out + Duration{plain_.wait};
  t0_ = next;
  return true;
}

}  // namespace keepsim::quiet
