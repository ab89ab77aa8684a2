#include "sim/base/random.h"

#include <cmath>

#include "sim/base/check.h"

namespace keepsim {
namespace {

uint64_t Mix(uint64_t z) {  // SplitMix64's finaliser
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t GroupKey(uint64_t seed, absl::string_view group_name) {
  uint64_t h = 0xCBF29CE484222325u;  // FNV-1a, 64 bits
  for (const char c : group_name) {
    h = (h ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  }
  return Mix(Mix(seed + 0x9E3779B97F4A7C15u) ^ h);
}

Probability Probability::FromDouble(double p) {
  SIM_CHECK(p >= 0 && p <= 1);
  Probability result;
  if (p >= 1) {
    result.always_ = true;
  } else {
    // Scaling by a power of two is exact, so is truncation: the same threshold everywhere.
    result.threshold_ = static_cast<uint64_t>(std::ldexp(p, 64));
  }
  return result;
}

}  // namespace keepsim
