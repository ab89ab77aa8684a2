#include "sim/world/quiet_stretch.h"

#include <algorithm>

#include "sim/world/stretch_runner.h"
#include "sim/world/tcp_exchange.h"

namespace keepsim {
namespace quiet {

// What ArmClient() would arm.
Instant Stretch::ClientWakes(Instant now, uint64_t loop_draw) const {
  const Instant local = ConnectedDeadline(group_.profile, host_.session);
  Instant when = host_.Global(group_.profile.clock, local);
  if (when == kNever) return when;
  if (group_.profile.loop_delay_max.ns > 0) {
    when += UniformUpTo(group_.profile.loop_delay_max,
                        host_.luck.Draw64(Purpose::kLoopDelay, loop_draw));
  }
  return std::max(when, now);
}

// The broker's timer up to `limit`, exclusive. False if the client would be declared gone.
bool Stretch::BrokerRunsTo(BrokerView& b, Instant limit) {
  const BrokerProfile& p = broker_.profile;
  BrokerSession& s = c_.session;
  while (b.wakes < limit) {
    const Instant due = NextDeadline(p, s);
    if (due > b.wakes) {
      b.wakes = due;
      continue;
    }
    const bool compares =
        p.mechanism == CheckMechanism::kScan || p.mechanism == CheckMechanism::kTickCompare;
    if (compares && s.next_tick == b.wakes) {
      // All looks up to `limit` see the same silence grow.
      const int64_t n = (limit - b.wakes + s.period - Nanoseconds(1)) / s.period;
      if (FirstExcess(p, s) <= b.wakes + s.period * (n - 1)) return false;
      b.ticks += n;
      b.wakes = s.next_tick = b.wakes + s.period * n;
      continue;
    }
    if (Check(p, s, b.wakes)) return false;
    ++b.ticks;
    b.wakes = NextDeadline(p, s);
  }
  return true;
}

// The broker's session up to what the client does next, or to `until`, which notes the packet at
// `handled`. False if it would act on the client's silence, or its timer is due with the client's;
// the session is then as it was.
bool Stretch::BrokerBears(Instant handled, PacketType packet, const ClientTimer& client,
                          Instant until, BrokerView& session) {
  if (BrokerRunsThrough(handled, packet, std::min(client.next, until), session)) {
    if (!Tied(session.wakes, client)) return true;
    Stop(StretchEnd::kTie);
  }
  session_.Restore(c_.session);
  return false;
}

bool Stretch::BrokerRunsThrough(Instant handled, PacketType packet, Instant end,
                                BrokerView& session) {
  if (!BrokerRunsTo(session, handled)) return Stop(StretchEnd::kLate);
  NoteActivity(broker_.profile, c_.session, handled, packet);
  const Instant due = NextDeadline(broker_.profile, c_.session);
  if (session.wakes == kNever) session.wakes = due;
  if (due < session.wakes) return Stop(StretchEnd::kOther);
  return BrokerRunsTo(session, end) || Stop(StretchEnd::kLate);
}

// Nothing of either kernel acts but as the exchange has it, and all of its wake-ups for nothing are
// over before the next one, and before `until`. Without an answer the broker's kernel acknowledges
// at `way.handled`.
bool Stretch::TcpIsQuiet(const Way& way, bool answered, Instant next, Instant until) {
  const TcpConfig& client = group_.tcp;
  const TcpConfig& broker = broker_.tcp;
  const Instant k0 = host_.KernelNow(way.out);
  const Instant k2 = host_.KernelNow(way.answered);
  if (k2 - k0 > kernel_[kClientEnd].Patience(client)) return Stop(StretchEnd::kLate);
  if (answered && (way.acked - way.handled > kernel_[kBrokerEnd].Patience(broker) ||
                   // Else its acknowledgement does not wait for the answer.
                   way.handled - way.heard >= broker.delayed_ack)) {
    return Stop(StretchEnd::kLate);
  }
  // Data after so long a gap is acknowledged at once (quick ACK mode is entered), and sent after
  // so long a one does not make the client's end interactive.
  if ((answered && k2 - kernel_[kClientEnd].received <= kernel_[kClientEnd].RtoAtMost()) ||
      way.heard - kernel_[kBrokerEnd].received <= kernel_[kBrokerEnd].RtoAtMost() ||
      k0 - kernel_[kClientEnd].received < client.delayed_ack) {
    return Stop(StretchEnd::kOther);
  }
  Instant gone = std::max(way.out + kernel_[kClientEnd].TimerGone(client), way.acked);
  if (answered) gone = std::max(gone, way.handled + kernel_[kBrokerEnd].TimerGone(broker));
  if (way.handled > way.heard) gone = std::max(gone, way.heard + TimerAtMost(broker.delayed_ack));
  if (gone >= next) return Stop(StretchEnd::kLate);
  return gone < until || Stop(StretchEnd::kPending);
}

// Whether what the client does now is a PINGREQ.
bool Stretch::MayPing() {
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  const ClientSession& s = host_.session;
  return group_.profile.ping_when != PingWhen::kCounterTick || !s.counted ||
         s.sends == s.sends_at_tick || Stop(StretchEnd::kOther);
}

// The client's session through the cycle.
Stretch::ClientTimer Stretch::MoveClient(Instant out, Instant answered) {
  const ClientProfile& p = group_.profile;
  ClientSession& s = host_.session;
  const uint64_t next_loop_draw = NextLoopDraw();
  NotePing(p, s, host_.SessionNow(out));
  const Instant waits_to = ClientWakes(out, next_loop_draw);
  NoteAnswer(p, s, host_.SessionNow(answered));
  return {ClientWakes(answered, next_loop_draw), waits_to};
}

bool Stretch::ClientBears(const ClientTimer& timer, Instant answered, Instant acked) {
  if (timer.waits_to < answered) return Stop(StretchEnd::kLate);
  if (timer.next == kNever || timer.next <= acked) return Stop(StretchEnd::kOther);
  return out_.overtaken_count < QuietStretch::kMaxOvertaken || Stop(StretchEnd::kOther);
}

// The cycle happens. What it does to kernels and radio is up to the caller.
void Stretch::Commit(const Trial& t) {
  host_.ping_rtt_sum += t.way.answered - t.way.out;
  ++out_.cycles;
  last_ = t.way;
  NoteOvertaken(t.client.waits_to, t.client.next);
  NoteExchange(t);
  NoteClientSends(host_.SessionNow(t.way.out));
  // Whether the client waited as the rule has it, and the next one comes when it has that.
  const bool waits = waits_to_ == kNever ? plain_.wait == kNever.ns
                                         : waits_to_ - t.way.out == Duration{plain_.wait};
  asks_all_ = (plain_.fixed && !waits) || !Follows(plain_, t.way.acked, t0_);
  tells_all_ = true;
}

void Stretch::NoteExchange(const Trial& t) {
  NoteBroker(t.session);
  path_ = t.path;
  waits_to_ = t.client.waits_to;
  t0_ = t.client.next;
}

void Stretch::NoteClientSends(Instant local) {
  if (host_.last_packet_out != kLongAgo) {
    host_.longest_silence = std::max(host_.longest_silence, local - host_.last_packet_out);
  }
  host_.last_packet_out = local;
}

bool Stretch::Cycle(size_t i) {
  if (!MayPing()) return false;
  Trial t = NewTrial();
  const Way& way = t.way;
  if (!FindWay(i, t0_, t.way, t.path)) return Stop(StretchEnd::kLost);
  if (way.acked >= until_) return Stop(StretchEnd::kPending);
  if (!PassMiddlebox(way, /*answered=*/true, &t.path.mapping_used)) return Stop(StretchEnd::kOther);
  if (!AcknowledgesAsUsual()) return Stop(StretchEnd::kOther);

  const ClientView client_before(host_.session);
  t.client = MoveClient(way.out, way.answered);
  if (!ClientBears(t.client, way.answered, way.acked) ||
      (tcp_ && !TcpIsQuiet(way, /*answered=*/true, t.client.next, until_)) ||
      !BrokerBears(way.handled, PacketType::kPingreq, t, until_)) {
    client_before.Restore(host_.session);
    return false;
  }

  if (tcp_) {
    KernelView* const k = kernel_;
    const Instant k0 = host_.KernelNow(way.out);
    const Instant k2 = host_.KernelNow(way.answered);
    NoteSample(kClientEnd, k2 - k0);
    NoteSample(kBrokerEnd, way.acked - way.handled);
    k[kClientEnd].NoteCycle(k0, k2, way.handled, kMaxQuickAcks - 1, kPingSize);
    k[kBrokerEnd].NoteCycle(way.handled, way.heard, k2, kMaxQuickAcks, kPingSize);
  }
  TouchRadio({way.out, way.answered});
  lost_[kClientEnd] = lost_[kBrokerEnd] = 0;
  Commit(t);
  return true;
}

// The cycles from the `i`th on that LookAhead() looked at, as far as one rule goes. Returns the
// first that was not run.
size_t Stretch::ByRule(size_t i) {
  // The first cycle of a stretch is asked everything.
  if (!plain_.applies || asks_all_ || i >= lost_at_) return i;
  if (!AcknowledgesAsUsual()) return i;
  if (!plain_.fixed) return SteadyCycles(i);
  if (!tcp_) return PlainCycles(i);
  return IsSettled() ? SettledCycles(i) : PlainCycles(i);
}

// As many cycles as LookAhead() looked at, or to the first that makes it look anew. False: the
// stretch is over.
bool Stretch::Window() {
  size_t i = 0;
  while (i < reach_) {
    const size_t begin = i;
    i = ByRule(i);
    if (i > begin) continue;
    if (mends_ && kernel_[kClientEnd].interactive && CycleAfterAnswer(i)) return true;
    if (repairs_) {
      if (2 * i + kMostUp > up_reach_ || i + kMostDown > down_reach_) {
        LookAhead();
        i = 0;
      }
      if (RepairedCycle(i)) return true;
    }
    const bool odd = repairs_ && (i >= lost_at_ || !AcknowledgesAsUsual());
    if (odd || !Cycle(i)) return mends_ && MayBeRepaired() && KernelsCycle(i);
    ++i;
  }
  return true;
}

QuietStretch Stretch::Run() {
  while (true) {
    // A message ends the cycles as anything else does.
    const Instant due = NextMessageDue();
    until_ = std::min(end_, due);
    out_.end = StretchEnd::kPending;
    if (t0_ < until_) {
      do {
        LookAhead();
      } while (Window());
    }
    if (due >= end_ || t0_ < due) break;
    Message m;
    if (!FindMessage(due, &m) || !(PlainMessages(m) || MessageCycle(m))) break;
  }
  if (out_.cycles + out_.messages > 0) Finish();
  return out_;
}

}  // namespace quiet

namespace {

bool IsQuiet(const Exchanges& e) { return e.in_flight() == 0 && e.waiting == 0 && e.resend == 0; }

bool IsQuiet(const End& e) {
  return e.kernel && e.app && e.established && e.pending_close == CloseReason::kNone &&
         e.armed == kNever;
}

}  // namespace

bool IsQuiet(const Host& host, const Connection& c) {
  if (!host.running() || !host.reachable() || host.cut[kUp] > 0 || host.cut[kDown] > 0) {
    return false;
  }
  const ClientSession& s = host.session;
  if (c.unhandled > 0) return false;
  if (s.state != ClientState::kConnected || s.ping_pending || s.phase_deadline != kNever ||
      !IsQuiet(s.exchanges)) {
    return false;
  }
  const BrokerSession& b = c.session;
  if (b.state != BrokerState::kConnected || b.expired || b.suspects || b.send_on_at != kNever ||
      !IsQuiet(b.exchanges)) {
    return false;
  }
  for (const int d : {kUp, kDown}) {
    if (!c.queue[d].empty()) return false;
  }
  if (!IsQuiet(c.end[kClientEnd]) && host.group->transport == Transport::kTcp) return false;
  if (host.group->middlebox.enabled && (!c.middlebox.mapped || c.middlebox.gone_at != kNever)) {
    return false;
  }
  if (host.group->transport == Transport::kDatagram) {
    return c.end[kClientEnd].app && c.end[kBrokerEnd].app && c.end[kBrokerEnd].kernel;
  }
  return IsQuiet(c.end[kBrokerEnd]) && quiet::IsQuiet(c.end[kClientEnd].tcp) &&
         quiet::IsQuiet(c.end[kBrokerEnd].tcp);
}

QuietStretch RunThrough(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                        Instant acts, Instant until, bool messages, DrawsAhead& draws) {
  return quiet::Stretch(broker, host, c, now, acts, until, messages, draws).Run();
}

Instant PingArrives(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                    DrawsAhead& draws) {
  return quiet::Stretch(broker, host, c, now, now, kNever, false, draws).FirstArrives();
}

QuietStretch RunThroughOne(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                           Instant until, DrawsAhead& draws, Instant handled) {
  return quiet::Stretch(broker, host, c, now, now, until, false, draws).RunOne(handled);
}

void LookForTurns(const BrokerPlan& broker, Host& host, Connection& c, Instant now, Instant until,
                  DrawsAhead& draws, Duration patience, QuietTurns* turns) {
  turns->Clear();
  quiet::Stretch(broker, host, c, now, now, until, false, draws).LookForTurns(patience, turns);
}

QuietStretch RunThroughTurns(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                             Instant until, DrawsAhead& draws, const QuietTurns& turns) {
  return quiet::Stretch(broker, host, c, now, now, until, false, draws).RunTurns(turns);
}

}  // namespace keepsim
