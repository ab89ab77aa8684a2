// Every distribution of a duration is compiled to one kind of integer quantile table. Knots get
// dense towards both ends: the 64-bit uniform u (or 1-u) is split by its number of leading zeros,
// and each octave has kKnotsPerOctave equal cells, so that far tails, which cause false timeouts,
// keep the table's stated relative error. A sample is one look-up and one integer interpolation.
// Knots are computed in multiple precision (MPFR, correctly rounded), never with libm, so that
// they are the same on every machine.
#ifndef KEEPSIM_SIM_BASE_QUANTILE_TABLE_H_
#define KEEPSIM_SIM_BASE_QUANTILE_TABLE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/time.h"

namespace keepsim {

// A distribution of a non-negative duration, as the scenario gives it. Plain data.
struct DistributionSpec {
  enum class Kind : uint8_t {
    kConstant,     // a
    kUniform,      // [a, b]
    kExponential,  // mean a
    kLognormal,    // median a, sigma (of the natural logarithm)
    kWeibull,      // scale a, shape
    kPareto,       // Pareto I: minimum a (scale), shape (tail index > 0)
    kEmpirical,    // points: (cumulative probability, value), linear between them
  };
  Kind kind = Kind::kConstant;
  Duration a;
  Duration b;
  double shape = 1;  // sigma or shape; exact decimal text is kept by the loader as a double
  Duration shift;    // added to every sample, before the clamp
  Duration min{0};   // samples are clamped to [min, max]
  Duration max = kForever;
  struct Point {
    double cumulative;  // in [0, 1], strictly increasing, last is 1
    Duration value;     // non-decreasing
    bool operator==(const Point&) const = default;
  };
  std::vector<Point> points;

  bool operator==(const DistributionSpec&) const = default;
};

class QuantileTable {
 public:
  static constexpr int kSubBits = 5;   // 32 cells per octave
  static constexpr int kOctaves = 48;  // deeper u is clamped into the last octave
  static constexpr int kKnots = kOctaves * (1 << kSubBits) + 1;

  // Constant zero.
  QuantileTable() = default;
  // REQUIRES: spec is valid (parameters positive, points ordered); the scenario loader checks.
  explicit QuantileTable(const DistributionSpec& spec);

  // The sample for a uniform 64-bit u: non-decreasing in u.
  Duration Sample(uint64_t u) const;  // inline, hot: no branch but constant/half

  // Sample() of each. `n`: a multiple of 8.
  void SampleMany(const uint64_t* u, size_t n, int64_t* samples_ns) const;

  bool is_constant() const { return knots_ == nullptr; }
  Duration min() const { return min_; }  // smallest possible sample: look-ahead of a link
  Duration max() const { return max_; }
  Duration mean() const { return mean_; }  // of the tabulated law, for reports and warnings

 private:
  // Lower half then upper half, kKnots each; shared by copies. Null for a constant.
  std::shared_ptr<const std::vector<int64_t>> storage_;
  const int64_t* knots_ = nullptr;
  bool narrow_ = false;  // neighbouring knots are less than 2^32 ns apart
  Duration min_, max_, mean_;
};

}  // namespace keepsim

#include "sim/base/quantile_table_inl.h"

#endif  // KEEPSIM_SIM_BASE_QUANTILE_TABLE_H_
