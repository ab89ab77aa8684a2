// Pending events in exact (time, order) order, for cells of any size. A one-client cell has a
// handful: they are kept in a small array sorted by time, where a push moves two or three
// neighbours and a pop moves none. A cell that has more goes over to a heap for the rest of its
// run, and to the radix queue, which takes 70 kB and more, when that is worth it.
#ifndef KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_
#define KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_

#include <cstddef>
#include <memory>

#include "sim/base/check.h"
#include "sim/engine/event.h"
#include "sim/engine/heap_queue.h"
#include "sim/engine/radix_queue.h"

namespace keepsim {

class EventQueue {
 public:
  // Beyond this many an insertion costs more than the heap's.
  static constexpr size_t kFew = 16;

  // Beyond this many the heap's cost more than the radix queue's.
  static constexpr size_t kSome = 256;

  bool empty() const { return size() == 0; }
  size_t size() const { return few_ ? count_ : radix_ ? many_->size() : some_.size(); }
  // Keeps the memory.
  void Clear() {
    if (radix_) many_->Clear();
    some_.Clear();
    count_ = 0;
    few_ = true;
    radix_ = false;
  }
  // Calls `f` with each event, in no order.
  template <typename F>
  void ForEach(F f) const {
    if (radix_) return many_->ForEach(f);
    for (const Event& e : some_) f(e);
    for (size_t i = 0; i < count_; ++i) f(sorted_[i]);
  }
  // REQUIRES: !empty().
  const Event& Top() const {
    return few_ ? sorted_[count_ - 1] : radix_ ? many_->Top() : some_.Top();
  }

  void Push(const Event& event) {
    if (!few_ || count_ == kFew) {
      // A copy, so that `event` itself may stay in registers: no address of it gets out.
      const Event copy = event;
      return PushToMore(copy);
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
    const Event event = Top();
    if (few_) {
      --count_;
    } else {
      PopOfMore();
    }
    return event;
  }

 private:
  // Both apart, so that the loop of a small cell keeps its registers.
  [[gnu::noinline]] void PopOfMore() { (void)(radix_ ? many_->Pop() : some_.Pop()); }
  [[gnu::noinline]] void PushToMore(const Event& event) {
    if (few_) {
      while (count_ > 0) some_.Push(sorted_[--count_]);
      few_ = false;
    }
    if (!radix_) {
      if (some_.size() < kSome) return some_.Push(event);
      if (many_ == nullptr) many_ = std::make_unique<RadixQueue>();
      // The first goes first, so that the radix queue begins there.
      while (!some_.empty()) many_->Push(some_.Pop());
      radix_ = true;
    }
    many_->Push(event);
  }

  bool few_ = true;
  bool radix_ = false;
  size_t count_ = 0;  // of sorted_
  Event sorted_[kFew];
  HeapQueue some_;
  std::unique_ptr<RadixQueue> many_;  // made when it is wanted for the first time
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_
