// What each client of a stored run came to: the numbers of a summary, client by client.
#ifndef KEEPSIM_SIM_RUN_RUN_OUTCOMES_H_
#define KEEPSIM_SIM_RUN_RUN_OUTCOMES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/trace/reader.h"

namespace keepsim {

struct ClientOutcome {
  static constexpr int kObservers = 3;  // broker, client, watcher: Observer - 1
  static constexpr int kVerdicts = 3;   // Verdict

  std::vector<double> latencies_s[kObservers];  // of detections
  int64_t declarations[2][kVerdicts] = {};      // by broker, by client
  int64_t packets = 0;
  int64_t wire_bytes = 0;
  int64_t radio_wakeups = 0;
};

struct GroupOutcome {
  std::string name;
  std::vector<ClientOutcome> clients;  // by index
};

struct RunOutcomes {
  double days = 0;  // of each client
  std::vector<GroupOutcome> groups;
};

// Reads the trace from its start. Memory for every client: some 200 bytes, and 8 per detection.
absl::StatusOr<RunOutcomes> ReadOutcomes(TraceReader& trace);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_RUN_OUTCOMES_H_
