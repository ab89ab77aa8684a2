// Where blocks lie and which clients are in them: one directory for up to kDirectoryBlocks blocks,
// so that memory grows neither with writing nor with reading; inside sim/trace only.
#ifndef KEEPSIM_SIM_TRACE_DIRECTORY_H_
#define KEEPSIM_SIM_TRACE_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/trace/block.h"
#include "sim/trace/column_writer.h"

namespace keepsim::trace_internal {

struct Place {
  uint64_t offset = 0;  // of the block's frame
  BlockSummary summary;
};

struct ClientsPlace {
  uint64_t offset = 0;  // of the frame of Clients
  uint32_t first_entity = 0;
  uint32_t last_entity = 0;
};

struct Directory {
  std::vector<Place> blocks;
  std::vector<ClientsPlace> clients;
};

// What the index says of a directory.
struct DirectoryPlace {
  uint64_t offset = 0;
  uint32_t blocks = 0;
  uint64_t records = 0;
  Instant first;
  Instant last;
  uint32_t min_entity = 0;
  uint32_t max_entity = 0;
  uint64_t declarations = 0;
  friend bool operator==(const DirectoryPlace&, const DirectoryPlace&) = default;
};

// REQUIRES: at least one block.
DirectoryPlace SummarizeDirectory(const Directory& directory, uint64_t offset);
std::string EncodeDirectory(const Directory& directory);
// InvalidArgument unless the blocks lie in order within [begin, end), and the clients behind them.
absl::Status DecodeDirectory(absl::string_view payload, uint64_t begin, uint64_t end,
                             Directory* directory);

// That a block holds records of a client: entity << 32 | number of the block in its directory.
using Holding = uint64_t;
inline constexpr Holding MakeHolding(uint32_t entity, uint32_t block) {
  return uint64_t{entity} << 32 | block;
}
inline constexpr uint32_t EntityOf(Holding h) { return static_cast<uint32_t>(h >> 32); }
inline constexpr uint32_t BlockOf(Holding h) { return static_cast<uint32_t>(h); }

// How many of them, about, are put into one frame.
inline constexpr size_t kClientsHoldings = 65536;

// REQUIRES: ascending, at most kClientsHoldings + kDirectoryBlocks of them.
// `columns` is overwritten.
std::string EncodeClients(absl::Span<const Holding> holdings, ColumnWriter* columns);
// InvalidArgument unless they ascend, lie within the place's entities and name one of `blocks`
// blocks. Memory is bounded whatever the bytes.
absl::Status DecodeClients(absl::string_view payload, const ClientsPlace& place, uint32_t blocks,
                           std::vector<Holding>* holdings);

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_DIRECTORY_H_
