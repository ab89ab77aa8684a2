// Intervals and tests for reports. Plain double arithmetic over Boost.Math: for rendering only,
// never in a sampled, ordered or digested path.
#ifndef KEEPSIM_SIM_BASE_STATS_H_
#define KEEPSIM_SIM_BASE_STATS_H_

#include <cstdint>
#include <vector>

namespace keepsim {

struct ConfidenceInterval {
  double low = 0;
  double high = 0;
};

// Exact (Garwood) 95 % interval of the rate of a Poisson process that struck `count` times in
// `exposure`. With exposure 0: [0, infinity].
ConfidenceInterval PoissonRateInterval(int64_t count, double exposure, double confidence = 0.95);

// Exact (Clopper-Pearson) interval of a probability.
ConfidenceInterval BinomialInterval(int64_t successes, int64_t trials, double confidence = 0.95);

// Interval of the expectation of a sum of weighted counts, never negative: the gamma interval of
// Fay and Feuer (Statistics in Medicine 16, 1997). Exact (Garwood) if all weights are the same,
// else rather too wide than too narrow. `variance`: of the sum; `largest_weight`: of one count.
// REQUIRES: sum >= 0, variance >= 0; sum > 0 if variance > 0.
ConfidenceInterval WeightedCountInterval(double sum, double variance, double largest_weight,
                                         double confidence = 0.95);

// Ranks (from 1) of the order statistics between which the p-quantile lies with at least the given
// confidence, whatever the distribution. low 0 or high n + 1: the values seen set no bound there.
struct RankInterval {
  int64_t low = 0;
  int64_t high = 0;
};
RankInterval QuantileRanks(int64_t n, double p, double confidence = 0.95);

// Interval of b - a from intervals of the two, by the method of variance estimates recovery (Zou
// and Donner 2008): keeps their confidence, and their lack of symmetry. REQUIRES: independent.
ConfidenceInterval DifferenceInterval(double a, ConfidenceInterval of_a, double b,
                                      ConfidenceInterval of_b);

// Two-sided p-value of "the two rates are equal", conditional on the total count (exact binomial).
double PoissonRatesPValue(int64_t count_a, double exposure_a, int64_t count_b, double exposure_b);

double NormalQuantile(double p);
double StudentQuantile(double p, double degrees_of_freedom);

// One-sample Kolmogorov-Smirnov distance of sorted values to a uniform law on [low, high].
double KsDistanceUniform(const std::vector<double>& sorted, double low, double high);
double KsDistance(const std::vector<double>& sorted_a, const std::vector<double>& sorted_b);
// Distance that is exceeded by chance with probability alpha (asymptotic), n effective samples.
double KsCritical(double n, double alpha = 0.05);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_STATS_H_
