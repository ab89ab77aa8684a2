// An incident in plain words: the chain that led to it, the rule, the verdict.
#ifndef KEEPSIM_TOOLS_EXPLANATION_TEXT_H_
#define KEEPSIM_TOOLS_EXPLANATION_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/run/counterfactual.h"
#include "sim/run/explanation.h"
#include "sim/run/stretch.h"
#include "sim/trace/trace_header.h"
#include "sim/world/plan.h"

namespace keepsim {

// A sentence, and the transmission (of the stretch's log) that it is about; 0: none.
struct StoryLine {
  std::string text;
  uint64_t transmission = 0;
};
struct StoryStep {
  Instant at;
  std::string text;
  uint64_t packet = 0;  // that it is about, in the stretch's log; 0: none
  std::vector<StoryLine> lines;
};
// What an explanation says, for whatever shows it.
struct Story {
  std::vector<StoryStep> steps;  // in time; the declaration is the last
  std::string rule;
  std::string source;                // of the rule: clause or document
  std::vector<std::string> verdict;  // sentences
  std::string cause;
};
Story ExplanationStory(const Plan& plan, const TraceHeader& header, const IncidentStretch& stretch,
                       const Incident& incident);

std::string ExplanationText(const Plan& plan, const TraceHeader& header,
                            const IncidentStretch& stretch, const Incident& incident);

// "    no                       grace factor 2 instead of 1.5\n ..." with what was simulated.
std::string AnswerText(const Counterfactual& change, const absl::StatusOr<Answer>& answer,
                       const Incident& incident);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPLANATION_TEXT_H_
