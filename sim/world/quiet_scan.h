// The draws of a client's coming transmissions, made together and kept: what a stretch has not used
// is there for the next.
#ifndef KEEPSIM_SIM_WORLD_QUIET_SCAN_H_
#define KEEPSIM_SIM_WORLD_QUIET_SCAN_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/base/random.h"
#include "sim/net/path.h"

namespace keepsim {

// Of one direction: transmissions [first, first + kSize).
class DrawWindow {
 public:
  static constexpr size_t kSize = 64;

  void Clear() { size_ = 0; }
  // How many transmissions from `index` on are there, at least `least`.
  size_t Reach(const DirectionSpec& spec, const RandomSource& luck, Purpose purpose, uint64_t index,
               size_t least) {
    if (index < first_ || index + least > first_ + size_) Fill(spec, luck, purpose, index);
    offset_ = static_cast<size_t>(index - first_);
    return size_ - offset_;
  }
  // From `index` on.
  const uint64_t* loss() const { return loss_ + offset_; }
  const int64_t* latency_ns() const { return latency_ns_ + offset_; }
  // How many come before the first that is lost independently; 64 or more: all.
  size_t FirstLost() const { return static_cast<size_t>(std::countr_zero(lost_ >> offset_)); }

 private:
  void Fill(const DirectionSpec& spec, const RandomSource& luck, Purpose purpose, uint64_t index) {
    uint64_t latency[kSize];
    luck.Pairs(purpose, index, kSize, loss_, latency);
    spec.latency.SampleMany(latency, kSize, latency_ns_);
    lost_ = spec.loss.Hits(loss_, kSize);
    first_ = index;
    size_ = kSize;
  }

  uint64_t first_ = 0;
  size_t size_ = 0;
  size_t offset_ = 0;
  uint64_t lost_ = 0;  // bit i: transmission first_ + i is lost
  uint64_t loss_[kSize];
  int64_t latency_ns_[kSize];
};

// The cycles of a stretch that lie ahead: over TCP a cycle has two transmissions up and one down,
// else one each.
struct DrawsAhead {
  DrawWindow window[2];  // by direction

  void Clear() { window[0].Clear(), window[1].Clear(); }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_QUIET_SCAN_H_
