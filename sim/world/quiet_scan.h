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

struct TransmissionDraw {
  uint64_t loss;
  int64_t latency_ns;
};

// Of one direction: transmissions [first, first + kSize).
template <size_t kSize>
class DrawWindow {
 public:
  static_assert(kSize % 64 == 0);

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
  // How many come before the first that is lost independently; as many as there are or more: all.
  size_t FirstLost() const {
    // As one number: where the first loss is cannot be foreseen, so that branches would cost more.
    static_assert(kSize == 64 || kSize == 128);
    unsigned __int128 lost = lost_[kSize / 64 - 1];
    if (kSize > 64) lost = lost << 64 | lost_[0];
    lost >>= offset_;
    const uint64_t low = static_cast<uint64_t>(lost), high = static_cast<uint64_t>(lost >> 64);
    return static_cast<size_t>(low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high));
  }
  // Of any transmission; those that are not there are made, alone.
  TransmissionDraw At(const DirectionSpec& spec, const RandomSource& luck, Purpose purpose,
                      uint64_t index) const {
    const uint64_t i = index - first_;
    if (i < size_) return {loss_[i], latency_ns_[i]};
    const RandomBlock b = luck.Block(purpose, index);
    return {uint64_t{b.w[0]} << 32 | b.w[3],
            spec.latency.Sample(uint64_t{b.w[1]} << 32 | b.w[2]).ns};
  }

 private:
  void Fill(const DirectionSpec& spec, const RandomSource& luck, Purpose purpose, uint64_t index) {
    uint64_t latency[kSize];
    luck.Pairs(purpose, index, kSize, loss_, latency);
    spec.latency.SampleMany(latency, kSize, latency_ns_);
    for (size_t i = 0; i < kSize; i += 64) lost_[i / 64] = spec.loss.Hits(loss_ + i, 64);
    first_ = index;
    size_ = kSize;
  }

  uint64_t first_ = 0;
  size_t size_ = 0;
  size_t offset_ = 0;
  uint64_t lost_[kSize / 64];  // bit i: transmission first_ + i is lost
  uint64_t loss_[kSize];
  int64_t latency_ns_[kSize];
};

// The cycles of a stretch that lie ahead: over TCP a cycle has two transmissions up and one down,
// else one each.
struct DrawsAhead {
  DrawWindow<128> up;
  DrawWindow<64> down;

  void Clear() { up.Clear(), down.Clear(); }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_QUIET_SCAN_H_
