// Sorts the records that one thread makes into runs.
#ifndef KEEPSIM_SIM_TRACE_SORT_LANE_H_
#define KEEPSIM_SIM_TRACE_SORT_LANE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "sim/trace/extent_store.h"
#include "sim/trace/record.h"
#include "sim/trace/record_run.h"

namespace keepsim::trace_internal {

class SortLane {
 public:
  // Sorts `chunk_records` at a time.
  SortLane(ExtentStore* store, size_t chunk_records)
      : store_(store), chunk_records_(chunk_records), in_order_(store) {}

  // The records need not be sorted. After an error, which may have lost some, all fails with it.
  absl::Status Add(absl::Span<const TraceRecord> records);
  // What was added, as runs; nothing may be added any more.
  absl::Status Finish(std::vector<RecordRun>* runs);

 private:
  absl::Status Sort(absl::Span<const TraceRecord> records);
  absl::Status SortChunk();

  ExtentStore* const store_;
  const size_t chunk_records_;
  absl::Status failure_;
  // What comes in order already needs no sorting: once the first client has come to the end of the
  // run, that is what every client has to say at the end, half of all records where packets are not
  // recorded.
  RunWriter in_order_;
  TraceRecord last_;  // of these
  bool any_ = false;
  std::vector<TraceRecord> chunk_;
  std::vector<RecordRun> runs_;
  std::vector<uint64_t> order_, scratch_;  // of SortChunk()
};

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_SORT_LANE_H_
