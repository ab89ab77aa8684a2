// Numbers of a RunSummary by name: "detection.broker.p99_s", "cost.packets_up_per_client_day",
// "detection.by_failure.crash.broker.max_s", "watchers.0.wills_delivered". An element of a list is
// named by its first text field (name, failure, type, ...), by all text fields at its beginning
// ("failures.crash/broker.detected"), or by its number from 0.
#ifndef KEEPSIM_SIM_METRICS_METRIC_PATH_H_
#define KEEPSIM_SIM_METRICS_METRIC_PATH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/metrics/summary.h"

namespace keepsim {

// Of the whole run, or of one group if `group` is not empty. InvalidArgument, with what may have
// been meant, if there is no such metric or group; NotFound if it has no value in this run (no
// detection, so no p99).
absl::StatusOr<double> LookupMetric(const RunSummary& summary, absl::string_view path,
                                    absl::string_view group = "");

// OK if LookupMetric may find `path` in some run; for checking a scenario before it is run.
absl::Status CheckMetricPath(absl::string_view path, bool of_group);

struct NamedNumber {
  std::string metric;
  std::string group;  // "": the whole run
  double value = 0;
};
// Every number that the run gave, of the whole run and of its groups, under paths that LookupMetric
// takes. Without distributions (bins, cdf, time line), single incidents and expectations, and
// without what is of the machine and not of the result.
std::vector<NamedNumber> AllNumbers(const RunSummary& summary);

// All paths of single numbers, without those inside lists; in the order of the .proto file.
std::vector<std::string> MetricPaths(bool of_group);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_METRIC_PATH_H_
