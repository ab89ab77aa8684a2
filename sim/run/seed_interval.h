// What a settled number of runs, one per seed, says of a number or of a rate: 95 % intervals.
#ifndef KEEPSIM_SIM_RUN_SEED_INTERVAL_H_
#define KEEPSIM_SIM_RUN_SEED_INTERVAL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/stats.h"

namespace keepsim {

// Student's, of the mean; none of fewer than two runs.
std::optional<ConfidenceInterval> MeanInterval(const std::vector<double>& runs);

// Events of one run.
struct CountedRun {
  int64_t count = 0;
  double exposure = 0;  // above 0
};
// Whether the counts scatter over the runs more than those of a Poisson process (dispersion test).
// False for fewer than two runs.
bool Clustered(const std::vector<CountedRun>& runs, double alpha = 0.01);

struct RateInterval {
  ConfidenceInterval interval;
  bool clustered = false;
};
// Of the pooled rate: the exact one of a Poisson process, and where the events come in clusters
// over the runs the wider one of that and Student's. REQUIRES: runs is not empty.
RateInterval PooledRateInterval(const std::vector<CountedRun>& runs);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SEED_INTERVAL_H_
