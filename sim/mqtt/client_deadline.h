// When a client session looks at its conditions and finds one met, and what moves those looks. For
// client_session.cc, and for whoever runs through a session's quiet stretches. Part of every event
// and of every skipped exchange, so inline.
#ifndef KEEPSIM_SIM_MQTT_CLIENT_DEADLINE_H_
#define KEEPSIM_SIM_MQTT_CLIENT_DEADLINE_H_

#include <algorithm>
#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/loop_turns.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

namespace deadline_internal {

inline constexpr Duration kSecond = Seconds(1);

inline LoopTurns LoopOf(const ClientProfile& p, const ClientSession& s) {
  return {p.loop_wait + p.loop_pause, s.tick};
}

inline LoopTurns RetriesOf(const ReconnectPolicy& r) {
  return {r.evaluated_turn.ns > 0 ? r.evaluated_turn : r.evaluated_every, r.evaluated_every};
}

// Profiles that keep time in whole seconds see every instant truncated.
inline Instant Seen(const ClientProfile& p, Instant t) {
  if (!p.whole_seconds) return t;
  const int64_t rest = t.ns % kSecond.ns;
  return Instant{t.ns - (rest < 0 ? rest + kSecond.ns : rest)};
}

// The first instant whose truncation is not before `t`.
inline Instant FirstSeen(const ClientProfile& p, Instant t) {
  return p.whole_seconds ? Seen(p, t + (kSecond - Nanoseconds(1))) : t;
}

// The first look at or after `t` that is not over; kNever stays.
inline Instant FindsAt(const ClientProfile& p, const ClientSession& s, Instant t, bool on_tick) {
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

inline bool Pings(const ClientProfile& p, const ClientSession& s) {
  return s.keep_alive.ns != 0 || p.zero_keep_alive != ZeroKeepAlive::kOff;
}

// When the silence that calls for a PINGREQ is complete; kNever if none does.
inline Instant Stale(const ClientProfile& p, const ClientSession& s) {
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

}  // namespace deadline_internal

// The PINGREQ itself runs on a tick, of `ping_after`.
inline bool TickedPing(const ClientProfile& p) {
  return p.ping_when == PingWhen::kAlways || p.ping_when == PingWhen::kCounterTick;
}

// When this profile looks whether a PINGREQ is due and finds that it is.
inline Instant PingDeadline(const ClientProfile& p, const ClientSession& s) {
  if (TickedPing(p)) return deadline_internal::Stale(p, s);
  if (s.ping_pending) {
    if (p.one_ping_at_a_time) return kNever;
    return deadline_internal::FindsAt(p, s, deadline_internal::Seen(p, s.last_out) + s.ping_after,
                                      true);
  }
  return deadline_internal::FindsAt(p, s, deadline_internal::Stale(p, s), true);
}

// When this profile notices that PINGRESP is missing; kNever if none is awaited.
inline Instant WaitDeadline(const ClientProfile& p, const ClientSession& s) {
  if (!s.ping_pending) return kNever;
  Instant t = kNever;
  switch (p.wait_rule) {
    case WaitRule::kAfterPing:
      t = deadline_internal::Seen(p, s.ping_sent) + s.pingresp_wait;
      break;
    case WaitRule::kAfterPingAndLast:
      t = std::max(deadline_internal::Seen(p, s.ping_sent), deadline_internal::Seen(p, s.last_in)) +
          s.pingresp_wait;
      break;
    case WaitRule::kAfterLast:
      t = deadline_internal::Seen(p, s.last_in) + s.pingresp_wait;
      break;
    case WaitRule::kAtNextPing:
    case WaitRule::kAtNextStale:
      t = deadline_internal::Stale(p, s);
      break;
    case WaitRule::kIgnored:
      break;
  }
  return TickedPing(p) ? t : deadline_internal::FindsAt(p, s, t, p.wait_on_tick);
}

// Whether the first deadline after a PINGREQ is as long after each, as long as nothing arrives: it
// is not where the clock rounds (but for a loop that looks each second from the PINGREQ on, at what
// is due after whole seconds), a tick goes on from the connection's start, or what was received
// before counts.
inline bool WaitsAlike(const ClientProfile& p, const ClientSession& s) {
  const auto whole = [](Duration d) { return d.ns % deadline_internal::kSecond.ns == 0; };
  if (p.whole_seconds &&
      (p.loop_wait + p.loop_pause != deadline_internal::kSecond || !p.wait_on_tick ||
       !whole(s.pingresp_wait) || !whole(s.ping_after) || !whole(s.tick))) {
    return false;
  }
  if (p.loop_wait.ns == 0 && s.tick.ns > 0) return false;
  switch (p.wait_rule) {
    case WaitRule::kIgnored:
    case WaitRule::kAfterPing:
    case WaitRule::kAfterPingAndLast:
      return true;
    case WaitRule::kAtNextPing:
    case WaitRule::kAtNextStale:
      return p.ping_when == PingWhen::kOutSilent;
    case WaitRule::kAfterLast:
      break;
  }
  return false;
}

// NextDeadline() of a session that is connected.
inline Instant ConnectedDeadline(const ClientProfile& p, const ClientSession& s) {
  return std::min({s.phase_deadline, WaitDeadline(p, s), PingDeadline(p, s)});
}

// ---- the main loop; nothing where the profile has none (loop_wait 0) --------------------------
// When the loop reads what arrives at `now`: at once, or when its pause is over. (It is answered at
// once in either case; what it counts for, it counts for when it is read.)
inline Instant ReadAt(const ClientProfile& p, const ClientSession& s, Instant now) {
  if (p.loop_pause.ns == 0) return now;
  if (now <= s.loop.woken) return s.loop.woken;
  const Duration turn = p.loop_wait + p.loop_pause;
  const Duration into = (now - s.loop.woken) % turn;
  return into >= p.loop_wait ? now + (turn - into) : now;
}

// What was read, or sent, at `at` ends the turn: the loop looks, and begins another.
inline void WakeLoop(const ClientProfile& p, ClientSession& s, Instant at) {
  if (p.loop_wait.ns > 0) Wake(deadline_internal::LoopOf(p, s), s.loop, at);
}

// The loop has looked at `now` and found a condition met.
inline void NoteLook(const ClientProfile& p, ClientSession& s, Instant now) {
  if (p.loop_wait.ns > 0) s.loop = {now, now};
}

// ---- the loop that connects again (reconnect.evaluated_every) ---------------------------------
inline void WakeRetries(const ReconnectPolicy& r, ClientSession& s, Instant now) {
  if (r.evaluated_every.ns > 0) Wake(deadline_internal::RetriesOf(r), s.retries, now);
}

// When it finds an attempt due that is due at `t`.
inline Instant RetryDeadline(const ReconnectPolicy& r, const ClientSession& s, Instant t) {
  return r.evaluated_every.ns > 0 ? NextLook(deadline_internal::RetriesOf(r), s.retries, t) : t;
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_CLIENT_DEADLINE_H_
