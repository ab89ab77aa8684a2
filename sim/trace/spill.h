// Puts the records of all cells into canonical order in bounded memory: they are sorted into runs,
// packed, and merged at the end; runs that do not fit into memory wait in a temporary file.
#ifndef KEEPSIM_SIM_TRACE_SPILL_H_
#define KEEPSIM_SIM_TRACE_SPILL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "sim/trace/extent_store.h"
#include "sim/trace/record.h"
#include "sim/trace/sort_lane.h"

namespace keepsim {

class RecordSorter {
 public:
  // `tmp_dir` "" means $TMPDIR, else /tmp. The limit is kept approximately.
  RecordSorter(std::string tmp_dir, size_t memory_limit_bytes, size_t lanes = 1);
  RecordSorter(const RecordSorter&) = delete;
  RecordSorter& operator=(const RecordSorter&) = delete;

  // The records need not be sorted. Threads may add at the same time, to lanes of their own,
  // numbers from 0. An error (disk full) names the folder.
  absl::Status Add(size_t lane, absl::Span<const TraceRecord> records) {
    return lanes_[lane].Add(records);
  }

  // Everything added, in canonical order. Once, after the last Add. `emit` is called with nothing
  // now and then while there is nothing to be had yet: an error of its own ends the merge.
  absl::Status Merge(const std::function<absl::Status(absl::Span<const TraceRecord>)>& emit);

  uint64_t spilled_bytes() const { return store_.file_bytes(); }

 private:
  trace_internal::ExtentStore store_;
  const size_t most_runs_;  // to merge at once
  std::vector<trace_internal::SortLane> lanes_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_SPILL_H_
