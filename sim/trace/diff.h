// Where two traces part: the first record that differs, with what came before it.
#ifndef KEEPSIM_SIM_TRACE_DIFF_H_
#define KEEPSIM_SIM_TRACE_DIFF_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/trace/reader.h"
#include "sim/trace/record.h"
#include "sim/trace/text.h"

namespace keepsim {

struct TraceDifference {
  uint64_t index = 0;               // how many records (of those compared) were the same before
  std::optional<TraceRecord> left;  // empty: that side had ended
  std::optional<TraceRecord> right;
  std::vector<TraceRecord> before;  // up to `context` common records, oldest first
  std::vector<std::string> fields;  // names of what differs: "at", "a", ...; empty at an end

  // Several lines: the common records, then one line for each side.
  std::string ToText(const RecordText& left_text, const RecordText& right_text) const;
};

// Gives the next record; false at the end.
using RecordSource = std::function<absl::StatusOr<bool>(TraceRecord*)>;

// Empty: the same to the end. Packet-level records are left out unless `packets`.
absl::StatusOr<std::optional<TraceDifference>> FirstDifference(const RecordSource& left,
                                                               const RecordSource& right,
                                                               bool packets, int context = 5);

// Packet level is compared only where both traces have it, of the same clients.
absl::StatusOr<std::optional<TraceDifference>> FirstDifference(TraceReader& left,
                                                               TraceReader& right, int context = 5);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_DIFF_H_
