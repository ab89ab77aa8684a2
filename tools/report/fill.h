// Putting a page together: texts in the places of marks.
#ifndef KEEPSIM_TOOLS_REPORT_FILL_H_
#define KEEPSIM_TOOLS_REPORT_FILL_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace keepsim {

// `page` with each mark, in the order in which they stand in it, replaced by its text. REQUIRES:
// they stand there.
std::string Fill(absl::string_view page,
                 const std::vector<std::pair<absl::string_view, std::string>>& texts);

// How every page begins: up to the bar with `brand`. `title` is text.
std::string PageHead(absl::string_view title, absl::string_view brand, absl::string_view style);

std::string HtmlText(absl::string_view text);
// JSON that cannot end the <script> it stands in.
std::string InScript(absl::string_view json);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_FILL_H_
