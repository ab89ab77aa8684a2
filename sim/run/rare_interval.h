// An interval for the mean of few, skewed, never negative values: those of independent replications
// of an unbiased estimator of a rare event's rate.
#ifndef KEEPSIM_SIM_RUN_RARE_INTERVAL_H_
#define KEEPSIM_SIM_RUN_RARE_INTERVAL_H_

#include <vector>

#include "sim/base/stats.h"

namespace keepsim::rare {

struct MeanEstimate {
  double mean = 0;
  ConfidenceInterval interval;
  // The mean squared over its variance: a Poisson count of this size is as well known.
  double effective_count = 0;
};

// WeightedCountInterval() of their mean. Its variance is that of the values, enlarged as Student's
// quantile is against the normal one's; the weight of one count is that of the largest value, so
// that an event not yet seen has its place above. REQUIRES: two values or more, one above 0, none
// below.
MeanEstimate EstimateMean(const std::vector<double>& values, double confidence = 0.95);

}  // namespace keepsim::rare

#endif  // KEEPSIM_SIM_RUN_RARE_INTERVAL_H_
