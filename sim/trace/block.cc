#include "sim/trace/block.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"
#include "sim/base/zig_zag.h"
#include "sim/trace/deflate.h"
#include "sim/trace/frame.h"
// lint: allow(layer) because a stored trace is protobuf, so that Python reads it unaided
#include "sim/trace/trace.pb.h"

namespace keepsim::trace_internal {
namespace {

// The most bytes that a record takes in Columns: eight varints (10 + 5*5 + 2*10) and the columns'
// own headers, rounded up.
constexpr uint32_t kMaxRecordBytes = 64;
constexpr uint32_t kMaxColumnsBytes = kBlockRecords * kMaxRecordBytes + 256;

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

}  // namespace

BlockSummary Summarize(absl::Span<const TraceRecord> records) {
  SIM_CHECK(!records.empty() && records.size() <= kBlockRecords);
  BlockSummary s;
  s.count = static_cast<uint32_t>(records.size());
  s.first = records.front().at;
  s.last = records.back().at;
  s.min_entity = s.max_entity = records.front().entity;
  for (const TraceRecord& r : records) {
    s.min_entity = std::min(s.min_entity, r.entity);
    s.max_entity = std::max(s.max_entity, r.entity);
    s.declarations += IsDeclaration(r) ? 1 : 0;
  }
  return s;
}

std::string EncodeBlock(absl::Span<const TraceRecord> records, const BlockSummary& summary,
                        ColumnWriter* columns) {
  const size_t n = records.size();
  using Columns = trace_format::Columns;
  columns->Clear();
  int64_t at = summary.first.ns;
  columns->Add(Columns::kAtFieldNumber, n, [&](size_t i) {
    return static_cast<uint64_t>(records[i].at.ns) -
           static_cast<uint64_t>(std::exchange(at, records[i].at.ns));
  });
  int64_t entity = 0;
  columns->Add(Columns::kEntityFieldNumber, n, [&](size_t i) {
    return ZigZag(records[i].entity - std::exchange(entity, int64_t{records[i].entity}));
  });
  columns->Add(Columns::kCounterFieldNumber, n, [&](size_t i) { return records[i].counter; });
  columns->Add(Columns::kKindFieldNumber, n,
               [&](size_t i) { return static_cast<uint64_t>(records[i].kind); });
  columns->Add(Columns::kCodeFieldNumber, n, [&](size_t i) { return records[i].code; });
  columns->Add(Columns::kConnFieldNumber, n, [&](size_t i) { return records[i].conn; });
  columns->Add(Columns::kAFieldNumber, n, [&](size_t i) { return ZigZag(records[i].a); });
  columns->Add(Columns::kBFieldNumber, n, [&](size_t i) { return ZigZag(records[i].b); });
  const absl::string_view plain = columns->bytes();
  trace_format::Block block;
  block.set_count(summary.count);
  block.set_first_ns(summary.first.ns);
  block.set_last_ns(summary.last.ns);
  block.set_min_entity(summary.min_entity);
  block.set_max_entity(summary.max_entity);
  block.set_columns_size(static_cast<uint32_t>(plain.size()));
  block.set_columns(Deflate(plain));
  return block.SerializeAsString();
}

absl::Status DecodeBlock(absl::string_view payload, BlockSummary* summary,
                         std::vector<TraceRecord>* records) {
  records->clear();
  trace_format::Block block;
  if (!block.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Wrong("the block is no message");
  }
  if (block.count() == 0 || block.count() > kBlockRecords) {
    return Wrong(absl::StrCat("a block of ", block.count(), " records"));
  }
  std::string plain;
  if (absl::Status status =
          Inflate(block.columns(), block.columns_size(), kMaxColumnsBytes, &plain);
      !status.ok()) {
    return status;
  }
  trace_format::Columns columns;
  if (!columns.ParseFromString(plain)) return Wrong("the columns are no message");
  const int n = static_cast<int>(block.count());
  if (columns.at_size() != n || columns.entity_size() != n || columns.counter_size() != n ||
      columns.kind_size() != n || columns.code_size() != n || columns.conn_size() != n ||
      columns.a_size() != n || columns.b_size() != n) {
    return Wrong("a column has another length than the block");
  }
  records->resize(static_cast<size_t>(n));
  uint64_t at = static_cast<uint64_t>(block.first_ns());
  uint64_t entity = 0;
  for (int i = 0; i < n; ++i) {
    TraceRecord& r = (*records)[static_cast<size_t>(i)];
    at += columns.at(i);  // unsigned: bytes of ill will wrap, and are then out of order
    entity += static_cast<uint64_t>(columns.entity(i));
    if (entity > 0xFFFFFFFF || columns.kind(i) > 0xFFFF || columns.code(i) > 0xFFFF) {
      return Wrong(absl::StrCat("record ", i, " of the block has a value out of range"));
    }
    r.at = Instant{static_cast<int64_t>(at)};
    r.entity = static_cast<uint32_t>(entity);
    r.counter = columns.counter(i);
    r.kind = static_cast<RecordKind>(columns.kind(i));
    r.code = static_cast<uint16_t>(columns.code(i));
    r.conn = columns.conn(i);
    r.a = columns.a(i);
    r.b = columns.b(i);
    if (i > 0 && !CanonicalLess((*records)[static_cast<size_t>(i) - 1], r)) {
      return Wrong(absl::StrCat("record ", i, " of the block is out of order"));
    }
  }
  *summary = Summarize(*records);
  const BlockSummary stated = {
      block.count(),      Instant{block.first_ns()}, Instant{block.last_ns()},
      block.min_entity(), block.max_entity(),        summary->declarations};
  if (*summary != stated) return Wrong("the records do not match the block's summary");
  return absl::OkStatus();
}

}  // namespace keepsim::trace_internal
