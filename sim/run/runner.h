// Runs a plan: partitions the fleet into cells, runs them over threads, merges what they say.
// The result does not depend on the number of threads.
#ifndef KEEPSIM_SIM_RUN_RUNNER_H_
#define KEEPSIM_SIM_RUN_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/digest.h"
#include "sim/check/checker.h"
#include "sim/check/shape.h"
#include "sim/metrics/accumulator.h"
#include "sim/metrics/incident.h"
#include "sim/trace/record.h"
#include "sim/world/plan.h"
#include "sim/world/skip_stats.h"

namespace keepsim {

// Clients [first, last] (indices) of one group.
struct ClientRange {
  uint32_t group = 0;
  uint32_t first = 0;
  uint32_t last = 0;
};

struct Progress {
  uint64_t clients_done = 0;
  uint64_t clients = 0;
  // If all clients share one cell: its virtual time, of this horizon. Otherwise 0.
  Duration horizon{0};
  Instant virtual_now = kStart;
};

// How time is run through; the result is the same.
enum class Engine : uint8_t {
  kAuto,    // quiet stretches are skipped where that is exact (sim/world/skip_rule.h)
  kEvents,  // every event goes through the queue
};

struct RunOptions {
  int threads = 0;  // 0: all cores
  Engine engine = Engine::kAuto;
  std::vector<ClientRange> packets;  // packet-level records for these clients
  // Run only the cells of these clients, and of what happens there count, measure, check and hand
  // on only the records of these clients and of the whole run; empty: all.
  std::vector<ClientRange> only;
  // Records up to then, included. Before the horizon: no client's run ends, so what is counted at
  // its end is not in the result.
  Instant until = kNever;
  // Called from the calling thread about every 100 ms. May be empty.
  std::function<void(const Progress&)> on_progress;
  // Set from a signal handler: the run stops at the next cell and returns kCancelled.
  const std::atomic<bool>* cancel = nullptr;
  // Called with every record in canonical order once the cells are done; null: records are only
  // counted, measured and digested as they come, and none is kept.
  std::function<absl::Status(const TraceRecord* begin, const TraceRecord* end)> on_records;
  // Called with every declaration, from the threads of the run but one call at a time, in no order;
  // their numbers are not set. May be empty.
  std::function<void(const Incident&)> on_incident;
  std::string scratch_dir;  // for spilled records, if on_records is set; "": TMPDIR
};

struct RunResult {
  Digest digest;
  uint64_t outcome_records = 0;
  uint64_t packet_records = 0;
  uint64_t events = 0;             // simulated events
  uint64_t engine_events = 0;      // those that went through a queue, spurious wake-ups included
  std::vector<SkipStats> skipped;  // by group; empty with Engine::kEvents
  int threads = 1;
  double wall_s = 0;
  std::shared_ptr<RunShape> shape;
  std::shared_ptr<CheckShape> check_shape;
  std::unique_ptr<Accumulator> metrics;
  std::unique_ptr<CheckerSet> checks;
};

// REQUIRES: plan.Link() has been called. Cancelled if asked to stop. ResourceExhausted if there is
// not enough memory.
absl::StatusOr<RunResult> Run(const Plan& plan, const RunOptions& options);

// What metrics and checkers need to know of the plan.
RunShape ShapeOf(const Plan& plan);
CheckShape CheckShapeOf(const Plan& plan);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_RUNNER_H_
