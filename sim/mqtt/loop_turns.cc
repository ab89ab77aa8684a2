#include "sim/mqtt/loop_turns.h"

namespace keepsim {
namespace {

// The first of from, from + step, from + 2 * step .. that is not before `t`.
Instant UpTo(Instant from, Duration step, Instant t) {
  if (t <= from) return from;
  if (t <= from + step) return from + step;  // without a division, which takes longer than the rest
  return from + step * ((t - from + step - Nanoseconds(1)) / step);
}

Instant FirstLook(const LoopTurns& loop, const LoopState& state) {
  return UpTo(state.woken, loop.turn, state.looked + loop.every);
}

// From one look to the next, with nothing in between.
Duration Period(const LoopTurns& loop) {
  if (loop.every <= loop.turn) return loop.turn;
  return loop.turn * ((loop.every + loop.turn - Nanoseconds(1)) / loop.turn);
}

}  // namespace

Instant NextLook(const LoopTurns& loop, const LoopState& state, Instant t) {
  if (t == kNever) return t;
  return UpTo(FirstLook(loop, state), Period(loop), t);
}

void Wake(const LoopTurns& loop, LoopState& state, Instant at) {
  const Instant first = FirstLook(loop, state);
  if (first < at) {
    const Duration period = Period(loop);
    state.looked = first + period * ((at - first - Nanoseconds(1)) / period);
  }
  state.woken = at;
}

}  // namespace keepsim
