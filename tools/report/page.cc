#include "tools/report/page.h"

#include "sim/metrics/summary_json.h"
#include "tools/report/assets.h"
#include "tools/report/fill.h"

namespace keepsim {

std::string ReportPage(const RunSummary& summary, bool fleet) {
  return Fill(kPageHtml, {{"@HEAD@", PageHead(summary.scenario(), "KeepSim", kPageCss)},
                          {"@FLEET@", fleet ? "fleet.html" : ""},
                          {"@SUMMARY@", InScript(ToJson(Portable(summary)))},
                          {"@CHART_JS@", std::string(kChartJs)},
                          {"@TEXT_JS@", std::string(kTextJs)},
                          {"@SCRIPT@", std::string(kPageJs)}});
}

}  // namespace keepsim
