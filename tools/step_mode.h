// A client's life step by step: a small interpreter of commands, for a terminal or a pipe.
#ifndef KEEPSIM_TOOLS_STEP_MODE_H_
#define KEEPSIM_TOOLS_STEP_MODE_H_

#include <functional>
#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/base/time.h"
#include "sim/metrics/incident.h"
#include "sim/run/replay.h"
#include "sim/trace/reader.h"
#include "sim/world/plan.h"

namespace keepsim {

struct StepOptions {
  uint32_t entity = 0;
  uint32_t group = 0;
  uint32_t index = 0;  // of the client in the group
  Instant from;        // where it begins
  std::optional<Incident> incident;
  bool prompt = false;  // a person reads along
};

// Reads commands line by line until "quit" or the end of `in`; `help` lists them. Every window of
// time that is looked at is simulated anew and held against the trace: the answer is the first that
// does not meet it, or one that does.
absl::StatusOr<Replayed> StepThrough(const Plan& plan, TraceReader& trace,
                                     const StepOptions& options, std::istream& in,
                                     const std::function<void(absl::string_view)>& write);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_STEP_MODE_H_
