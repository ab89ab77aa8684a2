// Pending events in exact (time, order) order: an implicit 4-ary heap. The reference that every
// other queue is held against.
#ifndef KEEPSIM_SIM_ENGINE_HEAP_QUEUE_H_
#define KEEPSIM_SIM_ENGINE_HEAP_QUEUE_H_

#include <cstddef>
#include <vector>

#include "sim/base/check.h"
#include "sim/engine/event.h"

namespace keepsim {

class HeapQueue {
 public:
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  void Clear() { heap_.clear(); }
  void Reserve(size_t n) { heap_.reserve(n); }
  // In no order.
  const Event* begin() const { return heap_.data(); }
  const Event* end() const { return heap_.data() + heap_.size(); }
  // REQUIRES: !empty().
  const Event& Top() const { return heap_.front(); }

  void Push(const Event& event) {
    size_t hole = heap_.size();
    heap_.push_back(event);
    while (hole > 0) {
      const size_t parent = (hole - 1) / 4;
      if (!Before(event, heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = event;
  }

  // REQUIRES: !empty().
  Event Pop() {
    SIM_DCHECK(!heap_.empty());
    const Event top = heap_.front();
    const Event last = heap_.back();
    heap_.pop_back();
    const size_t n = heap_.size();
    if (n == 0) return top;
    size_t hole = 0;
    while (true) {
      const size_t first = hole * 4 + 1;
      if (first >= n) break;
      size_t best = first;
      const size_t end = first + 4 < n ? first + 4 : n;
      for (size_t child = first + 1; child < end; ++child) {
        if (Before(heap_[child], heap_[best])) best = child;
      }
      if (!Before(heap_[best], last)) break;
      heap_[hole] = heap_[best];
      hole = best;
    }
    heap_[hole] = last;
    return top;
  }

 private:
  std::vector<Event> heap_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_HEAP_QUEUE_H_
