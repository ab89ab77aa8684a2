#include "sim/base/vector_path.h"

#include <atomic>

#include "sim/base/check.h"

namespace keepsim {
namespace {

VectorPath Widest() {
  for (const VectorPath path : {VectorPath::kAvx512, VectorPath::kAvx2, VectorPath::kSse2}) {
    if (HasVectorPath(path)) return path;
  }
  return VectorPath::kPortable;
}

// Asked too often for the guard of a static in a function. -1: nobody has asked yet.
constinit std::atomic<int> chosen{-1};

}  // namespace

bool HasVectorPath(VectorPath path) {
  switch (path) {
    case VectorPath::kPortable:
      return true;
#ifdef __x86_64__
    case VectorPath::kSse2:
      return true;
    case VectorPath::kAvx2:
      return __builtin_cpu_supports("avx2") != 0;
    case VectorPath::kAvx512:
      return HasVectorPath(VectorPath::kAvx2) && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0;
#endif
    default:
      return false;
  }
}

VectorPath ChosenVectorPath() {
  int path = chosen.load(std::memory_order_relaxed);
  if (path < 0) {
    int unset = -1;
    path = static_cast<int>(Widest());
    if (!chosen.compare_exchange_strong(unset, path)) path = unset;
  }
  return static_cast<VectorPath>(path);
}

void SetVectorPath(VectorPath path) {
  SIM_CHECK(HasVectorPath(path));
  chosen = static_cast<int>(path);
}

}  // namespace keepsim
