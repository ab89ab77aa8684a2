#include "sim/base/radix_sort.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "sim/base/random.h"

namespace keepsim {
namespace {

void ExpectSortsAsStdDoes(std::vector<uint64_t> pairs) {
  std::vector<uint64_t> expected = pairs;
  std::stable_sort(expected.begin(), expected.end(),
                   [](uint64_t x, uint64_t y) { return x >> 32 < y >> 32; });
  std::vector<uint64_t> scratch;
  SortByUpperHalf(&pairs, &scratch);
  EXPECT_EQ(pairs, expected);
}

TEST(RadixSort, SortsByTheUpperHalfAndKeepsTheOrderOfEquals) {
  const RandomSource luck(5, 0);
  for (const uint64_t mask : {~uint64_t{0}, uint64_t{0x7FF} << 32, uint64_t{0xFFC00000} << 32,
                              uint64_t{0xFFFFFFFF}, uint64_t{0}}) {
    for (const uint64_t n : {0u, 1u, 2u, 1000u, 70000u}) {
      std::vector<uint64_t> pairs;
      for (uint64_t i = 0; i < n; ++i) pairs.push_back(luck.Draw64(Purpose::kTest, i) & mask);
      ExpectSortsAsStdDoes(pairs);
    }
  }
  ExpectSortsAsStdDoes({~uint64_t{0}, 0, uint64_t{1} << 63, uint64_t{1} << 32, 7});
}

}  // namespace
}  // namespace keepsim
