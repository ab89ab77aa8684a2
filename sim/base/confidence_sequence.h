// Intervals that hold after every observation at once: one may look at them as often as one likes,
// and stop when one likes, for instance once they are narrow enough. Like stats.h for reports and
// for stopping, never in a digested path.
#ifndef KEEPSIM_SIM_BASE_CONFIDENCE_SEQUENCE_H_
#define KEEPSIM_SIM_BASE_CONFIDENCE_SEQUENCE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/stats.h"

namespace keepsim {

// The mean of independent values. Exact, at whatever time one stops, if they are normal with any
// mean and variance; as good as the central limit theorem if not. The values are those seen so far,
// in order of their arrival. None while nothing can be said, which is with fewer than five values
// that are not all equal. Equal values have no width.
//
// The t-statistic's Bayes factor with a normal prior on the effect (mean / deviation) is a
// martingale that begins at 1, whatever the variance, so that the chance that it ever exceeds
// 1 / (1 - confidence) is at most 1 - confidence (Ville 1939): Lai, "On confidence sequences", Ann.
// Statist. 4 (1976); Wang and Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian
// means with unknown variance" (2023).
std::optional<ConfidenceInterval> MeanSequence(const std::vector<double>& values,
                                               double confidence = 0.95);

// The rate of a Poisson process that struck `count` times in `exposure` so far; exact at whatever
// time one stops. `unit`: an exposure that is known beforehand, such as that of one replication; it
// is narrow where the rate is up to some 10 000 per unit. With exposure 0: [0, infinity].
// REQUIRES: unit > 0.
//
// A mixture of likelihood ratios over gamma priors: Robbins, "Statistical methods related to the
// law of the iterated logarithm", Ann. Math. Statist. 41 (1970); Howard, Ramdas, McAuliffe and
// Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Statist. 49
// (2021).
ConfidenceInterval RateSequence(int64_t count, double exposure, double unit,
                                double confidence = 0.95);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_CONFIDENCE_SEQUENCE_H_
