#include "sim/metrics/incident_reader.h"

#include "absl/strings/str_cat.h"
#include "sim/metrics/accumulator.h"

namespace keepsim {

namespace {

// Those of the records that the reader is going to give.
absl::Status Follow(TraceReader& reader, const std::function<bool(const Incident&)>& take) {
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

absl::Status NoSuchIncident(int64_t number, int64_t count) {
  return absl::OutOfRangeError(
      count == 0 ? std::string("the trace holds no incident")
                 : absl::StrCat("there is no incident ", number, "; the trace holds 1 to ", count));
}

// The whole trace is read up to it.
absl::StatusOr<Incident> FindByCounting(TraceReader& reader, int64_t number) {
  std::optional<Incident> found;
  int64_t count = 0;
  const absl::Status status = ReadIncidents(reader, [&](const Incident& incident) {
    count = incident.number;
    if (incident.number == number) found = incident;
    return !found.has_value();
  });
  if (!status.ok()) return status;
  if (found.has_value()) return *found;
  return NoSuchIncident(number, count);
}

}  // namespace

absl::Status ReadIncidents(TraceReader& reader, const std::function<bool(const Incident&)>& take) {
  if (absl::Status s = reader.Seek(kStart); !s.ok()) return s;
  return Follow(reader, take);
}

absl::StatusOr<Incident> FindIncident(TraceReader& reader, int64_t number) {
  const int64_t count = reader.declaration_count();
  if (count < 0) return FindByCounting(reader, number);
  if (number < 1 || number > count) return NoSuchIncident(number, count);
  // The records of its client up to it say all that there is to say.
  const absl::StatusOr<TraceRecord> declared = reader.Declaration(number);
  if (!declared.ok()) return declared.status();
  TraceSelection selection;
  selection.to = declared->at;
  selection.entities = {{0, 0}, {declared->entity, declared->entity}};
  if (absl::Status s = reader.Select(selection); !s.ok()) return s;
  std::optional<Incident> found;
  const absl::Status status = Follow(reader, [&](const Incident& incident) {
    if (incident.counter == declared->counter) found = incident;
    return !found.has_value();
  });
  if (!status.ok()) return status;
  if (!found.has_value()) return NoSuchIncident(number, count);
  found->number = number;
  return *found;
}

}  // namespace keepsim
