// Pending events in exact (time, order) order, for the two time scales of keep alive: most events
// are milliseconds away, the rest minutes, and what is pushed is rarely before what was popped. A
// radix heap (Ahuja, Mehlhorn, Orlin, Tarjan: Faster Algorithms for the Shortest Path Problem,
// JACM 37(2), 1990) over the bits of the time: an event lies at the level of the highest digit in
// which its bucket differs from the current one, moves down as time comes nearer, and is compared
// with others only in the last bucket. A move streams through memory, so that the cost of an
// event hardly grows with the number of events (docs/performance.md).
//
// Any order of pushes and pops is right; only speed asks for time that goes forward.
#ifndef KEEPSIM_SIM_ENGINE_RADIX_QUEUE_H_
#define KEEPSIM_SIM_ENGINE_RADIX_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/engine/event.h"
#include "sim/engine/heap_queue.h"

namespace keepsim {

class RadixQueue {
 public:
  // A bucket with at most so many events is sorted whole, however wide it is. A level has 64 times
  // as many as the one below: so at least a 64th of it lies sorted ahead, on an average.
  static constexpr size_t kSortAtOnce = 64;

  explicit RadixQueue(size_t sort_at_once = kSortAtOnce) : sort_at_once_(sort_at_once) {}
  RadixQueue(const RadixQueue&) = delete;
  RadixQueue& operator=(const RadixQueue&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Keeps the memory.
  void Clear();
  // REQUIRES: !empty().
  const Event& Top() const { return late_.empty() || NearIsFirst() ? near_.back() : late_.Top(); }

  void Push(const Event& event) {
    if (size_++ == 0) return Begin(event);
    if (BucketOf(event) <= current_) return late_.Push(event);
    Place(event);
  }

  // REQUIRES: !empty().
  Event Pop() {
    SIM_DCHECK(!empty());
    Event event;
    if (late_.empty() || NearIsFirst()) {
      event = near_.back();
      near_.pop_back();
    } else {
      event = late_.Pop();
    }
    if (--size_ > 0 && near_.empty() && late_.empty()) Refill();
    return event;
  }

  // The event that comes `n` after the next, but for those that were pushed late; null if that is
  // not known yet. For whoever fetches ahead what it is about.
  const Event* Ahead(size_t n) const {
    return n < near_.size() ? &near_[near_.size() - 1 - n] : nullptr;
  }
  // Calls `f` with each event, in no order.
  template <typename F>
  void ForEach(F f) const {
    for (const Event& e : near_) f(e);
    for (const Event& e : late_) f(e);
    for (int level = 0; level < kLevels; ++level) {
      for (uint64_t left = used_[level]; left != 0; left &= left - 1) {
        for (const Chunk* c = buckets_[level][__builtin_ctzll(left)].head; c != nullptr;
             c = c->next) {
          for (size_t i = 0; i < c->count; ++i) f(c->events[i]);
        }
      }
    }
  }

 private:
  static constexpr int kBucketBits = 17;  // 131 us: about ten events of a million clients
  static constexpr int kDigitBits = 6;
  static constexpr int kDigits = 1 << kDigitBits;
  static constexpr int kLevels = (63 - kBucketBits + kDigitBits - 1) / kDigitBits;

  struct Chunk {
    Chunk* next = nullptr;
    size_t count = 0;
    std::array<Event, 31> events;
  };
  struct Bucket {
    Chunk* head = nullptr;  // all but the first are full
    size_t count = 0;
  };

  static uint64_t BucketOf(const Event& event) {
    return static_cast<uint64_t>(event.at.ns) >> kBucketBits;
  }
  // REQUIRES: near_ or late_ is not empty.
  bool NearIsFirst() const { return !near_.empty() && Before(near_.back(), late_.Top()); }

  void Begin(const Event& event) {
    current_ = BucketOf(event);
    near_.push_back(event);
  }
  // REQUIRES: the event's bucket is behind the current one.
  void Place(const Event& event) {
    const uint64_t bucket = BucketOf(event);
    const int level = (63 - __builtin_clzll(bucket ^ current_)) / kDigitBits;
    const int digit = static_cast<int>(bucket >> (level * kDigitBits)) & (kDigits - 1);
    Bucket& b = buckets_[level][digit];
    if (b.head == nullptr || b.head->count == b.head->events.size()) {
      Chunk* chunk = NewChunk();
      chunk->next = b.head;
      b.head = chunk;
      used_[level] |= uint64_t{1} << digit;
    }
    b.head->events[b.head->count++] = event;
    ++b.count;
  }
  void Refill();
  Chunk* NewChunk();
  void Free(Chunk* chunk) {
    chunk->next = free_;
    free_ = chunk;
  }

  const size_t sort_at_once_;
  size_t size_ = 0;
  // No event outside near_ and late_ has a bucket up to this one.
  uint64_t current_ = 0;
  std::vector<Event> near_;  // sorted, the first at the end
  HeapQueue late_;           // pushed when their bucket was current already
  std::array<std::array<Bucket, kDigits>, kLevels> buckets_;
  std::array<uint64_t, kLevels> used_ = {};  // a bit for each bucket that holds events
  Chunk* free_ = nullptr;
  std::vector<std::unique_ptr<std::array<Chunk, 64>>> chunks_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_RADIX_QUEUE_H_
