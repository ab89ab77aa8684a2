#include "sim/base/histogram.h"

#include <algorithm>
#include <bit>

#include "sim/base/check.h"

namespace keepsim {
namespace {

constexpr int kSub = Histogram::kSubBits;

// Cells 0 .. 2^(kSub+1)-1 hold one value each; beyond, each octave has 2^kSub cells.
size_t CellOf(int64_t v) {
  const uint64_t u = static_cast<uint64_t>(v);
  const int width = std::bit_width(u);
  if (width <= kSub + 1) return static_cast<size_t>(u);
  const int shift = width - kSub - 1;
  return (static_cast<size_t>(shift) << kSub) + static_cast<size_t>(u >> shift);
}

int64_t LowOf(size_t cell) {
  if (cell < (size_t{2} << kSub)) return static_cast<int64_t>(cell);
  const int shift = static_cast<int>(cell >> kSub) - 1;
  const uint64_t mantissa = (cell & ((size_t{1} << kSub) - 1)) | (uint64_t{1} << kSub);
  return static_cast<int64_t>(mantissa << shift);
}

}  // namespace

void Histogram::Add(Duration d, int64_t times) {
  if (times <= 0) return;
  d.ns = std::max<int64_t>(d.ns, 0);
  const size_t cell = CellOf(d.ns);
  if (cell >= cells_.size()) cells_.resize(cell + 1);
  cells_[cell] += times;
  if (count_ == 0 || d < min_) min_ = d;
  if (count_ == 0 || d > max_) max_ = d;
  count_ += times;
  sum_ns_ += static_cast<__int128>(d.ns) * times;
}

void Histogram::Merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (other.cells_.size() > cells_.size()) cells_.resize(other.cells_.size());
  for (size_t i = 0; i < other.cells_.size(); ++i) cells_[i] += other.cells_[i];
  if (count_ == 0 || other.min_ < min_) min_ = other.min_;
  if (count_ == 0 || other.max_ > max_) max_ = other.max_;
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
}

Duration Histogram::mean() const {
  return count_ == 0 ? Duration{} : Duration{static_cast<int64_t>(sum_ns_ / count_)};
}

Duration Histogram::Quantile(int64_t per_million) const {
  SIM_CHECK(per_million >= 0 && per_million <= 1000000);
  if (count_ == 0) return {};
  if (per_million == 0) return min_;
  const __int128 scaled = static_cast<__int128>(per_million) * count_;
  return AtRank(std::max<int64_t>(static_cast<int64_t>((scaled + 999999) / 1000000), 1));
}

Duration Histogram::AtRank(int64_t rank) const {
  SIM_CHECK(rank >= 1 && rank <= count_);
  if (rank == count_) return max_;
  int64_t seen = 0;
  for (size_t i = 0; i < cells_.size(); ++i) {
    seen += cells_[i];
    if (seen < rank) continue;
    const int64_t low = LowOf(i);
    const int64_t middle = low + (LowOf(i + 1) - 1 - low) / 2;
    return std::clamp(Duration{middle}, min_, max_);
  }
  return max_;
}

std::vector<Histogram::Cell> Histogram::NonEmptyCells() const {
  std::vector<Cell> result;
  for (size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i] > 0) result.push_back({{LowOf(i)}, {LowOf(i + 1)}, cells_[i]});
  }
  return result;
}

}  // namespace keepsim
