// A block of records as columns, and back; inside sim/trace only.
#ifndef KEEPSIM_SIM_TRACE_BLOCK_H_
#define KEEPSIM_SIM_TRACE_BLOCK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/trace/column_writer.h"
#include "sim/trace/record.h"

namespace keepsim::trace_internal {

struct BlockSummary {
  uint32_t count = 0;
  Instant first;
  Instant last;
  uint32_t min_entity = 0;
  uint32_t max_entity = 0;
  uint32_t declarations = 0;
  friend bool operator==(const BlockSummary&, const BlockSummary&) = default;
};

// Whether the record is one of those that incidents are numbered by.
inline bool IsDeclaration(const TraceRecord& r) {
  return r.kind == RecordKind::kDeclared && (r.code == static_cast<uint16_t>(Observer::kBroker) ||
                                             r.code == static_cast<uint16_t>(Observer::kClient));
}

// REQUIRES: 1 to kBlockRecords records in canonical order.
BlockSummary Summarize(absl::Span<const TraceRecord> records);
// `columns` is overwritten; writers have one, since making it takes time.
std::string EncodeBlock(absl::Span<const TraceRecord> records, const BlockSummary& summary,
                        ColumnWriter* columns);

// InvalidArgument, saying what is wrong, unless `payload` is a block of records in canonical
// order that match their summary. Memory is bounded by the largest block, whatever the bytes.
absl::Status DecodeBlock(absl::string_view payload, BlockSummary* summary,
                         std::vector<TraceRecord>* records);

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_BLOCK_H_
