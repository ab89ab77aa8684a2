// Numbers of either sign as numbers without, small ones as small ones: 0, -1, 1, -2 as 0, 1, 2, 3.
#ifndef KEEPSIM_SIM_BASE_ZIG_ZAG_H_
#define KEEPSIM_SIM_BASE_ZIG_ZAG_H_

#include <cstdint>

namespace keepsim {

inline uint64_t ZigZag(int64_t v) {
  return static_cast<uint64_t>(v) << 1 ^ static_cast<uint64_t>(v >> 63);
}

inline int64_t UnZigZag(uint64_t v) { return static_cast<int64_t>(v >> 1 ^ (~(v & 1) + 1)); }

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_ZIG_ZAG_H_
