// The summary of a run for reading in a terminal: the question, what came of it, why, and how to
// do it again.
#ifndef KEEPSIM_SIM_METRICS_TEXT_REPORT_H_
#define KEEPSIM_SIM_METRICS_TEXT_REPORT_H_

#include <cstddef>
#include <string>

#include "sim/metrics/summary.h"

namespace keepsim {

struct TextReportOptions {
  bool color = false;
  int incidents = 5;    // the worst, at most this many
  int groups = 8;       // tables by group are left out if there are more
  bool machine = true;  // time taken and threads, which differ from run to run
};

inline constexpr size_t kReportWidth = 100;

std::string ToReport(const RunSummary& summary, const TextReportOptions& options = {});

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_TEXT_REPORT_H_
