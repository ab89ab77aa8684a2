// How two points of a sweep differ in one number, seed by seed, and how sure that is.
#ifndef KEEPSIM_SIM_RUN_PAIRED_DIFFERENCE_H_
#define KEEPSIM_SIM_RUN_PAIRED_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/stats.h"

namespace keepsim {

// A number at both points, with one seed.
struct NumberPair {
  double a = 0;
  double b = 0;
};

// Events and what they were counted over, at both points, with one seed.
struct CountPair {
  int64_t count_a = 0;
  double exposure_a = 0;
  int64_t count_b = 0;
  double exposure_b = 0;
};

struct PairedDifference {
  double a = 0;
  double b = 0;
  std::optional<ConfidenceInterval> interval;  // of b - a, 95 %
  std::optional<double> p_value;               // of "there is no difference", two-sided
  bool exact = false;                          // by counts; otherwise Student's over the seeds
  bool equal = false;                          // at every seed
};

// Student's paired test. One pair shows no spread: no interval, no p-value. Where all pairs differ
// by the same, the difference is taken for certain. REQUIRES: pairs is not empty.
PairedDifference DifferenceOfNumbers(const std::vector<NumberPair>& pairs);

// Rates by the exact conditional test: given their sum, the counts are binomial if the events are
// independent. Common luck makes it conservative; events in clusters (an outage that strikes many
// clients) would make it bold, so where the counts of either point scatter over the seeds more than
// a Poisson process does (dispersion test, 1 %), the rates are held against one another by
// Student's test. With a single seed nothing scatters, and the events are taken as independent.
// REQUIRES: pairs is not empty; every exposure is above 0.
PairedDifference DifferenceOfRates(const std::vector<CountPair>& pairs);

// Holm's adjusted p-values (1979), in the order given: all of them at most alpha hold at once with
// probability 1 - alpha, whatever their dependence.
std::vector<double> HolmAdjusted(const std::vector<double>& p_values);

// "Four times in five": how often as many pairs as are asked for show a difference.
inline constexpr double kShownPower = 0.8;
// How many more pairs show a difference as large as the one seen at level `alpha`, so often; none
// if there is no difference, or no spread, or it takes more than a million.
std::optional<uint64_t> MorePairsOfNumbers(const std::vector<NumberPair>& pairs, double alpha);
std::optional<uint64_t> MorePairsOfRates(const std::vector<CountPair>& pairs, double alpha);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_PAIRED_DIFFERENCE_H_
