#include "sim/world/plain_rule.h"

#include <algorithm>

namespace keepsim::quiet {

namespace {

constexpr Duration kPlainSrtt = Milliseconds(1500);
constexpr Duration kPlainRoundTrip = Seconds(3);

bool IsPlain(const DirectionSpec& d) { return !d.burst.enabled && !d.keep_order; }

bool IsPlain(const TcpConfig& t, Duration longest) {
  return t.tail_loss_probe && t.max_rto > longest &&
         (t.user_timeout.ns == 0 || t.user_timeout > longest);
}

bool IsPlain(const ClientProfile& p, const ClientSession& s) {
  return p.ping_when == PingWhen::kOutSilent && s.tick.ns == 0 && !p.whole_seconds &&
         p.loop_wait.ns == 0 && p.loop_delay_max.ns == 0 && p.one_ping_at_a_time &&
         (p.wait_rule == WaitRule::kAfterPing || p.wait_rule == WaitRule::kIgnored);
}

// Of exchanges a step apart, in which the client waits for an answer.
PlainRule RuleOf(const BrokerPlan& broker, const Host& host, const Connection& c, Duration step,
                 Duration wait) {
  PlainRule r;
  const GroupPlan& g = *host.group;
  const ClientSession& s = host.session;
  const BrokerProfile& b = broker.profile;
  if (broker.handling.ns > 0 || !IsPlain(g.up) || !IsPlain(g.down) || g.middlebox.enabled ||
      !host.degrades[kUp].empty() || !host.degrades[kDown].empty() ||
      host.oscillator.drift_ppb != 0 || !IsPlain(g.profile, s) ||
      b.mechanism != CheckMechanism::kExactTimer || b.whole_seconds ||
      c.session.keep_alive.ns == 0) {
    return r;
  }
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
  if (r.silence < r.step) return r;
  if (r.wait < longest.ns || (r.wait > r.step && r.wait != kNever.ns)) return r;
  if (r.step > kRadioTail.ns) {
    r.radio = 1;
    if (r.step - longest.ns <= kRadioTail.ns || longest > kRadioTail) return r;
  }
  const int64_t offset = r.silence % r.step;
  if (g.transport == Transport::kTcp && offset > longest.ns && offset + longest.ns < r.step) {
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
  const bool waits = host.group->profile.wait_rule != WaitRule::kIgnored;
  return RuleOf(broker, host, c, host.session.ping_after,
                waits ? host.session.pingresp_wait : Duration{kNever.ns});
}

PlainRule MessageRuleOf(const BrokerPlan& broker, const Host& host, const Connection& c) {
  const GroupPlan& g = *host.group;
  const Workload& law = g.uplink.front();
  const bool read = law.qos == 0 || g.profile.in_reference != InReference::kPingresp;
  // Each puts the next PINGREQ off to after the next one.
  if (g.uplink.size() > 1 || law.kind != Workload::Kind::kPeriodic ||
      law.period >= host.session.ping_after || !read ||
      g.profile.out_reference != OutReference::kAnyPacket ||
      g.profile.reconnect.evaluated_every.ns > 0) {
    return PlainRule{};
  }
  return RuleOf(broker, host, c, law.period, Duration{kNever.ns});
}

}  // namespace keepsim::quiet
