#include "sim/trace/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"

namespace keepsim {
namespace {

// The file is of this process alone, so records are kept as they lie in memory.
constexpr size_t kRecordBytes = sizeof(TraceRecord);
constexpr size_t kMinChunkRecords = 4096;
constexpr size_t kEmitRecords = 16384;

std::string TemporaryFolder(std::string folder) {
  if (!folder.empty()) return folder;
  const char* tmp = getenv("TMPDIR");
  return tmp != nullptr && *tmp != '\0' ? tmp : "/tmp";
}

// One sorted run: in memory, or read from the file a piece at a time.
struct Cursor {
  const TraceRecord* next = nullptr;
  const TraceRecord* end = nullptr;
  uint64_t offset = 0;  // of what has not been read yet
  uint64_t left = 0;    // records of it
  std::vector<TraceRecord> piece;
};

}  // namespace

RecordSorter::RecordSorter(std::string tmp_dir, size_t memory_limit_bytes)
    : tmp_dir_(TemporaryFolder(std::move(tmp_dir))),
      chunk_records_(std::max(memory_limit_bytes / 4 / kRecordBytes, kMinChunkRecords)) {}

RecordSorter::~RecordSorter() {
  if (fd_ >= 0) close(fd_);
}

absl::Status RecordSorter::SystemError(const char* what, int error) const {
  const std::string message =
      absl::StrCat(tmp_dir_, ": cannot ", what, " a temporary file for records: ", strerror(error),
                   "; name another folder in TMPDIR");
  return error == ENOSPC || error == EDQUOT || error == EFBIG
             ? absl::ResourceExhaustedError(message)
             : absl::UnavailableError(message);
}

absl::Status RecordSorter::Add(absl::Span<const TraceRecord> records) {
  std::vector<TraceRecord> full;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    buffer_.insert(buffer_.end(), records.begin(), records.end());
    if (buffer_.size() < chunk_records_) return absl::OkStatus();
    full.swap(buffer_);
    if (fd_ < 0) KEEPSIM_RETURN_IF_ERROR(OpenFile());
  }
  return Spill(std::move(full));
}

absl::Status RecordSorter::OpenFile() {
  std::string name = absl::StrCat(tmp_dir_, "/keepsim.XXXXXX");
  fd_ = mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) return SystemError("create", errno);
  unlink(name.c_str());
  return absl::OkStatus();
}

absl::Status RecordSorter::Spill(std::vector<TraceRecord> records) {
  std::sort(records.begin(), records.end(), CanonicalLess);
  const size_t bytes = records.size() * kRecordBytes;
  uint64_t offset;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    offset = file_bytes_;
    file_bytes_ += bytes;
    runs_.push_back({offset, records.size()});
  }
  const char* data = reinterpret_cast<const char*>(records.data());
  for (size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd_, data + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return SystemError("write", n == 0 ? ENOSPC : errno);
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::Status RecordSorter::Merge(
    const std::function<absl::Status(absl::Span<const TraceRecord>)>& emit) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::sort(buffer_.begin(), buffer_.end(), CanonicalLess);
  if (runs_.empty()) {
    for (size_t i = 0; i < buffer_.size(); i += kEmitRecords) {
      KEEPSIM_RETURN_IF_ERROR(emit(absl::MakeConstSpan(buffer_).subspan(i, kEmitRecords)));
    }
    buffer_ = {};
    return absl::OkStatus();
  }
  const size_t piece_records = std::max<size_t>(chunk_records_ / (runs_.size() + 1), 256);
  std::vector<Cursor> cursors(runs_.size() + 1);
  // Points the cursor at its next record; OK and next == end when the run is over.
  auto refill = [&](Cursor& c) -> absl::Status {
    if (c.next != c.end || c.left == 0) return absl::OkStatus();
    c.piece.resize(static_cast<size_t>(std::min<uint64_t>(c.left, piece_records)));
    const size_t bytes = c.piece.size() * kRecordBytes;
    char* data = reinterpret_cast<char*>(c.piece.data());
    for (size_t done = 0; done < bytes;) {
      const ssize_t n = pread(fd_, data + done, bytes - done, static_cast<off_t>(c.offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return SystemError("read", n == 0 ? EIO : errno);
      done += static_cast<size_t>(n);
    }
    c.offset += bytes;
    c.left -= c.piece.size();
    c.next = c.piece.data();
    c.end = c.next + c.piece.size();
    return absl::OkStatus();
  };
  for (size_t i = 0; i < runs_.size(); ++i) {
    cursors[i].offset = runs_[i].offset;
    cursors[i].left = runs_[i].count;
  }
  cursors.back().next = buffer_.data();
  cursors.back().end = buffer_.data() + buffer_.size();
  std::vector<Cursor*> heap;
  for (Cursor& c : cursors) {
    KEEPSIM_RETURN_IF_ERROR(refill(c));
    if (c.next != c.end) heap.push_back(&c);
  }
  // A heap keeps its greatest in front, so "less" is "later".
  auto later = [](const Cursor* x, const Cursor* y) { return CanonicalLess(*y->next, *x->next); };
  std::make_heap(heap.begin(), heap.end(), later);
  std::vector<TraceRecord> out;
  out.reserve(kEmitRecords);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Cursor& c = *heap.back();
    out.push_back(*c.next++);
    if (out.size() == kEmitRecords) {
      KEEPSIM_RETURN_IF_ERROR(emit(out));
      out.clear();
    }
    KEEPSIM_RETURN_IF_ERROR(refill(c));
    if (c.next == c.end) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  buffer_ = {};
  return out.empty() ? absl::OkStatus() : emit(out);
}

}  // namespace keepsim
