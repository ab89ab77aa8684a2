#include "sim/world/plain_rule.h"

#include <algorithm>

#include "sim/mqtt/client_deadline.h"

namespace keepsim::quiet {

namespace {

constexpr Duration kPlainSrtt = Milliseconds(1500);
constexpr Duration kPlainRoundTrip = Seconds(3);

bool IsPlain(const DirectionSpec& d) { return !d.burst.enabled && !d.keep_order; }

bool IsPlain(const TcpConfig& t, Duration longest) {
  return t.tail_loss_probe && t.max_rto > longest &&
         (t.user_timeout.ns == 0 || t.user_timeout > longest);
}

// From one tick after the connection was made, when a look at a condition that is met `d` later
// finds it.
Duration OnTick(const ClientSession& s, Duration d) {
  return s.tick.ns == 0 ? d : s.tick * ((d + s.tick - Nanoseconds(1)) / s.tick);
}

// From PINGREQ to PINGREQ, if nothing else is sent; 0: it depends on more than that.
Duration StepOf(const ClientProfile& p, const ClientSession& s) {
  if (p.loop_wait.ns > 0 || p.loop_delay_max.ns > 0 || p.whole_seconds || s.keep_alive.ns == 0) {
    return Duration{0};
  }
  if (TickedPing(p)) return s.ping_after;
  const bool by_sent = p.ping_when == PingWhen::kOutSilent ||
                       (p.ping_when == PingWhen::kEitherSilent && s.ping_after_in >= s.ping_after);
  return by_sent ? OnTick(s, s.ping_after) : Duration{0};
}

// From PINGREQ to the end of the wait for PINGRESP, or to what else the client's timer is armed
// for, if nothing arrives; kNever: without end; 0: it depends on more than that.
Duration WaitOf(const ClientProfile& p, const ClientSession& s, Duration step) {
  const auto found = [&](Duration d) {
    return TickedPing(p) || !p.wait_on_tick ? d : OnTick(s, d);
  };
  Duration wait{kNever.ns};
  switch (p.wait_rule) {
    case WaitRule::kIgnored:
      break;
    case WaitRule::kAfterPing:
    case WaitRule::kAfterPingAndLast:  // nothing has arrived since
      wait = found(s.pingresp_wait);
      break;
    case WaitRule::kAtNextPing:
    case WaitRule::kAtNextStale:
      // What was received last counts, too, unless the PINGREQ has moved that.
      if (p.ping_when == PingWhen::kEitherSilent && !p.ping_resets_both) return Duration{0};
      wait = found(s.ping_after);
      break;
    case WaitRule::kAfterLast:
      return Duration{0};
  }
  // The next PINGREQ does not wait for the answer to this one.
  return TickedPing(p) || !p.one_ping_at_a_time ? std::min(wait, step) : wait;
}

// Of exchanges a step apart, in which the client waits for an answer.
PlainRule RuleOf(const BrokerPlan& broker, const Host& host, const Connection& c, Duration step,
                 Duration wait) {
  PlainRule r;
  const GroupPlan& g = *host.group;
  const BrokerProfile& b = broker.profile;
  if (!IsPlain(g.up) || !IsPlain(g.down) || g.middlebox.enabled || !host.degrades[kUp].empty() ||
      !host.degrades[kDown].empty() || host.oscillator.drift_ppb != 0 || step.ns <= 0 ||
      wait.ns <= 0 || c.session.keep_alive.ns == 0) {
    return r;
  }
  r.exact = b.mechanism == CheckMechanism::kExactTimer && !b.whole_seconds;
  r.step = step.ns;
  r.wait = wait.ns;
  r.silence = c.session.limit.ns + (b.strict ? 1 : 0);
  Duration longest = std::min({Duration{r.step} / 4, Duration{r.wait}, kPlainRoundTrip});
  r.round_trip = longest.ns;
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
  // The broker would close in the midst of a cycle, or just bear it.
  if (r.exact && r.silence < r.step) return r;
  if (r.wait < longest.ns || (r.wait > PlainRule::kMostWaits * r.step && r.wait != kNever.ns)) {
    return r;
  }
  if (r.step > kRadioTail.ns) {
    r.radio = 1;
    if (r.step - longest.ns <= kRadioTail.ns || longest > kRadioTail) return r;
  }
  const int64_t offset = r.silence % r.step;
  if (r.exact && g.transport == Transport::kTcp && offset > longest.ns &&
      offset + longest.ns < r.step) {
    r.laps = r.silence / r.step;
    for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
      // An exchange raises SRTT by an eighth of min_rto at most; a deviation is at most four times
      // the largest error, and some for rounding.
      const int64_t min_rto = r.min_rto[at];
      r.settled_srtt[at] = r.srtt - (min_rto / 8 + 1) * PlainRule::kMostSettled;
      if (4 * std::max(min_rto, r.srtt) + 16 > r.rttvar) r.laps = 0;
    }
  }
  r.applies = true;
  return r;
}

}  // namespace

PlainRule PlainRuleOf(const BrokerPlan& broker, const Host& host, const Connection& c) {
  const ClientProfile& p = host.group->profile;
  const ClientSession& s = host.session;
  const Duration step = StepOf(p, s);
  const Duration wait = WaitOf(p, s, step);
  // A wait that ends with a later PINGREQ leaves its wake-up to that: those go one by one.
  const bool fixed =
      step.ns > 0 && wait.ns > 0 && (wait <= step || wait.ns == kNever.ns || wait.ns % step.ns > 0);
  PlainRule r;
  if (fixed) {
    r = RuleOf(broker, host, c, step, wait);
  } else if (s.keep_alive.ns > 0) {
    // No profile is earlier than that, whole seconds or not; who is goes one by one.
    const Duration least = std::min(s.ping_after, s.ping_after_in) - Seconds(1);
    r = RuleOf(broker, host, c, least, Duration{kNever.ns});
    r.fixed = false;
    r.laps = r.radio = 0;
  }
  r.ticked = TickedPing(p);
  return r;
}

PlainRule MessageRuleOf(const BrokerPlan& broker, const Host& host, const Connection& c) {
  const GroupPlan& g = *host.group;
  if (g.uplink.size() != 1) return PlainRule{};
  const Workload& law = g.uplink.front();
  const bool read = law.qos == 0 || g.profile.in_reference != InReference::kPingresp;
  // Each puts the next PINGREQ off to after the next one, by what is sent alone.
  if (law.qos > 1 || law.kind != Workload::Kind::kPeriodic || !read ||
      g.profile.ping_when != PingWhen::kOutSilent || host.session.tick.ns > 0 ||
      law.period >= StepOf(g.profile, host.session) ||
      g.profile.out_reference != OutReference::kAnyPacket ||
      g.profile.reconnect.evaluated_every.ns > 0) {
    return PlainRule{};
  }
  return RuleOf(broker, host, c, law.period, Duration{kNever.ns});
}

}  // namespace keepsim::quiet
