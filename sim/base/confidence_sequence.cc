#include "sim/base/confidence_sequence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/check.h"

namespace keepsim {
namespace {

// Weight of the prior on the effect, in observations: the interval is relatively narrowest after
// some ten of them, and little wider for thousands.
constexpr double kPriorWeight = 1;

// Shape of the priors on a rate (Jeffreys'), and how many there are, each at rates ten times as
// large as the one before, with half its weight.
constexpr double kShape = 0.5;
constexpr int kScales = 5;

// Log of the mixture of likelihood ratios against `rate`.
double LogMixture(double count, double exposure, double unit, double rate) {
  double largest = -std::numeric_limits<double>::infinity();
  double logs[kScales];
  double scale = unit;
  double weight = 1;
  for (int k = 0; k < kScales; ++k) {
    if (k + 1 < kScales) weight /= 2;  // the last two weigh the same, and all of them 1
    logs[k] = std::log(weight) + kShape * std::log(scale) - std::lgamma(kShape) +
              std::lgamma(kShape + count) - (kShape + count) * std::log(scale + exposure);
    largest = std::max(largest, logs[k]);
    scale /= 10;
  }
  double sum = 0;
  for (const double l : logs) sum += std::exp(l - largest);
  const double evidence = largest + std::log(sum);
  return evidence - (count > 0 ? count * std::log(rate) : 0) + rate * exposure;
}

}  // namespace

std::optional<ConfidenceInterval> MeanSequence(const std::vector<double>& values,
                                               double confidence) {
  const auto n = static_cast<double>(values.size());
  if (values.size() < 2) return std::nullopt;
  double mean = 0;
  for (const double v : values) mean += v;
  mean /= n;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (*least == *most) return ConfidenceInterval{*least, *least};
  // Where ((1 + u) / (1 + u r))^(n / 2) = sqrt(1 / r) / alpha, u = t^2 / (n - 1).
  const double r = kPriorWeight / (n + kPriorWeight);
  const double bound = std::exp((-2 * std::log(1 - confidence) - std::log(r)) / n);
  if (bound * r >= 1) return std::nullopt;
  const double u = (bound - 1) / (1 - bound * r);
  const double half = std::sqrt(squares * u / n);  // s / sqrt(n) * sqrt((n - 1) u)
  return ConfidenceInterval{mean - half, mean + half};
}

ConfidenceInterval RateSequence(int64_t count, double exposure, double unit, double confidence) {
  SIM_CHECK(unit > 0);
  if (!(exposure > 0)) return {0, std::numeric_limits<double>::infinity()};
  const auto n = static_cast<double>(count);
  const double limit = -std::log(1 - confidence);
  const auto outside = [&](double rate) { return LogMixture(n, exposure, unit, rate) > limit; };
  const double middle = n / exposure;
  // The log is convex in the rate, with its least value in the middle.
  const auto edge = [&](double in, double out) {
    for (int i = 0; i < 200 && in != out; ++i) {
      const double half = in + (out - in) / 2;
      if (half == in || half == out) break;
      (outside(half) ? out : in) = half;
    }
    return out;
  };
  double high = (n + 1) / exposure;
  while (!outside(high)) high *= 2;
  return {count == 0 ? 0 : edge(middle, 0), edge(middle, high)};
}

}  // namespace keepsim
