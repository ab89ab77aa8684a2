#include "sim/trace/directory.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"
#include "sim/trace/deflate.h"
#include "sim/trace/frame.h"
// lint: allow(layer) because a stored trace is protobuf, so that Python reads it unaided
#include "sim/trace/trace.pb.h"

namespace keepsim::trace_internal {
namespace {

// Three columns of varints of at most five bytes.
constexpr uint32_t kMaxClientColumns =
    3 * 5 * static_cast<uint32_t>(kClientsHoldings + kDirectoryBlocks) + 64;

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

}  // namespace

DirectoryPlace SummarizeDirectory(const Directory& directory, uint64_t offset) {
  SIM_CHECK(!directory.blocks.empty());
  DirectoryPlace d;
  d.offset = offset;
  d.blocks = static_cast<uint32_t>(directory.blocks.size());
  d.first = directory.blocks.front().summary.first;
  d.last = directory.blocks.back().summary.last;
  d.min_entity = directory.blocks.front().summary.min_entity;
  for (const Place& p : directory.blocks) {
    d.records += p.summary.count;
    d.declarations += p.summary.declarations;
    d.min_entity = std::min(d.min_entity, p.summary.min_entity);
    d.max_entity = std::max(d.max_entity, p.summary.max_entity);
  }
  return d;
}

std::string EncodeDirectory(const Directory& directory) {
  trace_format::Directory message;
  for (const Place& p : directory.blocks) {
    trace_format::BlockPlace* b = message.add_blocks();
    b->set_offset(p.offset);
    b->set_count(p.summary.count);
    b->set_first_ns(p.summary.first.ns);
    b->set_last_ns(p.summary.last.ns);
    b->set_min_entity(p.summary.min_entity);
    b->set_max_entity(p.summary.max_entity);
    b->set_declarations(p.summary.declarations);
  }
  for (const ClientsPlace& c : directory.clients) {
    trace_format::ClientsPlace* place = message.add_clients();
    place->set_offset(c.offset);
    place->set_first_entity(c.first_entity);
    place->set_last_entity(c.last_entity);
  }
  return message.SerializeAsString();
}

absl::Status DecodeDirectory(absl::string_view payload, uint64_t begin, uint64_t end,
                             Directory* directory) {
  trace_format::Directory message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Wrong("the directory is no message");
  }
  if (message.blocks_size() == 0 || message.blocks_size() > static_cast<int>(kDirectoryBlocks)) {
    return Wrong(absl::StrCat("a directory of ", message.blocks_size(), " blocks"));
  }
  *directory = Directory();
  uint64_t next = begin;
  for (const trace_format::BlockPlace& b : message.blocks()) {
    if (b.offset() < next || b.offset() >= end) return Wrong("the directory points elsewhere");
    next = b.offset() + 1;
    directory->blocks.push_back({b.offset(),
                                 {b.count(), Instant{b.first_ns()}, Instant{b.last_ns()},
                                  b.min_entity(), b.max_entity(), b.declarations()}});
  }
  uint64_t entity = 0;
  for (const trace_format::ClientsPlace& c : message.clients()) {
    if (c.offset() < next || c.offset() >= end || c.first_entity() < entity ||
        c.last_entity() < c.first_entity()) {
      return Wrong("the directory points elsewhere");
    }
    next = c.offset() + 1;
    entity = uint64_t{c.last_entity()} + 1;
    directory->clients.push_back({c.offset(), c.first_entity(), c.last_entity()});
  }
  return absl::OkStatus();
}

std::string EncodeClients(absl::Span<const Holding> holdings, ColumnWriter* columns) {
  std::vector<uint32_t> entities, counts, blocks;
  uint32_t entity = 0;
  uint32_t block = 0;
  for (size_t i = 0; i < holdings.size(); ++i) {
    if (i > 0 && EntityOf(holdings[i]) == entity) {
      ++counts.back();
      blocks.push_back(BlockOf(holdings[i]) - block);
    } else {
      entities.push_back(EntityOf(holdings[i]) - entity);
      counts.push_back(1);
      blocks.push_back(BlockOf(holdings[i]));
    }
    entity = EntityOf(holdings[i]);
    block = BlockOf(holdings[i]);
  }
  using Columns = trace_format::ClientColumns;
  columns->Clear();
  columns->Add(Columns::kEntityFieldNumber, entities.size(), [&](size_t i) { return entities[i]; });
  columns->Add(Columns::kBlocksFieldNumber, counts.size(), [&](size_t i) { return counts[i]; });
  columns->Add(Columns::kBlockFieldNumber, blocks.size(), [&](size_t i) { return blocks[i]; });
  const absl::string_view plain = columns->bytes();
  trace_format::Clients message;
  message.set_columns_size(static_cast<uint32_t>(plain.size()));
  message.set_columns(Deflate(plain));
  return message.SerializeAsString();
}

absl::Status DecodeClients(absl::string_view payload, const ClientsPlace& place, uint32_t blocks,
                           std::vector<Holding>* holdings) {
  holdings->clear();
  trace_format::Clients message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Wrong("the list of clients is no message");
  }
  std::string plain;
  if (absl::Status status =
          Inflate(message.columns(), message.columns_size(), kMaxClientColumns, &plain);
      !status.ok()) {
    return status;
  }
  trace_format::ClientColumns columns;
  if (!columns.ParseFromString(plain)) return Wrong("the columns are no message");
  if (columns.entity_size() != columns.blocks_size()) return Wrong("columns of different lengths");
  uint64_t entity = 0;
  int next = 0;
  for (int i = 0; i < columns.entity_size(); ++i) {
    entity += columns.entity(i);
    if (entity < place.first_entity || entity > place.last_entity ||
        (i > 0 && columns.entity(i) == 0)) {
      return Wrong("a client stands where it does not belong");
    }
    if (columns.blocks(i) == 0 || columns.blocks(i) > blocks ||
        columns.blocks(i) > static_cast<uint32_t>(columns.block_size() - next)) {
      return Wrong("a client with a wrong number of blocks");
    }
    uint64_t block = 0;
    for (uint32_t n = 0; n < columns.blocks(i); ++n, ++next) {
      if (n > 0 && columns.block(next) == 0) return Wrong("a block is named twice");
      block += columns.block(next);
      if (block >= blocks) return Wrong("a block that the directory does not have");
      holdings->push_back(MakeHolding(static_cast<uint32_t>(entity), static_cast<uint32_t>(block)));
    }
  }
  if (next != columns.block_size()) return Wrong("columns of different lengths");
  return absl::OkStatus();
}

}  // namespace keepsim::trace_internal
