// Puts the records of all cells into canonical order in bounded memory: what does not fit is
// sorted and spilled to a temporary file, which has no name, so that nothing is left behind even
// when the process is killed.
#ifndef KEEPSIM_SIM_TRACE_SPILL_H_
#define KEEPSIM_SIM_TRACE_SPILL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "sim/trace/record.h"

namespace keepsim {

class RecordSorter {
 public:
  // `tmp_dir` "" means $TMPDIR, else /tmp. Threads may add at the same time; each holds up to a
  // quarter of the limit while it spills.
  RecordSorter(std::string tmp_dir, size_t memory_limit_bytes);
  ~RecordSorter();
  RecordSorter(const RecordSorter&) = delete;
  RecordSorter& operator=(const RecordSorter&) = delete;

  // Thread-safe. The records need not be sorted. An error (disk full) names the folder.
  absl::Status Add(absl::Span<const TraceRecord> records);
  absl::Status Add(std::vector<TraceRecord>&& records) { return Add(absl::MakeSpan(records)); }

  // Everything added, in canonical order. Once, after the last Add.
  absl::Status Merge(const std::function<absl::Status(absl::Span<const TraceRecord>)>& emit);

  uint64_t spilled_bytes() const { return file_bytes_; }

 private:
  struct Run {
    uint64_t offset = 0;  // in the file
    uint64_t count = 0;
  };

  absl::Status Spill(std::vector<TraceRecord> records);
  absl::Status OpenFile();
  absl::Status SystemError(const char* what, int error) const;

  const std::string tmp_dir_;
  const size_t chunk_records_;
  std::mutex mutex_;
  std::vector<TraceRecord> buffer_;
  std::vector<Run> runs_;
  int fd_ = -1;
  uint64_t file_bytes_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_SPILL_H_
