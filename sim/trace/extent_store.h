// Keeps pieces of bytes until they are wanted: in memory up to a limit, the others in a temporary
// file, whose name is taken away at once, so that nothing is left behind when the process is
// killed.
#ifndef KEEPSIM_SIM_TRACE_EXTENT_STORE_H_
#define KEEPSIM_SIM_TRACE_EXTENT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/trace/extent_pool.h"

namespace keepsim::trace_internal {

struct Extent {
  char* memory = nullptr;  // null: in the file
  uint64_t offset = 0;     // in the file
  size_t size = 0;
};

// Thread-safe. An error (disk full) names the folder.
class ExtentStore {
 public:
  // `tmp_dir` "" means $TMPDIR, else /tmp.
  ExtentStore(std::string tmp_dir, size_t memory_limit_bytes);
  ~ExtentStore();
  ExtentStore(const ExtentStore&) = delete;
  ExtentStore& operator=(const ExtentStore&) = delete;

  char* NewBuffer() { return pool_.Take(); }  // kExtentBytes
  // The first `size` bytes of one of these buffers, which is given away.
  absl::StatusOr<Extent> Put(char* buffer, size_t size);
  // Of an extent in the file.
  absl::Status Read(uint64_t offset, size_t n, char* to);
  // Gives its place back, in memory or in the file.
  void Free(const Extent& extent);

  uint64_t file_bytes() const { return file_bytes_; }

 private:
  absl::Status OpenFile();
  absl::Status SystemError(const char* what, int error) const;

  const std::string tmp_dir_;
  const size_t memory_limit_;
  ExtentPool pool_;
  std::mutex mutex_;  // guards what follows
  size_t memory_bytes_ = 0;
  uint64_t file_bytes_ = 0;
  std::vector<uint64_t> free_;  // places in the file, kExtentBytes each
  int fd_ = -1;
};

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_EXTENT_STORE_H_
