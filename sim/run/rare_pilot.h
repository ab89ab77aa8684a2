// Chooses the levels of silence that lead to false declarations, by splitting without a promise of
// being unbiased: what is estimated is estimated anew, with the levels fixed.
#ifndef KEEPSIM_SIM_RUN_RARE_PILOT_H_
#define KEEPSIM_SIM_RUN_RARE_PILOT_H_

#include <atomic>
#include <cstdint>

#include "sim/base/random.h"
#include "sim/run/rare_levels.h"
#include "sim/run/rare_replication.h"

namespace keepsim::rare {

struct Pilot {
  Levels levels;
  // What natural luck showed.
  int64_t lives = 0;
  int64_t waits = 0;
  double events_of_lives = 0;
  uint64_t events = 0;  // simulated in all
};

// `base`: trials per level, where a share of kShare goes on. Cut short if `cancel` is set.
Pilot ChooseLevels(Splitter& splitter, const RandomSource& luck, int64_t base,
                   const std::atomic<bool>* cancel);

}  // namespace keepsim::rare

#endif  // KEEPSIM_SIM_RUN_RARE_PILOT_H_
