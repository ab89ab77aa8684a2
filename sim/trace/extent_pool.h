// Memory for extents, in pieces as large as the machine's large pages: touching memory for the
// first time costs as much as what is then done with it. Inside sim/trace only.
#ifndef KEEPSIM_SIM_TRACE_EXTENT_POOL_H_
#define KEEPSIM_SIM_TRACE_EXTENT_POOL_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

namespace keepsim::trace_internal {

inline constexpr size_t kExtentBytes = size_t{64} << 10;

// Thread-safe.
class ExtentPool {
 public:
  char* Take();  // kExtentBytes
  void Give(char* extent);

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<char, Free>> pages_;
  std::vector<char*> extents_;  // that nobody has
};

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_EXTENT_POOL_H_
