#include "sim/metrics/incident_reader.h"

#include "absl/strings/str_cat.h"
#include "sim/metrics/accumulator.h"

namespace keepsim {

absl::Status ReadIncidents(TraceReader& reader, const std::function<bool(const Incident&)>& take) {
  if (absl::Status s = reader.Seek(kStart); !s.ok()) return s;
  RunShape shape;
  shape.groups = reader.header().groups;
  shape.horizon = reader.header().horizon;
  shape.watchers = reader.header().watchers;
  Accumulator metrics(&shape);
  bool more = true;
  metrics.OnIncident([&](const Incident& incident) { more = more && take(incident); });
  TraceRecord record;
  while (more) {
    const absl::StatusOr<bool> next = reader.Next(&record);
    if (!next.ok()) return next.status();
    if (!*next) break;
    metrics.Add(record);
  }
  return absl::OkStatus();
}

absl::StatusOr<Incident> FindIncident(TraceReader& reader, int64_t number) {
  std::optional<Incident> found;
  int64_t count = 0;
  const absl::Status status = ReadIncidents(reader, [&](const Incident& incident) {
    count = incident.number;
    if (incident.number == number) found = incident;
    return !found.has_value();
  });
  if (!status.ok()) return status;
  if (found.has_value()) return *found;
  return absl::OutOfRangeError(
      count == 0 ? std::string("the trace holds no incident")
                 : absl::StrCat("there is no incident ", number, "; the trace holds 1 to ", count));
}

}  // namespace keepsim
