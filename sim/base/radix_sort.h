// A stable sort of pairs of 32-bit numbers, each pair one word, by the number in the upper half:
// some passes over the array, where std::sort takes twenty.
#ifndef KEEPSIM_SIM_BASE_RADIX_SORT_H_
#define KEEPSIM_SIM_BASE_RADIX_SORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace keepsim {

// Pairs with equal upper halves keep their order. `scratch` is overwritten.
inline void SortByUpperHalf(std::vector<uint64_t>* pairs, std::vector<uint64_t>* scratch) {
  constexpr int kPasses = 3;
  constexpr int kBits = 11;  // so that the places of a pass stay in the nearest cache
  constexpr size_t kDigits = size_t{1} << kBits;
  std::vector<std::array<uint32_t, kDigits>> count(kPasses);
  const auto digit = [](uint64_t pair, int pass) {
    return static_cast<size_t>(pair >> (32 + pass * kBits)) & (kDigits - 1);
  };
  for (const uint64_t pair : *pairs) {
    for (int pass = 0; pass < kPasses; ++pass)
      ++count[static_cast<size_t>(pass)][digit(pair, pass)];
  }
  scratch->resize(pairs->size());
  for (int pass = 0; pass < kPasses; ++pass) {
    std::array<uint32_t, kDigits>& place = count[static_cast<size_t>(pass)];
    // All have the same digit there: nothing to move.
    if (pairs->empty() || place[digit(pairs->front(), pass)] == pairs->size()) continue;
    uint32_t sum = 0;
    for (uint32_t& p : place) {
      const uint32_t n = p;
      p = sum;
      sum += n;
    }
    for (const uint64_t pair : *pairs) (*scratch)[place[digit(pair, pass)]++] = pair;
    pairs->swap(*scratch);
  }
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_RADIX_SORT_H_
