// Which instructions the functions use that work on many numbers at once. The numbers that come out
// are the same; the widest that the machine has is chosen at run time, since builds are for any
// x86-64.
#ifndef KEEPSIM_SIM_BASE_VECTOR_PATH_H_
#define KEEPSIM_SIM_BASE_VECTOR_PATH_H_

#include <cstdint>

namespace keepsim {

// kAvx512: F, CD, DQ and VL.
enum class VectorPath : uint8_t { kPortable, kSse2, kAvx2, kAvx512 };

bool HasVectorPath(VectorPath path);
// The one in use. Where a function has no way of its own for it, the next narrower one is meant.
VectorPath ChosenVectorPath();
// For tests. REQUIRES: HasVectorPath(path).
void SetVectorPath(VectorPath path);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_VECTOR_PATH_H_
