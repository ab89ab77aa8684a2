// Clock, queue and tie order of one cell: the only owner of its virtual "now".
#ifndef KEEPSIM_SIM_ENGINE_SIMULATOR_H_
#define KEEPSIM_SIM_ENGINE_SIMULATOR_H_

#include <cstdint>

#include "sim/base/check.h"
#include "sim/base/time.h"
#include "sim/engine/event.h"
#include "sim/engine/event_queue.h"

namespace keepsim {

// How events at the same instant are ordered. Every mode is total and deterministic.
enum class TieMode : uint8_t { kCanonical, kReversed, kShuffled };

// A bijection of the order word, so that ties fall in another, equally definite, order.
constexpr uint64_t PermuteOrder(TieMode mode, uint64_t order) {
  switch (mode) {
    case TieMode::kCanonical:
      return order;
    case TieMode::kReversed:
      return ~order;
    case TieMode::kShuffled: {  // the finaliser of SplitMix64: invertible
      uint64_t z = order + 0x9E3779B97F4A7C15u;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
      return z ^ (z >> 31);
    }
  }
  return order;
}

template <typename Queue = EventQueue>
class Simulator {
 public:
  void Reset(TieMode ties) {
    queue_.Clear();
    now_ = kStart;
    popped_ = 0;
    ties_ = ties;
  }

  Instant now() const { return now_; }
  uint64_t popped() const { return popped_; }  // engine events
  bool empty() const { return queue_.empty(); }
  // Of the next event; kNever if there is none.
  Instant next_at() const { return queue_.empty() ? kNever : queue_.Top().at; }
  // What is yet to come, in no order.
  const Queue& pending() const { return queue_; }

  // REQUIRES: event.at >= now().
  void Schedule(Event event) {
    SIM_CHECK(event.at >= now_);
    if (ties_ != TieMode::kCanonical) event.order = PermuteOrder(ties_, event.order);
    queue_.Push(event);
  }

  // Goes on at `now` with what was pending then. REQUIRES: Reset(); `pending` as pending() gave it.
  template <typename Events>
  void GoOn(Instant now, const Events& pending) {
    now_ = now;
    for (const Event& e : pending) queue_.Push(e);
  }

  // Moves the clock alone. REQUIRES: now() <= `now` <= next_at().
  void MoveTo(Instant now) {
    SIM_CHECK(now >= now_ && now <= next_at());
    now_ = now;
  }
  // The next event before `end`, which stays; null if there is none.
  const Event* Peek(Instant end) const {
    return queue_.empty() || queue_.Top().at >= end ? nullptr : &queue_.Top();
  }
  // Takes the next event before `end` and moves the clock to it; false if there is none.
  bool Next(Instant end, Event* event) {
    if (queue_.empty() || queue_.Top().at >= end) return false;
    *event = queue_.Pop();
    SIM_DCHECK(event->at >= now_);
    now_ = event->at;
    ++popped_;
    return true;
  }

 private:
  Queue queue_;
  Instant now_ = kStart;
  uint64_t popped_ = 0;
  TieMode ties_ = TieMode::kCanonical;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_SIMULATOR_H_
