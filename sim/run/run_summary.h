// The summary of a run: its metrics together with what the scenario says, its expectations held
// against it.
#ifndef KEEPSIM_SIM_RUN_RUN_SUMMARY_H_
#define KEEPSIM_SIM_RUN_RUN_SUMMARY_H_

#include <string>

#include "sim/metrics/summary.h"
#include "sim/run/runner.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/load.h"

namespace keepsim {

// What only the caller knows.
struct RunNotes {
  std::string repro;         // the command that reproduces the run
  std::string trace;         // where its trace is; "": nowhere
  std::string build_commit;  // "": not stamped
};

RunSummary SummaryOf(const RunResult& result, const Plan& plan, const LoadedScenario& scenario,
                     const RunNotes& notes = {});

// Reports expectations that no run could meet or miss: of an unknown metric or group, without a
// bound, or with bounds that exclude each other.
void CheckExpectations(const LoadedScenario& scenario, Diagnostics& diagnostics);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_RUN_SUMMARY_H_
