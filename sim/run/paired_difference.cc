#include "sim/run/paired_difference.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

#include "sim/base/check.h"
#include "sim/run/seed_interval.h"

namespace keepsim {
namespace {

namespace bm = boost::math;

constexpr double kTail = 0.975;            // of a two-sided 95 % interval
constexpr double kDispersionAlpha = 0.01;  // shared by the two points
constexpr uint64_t kMostPairs = 1000000;

struct Moments {
  double mean = 0;
  double deviation = 0;  // of one difference; 0 for a single one
};

Moments MomentsOf(const std::vector<NumberPair>& pairs) {
  const auto n = static_cast<double>(pairs.size());
  Moments m;
  for (const NumberPair& p : pairs) m.mean += (p.b - p.a) / n;
  double squares = 0;
  for (const NumberPair& p : pairs) squares += (p.b - p.a - m.mean) * (p.b - p.a - m.mean);
  if (pairs.size() > 1) m.deviation = std::sqrt(squares / (n - 1));
  // What is left of equal differences after rounding.
  if (m.deviation <= 1e-12 * std::fabs(m.mean)) m.deviation = 0;
  return m;
}

std::vector<NumberPair> RatesOf(const std::vector<CountPair>& pairs) {
  std::vector<NumberPair> rates;
  for (const CountPair& p : pairs) {
    rates.push_back({static_cast<double>(p.count_a) / p.exposure_a,
                     static_cast<double>(p.count_b) / p.exposure_b});
  }
  return rates;
}

CountPair SumOf(const std::vector<CountPair>& pairs) {
  CountPair sum;
  for (const CountPair& p : pairs) {
    sum.count_a += p.count_a;
    sum.exposure_a += p.exposure_a;
    sum.count_b += p.count_b;
    sum.exposure_b += p.exposure_b;
  }
  return sum;
}

// Whether the counts of either point do.
bool Clustered(const std::vector<CountPair>& pairs) {
  std::vector<CountedRun> a;
  std::vector<CountedRun> b;
  for (const CountPair& p : pairs) {
    a.push_back({p.count_a, p.exposure_a});
    b.push_back({p.count_b, p.exposure_b});
  }
  return Clustered(a, kDispersionAlpha / 2) || Clustered(b, kDispersionAlpha / 2);
}

std::optional<uint64_t> MoreThan(size_t have, uint64_t want) {
  if (want > kMostPairs) return std::nullopt;
  return want > have ? want - have : 1;
}

}  // namespace

PairedDifference DifferenceOfNumbers(const std::vector<NumberPair>& pairs) {
  SIM_CHECK(!pairs.empty());
  PairedDifference d;
  const auto n = static_cast<double>(pairs.size());
  for (const NumberPair& p : pairs) {
    d.a += p.a / n;
    d.b += p.b / n;
  }
  d.equal = std::all_of(pairs.begin(), pairs.end(), [](const NumberPair& p) { return p.a == p.b; });
  if (pairs.size() < 2) return d;
  const Moments m = MomentsOf(pairs);
  const double error = m.deviation / std::sqrt(n);
  const double half = StudentQuantile(kTail, n - 1) * error;
  d.interval = {m.mean - half, m.mean + half};
  if (d.equal) {
    d.p_value = 1;
  } else if (error == 0) {
    d.p_value = 0;
  } else {
    const bm::students_t law(n - 1);
    d.p_value = 2 * bm::cdf(bm::complement(law, std::fabs(m.mean) / error));
  }
  return d;
}

PairedDifference DifferenceOfRates(const std::vector<CountPair>& pairs) {
  SIM_CHECK(!pairs.empty());
  if (Clustered(pairs)) return DifferenceOfNumbers(RatesOf(pairs));
  const CountPair sum = SumOf(pairs);
  PairedDifference d;
  d.exact = true;
  d.a = static_cast<double>(sum.count_a) / sum.exposure_a;
  d.b = static_cast<double>(sum.count_b) / sum.exposure_b;
  d.interval = DifferenceInterval(d.a, PoissonRateInterval(sum.count_a, sum.exposure_a), d.b,
                                  PoissonRateInterval(sum.count_b, sum.exposure_b));
  d.equal = std::all_of(pairs.begin(), pairs.end(), [](const CountPair& p) {
    return p.count_a == p.count_b && p.exposure_a == p.exposure_b;
  });
  d.p_value =
      d.equal ? 1 : PoissonRatesPValue(sum.count_a, sum.exposure_a, sum.count_b, sum.exposure_b);
  return d;
}

std::vector<double> HolmAdjusted(const std::vector<double>& p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t x, size_t y) { return p_values[x] < p_values[y]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto left = static_cast<double>(order.size() - i);
    largest = std::max(largest, std::min(1.0, left * p_values[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

std::optional<uint64_t> MorePairsOfNumbers(const std::vector<NumberPair>& pairs, double alpha) {
  const Moments m = MomentsOf(pairs);
  if (pairs.size() < 2 || m.mean == 0 || m.deviation == 0) return std::nullopt;
  const auto shows = [&](uint64_t n) {
    const auto freedom = static_cast<double>(n - 1);
    return std::fabs(m.mean) * std::sqrt(static_cast<double>(n)) >=
           m.deviation *
               (StudentQuantile(1 - alpha / 2, freedom) + StudentQuantile(kShownPower, freedom));
  };
  uint64_t low = 1;  // too few
  uint64_t high = kMostPairs;
  if (!shows(high)) return std::nullopt;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    (shows(middle) ? high : low) = middle;
  }
  return MoreThan(pairs.size(), high);
}

std::optional<uint64_t> MorePairsOfRates(const std::vector<CountPair>& pairs, double alpha) {
  if (Clustered(pairs)) return MorePairsOfNumbers(RatesOf(pairs), alpha);
  const CountPair sum = SumOf(pairs);
  const auto n = static_cast<double>(pairs.size());
  const double a = static_cast<double>(sum.count_a) / sum.exposure_a;
  const double b = static_cast<double>(sum.count_b) / sum.exposure_b;
  if (a == b) return std::nullopt;
  const double z = NormalQuantile(1 - alpha / 2) + NormalQuantile(kShownPower);
  const double variance = a / (sum.exposure_a / n) + b / (sum.exposure_b / n);  // of one seed
  const double want = std::ceil(z * z * variance / ((b - a) * (b - a)));
  if (!(want <= static_cast<double>(kMostPairs))) return std::nullopt;
  return MoreThan(pairs.size(), static_cast<uint64_t>(want));
}

}  // namespace keepsim
