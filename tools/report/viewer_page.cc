#include "tools/report/viewer_page.h"

#include "tools/report/assets.h"
#include "tools/report/fill.h"
#include "tools/report/viewer_assets.h"

namespace keepsim {

std::string IncidentPage(absl::string_view title, absl::string_view incident) {
  return Fill(kIncidentHtml, {{"@TITLE@", HtmlText(title)},
                              {"@STYLE@", std::string(kPageCss)},
                              {"@VIEWER_STYLE@", std::string(kViewerCss)},
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
  return Fill(kFleetHtml, {{"@TITLE@", HtmlText(title)},
                           {"@STYLE@", std::string(kPageCss)},
                           {"@VIEWER_STYLE@", std::string(kViewerCss)},
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
