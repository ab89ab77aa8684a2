// A run's metrics as one message: what the command line prints as JSON, what reports and sweeps
// are made of. The same whether made by the run or from its trace.
#ifndef KEEPSIM_SIM_METRICS_SUMMARY_H_
#define KEEPSIM_SIM_METRICS_SUMMARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/metrics/accumulator.h"
#include "sim/metrics/summary.pb.h"

namespace keepsim {

using summary_pb::RunSummary;

// What the metrics do not know of the run.
struct RunFacts {
  std::string scenario;
  std::string question;
  std::string reading;
  std::string scenario_digest;
  std::string engine_version;
  std::string build_commit;
  std::string digest;
  std::string repro;
  std::string trace;
  uint64_t seed = 0;
  std::vector<std::string> overrides;
  int64_t engine_events = 0;
  int64_t violations = 0;
  // Of this machine and this time.
  int threads = 0;
  double wall_s = 0;
};

// REQUIRES: Finish() was called on `metrics`, or every client has ended.
RunSummary Summarize(const Accumulator& metrics, const RunFacts& facts);

// Evidence in words: "2 transmissions from the peer lost, 1 packet on its way".
std::string EvidenceWords(const Evidence& evidence);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_SUMMARY_H_
