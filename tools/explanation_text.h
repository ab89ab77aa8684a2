// An incident in plain words: the chain that led to it, the rule, the verdict.
#ifndef KEEPSIM_TOOLS_EXPLANATION_TEXT_H_
#define KEEPSIM_TOOLS_EXPLANATION_TEXT_H_

#include <string>

#include "sim/run/counterfactual.h"
#include "sim/run/explanation.h"
#include "sim/run/stretch.h"
#include "sim/trace/trace_header.h"
#include "sim/world/plan.h"

namespace keepsim {

std::string ExplanationText(const Plan& plan, const TraceHeader& header,
                            const IncidentStretch& stretch, const Incident& incident);

// "    no                       grace factor 2 instead of 1.5\n ..." with what was simulated.
std::string AnswerText(const Counterfactual& change, const absl::StatusOr<Answer>& answer,
                       const Incident& incident);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPLANATION_TEXT_H_
