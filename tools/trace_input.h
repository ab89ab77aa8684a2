// What the commands on stored traces share: opening, the scenario inside, one client's name.
#ifndef KEEPSIM_TOOLS_TRACE_INPUT_H_
#define KEEPSIM_TOOLS_TRACE_INPUT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/time.h"
#include "sim/run/runner.h"
#include "sim/trace/reader.h"
#include "tools/command.h"

namespace keepsim {

// TraceHeader::tie_order of what `keepsim probe` recorded: nothing was simulated, so nothing can be
// simulated again.
inline constexpr char kLiveTieOrder[] = "live";

// A relative path is the user's; of a folder that --out made, its trace.
std::string TracePath(const std::string& path);
// Whether what --`flag` writes would replace the file that is read, `input`, or has no name: a
// message was printed then.
bool RefusesOutput(const Arguments& arguments, const std::string& flag, const std::string& input);
// Of TracePath(path). Heeds --allow-damaged.
absl::StatusOr<std::unique_ptr<TraceReader>> OpenTrace(const std::string& path,
                                                       const Arguments& arguments);

// Says on stderr what damage was met, if any.
void ReportDamage(const TraceReader& reader);

// The scenario that a trace carries, ready to be run. Null plan: it cannot be, or is not what the
// header says of it, and why was printed.
Prepared PrepareFromTrace(const std::string& path, const TraceReader& reader);

// --from and --to; without them the whole run, which is where --to ends at the latest. False: a
// message was printed, also if nothing lies between them.
bool ReadStretch(const Arguments& arguments, const TraceHeader& header, Instant* from, Instant* to);

// --incident. False: a message was printed.
bool ReadIncidentNumber(const Arguments& arguments, int64_t* number);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_TRACE_INPUT_H_
