// Things with a number each that stay where they are while others are added. Indexing costs two
// loads; std::deque's costs a division's worth of instructions where an element fills a block.
#ifndef KEEPSIM_SIM_WORLD_SLAB_H_
#define KEEPSIM_SIM_WORLD_SLAB_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace keepsim {

template <typename T>
class Slab {
 public:
  uint32_t size() const { return static_cast<uint32_t>(items_.size()); }
  T& operator[](size_t i) { return *items_[i]; }
  const T& operator[](size_t i) const { return *items_[i]; }
  // Adds one; its number is what size() was.
  void Add() { items_.push_back(std::make_unique<T>()); }

 private:
  std::vector<std::unique_ptr<T>> items_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SLAB_H_
