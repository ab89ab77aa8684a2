#include "sim/trace/extent_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"

namespace keepsim::trace_internal {
namespace {

std::string TemporaryFolder(std::string folder) {
  if (!folder.empty()) return folder;
  const char* tmp = getenv("TMPDIR");
  return tmp != nullptr && *tmp != '\0' ? tmp : "/tmp";
}

}  // namespace

ExtentStore::ExtentStore(std::string tmp_dir, size_t memory_limit_bytes)
    : tmp_dir_(TemporaryFolder(std::move(tmp_dir))), memory_limit_(memory_limit_bytes) {}

ExtentStore::~ExtentStore() {
  if (fd_ >= 0) close(fd_);
}

absl::Status ExtentStore::SystemError(const char* what, int error) const {
  const std::string message =
      absl::StrCat(tmp_dir_, ": cannot ", what, " a temporary file for records: ", strerror(error),
                   "; name another folder in TMPDIR");
  return error == ENOSPC || error == EDQUOT || error == EFBIG
             ? absl::ResourceExhaustedError(message)
             : absl::UnavailableError(message);
}

absl::Status ExtentStore::OpenFile() {
  std::string name = absl::StrCat(tmp_dir_, "/keepsim.XXXXXX");
  fd_ = mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) return SystemError("create", errno);
  unlink(name.c_str());
  return absl::OkStatus();
}

absl::StatusOr<Extent> ExtentStore::Put(char* buffer, size_t size) {
  Extent extent;
  extent.size = size;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (memory_bytes_ + kExtentBytes <= memory_limit_) {
      memory_bytes_ += kExtentBytes;
      extent.memory = buffer;
      return extent;
    }
    if (fd_ < 0) KEEPSIM_RETURN_IF_ERROR(OpenFile());
    if (free_.empty()) {
      extent.offset = file_bytes_;
      file_bytes_ += kExtentBytes;
    } else {
      extent.offset = free_.back();
      free_.pop_back();
    }
  }
  for (size_t done = 0; done < size;) {
    const ssize_t n =
        pwrite(fd_, buffer + done, size - done, static_cast<off_t>(extent.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return SystemError("write", n == 0 ? ENOSPC : errno);
    done += static_cast<size_t>(n);
  }
  pool_.Give(buffer);
  return extent;
}

absl::Status ExtentStore::Read(uint64_t offset, size_t n, char* to) {
  for (size_t done = 0; done < n;) {
    const ssize_t got = pread(fd_, to + done, n - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return SystemError("read", got == 0 ? EIO : errno);
    done += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

void ExtentStore::Free(const Extent& extent) {
  if (extent.memory != nullptr) pool_.Give(extent.memory);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (extent.memory != nullptr) {
    memory_bytes_ -= kExtentBytes;
  } else {
    free_.push_back(extent.offset);
  }
}

}  // namespace keepsim::trace_internal
