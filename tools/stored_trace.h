// Traces that commands write: what their header says of a run, and whole runs into a file.
#ifndef KEEPSIM_TOOLS_STORED_TRACE_H_
#define KEEPSIM_TOOLS_STORED_TRACE_H_

#include <string>

#include "absl/status/status.h"
#include "sim/scenario/load.h"
#include "sim/trace/trace_header.h"
#include "sim/world/plan.h"

namespace keepsim {

// `packets`: as the user selected them; "" for none.
TraceHeader HeaderOf(const LoadedScenario& scenario, const Plan& plan, const std::string& packets);

// Runs the scenario into a trace at `path`, which appears whole or not at all. `repro` is the
// command that its summary names. InvalidArgument if the scenario cannot be run.
absl::Status StoreTrace(const LoadedScenario& scenario, const std::string& path,
                        const std::string& repro);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_STORED_TRACE_H_
