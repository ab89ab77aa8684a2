// The incidents of a stored trace, numbered as in its report, in one pass and bounded memory.
#ifndef KEEPSIM_SIM_METRICS_INCIDENT_READER_H_
#define KEEPSIM_SIM_METRICS_INCIDENT_READER_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/metrics/incident.h"
#include "sim/trace/reader.h"

namespace keepsim {

// Reads the trace from its start; `take` gets each incident in canonical order and says whether to
// go on.
absl::Status ReadIncidents(TraceReader& reader, const std::function<bool(const Incident&)>& take);

// The incident of that number; of a trace with directories (format 2) only a few blocks are read.
// OutOfRange, with the number of incidents there are, if there is no
// such one.
absl::StatusOr<Incident> FindIncident(TraceReader& reader, int64_t number);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_INCIDENT_READER_H_
