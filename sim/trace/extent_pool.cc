#include "sim/trace/extent_pool.h"

#include <sys/mman.h>

#include <new>

namespace keepsim::trace_internal {
namespace {

constexpr size_t kPageBytes = size_t{2} << 20;

}  // namespace

char* ExtentPool::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (extents_.empty()) {
    pages_.emplace_back(static_cast<char*>(std::aligned_alloc(kPageBytes, kPageBytes)));
    if (pages_.back() == nullptr) {
      pages_.pop_back();
      throw std::bad_alloc();
    }
    // Not for the few records of a single client. No harm done if it cannot.
    if (pages_.size() > 1) madvise(pages_.back().get(), kPageBytes, MADV_HUGEPAGE);
    for (size_t at = kPageBytes; at > 0; at -= kExtentBytes) {
      extents_.push_back(pages_.back().get() + at - kExtentBytes);
    }
  }
  char* const extent = extents_.back();
  extents_.pop_back();
  return extent;
}

void ExtentPool::Give(char* extent) {
  const std::lock_guard<std::mutex> lock(mutex_);
  extents_.push_back(extent);
}

}  // namespace keepsim::trace_internal
