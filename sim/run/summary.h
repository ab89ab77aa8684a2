// The result of a run as one message, and its expectations held against it.
#ifndef KEEPSIM_SIM_RUN_SUMMARY_H_
#define KEEPSIM_SIM_RUN_SUMMARY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/run/runner.h"
#include "sim/run/summary.pb.h"
#include "sim/scenario/load.h"

namespace keepsim {

pb::RunSummary Summarize(const RunResult& result, const Plan& plan, const LoadedScenario& scenario);

// A numeric field by its path, such as "detection.broker.p99_s"; of one group if `group` is given.
// InvalidArgument, with a suggestion, if there is no such number.
absl::StatusOr<double> LookupMetric(const pb::RunSummary& summary, absl::string_view path,
                                    absl::string_view group);

// False if any expectation of the summary was not met.
bool ExpectationsMet(const pb::RunSummary& summary);

std::string ToJson(const pb::RunSummary& summary);
// For reading in a terminal of 100 columns.
std::string ToReport(const pb::RunSummary& summary);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SUMMARY_H_
