// How much of a group's time was run through without events, and what ended each stretch.
#ifndef KEEPSIM_SIM_WORLD_SKIP_STATS_H_
#define KEEPSIM_SIM_WORLD_SKIP_STATS_H_

#include <cstdint>

namespace keepsim {

// Why a quiet stretch ended.
enum class StretchEnd : uint8_t {
  kPending,  // another event comes before the next cycle is over
  kLost,     // more of the next cycle is lost than a simple repair mends
  kLate,     // a packet of it comes late enough for a timer to act
  kTie,      // two things are due at one instant
  kOther,    // the next cycle has another shape
};
inline constexpr int kStretchEnds = 5;

// Of one group; sums over its clients.
struct SkipStats {
  uint64_t events = 0;               // simulated, in all
  uint64_t skipped = 0;              // of these, within stretches
  uint64_t stretches = 0;            // of one exchange at least
  uint64_t cycles = 0;               // exchanges: PINGREQ, or a message
  uint64_t odd = 0;                  // of these, with a repair or an acknowledgement of its own
  uint64_t ends[kStretchEnds] = {};  // those of stretches without a cycle included

  void Add(const SkipStats& other) {
    events += other.events;
    skipped += other.skipped;
    stretches += other.stretches;
    cycles += other.cycles;
    odd += other.odd;
    for (int i = 0; i < kStretchEnds; ++i) ends[i] += other.ends[i];
  }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SKIP_STATS_H_
