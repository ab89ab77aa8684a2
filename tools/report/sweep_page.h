// The results of a sweep as one HTML file that carries everything it needs, like the page of a run
// (tools/report/page.h): heat map, curves, Pareto front, distributions, two points side by side,
// and a table of all.
#ifndef KEEPSIM_TOOLS_REPORT_SWEEP_PAGE_H_
#define KEEPSIM_TOOLS_REPORT_SWEEP_PAGE_H_

#include <string>

#include "absl/status/statusor.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"

namespace keepsim {

// `again`: the command that makes the results anew; `content`: the digest of the whole store, of
// which `store` may hold a part.
absl::StatusOr<std::string> SweepPage(const Sweep& sweep, Store& store, const std::string& again,
                                      const std::string& content);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_SWEEP_PAGE_H_
