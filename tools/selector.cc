#include "tools/selector.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sim/base/spelling.h"
#include "sim/scenario/diagnostics.h"

namespace keepsim {

bool ParseSelector(const std::string& text, const std::vector<TraceGroup>& groups,
                   std::vector<ClientRange>* ranges, std::string* why) {
  std::vector<std::string> names;
  for (const TraceGroup& g : groups) names.push_back(g.name);
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<std::string, std::string> split = absl::StrSplit(part, absl::MaxSplits('/', 1));
    bool found = false;
    for (uint32_t i = 0; i < groups.size(); ++i) {
      if (split.first != "all" && split.first != groups[i].name) continue;
      found = true;
      if (groups[i].count == 0) continue;
      ClientRange range{i, 0, groups[i].count - 1};
      if (absl::StrContains(part, '/')) {
        const std::pair<std::string, std::string> ends =
            absl::StrSplit(split.second, absl::MaxSplits('-', 1));
        if (!absl::SimpleAtoi(ends.first, &range.first)) range.first = groups[i].count;
        range.last = range.first;
        if (absl::StrContains(split.second, '-') && !absl::SimpleAtoi(ends.second, &range.last)) {
          range.last = groups[i].count;
        }
        if (range.first > range.last || range.last >= groups[i].count) {
          *why = absl::StrCat("\"", part, "\": group ", split.first, " has clients 0 to ",
                              groups[i].count - 1);
          return false;
        }
      }
      ranges->push_back(range);
    }
    if (!found) {
      *why = absl::StrCat("\"", part, "\": there is no group \"", split.first, "\"",
                          DidYouMean(split.first, names), "; write GROUP/INDEX or all");
      return false;
    }
  }
  return true;
}

}  // namespace keepsim
