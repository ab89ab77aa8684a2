#include "sim/engine/radix_queue.h"

#include <algorithm>

#include "sim/base/check.h"

namespace keepsim {

void RadixQueue::Clear() {
  size_ = 0;
  near_.clear();
  late_.Clear();
  for (int level = 0; level < kLevels; ++level) {
    for (; used_[level] != 0; used_[level] &= used_[level] - 1) {
      Bucket& b = buckets_[level][__builtin_ctzll(used_[level])];
      for (Chunk* c = b.head; c != nullptr;) {
        Chunk* next = c->next;
        Free(c);
        c = next;
      }
      b = Bucket{};
    }
  }
}

void RadixQueue::Refill() {
  while (near_.empty()) {
    int level = 0;
    while (used_[level] == 0) ++level;
    const int digit = __builtin_ctzll(used_[level]);
    const Bucket taken = buckets_[level][digit];
    buckets_[level][digit] = Bucket{};
    used_[level] &= used_[level] - 1;

    // The first bucket that `taken` stands for, or the last where all its events are sorted.
    const int shift = level * kDigitBits;
    const uint64_t below = (uint64_t{1} << shift) - 1;
    const bool whole = level == 0 || taken.count <= sort_at_once_;
    current_ = (current_ & ~(below << kDigitBits | (kDigits - 1))) |
               static_cast<uint64_t>(digit) << shift | (whole ? below : 0);
    for (Chunk* c = taken.head; c != nullptr;) {
      for (size_t i = 0; i < c->count; ++i) {
        if (BucketOf(c->events[i]) <= current_) {
          near_.push_back(c->events[i]);
        } else {
          Place(c->events[i]);
        }
      }
      Chunk* next = c->next;
      Free(c);
      c = next;
    }
  }
  std::sort(near_.begin(), near_.end(),
            [](const Event& x, const Event& y) { return Before(y, x); });
}

RadixQueue::Chunk* RadixQueue::NewChunk() {
  if (free_ == nullptr) {
    chunks_.push_back(std::make_unique<std::array<Chunk, 64>>());
    for (Chunk& c : *chunks_.back()) Free(&c);
  }
  Chunk* chunk = free_;
  free_ = chunk->next;
  chunk->count = 0;
  return chunk;
}

}  // namespace keepsim
