// The pages that show what happened: one incident packet by packet, and all of a fleet. Each is one
// file that opens offline and asks for nothing (its Content-Security-Policy forbids it).
#ifndef KEEPSIM_TOOLS_REPORT_VIEWER_PAGE_H_
#define KEEPSIM_TOOLS_REPORT_VIEWER_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace keepsim {

// `incident`: of IncidentJson().
std::string IncidentPage(absl::string_view title, absl::string_view incident);
// `fleet`: of FleetJson(); `incidents`: a JSON array of IncidentJson() texts.
std::string FleetPage(absl::string_view title, absl::string_view fleet,
                      absl::string_view incidents);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_VIEWER_PAGE_H_
