// The machine's monotonic clock. Only this folder asks the machine what time it is.
#ifndef KEEPSIM_SIM_LIVE_CLOCK_H_
#define KEEPSIM_SIM_LIVE_CLOCK_H_

#include <cstdint>

#include "sim/base/time.h"

namespace keepsim {

// Counts from its own making: Now() is kStart at first. Never jumps, and stands still while the
// machine sleeps (CLOCK_MONOTONIC), whichever clock a client profile names.
class MonotonicClock {
 public:
  MonotonicClock();
  Instant Now() const;

 private:
  int64_t origin_ns_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_CLOCK_H_
