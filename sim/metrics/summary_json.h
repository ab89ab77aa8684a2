// RunSummary as JSON: proto field names, all numbers as numbers (not, as protobuf's own printer
// has it, 64-bit ones as strings), null for what has no value. The text is the same on every
// machine: times to a nanosecond, other fractions to twelve digits.
#ifndef KEEPSIM_SIM_METRICS_SUMMARY_JSON_H_
#define KEEPSIM_SIM_METRICS_SUMMARY_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "sim/metrics/summary.h"

namespace keepsim {

// Any message: every field, in the order of the .proto file, indented by two.
std::string ToJson(const google::protobuf::Message& message);

// Fields that are not known are passed over: a newer keepsim may have written them.
absl::StatusOr<RunSummary> RunSummaryFromJson(absl::string_view json);

// What of a result does not depend on the machine, the threads, the engine and where the trace
// lies.
RunSummary Portable(RunSummary summary);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_SUMMARY_JSON_H_
