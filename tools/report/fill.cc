#include "tools/report/fill.h"

#include "absl/strings/str_replace.h"
#include "sim/base/check.h"
#include "tools/report/assets.h"

namespace keepsim {

std::string Fill(absl::string_view page,
                 const std::vector<std::pair<absl::string_view, std::string>>& texts) {
  size_t size = page.size();
  for (const auto& [mark, text] : texts) size += text.size();
  std::string out;
  out.reserve(size);
  for (const auto& [mark, text] : texts) {
    const size_t at = page.find(mark);
    SIM_CHECK(at != absl::string_view::npos);
    out.append(page.data(), at);
    out += text;
    page.remove_prefix(at + mark.size());
  }
  out.append(page.data(), page.size());
  return out;
}

std::string PageHead(absl::string_view title, absl::string_view brand, absl::string_view style) {
  const std::string name(brand);
  return Fill(kHeadHtml, {{"@TITLE@", HtmlText(title)},
                          {"@BRAND@", name},
                          {"@STYLE@", std::string(style)},
                          {"@BRAND@", name}});
}

std::string HtmlText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}});
}

std::string InScript(absl::string_view json) {
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}});
}

}  // namespace keepsim
