// A stretch of one client's life out of a stored trace, simulated again at packet level.
#ifndef KEEPSIM_SIM_RUN_STRETCH_H_
#define KEEPSIM_SIM_RUN_STRETCH_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/time.h"
#include "sim/metrics/ground_truth.h"
#include "sim/metrics/incident.h"
#include "sim/metrics/packet_log.h"
#include "sim/run/replay.h"
#include "sim/trace/reader.h"
#include "sim/world/plan.h"

namespace keepsim {

struct Stretch {
  Replayed replayed;  // against the client's records in the trace, up to `to` or a little later
  uint32_t entity = 0;
  Instant from;
  Instant to;
  PacketLog log;  // its entries lie within [from, to]
};

// [from, to] of the client's life. Only its cell is run, and only up to `to`.
absl::StatusOr<Stretch> ReplayStretch(const Plan& plan, TraceReader& trace, uint32_t entity,
                                      Instant from, Instant to);

// The stretch around an incident: from the writing of the last packet that the observer heard
// before it, to a little after the connection is closed.
struct IncidentStretch : Stretch {
  // Of the packet heard last, in the log; kNever and 0 if the observer never heard one.
  Instant last_heard = kNever;
  uint64_t last_packet = 0;
  GroundTruth truth;  // at the declaration
};
absl::StatusOr<IncidentStretch> ReplayIncident(const Plan& plan, TraceReader& trace,
                                               const Incident& incident);

// Those of many incidents, in their order; their clients' cells are run once and the trace is read
// once.
absl::StatusOr<std::vector<IncidentStretch>> ReplayIncidents(
    const Plan& plan, TraceReader& trace, const std::vector<Incident>& incidents);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_STRETCH_H_
