#include "sim/world/quiet_stretch.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "sim/net/tcp.h"

namespace keepsim {
namespace {

constexpr uint32_t kPingSize = 2;  // PINGREQ, PINGRESP
// Transmissions of one cycle, repairs included.
constexpr size_t kMostUp = 4, kMostDown = 3;

bool IsQuiet(const Exchanges& e) { return e.out_count == 0 && e.waiting == 0 && e.resend == 0; }

bool IsQuiet(const TcpEndpoint& e) {
  return e.state == TcpState::kEstablished && TcpAllAcked(e) && !e.owes_ack && !e.fin_queued &&
         !e.peer_fin && !e.in_recovery && e.backoff == 0 && e.ooo_start == e.ooo_end &&
         e.srtt.ns > 0 && e.last_received_at != kLongAgo && TcpNextDeadline(e) == kNever;
}

bool IsQuiet(const End& e) {
  return e.kernel && e.app && e.established && e.pending_close == CloseReason::kNone &&
         e.armed == kNever;
}

// The ping's part in a client's session; CheckKeepAlive() and SendPing() of client_session.cc.
void NotePing(const ClientProfile& p, ClientSession& s, Instant now) {
  ++s.sends;
  s.last_out = s.ping_sent = now;
  s.look_from = now + Nanoseconds(1);
  s.ping_pending = true;
  if (p.ping_resets_both) s.last_in = now;
  if (p.ping_when == PingWhen::kAlways || p.ping_when == PingWhen::kCounterTick) {
    s.tick_origin = now;
    s.sends_at_tick = s.sends;
    s.counted = true;
  }
}

void NoteAnswer(ClientSession& s, Instant now) {
  s.last_in = s.look_from = now;
  s.ping_pending = false;
}

// What a broker's session goes by, and when its timer is armed for.
struct BrokerView {
  Instant last_in, next_tick;
  uint32_t idle;
  bool active;
  Instant wakes;
  int64_t ticks = 0;  // wake-ups at which it looked

  BrokerView(const BrokerSession& s, Instant armed)
      : last_in(s.last_in),
        next_tick(s.next_tick),
        idle(s.idle),
        active(s.active_since_tick),
        wakes(armed) {}
  void Restore(BrokerSession& s) const {
    s.last_in = last_in;
    s.next_tick = next_tick;
    s.idle = idle;
    s.active_since_tick = active;
  }
};

// A client's session up to where it can be put back.
struct ClientView {
  explicit ClientView(const ClientSession& s)
      : sends(s.sends),
        sends_at_tick(s.sends_at_tick),
        counted(s.counted),
        last_out(s.last_out),
        last_in(s.last_in),
        ping_sent(s.ping_sent),
        look_from(s.look_from),
        tick_origin(s.tick_origin) {}
  void Restore(ClientSession& s) const {
    s.sends = sends;
    s.sends_at_tick = sends_at_tick;
    s.counted = counted;
    s.last_out = last_out;
    s.last_in = last_in;
    s.ping_sent = ping_sent;
    s.look_from = look_from;
    s.tick_origin = tick_origin;
    s.ping_pending = false;
  }
  uint32_t sends, sends_at_tick;
  bool counted;
  Instant last_out, last_in, ping_sent, look_from, tick_origin;
};

// One kernel's end between two cycles.
struct KernelView {
  RttEstimator rtt;
  Instant received;          // data, last: its own clock
  Instant sent;              // likewise
  Instant echo;              // time stamp of the peer seen last: the peer's clock
  bool repeated = false;     // what was sent last was sent twice
  bool probed = false;       // and its probe is not yet told from the original
  bool interactive = false;  // answers carry ACKs: none goes alone
  uint8_t quick_acks = 0;

  KernelView(const TcpEndpoint& e)
      : rtt(EstimatorOf(e)),
        received(e.last_received_at),
        sent(e.last_sent_at),
        echo(e.ts_recent),
        probed(e.probed),
        interactive(e.interactive),
        quick_acks(e.quick_acks) {}

  // An exchange in which nothing was lost. Quick acknowledgements are refilled by each packet; the
  // client's end has spent one on its answer.
  void NoteCycle(Instant sent_at, Instant received_at, Instant seen, int quick) {
    sent = sent_at;
    received = received_at;
    echo = seen;
    repeated = probed = false;
    quick_acks = static_cast<uint8_t>(quick);
  }

  // When the probe leaves that is set at `now`, for the only segment on its way.
  Instant ProbeAt(const TcpConfig& config, Instant now) const {
    return std::min(InWheel(now, Duration{2 * rtt.srtt_ns} + config.min_rto),
                    InWheel(now, Rto(config)));
  }
  Duration Rto(const TcpConfig& config) const {
    return std::min(InJiffies({rtt.srtt_ns + rtt.rttvar_ns}), config.max_rto);
  }

  // No less than the retransmission time-out.
  Duration RtoAtMost() const { return {rtt.srtt_ns + rtt.rttvar_ns + kJiffy.ns}; }
  // A round trip no longer than this ends before the probe or the retransmission could be sent.
  Duration Patience(const TcpConfig& config) const {
    Duration d = std::min(Duration{rtt.srtt_ns} + config.min_rto, config.max_rto);
    return config.user_timeout.ns > 0 ? std::min(d, config.user_timeout) : d;
  }
  // After that long a timer set when something was sent has woken up, if for nothing.
  Duration TimerGone(const TcpConfig& config) const {
    const Duration wait =
        config.tail_loss_probe ? Duration{2 * rtt.srtt_ns} + config.min_rto : RtoAtMost();
    return wait * 5 / 4 + Milliseconds(20);  // the timer wheel is late by an eighth at most
  }
};

// What most stretches have in common: a PINGREQ at a fixed step after the last, a path without
// bursts, a broker with an exact timer. Cycles that keep within these bounds need few questions.
struct PlainRule {
  bool applies = false;
  int64_t step = 0;     // from PINGREQ to PINGREQ
  int64_t wait = 0;     // for PINGRESP, from PINGREQ; kNever: without end
  int64_t silence = 0;  // that the broker bears, at most
  int64_t min_rto[2] = {0, 0};
  // As long as SRTT and RTTVAR are no larger and a round trip no longer than SRTT + min_rto, every
  // wake-up for nothing is over before the next cycle, and each gap is longer than an RTO.
  int64_t srtt = 0;
  int64_t rttvar = 0;
  int64_t radio = 0;  // wake-ups per cycle
};

constexpr Duration kPlainSrtt = Milliseconds(1500);

bool IsPlain(const DirectionSpec& d) { return !d.burst.enabled && !d.keep_order; }

bool IsPlain(const TcpConfig& t, Duration longest) {
  return t.tail_loss_probe && t.max_rto > longest &&
         (t.user_timeout.ns == 0 || t.user_timeout > longest);
}

bool IsPlain(const ClientProfile& p, const ClientSession& s) {
  return p.ping_when == PingWhen::kOutSilent && s.tick.ns == 0 && !p.whole_seconds &&
         p.loop_delay_max.ns == 0 && p.one_ping_at_a_time &&
         (p.wait_rule == WaitRule::kAfterPing || p.wait_rule == WaitRule::kIgnored);
}

PlainRule PlainRuleOf(const BrokerPlan& broker, const Host& host, const Connection& c) {
  PlainRule r;
  const GroupPlan& g = *host.group;
  const ClientSession& s = host.session;
  const BrokerProfile& b = broker.profile;
  if (!IsPlain(g.up) || !IsPlain(g.down) || g.middlebox.enabled || !host.degrades[kUp].empty() ||
      !host.degrades[kDown].empty() || host.oscillator.drift_ppb != 0 || !IsPlain(g.profile, s) ||
      b.mechanism != CheckMechanism::kExactTimer || b.whole_seconds ||
      c.session.keep_alive.ns == 0) {
    return r;
  }
  r.step = s.ping_after.ns;
  r.wait = g.profile.wait_rule == WaitRule::kIgnored ? kNever.ns : s.pingresp_wait.ns;
  r.silence = c.session.limit.ns + (b.strict ? 1 : 0);
  Duration longest = Duration{std::min(r.step, r.wait)};  // a round trip
  if (g.transport == Transport::kTcp) {
    r.min_rto[kClientEnd] = g.tcp.min_rto.ns;
    r.min_rto[kBrokerEnd] = broker.tcp.min_rto.ns;
    const int64_t min_rto = std::max(g.tcp.min_rto, broker.tcp.min_rto).ns;
    // A PINGREQ takes up to SRTT + min_rto; then TimerGone() has to fit into the step.
    r.srtt = std::min((r.step - min_rto * 9 / 4 - Milliseconds(30).ns) * 2 / 7, kPlainSrtt.ns);
    longest = Duration{r.srtt + min_rto};
    r.rttvar = r.step - longest.ns - r.srtt - kJiffy.ns - 1;
    if (r.srtt <= 0 || r.rttvar <= 0 || !IsPlain(g.tcp, longest) || !IsPlain(broker.tcp, longest) ||
        r.step - longest.ns < g.tcp.delayed_ack.ns) {
      return r;
    }
  }
  if (r.wait < longest.ns || (r.wait > r.step && r.wait != kNever.ns)) return r;
  if (r.step > kRadioTail.ns) {
    r.radio = 1;
    if (r.step - longest.ns <= kRadioTail.ns || longest > kRadioTail) return r;
  }
  r.applies = true;
  return r;
}

// What cycles with a repair have beyond the others, by direction.
struct Beyond {
  int64_t events = 0;
  int64_t segments[2] = {0, 0};
  int64_t bytes[2] = {0, 0};  // in them, without headers
  int64_t lost[2] = {0, 0};
  int64_t retransmitted[2] = {0, 0};

  void Add(const Beyond& b) {
    events += b.events;
    for (int d = 0; d < 2; ++d) {
      segments[d] += b.segments[d];
      bytes[d] += b.bytes[d];
      lost[d] += b.lost[d];
      retransmitted[d] += b.retransmitted[d];
    }
  }
};

class Stretch {
 public:
  Stretch(const BrokerPlan& broker, Host& host, Connection& c, Instant now, Instant until,
          DrawsAhead& draws)
      : broker_(broker),
        host_(host),
        group_(*host.group),
        c_(c),
        until_(until),
        tcp_(group_.transport == Transport::kTcp),
        plain_(PlainRuleOf(broker, host, c)),
        draws_(draws),
        repairs_(plain_.applies && tcp_ && group_.tcp.user_timeout.ns == 0 &&
                 broker.tcp.user_timeout.ns == 0),
        session_(c.session, c.session_armed),
        kernel_{KernelView(c.end[kClientEnd].tcp), KernelView(c.end[kBrokerEnd].tcp)},
        burst_{host.path[kUp].burst, host.path[kDown].burst},
        last_arrival_{host.path[kUp].last_arrival, host.path[kDown].last_arrival},
        mapping_used_(c.middlebox.last_use),
        t0_(now) {}

  QuietStretch Run();

 private:
  // The packets of one cycle: instants and draws.
  struct Way {
    Instant out, heard, answered, acked;
  };
  bool Stop(StretchEnd why) {
    out_.end = why;
    return false;
  }
  bool Carry(int direction, uint64_t index, uint64_t loss_draw, Duration latency, Instant at,
             BurstState& burst, Instant& last_arrival, Instant* arrives) const;
  void LookAhead();
  bool FindWay(size_t i, Way& way, BurstState burst[2], Instant last_arrival[2]) const;
  bool PassMiddlebox(const Way& way, Instant* last_use) const;
  Instant ClientWakes(Instant now, uint64_t loop_draw) const;
  bool BrokerRunsTo(BrokerView& b, Instant limit);
  bool TcpIsQuiet(const Way& way, Instant next, Instant over);
  bool Cycle(size_t i);
  template <bool kTcp, bool kSettled>
  size_t PlainCycles(size_t i);
  bool IsSettled(size_t cycles) const;
  bool RepairedCycle();
  bool BrokerBears(Instant heard, Instant next, BrokerView& session);
  void TouchRadio(std::initializer_list<Instant> touches);
  void NoteOvertaken(Instant wake, Instant next);
  void DropOvertaken(Instant now);
  void Finish();
  void FinishTcp(End& end, EndIndex at);

  const BrokerPlan& broker_;
  Host& host_;
  const GroupPlan& group_;
  Connection& c_;
  const Instant until_;
  const bool tcp_;
  const PlainRule plain_;
  DrawsAhead& draws_;
  uint64_t up_first_ = 0, down_first_ = 0;  // transmissions that LookAhead() looked from
  size_t reach_ = 0, lost_at_ = 0;
  const bool repairs_;  // RepairedCycle() may be asked
  Beyond beyond_;
  uint16_t lost_ = 0;  // the client's transmissions since the broker last read from it

  QuietStretch out_;
  BrokerView session_;
  KernelView kernel_[2];
  BurstState burst_[2];
  Instant last_arrival_[2];
  Instant mapping_used_;
  Instant t0_;                 // the next cycle begins
  Way last_{};                 // the last cycle's
  Instant waits_to_ = kNever;  // the client's timer after the last ping
};

bool Stretch::Carry(int d, uint64_t index, uint64_t loss_draw, Duration latency, Instant at,
                    BurstState& burst, Instant& last_arrival, Instant* arrives) const {
  const DirectionSpec& spec = d == kUp ? group_.up : group_.down;
  const Degrade* degrade = host_.degrades[d].empty() ? nullptr : &host_.degrade[d];
  const Fate fate =
      FateOf(spec, burst, host_.luck, d == kUp ? Purpose::kSegmentUp : Purpose::kSegmentDown,
             d == kUp ? Purpose::kBurstUp : Purpose::kBurstDown, degrade, at, index, loss_draw);
  if (fate != Fate::kDelivered) return false;
  *arrives = at + latency;
  if (degrade != nullptr) *arrives += degrade->extra_latency;
  if (spec.keep_order) *arrives = last_arrival = std::max(*arrives, last_arrival);
  return true;
}

// How many cycles the draws reach, and how many of them lose nothing independently.
void Stretch::LookAhead() {
  const size_t per_cycle = tcp_ ? 2 : 1;
  const uint64_t n = static_cast<uint64_t>(out_.cycles);
  up_first_ =
      host_.path[kUp].transmissions + per_cycle * n + static_cast<uint64_t>(beyond_.segments[kUp]);
  down_first_ =
      host_.path[kDown].transmissions + n + static_cast<uint64_t>(beyond_.segments[kDown]);
  DrawWindow& up = draws_.window[kUp];
  DrawWindow& down = draws_.window[kDown];
  reach_ =
      std::min(up.Reach(group_.up, host_.luck, Purpose::kSegmentUp, up_first_, kMostUp) / per_cycle,
               down.Reach(group_.down, host_.luck, Purpose::kSegmentDown, down_first_, kMostDown));
  lost_at_ = std::min({reach_, up.FirstLost() / per_cycle, down.FirstLost()});
}

// The packets of the cycle that is `i` cycles ahead of where LookAhead() looked from.
bool Stretch::FindWay(size_t i, Way& way, BurstState burst[2], Instant last_arrival[2]) const {
  const size_t u = tcp_ ? 2 * i : i;
  const auto carry = [&](int d, size_t at, Instant from, Instant* to) {
    const DrawWindow& w = draws_.window[d];
    return Carry(d, (d == kUp ? up_first_ : down_first_) + at, w.loss()[at],
                 Duration{w.latency_ns()[at]}, from, burst[d], last_arrival[d], to);
  };
  way.out = t0_;
  if (!carry(kUp, u, way.out, &way.heard) || !carry(kDown, i, way.heard, &way.answered)) {
    return false;
  }
  way.acked = way.answered;
  return !tcp_ || carry(kUp, u + 1, way.answered, &way.acked);
}

// PassOutbound() and PassInbound() of a mapping that lives on; false if it does not.
bool Stretch::PassMiddlebox(const Way& way, Instant* last_use) const {
  const MiddleboxSpec& m = group_.middlebox;
  if (!m.enabled) return true;
  if (way.out - *last_use > m.idle_timeout) return false;
  *last_use = way.out;
  if (way.answered - *last_use > m.idle_timeout) return false;
  if (m.inbound_refreshes || tcp_) *last_use = way.answered;
  return true;
}

// What ArmClient() would arm.
Instant Stretch::ClientWakes(Instant now, uint64_t loop_draw) const {
  const Instant local = NextDeadline(host_.params, host_.session);
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

// The broker's session up to the cycle's end. False if it would act on the client's silence, or in
// the very instant of the next PINGREQ.
bool Stretch::BrokerBears(Instant heard, Instant next, BrokerView& session) {
  if (!BrokerRunsTo(session, heard)) return Stop(StretchEnd::kLate);
  NoteActivity(broker_.profile, c_.session, heard, PacketType::kPingreq);
  const Instant due = NextDeadline(broker_.profile, c_.session);
  if (session.wakes == kNever) session.wakes = due;
  if (due < session.wakes) return Stop(StretchEnd::kOther);
  if (!BrokerRunsTo(session, std::min(next, until_))) return Stop(StretchEnd::kLate);
  return session.wakes != next || Stop(StretchEnd::kTie);
}

// In the order in which they come.
void Stretch::TouchRadio(std::initializer_list<Instant> touches) {
  for (const Instant at : touches) {
    if (at - host_.radio_last > kRadioTail) ++host_.radio_wakeups;
    host_.radio_last = at;
  }
}

// Nothing of either kernel acts but as the cycle has it, and all of its wake-ups for nothing are
// over before the next cycle, and before `over`.
bool Stretch::TcpIsQuiet(const Way& way, Instant next, Instant over) {
  const TcpConfig& client = group_.tcp;
  const TcpConfig& broker = broker_.tcp;
  const Instant k0 = host_.KernelNow(way.out);
  const Instant k2 = host_.KernelNow(way.answered);
  if (k2 - k0 > kernel_[kClientEnd].Patience(client) ||
      way.acked - way.heard > kernel_[kBrokerEnd].Patience(broker)) {
    return Stop(StretchEnd::kLate);
  }
  // Data after so long a gap is acknowledged at once (quick ACK mode is entered), and sent after
  // so long a one does not make the client's end interactive.
  if (k2 - kernel_[kClientEnd].received <= kernel_[kClientEnd].RtoAtMost() ||
      way.heard - kernel_[kBrokerEnd].received <= kernel_[kBrokerEnd].RtoAtMost() ||
      k0 - kernel_[kClientEnd].received < client.delayed_ack) {
    return Stop(StretchEnd::kOther);
  }
  const Instant gone = std::max({way.out + kernel_[kClientEnd].TimerGone(client),
                                 way.heard + kernel_[kBrokerEnd].TimerGone(broker), way.acked});
  if (gone >= next) return Stop(StretchEnd::kLate);
  if (gone >= over) return Stop(StretchEnd::kPending);
  return true;
}

bool Stretch::Cycle(size_t i) {
  const ClientProfile& p = group_.profile;
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  Way way;
  BurstState burst[2] = {burst_[kUp], burst_[kDown]};
  Instant last_arrival[2] = {last_arrival_[kUp], last_arrival_[kDown]};
  Instant mapping_used = mapping_used_;
  if (!FindWay(i, way, burst, last_arrival)) return Stop(StretchEnd::kLost);
  if (way.acked >= until_) return Stop(StretchEnd::kPending);
  ClientSession& client = host_.session;
  if (p.ping_when == PingWhen::kCounterTick && client.counted &&
      client.sends != client.sends_at_tick) {
    return Stop(StretchEnd::kOther);
  }
  if (!PassMiddlebox(way, &mapping_used)) return Stop(StretchEnd::kOther);
  if (tcp_ && !kernel_[kBrokerEnd].interactive) return Stop(StretchEnd::kOther);

  const ClientView client_before(client);
  const uint64_t next_loop_draw =
      host_.loop_draws + (p.loop_delay_max.ns > 0 ? static_cast<uint64_t>(out_.cycles) + 1 : 0);
  NotePing(p, client, host_.SessionNow(way.out));
  const Instant waits_to = ClientWakes(way.out, next_loop_draw);
  NoteAnswer(client, host_.SessionNow(way.answered));
  const Instant next = ClientWakes(way.answered, next_loop_draw);

  BrokerView session = session_;
  const auto judge = [&] {
    if (waits_to < way.answered) return Stop(StretchEnd::kLate);
    if (next == kNever || next <= way.acked) return Stop(StretchEnd::kOther);
    if (tcp_ && !TcpIsQuiet(way, next, until_)) return false;
    if (!BrokerBears(way.heard, next, session)) return false;
    if (out_.overtaken_count == QuietStretch::kMaxOvertaken) return Stop(StretchEnd::kOther);
    return true;
  };
  if (!judge()) {
    client_before.Restore(client);
    session_.Restore(c_.session);
    return false;
  }

  session_ = BrokerView(c_.session, session.wakes);
  session_.ticks = session.ticks;
  for (int d = 0; d < 2; ++d) {
    burst_[d] = burst[d];
    last_arrival_[d] = last_arrival[d];
  }
  mapping_used_ = mapping_used;
  if (tcp_) {
    KernelView* const k = kernel_;
    const Instant k0 = host_.KernelNow(way.out);
    const Instant k2 = host_.KernelNow(way.answered);
    k[kClientEnd].rtt.Add(std::max<int64_t>((k2 - k0).ns, 1), group_.tcp.min_rto.ns, true);
    k[kBrokerEnd].rtt.Add(std::max<int64_t>((way.acked - way.heard).ns, 1), broker_.tcp.min_rto.ns,
                          true);
    k[kClientEnd].NoteCycle(k0, k2, way.heard, kMaxQuickAcks - 1);
    k[kBrokerEnd].NoteCycle(way.heard, way.heard, k2, kMaxQuickAcks);
  }
  const Instant local = host_.SessionNow(way.out);
  if (host_.last_packet_out != kLongAgo) {
    host_.longest_silence = std::max(host_.longest_silence, local - host_.last_packet_out);
  }
  host_.last_packet_out = local;
  TouchRadio({way.out, way.answered});
  lost_ = 0;
  host_.ping_rtt_sum += way.answered - way.out;
  ++out_.cycles;
  last_ = way;
  NoteOvertaken(waits_to, next);
  waits_to_ = waits_to;
  t0_ = next;
  return true;
}

// Whether RTTVAR can only fall at both ends, and SRTT stays within the plain rule, for so many
// cycles or until a deviation rises above min_rto.
bool Stretch::IsSettled(size_t cycles) const {
  for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
    const RttEstimator& rtt = kernel_[at].rtt;
    const int64_t rise = plain_.min_rto[at] / 8 * static_cast<int64_t>(cycles);
    if (rtt.mdev_ns > plain_.min_rto[at] || rtt.srtt_ns + rise > plain_.srtt ||
        rtt.rttvar_ns > plain_.rttvar) {
      return false;
    }
  }
  return true;
}

// As many of the cycles from `i` on as keep within the plain rule; what they leave behind is what
// Cycle() leaves. Returns the first that was not run. REQUIRES: the last cycle was of this stretch.
// kSettled: IsSettled() for all of the cycles.
template <bool kTcp, bool kSettled>
[[gnu::noinline]] size_t Stretch::PlainCycles(size_t i) {
  const PlainRule r = plain_;
  const size_t begin = i;
  size_t end = lost_at_;
  if (t0_ + Duration{r.step} * static_cast<int64_t>(end) > until_) {
    const int64_t fit = (until_ - t0_).ns / r.step;
    end = std::min(end, i + static_cast<size_t>(std::max<int64_t>(fit, 0)));
  }
  const int64_t* const up_ns = draws_.window[kUp].latency_ns();
  const int64_t* const down_ns = draws_.window[kDown].latency_ns();
  RttEstimator client = kernel_[kClientEnd].rtt, broker = kernel_[kBrokerEnd].rtt;
  int64_t t0 = t0_.ns, heard = session_.last_in.ns, wakes = session_.wakes.ns;
  int64_t round_trip = 0, sum = 0, last_acked = 0;
  for (; i < end; ++i) {
    const size_t u = kTcp ? 2 * i : i;
    const int64_t up = up_ns[u], down = down_ns[i];
    const int64_t rtt = up + down;
    const int64_t arrives = t0 + up, next = t0 + r.step;
    if (arrives - heard > r.silence) break;
    int64_t acked = arrives + down;
    if constexpr (kTcp) {
      const int64_t back = down + up_ns[u + 1];
      if (rtt > client.srtt_ns + r.min_rto[kClientEnd] ||
          back > broker.srtt_ns + r.min_rto[kBrokerEnd]) {
        break;
      }
      if (!kSettled && (client.srtt_ns > r.srtt || broker.srtt_ns > r.srtt ||
                        client.rttvar_ns > r.rttvar || broker.rttvar_ns > r.rttvar)) {
        break;
      }
      acked = arrives + back;
    } else if (rtt > r.wait || rtt >= r.step) {
      break;
    }
    int64_t later = wakes;
    while (later < next) later = (later >= arrives ? arrives : heard) + r.silence;
    if (later == next) break;
    if constexpr (kTcp && kSettled) {
      client.Move(std::max<int64_t>(rtt, 1));
      broker.Move(std::max<int64_t>(acked - arrives, 1));
      if (client.mdev_ns <= r.min_rto[kClientEnd] && broker.mdev_ns <= r.min_rto[kBrokerEnd]) {
        // EndRound(), where RTTVAR can only fall.
        client.rttvar_ns -= (client.rttvar_ns - r.min_rto[kClientEnd]) >> 2;
        broker.rttvar_ns -= (broker.rttvar_ns - r.min_rto[kBrokerEnd]) >> 2;
      } else {
        client.EndRound(r.min_rto[kClientEnd]);
        broker.EndRound(r.min_rto[kBrokerEnd]);
        end = i + 1;  // no longer settled
      }
    } else if constexpr (kTcp) {
      client.AddOnePerRound(std::max<int64_t>(rtt, 1), r.min_rto[kClientEnd]);
      broker.AddOnePerRound(std::max<int64_t>(acked - arrives, 1), r.min_rto[kBrokerEnd]);
    }
    wakes = later;
    heard = arrives;
    sum += round_trip = rtt;
    last_acked = acked;
    t0 = next;
  }
  const int64_t n = static_cast<int64_t>(i - begin);
  if (n == 0) return i;
  last_.out = Instant{t0 - r.step};
  last_.heard = Instant{heard};
  last_.answered = last_.out + Duration{round_trip};
  last_.acked = Instant{last_acked};
  t0_ = Instant{t0};
  waits_to_ = r.wait == kNever.ns ? kNever : last_.out + Duration{r.wait};
  out_.cycles += n;
  session_.last_in = c_.session.last_in = last_.heard;
  session_.wakes = Instant{wakes};
  kernel_[kClientEnd].rtt = client;
  kernel_[kBrokerEnd].rtt = broker;
  const Instant k2 = host_.KernelNow(last_.answered);
  kernel_[kClientEnd].NoteCycle(host_.KernelNow(last_.out), k2, last_.heard, kMaxQuickAcks - 1);
  kernel_[kBrokerEnd].NoteCycle(last_.heard, last_.heard, k2, kMaxQuickAcks);
  lost_ = 0;
  ClientSession& s = host_.session;
  s.sends += static_cast<uint32_t>(n);
  s.last_out = s.ping_sent = host_.last_packet_out = host_.SessionNow(last_.out);
  s.last_in = s.look_from = host_.SessionNow(last_.answered);
  host_.longest_silence = std::max(host_.longest_silence, Duration{r.step});
  host_.radio_wakeups += n * r.radio;
  host_.radio_last = last_.answered;
  host_.ping_rtt_sum += Duration{sum};
  return i;
}

// A cycle in which the probe's exact time has to be known, and one with one of three additions, or
// several of them: the PINGREQ is lost and comes back by a tail loss probe; the broker's kernel
// acknowledges it apart, before the PINGRESP; the client's acknowledgement is lost, so that a probe
// brings the PINGRESP a second time. REQUIRES: repairs_, LookAhead() looked from here.
bool Stretch::RepairedCycle() {
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  KernelView client = kernel_[kClientEnd], broker = kernel_[kBrokerEnd];
  const int64_t* const up_ns = draws_.window[kUp].latency_ns();
  const int64_t* const down_ns = draws_.window[kDown].latency_ns();
  const auto lost = [&](int d, size_t at) {
    return (d == kUp ? group_.up : group_.down).loss.Hit(draws_.window[d].loss()[at]);
  };
  const auto kernel = [&](Instant t) { return host_.KernelNow(t); };
  const auto global = [&](Instant t) { return host_.Global(ClockKind::kMonotonic, t); };
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
    if (lost(kDown, d)) return Stop(StretchEnd::kLost);
    acked_alone = way.heard + Duration{down_ns[d++]};
    gone = std::max(gone, acked_alone);
    b.events += 1;
    b.segments[kDown] += 1;
  }
  if (lost(kDown, d)) return Stop(StretchEnd::kLost);
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
  lost_ = ack_lost ? 1 : 0;
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
  NoteAnswer(host_.session, host_.SessionNow(way.answered));
  host_.ping_rtt_sum += way.answered - way.out;
  ++out_.cycles;
  last_ = way;
  waits_to_ = plain_.wait == kNever.ns ? kNever : way.out + Duration{plain_.wait};
  t0_ = next;
  return true;
}

// A wake-up at `wake` stays in the queue when the timer is armed anew for `next`, before it.
void Stretch::NoteOvertaken(Instant wake, Instant next) {
  DropOvertaken(last_.out);
  if (wake > next && wake != kNever) out_.overtaken[out_.overtaken_count++] = wake;
}

// Those before `now` have been ignored.
void Stretch::DropOvertaken(Instant now) {
  const auto begin = out_.overtaken.begin();
  const auto end =
      std::remove_if(begin, begin + out_.overtaken_count, [now](Instant at) { return at < now; });
  out_.overtaken_count = static_cast<size_t>(end - begin);
}

void Stretch::FinishTcp(End& end, EndIndex at) {
  TcpEndpoint& e = end.tcp;
  const TcpConfig& config = at == kClientEnd ? group_.tcp : broker_.tcp;
  const uint32_t bytes = static_cast<uint32_t>(out_.cycles) * kPingSize;
  e.snd_una = e.snd_nxt = e.snd_end = e.snd_end + bytes;
  e.rcv_nxt += bytes;
  e.acked_to = e.rcv_nxt;
  end.readable_to = e.rcv_nxt - 1;
  e.last_length = kPingSize;
  e.sack_start = e.sack_end = e.snd_una;
  e.probed = kernel_[at].probed;
  if (e.probed) e.probe_end = e.snd_nxt;
  e.probes_sent = 0;
  e.first_unacked_at = e.first_retransmit_at = kNever;
  e.head_sent_at = e.last_sent_at = kernel_[at].sent;
  e.tail_sent_at = kernel_[at].repeated ? kNever : kernel_[at].sent;
  e.last_received_at = kernel_[at].received;
  SetEstimator(e, kernel_[at].rtt);
  e.rtt_seq = e.snd_nxt;
  e.rto = RtoOf(config, e);
  e.timer = TcpTimer::kNone;
  e.quick_acks = kernel_[at].quick_acks;
  e.interactive = kernel_[at].interactive;
  e.ts_recent = kernel_[at].echo;
}

// What has happened in all cycles alike, and what only the last one leaves.
void Stretch::Finish() {
  const int64_t n = out_.cycles;
  const uint32_t count = static_cast<uint32_t>(n);
  constexpr int kRequest = static_cast<int>(PacketType::kPingreq);
  constexpr int kAnswer = static_cast<int>(PacketType::kPingresp);
  Traffic& t = host_.traffic;
  t.packets[kUp][kRequest] += n;
  t.packets[kDown][kAnswer] += n;
  t.bytes[kUp][kRequest] += n * kPingSize;
  t.bytes[kDown][kAnswer] += n * kPingSize;
  for (int d = 0; d < 2; ++d) {
    t.sent[d] += count;
    t.delivered[d] += count;
    host_.path[d].burst = burst_[d];
    host_.path[d].last_arrival = last_arrival_[d];
  }
  const int64_t headers = tcp_ ? kSegmentHeaders : kDatagramHeaders;
  for (int d = 0; d < 2; ++d) {
    const int64_t segments = (tcp_ && d == kUp ? 2 * n : n) + beyond_.segments[d];
    t.segments[d] += segments;
    t.wire_bytes[d] += n * kPingSize + beyond_.bytes[d] + segments * headers;
    t.lost[d] += beyond_.lost[d];
    t.retransmitted[d] += beyond_.retransmitted[d];
    host_.path[d].transmissions += static_cast<uint64_t>(segments);
  }
  c_.middlebox.last_use = mapping_used_;
  c_.end[kClientEnd].lost = lost_;
  c_.end[kBrokerEnd].lost = 0;
  if (tcp_) {
    FinishTcp(c_.end[kClientEnd], kClientEnd);
    FinishTcp(c_.end[kBrokerEnd], kBrokerEnd);
  }
  host_.ping_count += n;
  host_.ping_out = kNever;
  host_.last_heard = last_.answered;
  host_.backoff_draws += static_cast<uint64_t>(n);
  if (group_.profile.loop_delay_max.ns > 0) host_.loop_draws += static_cast<uint64_t>(n);
  out_.events = n * (tcp_ ? 4 : 3) + beyond_.events + session_.ticks;
  host_.events += out_.events;
  out_.client_acts = t0_;
  // Armed for the wait's end until that is over, unless the next ping comes before it.
  out_.client_wakes = waits_to_ < until_ ? t0_ : std::min(waits_to_, t0_);
  out_.broker_wakes = session_.wakes;
  DropOvertaken(std::min(t0_, until_));
}

QuietStretch Stretch::Run() {
  bool goes_on = true;
  while (goes_on) {
    LookAhead();
    for (size_t i = 0; i < reach_; ++i) {
      if (plain_.applies && out_.cycles > 0) {
        if (!tcp_) {
          i = PlainCycles<false, false>(i);
        } else {
          if (IsSettled(reach_ - i)) i = PlainCycles<true, true>(i);
          if (i < lost_at_) i = PlainCycles<true, false>(i);
        }
        if (i == reach_) break;
      }
      if (Cycle(i)) continue;
      goes_on = false;
      if (repairs_ && out_.end != StretchEnd::kPending && out_.end != StretchEnd::kTie) {
        if (i > 0) LookAhead();
        goes_on = RepairedCycle();
      }
      break;
    }
  }
  if (out_.cycles > 0) Finish();
  return out_;
}

}  // namespace

bool IsQuiet(const Host& host, const Connection& c) {
  if (!host.running() || !host.reachable() || host.cut[kUp] > 0 || host.cut[kDown] > 0) {
    return false;
  }
  const ClientSession& s = host.session;
  if (s.state != ClientState::kConnected || s.ping_pending || s.phase_deadline != kNever ||
      !IsQuiet(s.exchanges)) {
    return false;
  }
  const BrokerSession& b = c.session;
  if (b.state != BrokerState::kConnected || b.expired || b.send_on_at != kNever ||
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
  return IsQuiet(c.end[kBrokerEnd]) && IsQuiet(c.end[kClientEnd].tcp) &&
         IsQuiet(c.end[kBrokerEnd].tcp) && !c.end[kClientEnd].tcp.interactive;
}

QuietStretch RunThrough(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                        Instant until, DrawsAhead& draws) {
  return Stretch(broker, host, c, now, until, draws).Run();
}

}  // namespace keepsim
