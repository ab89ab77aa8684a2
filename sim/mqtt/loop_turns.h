// The turns of a program's main loop, counted instead of walked through. A turn ends `turn` after
// it began, or at once when something wakes the loop up; then the next one begins. At the end of a
// turn the loop looks at its conditions, unless its last look was less than `every` ago.
#ifndef KEEPSIM_SIM_MQTT_LOOP_TURNS_H_
#define KEEPSIM_SIM_MQTT_LOOP_TURNS_H_

#include "sim/base/time.h"

namespace keepsim {

struct LoopTurns {
  Duration turn{0};   // above 0
  Duration every{0};  // 0: looks at the end of each turn
};

// Where such a loop is. Wake-ups before `woken` are over; with none since, its turns end at
// woken + n * turn, n >= 0 (the look at `woken` itself may still be to come).
struct LoopState {
  Instant woken = kStart;
  Instant looked = kStart;  // the last look before `woken`; at it, if that one is over
};

namespace loop_internal {

// The first of from, from + step, from + 2 * step .. that is not before `t`.
inline Instant UpTo(Instant from, Duration step, Instant t) {
  if (t <= from) return from;
  if (t <= from + step) return from + step;  // without a division, which takes longer than the rest
  return from + step * ((t - from + step - Nanoseconds(1)) / step);
}

inline Instant FirstLook(const LoopTurns& loop, const LoopState& state) {
  return UpTo(state.woken, loop.turn, state.looked + loop.every);
}

// From one look to the next, with nothing in between.
inline Duration Period(const LoopTurns& loop) {
  if (loop.every <= loop.turn) return loop.turn;
  return loop.turn * ((loop.every + loop.turn - Nanoseconds(1)) / loop.turn);
}

}  // namespace loop_internal

// The first look at or after `t` if nothing wakes the loop before. kNever stays.
inline Instant NextLook(const LoopTurns& loop, const LoopState& state, Instant t) {
  if (t == kNever) return t;
  return loop_internal::UpTo(loop_internal::FirstLook(loop, state), loop_internal::Period(loop), t);
}

// Something wakes the loop at `at`, not before state.woken.
inline void Wake(const LoopTurns& loop, LoopState& state, Instant at) {
  const Instant first = loop_internal::FirstLook(loop, state);
  if (first < at) {
    const Duration period = loop_internal::Period(loop);
    state.looked = first + period * ((at - first - Nanoseconds(1)) / period);
  }
  state.woken = at;
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_LOOP_TURNS_H_
