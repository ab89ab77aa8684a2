// What is deflated here is inflated by zlib.
#include "sim/trace/deflate.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "sim/base/random.h"

namespace keepsim::trace_internal {
namespace {

// Its size; the text must come back.
size_t Deflated(const std::string& plain) {
  const std::string deflated = Deflate(plain);
  std::string back;
  const auto size = static_cast<uint32_t>(plain.size());
  const absl::Status status = Inflate(deflated, size, size, &back);
  EXPECT_TRUE(status.ok()) << status << " of " << plain.size() << " bytes";
  EXPECT_EQ(back, plain);
  return deflated.size();
}

// Bytes below `most`, each as likely.
std::string Random(size_t n, uint64_t most, uint64_t seed = 1) {
  const RandomSource luck(seed, 0);
  std::string text;
  for (uint64_t i = 0; i < n; ++i) {
    text += static_cast<char>(luck.Draw64(Purpose::kTest, i) % most);
  }
  return text;
}

TEST(Deflate, ShortTexts) {
  for (size_t n = 0; n < 300; ++n) {
    Deflated(std::string(n, 'x'));
    Deflated(Random(n, 256));
    Deflated(Random(n, 2));
  }
}

TEST(Deflate, WhatDoesNotRepeatHardlyGrows) {
  for (const size_t n :
       {size_t{1000}, size_t{65535}, size_t{65536}, size_t{65537}, size_t{300000}}) {
    EXPECT_LT(Deflated(Random(n, 256)), n + n / 100 + 400);
  }
}

TEST(Deflate, WhatRepeatsBecomesSmall) {
  EXPECT_LT(Deflated(std::string(1000000, '\0')), 10000u);
  const std::string once = Random(1000, 256);
  std::string often;
  for (int i = 0; i < 300; ++i) often += once;
  EXPECT_LT(Deflated(often), often.size() / 40);
}

}  // namespace
}  // namespace keepsim::trace_internal
