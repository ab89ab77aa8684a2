// What a sweep found: a table of its points and plain sentences on what is best.
#ifndef KEEPSIM_SIM_RUN_SWEEP_REPORT_H_
#define KEEPSIM_SIM_RUN_SWEEP_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/base/stats.h"
#include "sim/run/replications.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"

namespace keepsim {

// A metric at a point, over the seeds that have been run.
struct PointEstimate {
  std::optional<double> value;
  std::optional<ConfidenceInterval> interval;  // 95 %
};

// One per point. A rate of events is pooled over the seeds, with PooledRateInterval(); other
// numbers are means with Student's interval over the seeds, or, of a single seed, with the run's
// own interval where it gives one. Of a sweep that runs until a number is known: intervals that
// hold whenever one stops (EstimateSequentially), for all of its numbers, since they come from the
// runs that this one number chose.
absl::StatusOr<std::vector<PointEstimate>> EstimatesOf(const Sweep& sweep, Store& store,
                                                       const SweepMetric& metric);

// Whether it is such a rate of events.
bool IsPooledRate(absl::string_view metric);
// Short names that tell the metrics apart: the last parts of their paths.
std::vector<std::string> MetricHeadings(const std::vector<SweepMetric>& metrics);

// Table and sentences, for a terminal.
absl::StatusOr<std::string> ToReport(const Sweep& sweep, Store& store);

// Runs that failed, each with the commands that repeat it: the first hundred of them; "" if none
// did.
std::string FailuresText(const Sweep& sweep, const std::vector<StoredRun>& runs);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_REPORT_H_
