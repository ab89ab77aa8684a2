// A run's summary as one HTML file that carries everything it needs: it opens offline and asks
// for nothing (its Content-Security-Policy forbids it).
#ifndef KEEPSIM_TOOLS_REPORT_PAGE_H_
#define KEEPSIM_TOOLS_REPORT_PAGE_H_

#include <string>

#include "sim/metrics/summary.h"

namespace keepsim {

// The page says nothing of this machine: the same run gives the same bytes. `fleet`: fleet.html
// stands beside it, and each incident is a link to its time line there.
std::string ReportPage(const RunSummary& summary, bool fleet);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_PAGE_H_
