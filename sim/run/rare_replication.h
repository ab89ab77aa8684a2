// One replication of multilevel splitting with fixed effort, its levels fixed: an unbiased estimate
// of how often an observer declares a living peer dead (docs/adr/0015).
//
// Lives of natural luck are run whole. Each wait that reaches the first level is noted as it stands
// there. From each level a fixed number of trials goes on from the waits that reached it, evenly
// spread over them, each with luck of its own from there on; those that reach the next level are
// noted there. A declaration counts with the weight of the trial that it happened in.
#ifndef KEEPSIM_SIM_RUN_RARE_REPLICATION_H_
#define KEEPSIM_SIM_RUN_RARE_REPLICATION_H_

#include <array>
#include <cstdint>
#include <vector>

#include "sim/base/random.h"
#include "sim/run/rare_levels.h"
#include "sim/run/rare_trajectory.h"
#include "sim/world/plan.h"

namespace keepsim::rare {

// What came of the trials that went on from one level.
struct Stage {
  int64_t trials = 0;
  int64_t crossed = 0;    // reached the next level
  int64_t declared = 0;   // ended in a false declaration before that
  int64_t ancestors = 0;  // waits of natural luck that they come from
};

struct Replication {
  int64_t lives = 0;          // of natural luck, whole
  int64_t entrances = 0;      // their waits that reached the first level
  std::vector<Stage> stages;  // by level
  // False declarations per life, by cause: each with the weight of what it stands for.
  std::array<double, kCauses> by_cause = {};
  double per_life = 0;  // all of them: the estimate
  uint64_t events = 0;
};

// Does the work, for one thread, group and observer. It has a plan of its own, to change luck in.
class Splitter {
 public:
  Splitter(const Plan& plan, const std::vector<TraceRecord>& run, uint32_t group,
           Observer observer);
  Splitter(const Splitter&) = delete;
  Splitter& operator=(const Splitter&) = delete;

  // `luck`: of this replication alone.
  Replication Run(const Levels& levels, const RandomSource& luck);

  // ---- its steps, for whoever chooses levels
  // `lives` whole lives; notes their waits where they reach `level`, and adds to `r` what else.
  void Live(const RandomSource& luck, int64_t lives, Duration level, Replication& r);
  // From the waits noted last, `trials` go on to `level`, and are noted there instead. `stage`: a
  // number for their luck, another for each call.
  Stage GoOn(const RandomSource& luck, uint32_t stage, int64_t trials, Duration level,
             double weight, Replication& r);
  // Nothing is noted; the longest unfounded silence of each wait is added, kForever if it ended in
  // a false declaration: of lives [first, first + n), of n trials from what was noted last.
  void WatchLives(const RandomSource& luck, int64_t first, int64_t n, Waits& waits);
  void WatchTrials(const RandomSource& luck, uint32_t stage, int64_t n, Waits& waits);
  int64_t noted() const { return static_cast<int64_t>(count_); }
  uint64_t events() const { return trajectory_.events(); }

 private:
  void LiveOnce(const RandomSource& luck, int64_t number, Duration level,
                const Trajectory::Listener& listener);
  template <typename OnTrial>
  void Try(const RandomSource& luck, uint32_t stage, int64_t trials, Duration level,
           const OnTrial& on_trial);

  Plan plan_;
  const uint32_t group_;
  Trajectory trajectory_;
  // Waits noted at the present level and at the next; the first count_ and next_count_ of each.
  std::vector<Entrance> noted_, next_;
  size_t count_ = 0, next_count_ = 0;
};

}  // namespace keepsim::rare

#endif  // KEEPSIM_SIM_RUN_RARE_REPLICATION_H_
