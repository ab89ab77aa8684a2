#include "tools/report/viewer_page.h"

#include "absl/strings/str_cat.h"
#include "tools/report/assets.h"
#include "tools/report/fill.h"
#include "tools/report/viewer_assets.h"

namespace keepsim {
namespace {

std::string ViewerHead(absl::string_view title) {
  return PageHead(title, "KeepSim", absl::StrCat(kPageCss, kViewerCss));
}

}  // namespace

std::string IncidentPage(absl::string_view title, absl::string_view incident) {
  return Fill(kIncidentHtml, {{"@HEAD@", ViewerHead(title)},
                              {"@INCIDENT@", InScript(incident)},
                              {"@TEXT_JS@", std::string(kTextJs)},
                              {"@TIME_JS@", std::string(kTimeJs)},
                              {"@SEQUENCE_MODEL_JS@", std::string(kSequenceModelJs)},
                              {"@SVG_LAYER_JS@", std::string(kSvgLayerJs)},
                              {"@SEQUENCE_JS@", std::string(kSequenceJs)},
                              {"@STORY_JS@", std::string(kStoryJs)},
                              {"@SCRIPT@", std::string(kIncidentJs)}});
}

std::string FleetPage(absl::string_view title, absl::string_view fleet,
                      absl::string_view incidents) {
  return Fill(kFleetHtml, {{"@HEAD@", ViewerHead(title)},
                           {"@FLEET@", InScript(fleet)},
                           {"@INCIDENTS@", InScript(incidents)},
                           {"@TEXT_JS@", std::string(kTextJs)},
                           {"@TIME_JS@", std::string(kTimeJs)},
                           {"@SEQUENCE_MODEL_JS@", std::string(kSequenceModelJs)},
                           {"@SVG_LAYER_JS@", std::string(kSvgLayerJs)},
                           {"@SEQUENCE_JS@", std::string(kSequenceJs)},
                           {"@STORY_JS@", std::string(kStoryJs)},
                           {"@MODEL_JS@", std::string(kFleetModelJs)},
                           {"@ROWS_JS@", std::string(kFleetRowsJs)},
                           {"@SCRIPT@", std::string(kFleetJs)}});
}

}  // namespace keepsim
