// Pending events in exact (time, order) order, for cells of any size. A one-client cell has a
// handful: they are kept in a small array sorted by time, where a push moves two or three
// neighbours and a pop moves none. A cell that has more goes over to the radix queue for the rest
// of its run.
#ifndef KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_
#define KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_

#include <cstddef>
#include <memory>

#include "sim/base/check.h"
#include "sim/engine/event.h"
#include "sim/engine/radix_queue.h"

namespace keepsim {

class EventQueue {
 public:
  // Beyond this many an insertion costs more than the radix queue's.
  static constexpr size_t kFew = 16;

  bool empty() const { return size() == 0; }
  size_t size() const { return few_ ? count_ : many_->size(); }
  void Clear() {
    if (many_ != nullptr) many_->Clear();
    count_ = 0;
    few_ = true;
  }
  // Calls `f` with each event, in no order.
  template <typename F>
  void ForEach(F f) const {
    if (!few_) return many_->ForEach(f);
    for (size_t i = 0; i < count_; ++i) f(sorted_[i]);
  }
  // REQUIRES: !empty().
  const Event& Top() const { return few_ ? sorted_[count_ - 1] : many_->Top(); }

  void Push(const Event& event) {
    if (!few_ || count_ == kFew) {
      // A copy, so that `event` itself may stay in registers: no address of it gets out.
      const Event copy = event;
      return PushToMany(copy);
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
    return few_ ? sorted_[--count_] : many_->Pop();
  }

 private:
  [[gnu::noinline]] void PushToMany(const Event& event) {
    // The first goes first, so that the radix queue begins there.
    if (many_ == nullptr) many_ = std::make_unique<RadixQueue>();
    while (few_ && count_ > 0) many_->Push(sorted_[--count_]);
    few_ = false;
    many_->Push(event);
  }

  bool few_ = true;
  size_t count_ = 0;  // of sorted_
  Event sorted_[kFew];
  std::unique_ptr<RadixQueue> many_;  // made when it is wanted for the first time
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_EVENT_QUEUE_H_
