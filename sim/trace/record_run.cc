#include "sim/trace/record_run.h"

#include <algorithm>
#include <cstring>

#include "sim/base/status_macros.h"

namespace keepsim::trace_internal {

absl::Status RunWriter::PutAside() {
  if (buffer_ == nullptr) return absl::OkStatus();
  const auto size = static_cast<size_t>(next_ - buffer_);
  absl::StatusOr<Extent> extent = store_->Put(std::exchange(buffer_, nullptr), size);
  if (!extent.ok()) return extent.status();
  run_.push_back(*std::move(extent));
  return absl::OkStatus();
}

absl::Status RunWriter::BeginExtent() {
  KEEPSIM_RETURN_IF_ERROR(PutAside());
  buffer_ = store_->NewBuffer();
  next_ = buffer_;
  end_ = buffer_ + kExtentBytes - kPackedSlack;
  before_ = TraceRecord();
  return absl::OkStatus();
}

absl::Status RunWriter::Finish(RecordRun* run) {
  KEEPSIM_RETURN_IF_ERROR(PutAside());
  *run = std::move(run_);
  return absl::OkStatus();
}

absl::Status RunReader::Refill() {
  if (left_ == 0) {
    if (extent_ > 0) store_->Free(run_[extent_ - 1]);
    if (extent_ == run_.size()) {
      done_ = true;
      piece_.reset();
      return absl::OkStatus();
    }
    record_ = TraceRecord();
    const Extent& extent = run_[extent_++];
    if (extent.memory != nullptr) {
      next_ = extent.memory;
      end_ = next_ + extent.size;
      return absl::OkStatus();
    }
    offset_ = extent.offset;
    left_ = extent.size;
    next_ = end_ = nullptr;
  }
  if (piece_ == nullptr) piece_.reset(new char[kPieceBytes + kPackedSlack]);
  // The beginning of a record that goes on in what is read now.
  const auto kept = static_cast<size_t>(end_ - next_);
  if (kept > 0) std::memmove(piece_.get(), next_, kept);
  const size_t n = std::min(left_, kPieceBytes - kept);
  KEEPSIM_RETURN_IF_ERROR(store_->Read(offset_, n, piece_.get() + kept));
  offset_ += n;
  left_ -= n;
  next_ = piece_.get();
  end_ = next_ + kept + n;
  return absl::OkStatus();
}

}  // namespace keepsim::trace_internal
