// A broker's exact timer through cycles that keep within the plain rule.
#ifndef KEEPSIM_SIM_WORLD_BROKER_LAPS_H_
#define KEEPSIM_SIM_WORLD_BROKER_LAPS_H_

#include <cstdint>

namespace keepsim::quiet {

// PINGREQ number i is sent at t0 + i * step and noted at t0 + i * step + up_ns[2 i]. Each wake-up
// that finds a packet arms the timer for that packet's arrival + silence, which is `laps` cycles
// later and again behind the arrival (PlainRule).
struct BrokerLaps {
  int64_t t0, step, silence, laps;
  const int64_t* up_ns;
  int64_t wakes;       // before the first of these cycles' arrivals is found
  int64_t in = 0;      // by the wake-up in this cycle
  int64_t origin = 0;  // which is this cycle's

  int64_t Arrival(int64_t cycle) const { return t0 + cycle * step + up_ns[2 * cycle]; }

  // False if a wake-up may be at the instant at which a cycle begins. `heard`: the last arrival.
  bool Find(int64_t heard, int64_t cycles) {
    while (true) {
      // Few steps: quicker than a division.
      for (in = 0; wakes - (t0 + in * step) >= step;) {
        if (++in >= cycles) return true;
      }
      if (wakes == t0 + in * step) return false;
      if (wakes >= Arrival(in)) return origin = in, true;
      if (in > 0) return origin = in - 1, true;
      wakes = heard + silence;
    }
  }
  // When it wakes up after `cycles` of them.
  int64_t After(int64_t cycles) const {
    if (in >= cycles) return wakes;
    const int64_t behind = cycles - 1 - origin;
    return Arrival(origin + (laps == 1 ? behind : behind / laps * laps)) + silence;
  }
};

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_BROKER_LAPS_H_
