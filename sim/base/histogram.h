// Integer log-linear histogram of durations: exact count, sum, minimum and maximum; quantiles to a
// relative error of at most 2^-kSubBits. Merging is exact and order-free, so per-thread histograms
// add up to the same result in any order.
#ifndef KEEPSIM_SIM_BASE_HISTOGRAM_H_
#define KEEPSIM_SIM_BASE_HISTOGRAM_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"

namespace keepsim {

class Histogram {
 public:
  static constexpr int kSubBits = 10;  // 1024 cells per octave: quantiles within 0.1 %

  // Negative durations count as zero.
  void Add(Duration d, int64_t times = 1);
  void Merge(const Histogram& other);

  int64_t count() const { return count_; }
  Duration min() const { return count_ ? min_ : Duration{}; }
  Duration max() const { return count_ ? max_ : Duration{}; }
  // Sum and mean in 128-bit integers; the mean is rounded down to a nanosecond.
  Duration mean() const;
  // Smallest recorded value v (to the cell's middle, clamped to [min, max]) such that at least
  // ceil(q * count) values are <= v. q in [0, 1] as per mille of 1e6: Quantile(990000) is p99.
  Duration Quantile(int64_t per_million) const;
  // The value of that rank in ascending order (as above: to its cell's middle). REQUIRES: 1 <= rank
  // <= count().
  Duration AtRank(int64_t rank) const;

  struct Cell {
    Duration low;   // inclusive
    Duration high;  // exclusive
    int64_t count;
  };
  std::vector<Cell> NonEmptyCells() const;

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  std::vector<int64_t> cells_;  // grown as needed, trailing zeros trimmed on merge
  int64_t count_ = 0;
  __int128 sum_ns_ = 0;
  Duration min_, max_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_HISTOGRAM_H_
