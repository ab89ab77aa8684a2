#include "tools/export/incident_csv.h"

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"

namespace keepsim {

std::string IncidentCsvHeader() {
  return "incident,group,client,observer,verdict,failure,cause,onset_s,declared_s,latency_s\n";
}

std::string IncidentCsvLine(const Incident& i, const std::vector<TraceGroup>& groups) {
  // Groups' names have neither commas nor quotes.
  std::string group = "?";
  uint32_t client = i.entity;
  for (const TraceGroup& g : groups) {
    if (i.entity < g.first_entity || i.entity - g.first_entity >= g.count) continue;
    group = g.name;
    client = i.entity - g.first_entity;
  }
  const bool has_onset = i.onset != kNever;
  return absl::StrCat(i.number, ",", group, ",", client, ",", ObserverName(i.observer), ",",
                      VerdictName(i.verdict), ",", FailureKindName(i.failure), ",",
                      CauseName(i.cause), ",", has_onset ? FormatSeconds(i.onset - kStart, 9) : "",
                      ",", FormatSeconds(i.declared - kStart, 9), ",",
                      has_onset ? FormatSeconds(i.latency, 9) : "", "\n");
}

}  // namespace keepsim
