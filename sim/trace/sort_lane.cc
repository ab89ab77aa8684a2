#include "sim/trace/sort_lane.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "sim/base/radix_sort.h"
#include "sim/base/status_macros.h"

namespace keepsim::trace_internal {
namespace {

constexpr size_t kAhead = 16;

// What CanonicalLess orders first, in 32 bits, and the record's number in `records`, sorted; then
// records that are equal in these bits.
void Order(const std::vector<TraceRecord>& records, std::vector<uint64_t>* order,
           std::vector<uint64_t>* scratch) {
  Instant first = records.front().at;
  Instant last = first;
  for (const TraceRecord& r : records) {
    first = std::min(first, r.at);
    last = std::max(last, r.at);
  }
  const auto since_first = [&](const TraceRecord& r) {
    return static_cast<uint64_t>(r.at.ns) - static_cast<uint64_t>(first.ns);
  };
  const uint64_t span = static_cast<uint64_t>(last.ns) - static_cast<uint64_t>(first.ns);
  const int shift = std::max(0, static_cast<int>(std::bit_width(span)) - 32);
  order->resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    (*order)[i] = since_first(records[i]) >> shift << 32 | i;
  }
  SortByUpperHalf(order, scratch);
  const auto less = [&](uint64_t x, uint64_t y) {
    return CanonicalLess(records[static_cast<uint32_t>(x)], records[static_cast<uint32_t>(y)]);
  };
  for (auto begin = order->begin(); begin != order->end();) {
    auto end = begin + 1;
    while (end != order->end() && *end >> 32 == *begin >> 32) ++end;
    if (!std::is_sorted(begin, end, less)) std::sort(begin, end, less);
    begin = end;
  }
}

}  // namespace

absl::Status SortLane::Add(absl::Span<const TraceRecord> records) {
  if (failure_.ok()) failure_ = Sort(records);
  return failure_;
}

absl::Status SortLane::Sort(absl::Span<const TraceRecord> records) {
  for (const TraceRecord& r : records) {
    if (!any_ || CanonicalLess(last_, r)) {
      any_ = true;
      last_ = r;
      KEEPSIM_RETURN_IF_ERROR(in_order_.Add(r));
      continue;
    }
    if (chunk_.empty()) chunk_.reserve(chunk_records_);
    chunk_.push_back(r);
    if (chunk_.size() == chunk_records_) KEEPSIM_RETURN_IF_ERROR(SortChunk());
  }
  return absl::OkStatus();
}

absl::Status SortLane::SortChunk() {
  if (chunk_.empty()) return absl::OkStatus();
  Order(chunk_, &order_, &scratch_);
  RunWriter run(store_);
  for (size_t i = 0; i < order_.size(); ++i) {
    // The records lie all over the chunk, which is larger than the near caches.
    const uint64_t ahead = order_[std::min(i + kAhead, order_.size() - 1)];
    __builtin_prefetch(&chunk_[static_cast<uint32_t>(ahead)].at);
    __builtin_prefetch(&chunk_[static_cast<uint32_t>(ahead)].b);
    KEEPSIM_RETURN_IF_ERROR(run.Add(chunk_[static_cast<uint32_t>(order_[i])]));
  }
  chunk_.clear();
  return run.Finish(&runs_.emplace_back());
}

absl::Status SortLane::Finish(std::vector<RecordRun>* runs) {
  KEEPSIM_RETURN_IF_ERROR(failure_);
  KEEPSIM_RETURN_IF_ERROR(SortChunk());
  KEEPSIM_RETURN_IF_ERROR(in_order_.Finish(&runs_.emplace_back()));
  for (RecordRun& run : runs_) runs->push_back(std::move(run));
  runs_.clear();
  chunk_ = {};
  order_ = {};
  scratch_ = {};
  return absl::OkStatus();
}

}  // namespace keepsim::trace_internal
