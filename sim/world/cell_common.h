// What the cells that one thread runs have in common: what they are asked for, and room that is
// lent to the one that runs.
#ifndef KEEPSIM_SIM_WORLD_CELL_COMMON_H_
#define KEEPSIM_SIM_WORLD_CELL_COMMON_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/trace/record.h"
#include "sim/world/plan.h"
#include "sim/world/quiet_scan.h"
#include "sim/world/skip_stats.h"

namespace keepsim {

struct CellCommon {
  // Which clients get packet-level records; by entity. May be null: none.
  std::function<bool(uint32_t entity)> packets_selected;
  // Asked every few thousand events, after every quiet stretch (of a month at most), and within
  // what strikes all clients at once; the run is abandoned when true. May be null.
  const std::atomic<bool>* cancel = nullptr;
  // Virtual time reached, for progress of large cells. May be null.
  std::atomic<int64_t>* published_now = nullptr;
  // Quiet stretches are run through without events where that is exact. `stats`, by group, is added
  // to. If this is not called, every event goes through the queue.
  void SkipQuietStretches(const Plan& plan, std::vector<SkipStats>* stats);

  std::vector<SkipStats>* skip_stats = nullptr;
  std::vector<bool> skippable;       // by group
  std::vector<bool> skips_messages;  // likewise: what its clients publish
  DrawsAhead draws;                  // of the client whose stretch was the last
  std::vector<TraceRecord> records;  // room for them, lent to the cell that runs
  std::string topic;                 // room for a will's
  std::vector<uint32_t> open;        // room for Cell::OpenOf()
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_CELL_COMMON_H_
