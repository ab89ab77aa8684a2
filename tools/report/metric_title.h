// Names of metrics for people.
#ifndef KEEPSIM_TOOLS_REPORT_METRIC_TITLE_H_
#define KEEPSIM_TOOLS_REPORT_METRIC_TITLE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace keepsim {

// "detection.broker.p99_s" -> "detection by the broker, 99 %"; words of the path where there is no
// better name. With the group, unless it is "".
std::string MetricTitle(absl::string_view metric, absl::string_view group);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_METRIC_TITLE_H_
