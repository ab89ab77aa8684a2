// Which instructions the functions use that work on many numbers at once. The numbers that come out
// are the same; the widest that the machine has is chosen at run time, since builds are for any
// x86-64.
#ifndef KEEPSIM_SIM_BASE_VECTOR_PATH_H_
#define KEEPSIM_SIM_BASE_VECTOR_PATH_H_

#include <cstdint>

namespace keepsim {

enum class VectorPath : uint8_t { kPortable, kSse2, kAvx2 };

bool HasVectorPath(VectorPath path);
// The one in use.
VectorPath ChosenVectorPath();
// For tests. REQUIRES: HasVectorPath(path).
void SetVectorPath(VectorPath path);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_VECTOR_PATH_H_
