#include "sim/mqtt/client_deadline.h"

#include <algorithm>

#include "sim/mqtt/loop_turns.h"

namespace keepsim {
namespace {

constexpr Duration kSecond = Seconds(1);

LoopTurns LoopOf(const ClientProfile& p, const ClientSession& s) {
  return {p.loop_wait + p.loop_pause, s.tick};
}

LoopTurns RetriesOf(const ReconnectPolicy& r) {
  return {r.evaluated_turn.ns > 0 ? r.evaluated_turn : r.evaluated_every, r.evaluated_every};
}

// Profiles that keep time in whole seconds see every instant truncated.
Instant Seen(const ClientProfile& p, Instant t) {
  if (!p.whole_seconds) return t;
  const int64_t rest = t.ns % kSecond.ns;
  return Instant{t.ns - (rest < 0 ? rest + kSecond.ns : rest)};
}

// The first instant whose truncation is not before `t`.
Instant FirstSeen(const ClientProfile& p, Instant t) {
  return p.whole_seconds ? Seen(p, t + (kSecond - Nanoseconds(1))) : t;
}

// The first look at or after `t` that is not over; kNever stays.
Instant FindsAt(const ClientProfile& p, const ClientSession& s, Instant t, bool on_tick) {
  if (t == kNever) return t;
  if (p.loop_wait.ns > 0) {
    t = std::max(FirstSeen(p, t), s.look_from);
    return on_tick ? NextLook(LoopOf(p, s), s.loop, t) : t;
  }
  t = FirstSeen(p, std::max(t, s.look_from));
  if (!on_tick || s.tick.ns == 0) return t;
  const int64_t since = (t - s.tick_origin).ns;
  const int64_t n = since <= 0 ? 1 : (since + s.tick.ns - 1) / s.tick.ns;
  return s.tick_origin + s.tick * n;
}

bool Pings(const ClientProfile& p, const ClientSession& s) {
  return s.keep_alive.ns != 0 || p.zero_keep_alive != ZeroKeepAlive::kOff;
}

// When the silence that calls for a PINGREQ is complete; kNever if none does.
Instant Stale(const ClientProfile& p, const ClientSession& s) {
  if (!Pings(p, s)) return kNever;
  switch (p.ping_when) {
    case PingWhen::kOutSilent:
      return Seen(p, s.last_out) + s.ping_after;
    case PingWhen::kInSilent:
      return Seen(p, s.last_in) + s.ping_after;
    case PingWhen::kEitherSilent: {
      const Instant in = Seen(p, s.last_in) + s.ping_after_in;
      if (s.keep_alive.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kInLimit) return in;
      return std::min(Seen(p, s.last_out) + s.ping_after, in);
    }
    case PingWhen::kAlways:
    case PingWhen::kCounterTick:
      return s.tick_origin + s.ping_after;  // the origin moves along with every tick
  }
  return kNever;
}

}  // namespace

bool TickedPing(const ClientProfile& p) {
  return p.ping_when == PingWhen::kAlways || p.ping_when == PingWhen::kCounterTick;
}

Instant PingDeadline(const ClientProfile& p, const ClientSession& s) {
  if (TickedPing(p)) return Stale(p, s);
  if (s.ping_pending) {
    if (p.one_ping_at_a_time) return kNever;
    return FindsAt(p, s, Seen(p, s.last_out) + s.ping_after, true);
  }
  return FindsAt(p, s, Stale(p, s), true);
}

Instant WaitDeadline(const ClientProfile& p, const ClientSession& s) {
  if (!s.ping_pending) return kNever;
  Instant t = kNever;
  switch (p.wait_rule) {
    case WaitRule::kAfterPing:
      t = Seen(p, s.ping_sent) + s.pingresp_wait;
      break;
    case WaitRule::kAfterPingAndLast:
      t = std::max(Seen(p, s.ping_sent), Seen(p, s.last_in)) + s.pingresp_wait;
      break;
    case WaitRule::kAfterLast:
      t = Seen(p, s.last_in) + s.pingresp_wait;
      break;
    case WaitRule::kAtNextPing:
    case WaitRule::kAtNextStale:
      t = Stale(p, s);
      break;
    case WaitRule::kIgnored:
      break;
  }
  return TickedPing(p) ? t : FindsAt(p, s, t, p.wait_on_tick);
}

Instant ReadAt(const ClientProfile& p, const ClientSession& s, Instant now) {
  if (p.loop_pause.ns == 0) return now;
  if (now <= s.loop.woken) return s.loop.woken;
  const Duration turn = p.loop_wait + p.loop_pause;
  const Duration into = (now - s.loop.woken) % turn;
  return into >= p.loop_wait ? now + (turn - into) : now;
}

void WakeLoop(const ClientProfile& p, ClientSession& s, Instant at) {
  if (p.loop_wait.ns > 0) Wake(LoopOf(p, s), s.loop, at);
}

void NoteLook(const ClientProfile& p, ClientSession& s, Instant now) {
  if (p.loop_wait.ns > 0) s.loop = {now, now};
}

void WakeRetries(const ReconnectPolicy& r, ClientSession& s, Instant now) {
  if (r.evaluated_every.ns > 0) Wake(RetriesOf(r), s.retries, now);
}

Instant RetryDeadline(const ReconnectPolicy& r, const ClientSession& s, Instant t) {
  return r.evaluated_every.ns > 0 ? NextLook(RetriesOf(r), s.retries, t) : t;
}

}  // namespace keepsim
