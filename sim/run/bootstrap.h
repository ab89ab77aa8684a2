// Differences of means and quantiles of values that come from clients, several from each, when all
// values of a run are put together: by drawing clients anew.
#ifndef KEEPSIM_SIM_RUN_BOOTSTRAP_H_
#define KEEPSIM_SIM_RUN_BOOTSTRAP_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/base/stats.h"

namespace keepsim {

// The values of one client in both runs; either may be empty.
struct ClientValues {
  const std::vector<double>* a = nullptr;  // ascending
  const std::vector<double>* b = nullptr;
};

struct BootstrapDifference {
  double a = 0;
  double b = 0;
  std::optional<ConfidenceInterval> interval;  // of b - a, 95 %, by percentiles
  std::optional<double> p_value;               // of "there is no difference", two-sided
  double deviation = 0;                        // of the difference
};

// The share that stands for the mean.
inline constexpr double kMeanShare = -1;
// Times that clients are drawn anew.
inline constexpr size_t kResamples = 1999;

// One per share: kMeanShare, or a quantile in (0, 1). A resample takes as many clients as there
// are, with replacement, each with its values in both runs: what the runs' common luck does stays
// in the pairs (Efron and Tibshirani 1993, ch. 8 and 13; clients and not values are drawn, since
// those of a client depend on one another). The same arguments give the same result: draws have
// addresses. None where a run has no value; without interval where fewer than five lie beyond the
// quantile.
std::vector<std::optional<BootstrapDifference>> BootstrapDifferences(
    const std::vector<ClientValues>& clients, const std::vector<double>& shares);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_BOOTSTRAP_H_
