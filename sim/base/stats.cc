#include "sim/base/stats.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace keepsim {

namespace bm = boost::math;

ConfidenceInterval PoissonRateInterval(int64_t count, double exposure, double confidence) {
  if (!(exposure > 0)) return {0, std::numeric_limits<double>::infinity()};
  const double tail = (1 - confidence) / 2;
  const double n = static_cast<double>(count);
  ConfidenceInterval result;
  if (count > 0) {
    result.low = bm::quantile(bm::chi_squared(2 * n), tail) / 2 / exposure;
  }
  result.high = bm::quantile(bm::chi_squared(2 * n + 2), 1 - tail) / 2 / exposure;
  return result;
}

ConfidenceInterval BinomialInterval(int64_t successes, int64_t trials, double confidence) {
  if (trials <= 0) return {0, 1};
  const double tail = (1 - confidence) / 2;
  const double x = static_cast<double>(successes);
  const double n = static_cast<double>(trials);
  ConfidenceInterval result{0, 1};
  if (successes > 0) result.low = bm::quantile(bm::beta_distribution<>(x, n - x + 1), tail);
  if (successes < trials) {
    result.high = bm::quantile(bm::beta_distribution<>(x + 1, n - x), 1 - tail);
  }
  return result;
}

ConfidenceInterval WeightedCountInterval(double sum, double variance, double largest_weight,
                                         double confidence) {
  const double tail = (1 - confidence) / 2;
  // The gamma law of this mean and variance is a scaled chi-squared one.
  const auto quantile = [](double mean, double of_variance, double p) {
    const double degrees = 2 * mean * mean / of_variance;
    return bm::quantile(bm::chi_squared(degrees), p) * of_variance / (2 * mean);
  };
  ConfidenceInterval result;
  if (variance > 0) result.low = quantile(sum, variance, tail);
  const double above = sum + largest_weight;
  const double variance_above = variance + largest_weight * largest_weight;
  result.high = variance_above > 0 ? quantile(above, variance_above, 1 - tail) : sum;
  return result;
}

RankInterval QuantileRanks(int64_t n, double p, double confidence) {
  if (n <= 0) return {0, 1};
  const double tail = (1 - confidence) / 2;
  // How many of n values lie at or below the quantile.
  const bm::binomial law(static_cast<double>(n), p);
  const auto at_most = [&](int64_t k) { return k < 0 ? 0 : bm::cdf(law, static_cast<double>(k)); };
  const auto more_than = [&](int64_t k) {
    return k < 0 ? 1 : bm::cdf(bm::complement(law, static_cast<double>(k)));
  };
  int64_t low = std::clamp<int64_t>(static_cast<int64_t>(bm::quantile(law, tail)), 0, n);
  while (low < n && at_most(low) <= tail) ++low;
  while (low > 0 && at_most(low - 1) > tail) --low;
  int64_t high = std::clamp<int64_t>(
      static_cast<int64_t>(bm::quantile(bm::complement(law, tail))) + 1, 1, n + 1);
  while (high > 1 && more_than(high - 2) <= tail) --high;
  while (high <= n && more_than(high - 1) > tail) ++high;
  return {low, high};
}

ConfidenceInterval DifferenceInterval(double a, ConfidenceInterval of_a, double b,
                                      ConfidenceInterval of_b) {
  return {b - a - std::hypot(b - of_b.low, of_a.high - a),
          b - a + std::hypot(of_b.high - b, a - of_a.low)};
}

double PoissonRatesPValue(int64_t count_a, double exposure_a, int64_t count_b, double exposure_b) {
  const int64_t total = count_a + count_b;
  if (total == 0 || !(exposure_a > 0) || !(exposure_b > 0)) return 1;
  const bm::binomial law(static_cast<double>(total), exposure_a / (exposure_a + exposure_b));
  const double x = static_cast<double>(count_a);
  const double below = bm::cdf(law, x);
  const double above = count_a == 0 ? 1 : bm::cdf(bm::complement(law, x - 1));
  return std::min(1.0, 2 * std::min(below, above));
}

double NormalQuantile(double p) { return bm::quantile(bm::normal(), p); }

double StudentQuantile(double p, double degrees_of_freedom) {
  return bm::quantile(bm::students_t(degrees_of_freedom), p);
}

double KsDistanceUniform(const std::vector<double>& sorted, double low, double high) {
  const double n = static_cast<double>(sorted.size());
  double d = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const double f = std::clamp((sorted[i] - low) / (high - low), 0.0, 1.0);
    d = std::max({d, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
  }
  return d;
}

double KsDistance(const std::vector<double>& sorted_a, const std::vector<double>& sorted_b) {
  size_t i = 0;
  size_t j = 0;
  double d = 0;
  while (i < sorted_a.size() && j < sorted_b.size()) {
    const double x = std::min(sorted_a[i], sorted_b[j]);
    while (i < sorted_a.size() && sorted_a[i] <= x) ++i;
    while (j < sorted_b.size() && sorted_b[j] <= x) ++j;
    d = std::max(d, std::fabs(static_cast<double>(i) / static_cast<double>(sorted_a.size()) -
                              static_cast<double>(j) / static_cast<double>(sorted_b.size())));
  }
  return d;
}

double KsCritical(double n, double alpha) { return std::sqrt(-std::log(alpha / 2) / 2 / n); }

}  // namespace keepsim
