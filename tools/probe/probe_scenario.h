// A scenario file from what a probe measured.
#ifndef KEEPSIM_TOOLS_PROBE_PROBE_SCENARIO_H_
#define KEEPSIM_TOOLS_PROBE_PROBE_SCENARIO_H_

#include <string>

#include "sim/live/probe.h"
#include "tools/probe/probe.pb.h"

namespace keepsim {

// In text format, with comments that say what was measured and what was not; `keepsim run` takes it
// as it is. Neither user name nor password is in it. REQUIRES: round trips were measured.
std::string ProbeScenario(const probe_pb::ProbeSummary& summary, const ProbeOptions& options,
                          const ProbeResult& result);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_PROBE_PROBE_SCENARIO_H_
