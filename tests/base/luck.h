// Choices of a test's own, all of them from one seed.
#ifndef KEEPSIM_TESTS_BASE_LUCK_H_
#define KEEPSIM_TESTS_BASE_LUCK_H_

#include <cstdint>
#include <initializer_list>
#include <iterator>

#include "sim/base/random.h"

namespace keepsim {

class Luck {
 public:
  // Each stream of a seed has choices of its own.
  Luck(uint64_t seed, uint32_t stream) : source_(seed, stream) {}
  int64_t UpTo(int64_t most) {
    return static_cast<int64_t>(source_.Draw64(Purpose::kTest, next_++) %
                                static_cast<uint64_t>(most + 1));
  }
  bool OneIn(int64_t n) { return UpTo(n - 1) == 0; }
  template <typename T>
  T Of(std::initializer_list<T> choices) {
    return *std::next(choices.begin(), UpTo(static_cast<int64_t>(choices.size()) - 1));
  }
  const char* Of(std::initializer_list<const char*> choices) { return Of<const char*>(choices); }

 private:
  RandomSource source_;
  uint64_t next_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_BASE_LUCK_H_
