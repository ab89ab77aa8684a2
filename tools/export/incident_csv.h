// Incidents as comma-separated values: one line each, for spreadsheets and data frames.
#ifndef KEEPSIM_TOOLS_EXPORT_INCIDENT_CSV_H_
#define KEEPSIM_TOOLS_EXPORT_INCIDENT_CSV_H_

#include <string>
#include <vector>

#include "sim/metrics/incident.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

// Each with its newline.
std::string IncidentCsvHeader();
// `client` is the index in the group. onset_s and latency_s are empty where there was no failure.
std::string IncidentCsvLine(const Incident& incident, const std::vector<TraceGroup>& groups);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_INCIDENT_CSV_H_
