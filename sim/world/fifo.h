// A queue that keeps its memory: std::deque gives back and takes a block whenever it moves on by
// one.
#ifndef KEEPSIM_SIM_WORLD_FIFO_H_
#define KEEPSIM_SIM_WORLD_FIFO_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace keepsim {

template <typename T>
class Fifo {
 public:
  bool empty() const { return head_ == items_.size(); }
  uint32_t size() const { return static_cast<uint32_t>(items_.size() - head_); }
  // REQUIRES: !empty().
  const T& front() const { return items_[head_]; }
  auto begin() const { return items_.begin() + static_cast<ptrdiff_t>(head_); }
  auto end() const { return items_.end(); }
  void Push(const T& item) { items_.push_back(item); }
  // REQUIRES: !empty().
  void Pop() {
    if (++head_ == items_.size()) return Clear();
    if (head_ < kCompactAt || head_ * 2 < items_.size()) return;
    // A queue that never runs empty must not grow for ever.
    items_.erase(items_.begin(), items_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
  void Clear() { items_.clear(), head_ = 0; }

 private:
  static constexpr size_t kCompactAt = 32;
  std::vector<T> items_;
  size_t head_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_FIFO_H_
