// The files that the pages of what happened are put together from (tools/report/embed.py makes the
// other half).
#ifndef KEEPSIM_TOOLS_REPORT_VIEWER_ASSETS_H_
#define KEEPSIM_TOOLS_REPORT_VIEWER_ASSETS_H_

#include "absl/strings/string_view.h"

namespace keepsim {

extern const absl::string_view kIncidentHtml;
extern const absl::string_view kIncidentJs;
extern const absl::string_view kFleetHtml;
extern const absl::string_view kFleetModelJs;
extern const absl::string_view kFleetRowsJs;
extern const absl::string_view kFleetJs;
extern const absl::string_view kTimeJs;
extern const absl::string_view kSequenceModelJs;
extern const absl::string_view kSequenceJs;
extern const absl::string_view kStoryJs;
extern const absl::string_view kSvgLayerJs;
extern const absl::string_view kViewerCss;

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_VIEWER_ASSETS_H_
