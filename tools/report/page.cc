#include "tools/report/page.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "sim/base/check.h"
#include "sim/metrics/summary_json.h"
#include "tools/report/assets.h"

namespace keepsim {
namespace {

// Appends `text` up to the first `mark` to `out` and leaves what follows it in `text`.
void AppendUntil(absl::string_view mark, absl::string_view& text, std::string& out) {
  const size_t at = text.find(mark);
  SIM_CHECK(at != absl::string_view::npos);
  out.append(text.data(), at);
  text.remove_prefix(at + mark.size());
}

}  // namespace

std::string ReportPage(const RunSummary& summary) {
  const std::string title =
      absl::StrReplaceAll(summary.scenario(), {{"&", "&amp;"}, {"<", "&lt;"}});
  // No text of the user's may end the element it stands in.
  const std::string data = absl::StrReplaceAll(ToJson(summary), {{"<", "\\u003c"}});
  absl::string_view rest = kPageHtml;
  std::string page;
  page.reserve(kPageHtml.size() + kPageCss.size() + kPageJs.size() + kChartJs.size() + data.size());
  const auto put = [&](absl::string_view mark, absl::string_view text) {
    AppendUntil(mark, rest, page);
    page.append(text.data(), text.size());
  };
  put("@TITLE@", title);
  put("@STYLE@", kPageCss);
  put("@SUMMARY@", data);
  put("@CHART_JS@", kChartJs);
  put("@SCRIPT@", kPageJs);
  page.append(rest.data(), rest.size());
  return page;
}

}  // namespace keepsim
