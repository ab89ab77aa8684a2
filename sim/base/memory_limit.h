// Work that may need more memory than the machine has: then it ends with a status, and not the
// process. What a thread lets fall would end it too.
#ifndef KEEPSIM_SIM_BASE_MEMORY_LIMIT_H_
#define KEEPSIM_SIM_BASE_MEMORY_LIMIT_H_

#include <new>

#include "absl/status/status.h"

namespace keepsim {

// What `work` returns, an absl::Status or StatusOr; ResourceExhausted "out of memory" if there was
// not enough for it.
template <typename Work>
auto WithinMemory(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory");
  }
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_MEMORY_LIMIT_H_
