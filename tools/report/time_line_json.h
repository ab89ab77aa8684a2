// A stretch of a client's life as the time line page draws it (tools/report/sequence.js).
#ifndef KEEPSIM_TOOLS_REPORT_TIME_LINE_JSON_H_
#define KEEPSIM_TOOLS_REPORT_TIME_LINE_JSON_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/metrics/incident.h"
#include "sim/run/counterfactual.h"
#include "sim/run/stretch.h"
#include "sim/trace/trace_header.h"
#include "tools/explanation_text.h"

namespace keepsim {

struct Answered {
  Counterfactual change;
  absl::StatusOr<Answer> answer;
};

// Times are ns since `base_ns` of the result, which is the declaration: whole numbers that a double
// holds exactly up to 104 days away from it. `trace`: how commands name the trace.
std::string IncidentJson(const IncidentStretch& stretch, const TraceHeader& header,
                         const Incident& incident, const Story& story,
                         const std::vector<Answered>& answers, const std::string& trace);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_TIME_LINE_JSON_H_
