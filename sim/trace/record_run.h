// Records in canonical order that are put aside, and taken up again one by one; inside sim/trace
// only.
#ifndef KEEPSIM_SIM_TRACE_RECORD_RUN_H_
#define KEEPSIM_SIM_TRACE_RECORD_RUN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "sim/trace/extent_store.h"
#include "sim/trace/packed_record.h"
#include "sim/trace/record.h"

namespace keepsim::trace_internal {

// Each extent begins as if nothing were before it.
using RecordRun = std::vector<Extent>;

// What a reader holds of a run in the file.
inline constexpr size_t kPieceBytes = size_t{16} << 10;

class RunWriter {
 public:
  explicit RunWriter(ExtentStore* store) : store_(store) {}

  // REQUIRES: in order.
  absl::Status Add(const TraceRecord& r) {
    if (static_cast<size_t>(end_ - next_) < kMostPackedBytes) {
      if (absl::Status status = BeginExtent(); !status.ok()) return status;
    }
    next_ = Pack(before_, r, next_);
    before_ = r;
    return absl::OkStatus();
  }
  // What was added. Once, as the last call.
  absl::Status Finish(RecordRun* run);

 private:
  absl::Status PutAside();
  absl::Status BeginExtent();

  ExtentStore* const store_;
  RecordRun run_;
  char* buffer_ = nullptr;  // taken when it is needed
  char* next_ = nullptr;
  char* end_ = nullptr;
  TraceRecord before_;
};

class RunReader {
 public:
  RunReader(ExtentStore* store, RecordRun run) : store_(store), run_(std::move(run)) {}

  // To the first record, then to the next one; done() after the last.
  absl::Status Advance() {
    if (static_cast<size_t>(end_ - next_) < kMostPackedBytes && (left_ > 0 || next_ == end_)) {
      if (absl::Status status = Refill(); !status.ok() || done_) return status;
    }
    next_ = Unpack(next_, &record_);
    return absl::OkStatus();
  }
  bool done() const { return done_; }
  const TraceRecord& record() const { return record_; }  // REQUIRES: !done()

 private:
  absl::Status Refill();

  ExtentStore* const store_;
  RecordRun run_;
  size_t extent_ = 0;    // number of the next one
  uint64_t offset_ = 0;  // in the file, of what has not been read yet of an extent
  size_t left_ = 0;      // bytes of it
  std::unique_ptr<char[]> piece_;
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  TraceRecord record_;
  bool done_ = false;
};

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_RECORD_RUN_H_
