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

// The first look at or after `t` if nothing wakes the loop before. kNever stays.
Instant NextLook(const LoopTurns& loop, const LoopState& state, Instant t);

// Something wakes the loop at `at`, not before state.woken.
void Wake(const LoopTurns& loop, LoopState& state, Instant at);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_LOOP_TURNS_H_
