#include "sim/live/clock.h"

#include <time.h>

namespace keepsim {
namespace {

int64_t MachineNs() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Seconds(t.tv_sec).ns + t.tv_nsec;
}

}  // namespace

MonotonicClock::MonotonicClock() : origin_ns_(MachineNs()) {}

Instant MonotonicClock::Now() const { return {MachineNs() - origin_ns_}; }

}  // namespace keepsim
