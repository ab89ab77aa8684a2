#include "sim/run/seed_interval.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>

#include "sim/base/check.h"

namespace keepsim {
namespace {

namespace bm = boost::math;

constexpr double kTail = 0.975;  // of a two-sided 95 % interval

CountedRun SumOf(const std::vector<CountedRun>& runs) {
  CountedRun sum;
  for (const CountedRun& r : runs) {
    sum.count += r.count;
    sum.exposure += r.exposure;
  }
  return sum;
}

}  // namespace

std::optional<ConfidenceInterval> MeanInterval(const std::vector<double>& runs) {
  if (runs.size() < 2) return std::nullopt;
  const auto n = static_cast<double>(runs.size());
  double mean = 0;
  for (const double v : runs) mean += v / n;
  double squares = 0;
  for (const double v : runs) squares += (v - mean) * (v - mean);
  const double half = StudentQuantile(kTail, n - 1) * std::sqrt(squares / (n - 1) / n);
  return ConfidenceInterval{mean - half, mean + half};
}

bool Clustered(const std::vector<CountedRun>& runs, double alpha) {
  if (runs.size() < 2) return false;
  const CountedRun sum = SumOf(runs);
  double dispersion = 0;
  for (const CountedRun& r : runs) {
    const double want = static_cast<double>(sum.count) * r.exposure / sum.exposure;
    const double off = static_cast<double>(r.count) - want;
    if (want > 0) dispersion += off * off / want;
  }
  const bm::chi_squared law(static_cast<double>(runs.size() - 1));
  return dispersion > bm::quantile(bm::complement(law, alpha));
}

RateInterval PooledRateInterval(const std::vector<CountedRun>& runs) {
  SIM_CHECK(!runs.empty());
  const CountedRun sum = SumOf(runs);
  RateInterval rate{PoissonRateInterval(sum.count, sum.exposure), Clustered(runs)};
  if (!rate.clustered) return rate;
  std::vector<double> rates;
  for (const CountedRun& r : runs) rates.push_back(static_cast<double>(r.count) / r.exposure);
  const ConfidenceInterval student = *MeanInterval(rates);
  rate.interval.low = std::max(0.0, std::min(rate.interval.low, student.low));
  rate.interval.high = std::max(rate.interval.high, student.high);
  return rate;
}

}  // namespace keepsim
