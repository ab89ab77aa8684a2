// Runs a plan against records that are already there, record by record as they come.
#ifndef KEEPSIM_SIM_RUN_REPLAY_H_
#define KEEPSIM_SIM_RUN_REPLAY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/digest.h"
#include "sim/run/runner.h"
#include "sim/trace/reader.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

struct Replayed {
  Digest digest;     // of the run
  uint64_t met = 0;  // outcome records that agree, up to the first that differs
  Instant until;     // how far they were compared: RunOptions::until
  bool same = false;
  // The first that differs; absent where that side has come to its end.
  std::optional<TraceRecord> stored;
  std::optional<TraceRecord> simulated;
};

// Outcome records alone count. A stored trace that ends in damage (allow_damaged) is met if it
// agrees as far as it goes. Memory does not grow with the trace. Errors are the run's or the
// reader's.
absl::StatusOr<Replayed> RunAgainst(const Plan& plan, const RunOptions& options,
                                    TraceReader& stored);

// The same for some clients alone: their cells are run again at packet level, up to options.until,
// and their outcome records are held against theirs in the trace; only blocks that hold some are
// read. on_records, if set, gets all records of these clients and of the whole run (entity 0), of
// whatever level.
absl::StatusOr<Replayed> RunClientsAgainst(const Plan& plan,
                                           const std::vector<ClientRange>& clients,
                                           const RunOptions& options, TraceReader& stored);

// Whether the entity is one of these clients.
bool Holds(const std::vector<ClientRange>& clients, const std::vector<TraceGroup>& groups,
           uint32_t entity);

// These clients and the whole run, for all time.
TraceSelection SelectionOf(const std::vector<ClientRange>& clients,
                           const std::vector<TraceGroup>& groups);

// Runs the plan twice, with different numbers of threads, the second against the first, which is
// kept on disk in options.scratch_dir meanwhile.
absl::StatusOr<Replayed> RunTwice(const Plan& plan, const RunOptions& options,
                                  const TraceHeader& header);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_REPLAY_H_
