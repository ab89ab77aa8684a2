// Pending events in exact (time, order) order, for cells of any size. A one-client cell has a
// handful: they are kept in a small array sorted by time, where a push moves two or three
// neighbours and a pop moves none. What a cell has beyond that goes to the heap, for the rest of
// its run.
#ifndef KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_
#define KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_

#include <cstddef>

#include "sim/base/check.h"
#include "sim/engine/event.h"
#include "sim/engine/heap_queue.h"

namespace keepsim {

class EventQueue {
 public:
  // Beyond this many an insertion costs more than the heap's. Only speed depends on it.
  static constexpr size_t kFew = 16;

  bool empty() const { return size() == 0; }
  size_t size() const { return few_ ? count_ : heap_.size(); }
  void Clear() {
    heap_.Clear();
    count_ = 0;
    few_ = true;
  }
  // In no order.
  const Event* begin() const { return few_ ? sorted_ : heap_.begin(); }
  const Event* end() const { return few_ ? sorted_ + count_ : heap_.end(); }
  // REQUIRES: !empty().
  const Event& Top() const { return few_ ? sorted_[count_ - 1] : heap_.Top(); }

  void Push(const Event& event) {
    if (!few_ || count_ == kFew) {
      // A copy, so that `event` itself may stay in registers: no address of it gets out.
      const Event copy = event;
      return PushToHeap(copy);
    }
    // The next event is the last, so that a pop moves nothing.
    size_t hole = count_++;
    while (hole > 0 && Before(sorted_[hole - 1], event)) {
      sorted_[hole] = sorted_[hole - 1];
      --hole;
    }
    sorted_[hole] = event;
  }

  // REQUIRES: !empty().
  Event Pop() {
    SIM_DCHECK(!empty());
    return few_ ? sorted_[--count_] : heap_.Pop();
  }

 private:
  [[gnu::noinline]] void PushToHeap(const Event& event) {
    for (size_t i = 0; few_ && i < count_; ++i) heap_.Push(sorted_[i]);
    few_ = false;
    heap_.Push(event);
  }

  bool few_ = true;
  size_t count_ = 0;  // of sorted_
  Event sorted_[kFew];
  HeapQueue heap_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_
