#include "sim/run/rare_interval.h"

#include <algorithm>
#include <cmath>

#include "sim/base/check.h"

namespace keepsim::rare {
namespace {

constexpr double kLeast = 1e-8;  // variance, against the mean squared

}  // namespace

MeanEstimate EstimateMean(const std::vector<double>& values, double confidence) {
  const auto n = static_cast<double>(values.size());
  SIM_CHECK(n >= 2);
  MeanEstimate e;
  for (const double x : values) e.mean += x / n;
  SIM_CHECK(e.mean > 0);
  double squares = 0;
  for (const double x : values) squares += (x - e.mean) * (x - e.mean);
  // Where luck decides nothing all values are the same: known to four digits is known.
  const double variance = std::max(squares / (n - 1) / n, kLeast * e.mean * e.mean);
  const double largest = *std::max_element(values.begin(), values.end()) / n;
  const double p = (1 + confidence) / 2;
  const double student = StudentQuantile(p, n - 1) / NormalQuantile(p);
  e.interval = WeightedCountInterval(e.mean, variance * student * student, largest, confidence);
  e.effective_count = e.mean * e.mean / variance;
  return e;
}

}  // namespace keepsim::rare
