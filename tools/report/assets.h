// The files report pages are put together from (tools/report/embed.py makes the other half).
#ifndef KEEPSIM_TOOLS_REPORT_ASSETS_H_
#define KEEPSIM_TOOLS_REPORT_ASSETS_H_

#include "absl/strings/string_view.h"

namespace keepsim {

extern const absl::string_view kHeadHtml;
extern const absl::string_view kPageHtml;
extern const absl::string_view kPageCss;
extern const absl::string_view kPageJs;
extern const absl::string_view kSweepHtml;
extern const absl::string_view kSweepCss;
extern const absl::string_view kTextJs;
extern const absl::string_view kSweepModelJs;
extern const absl::string_view kSweepPlotsJs;
extern const absl::string_view kSweepTableJs;
extern const absl::string_view kSweepJs;
extern const absl::string_view kChartJs;

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_ASSETS_H_
