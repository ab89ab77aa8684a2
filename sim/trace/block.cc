#include "sim/trace/block.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"
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

std::string EncodeBlock(absl::Span<const TraceRecord> records, const BlockSummary& summary) {
  const int n = static_cast<int>(records.size());
  trace_format::Columns columns;
  columns.mutable_at()->Reserve(n);
  columns.mutable_entity()->Reserve(n);
  columns.mutable_counter()->Reserve(n);
  columns.mutable_kind()->Reserve(n);
  columns.mutable_code()->Reserve(n);
  columns.mutable_conn()->Reserve(n);
  columns.mutable_a()->Reserve(n);
  columns.mutable_b()->Reserve(n);
  Instant at = summary.first;
  int64_t entity = 0;
  for (const TraceRecord& r : records) {
    columns.add_at(static_cast<uint64_t>(r.at.ns) - static_cast<uint64_t>(at.ns));
    columns.add_entity(r.entity - entity);
    columns.add_counter(r.counter);
    columns.add_kind(static_cast<uint32_t>(r.kind));
    columns.add_code(r.code);
    columns.add_conn(r.conn);
    columns.add_a(r.a);
    columns.add_b(r.b);
    at = r.at;
    entity = r.entity;
  }
  const std::string plain = columns.SerializeAsString();
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
