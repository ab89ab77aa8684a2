#include "sim/mqtt/profile_name.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "sim/base/spelling.h"

namespace keepsim {
namespace {

std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }

// "versions of paho-c: 1.3.10 (1.3.7 to 1.3.10), 1.3.13 (1.3.12 to 1.3.13)"
std::string Versions(absl::string_view name, const std::vector<ProfileLabel>& labels) {
  std::vector<std::string> rows;
  for (const ProfileLabel& l : labels) {
    if (l.name != name || l.version.empty()) continue;
    const std::string range = RangeWords(l.stands_for);
    rows.push_back(range.empty() ? l.version : absl::StrCat(l.version, " (", range, ")"));
  }
  return rows.empty() ? absl::StrCat("\"", name, "\" has no versions")
                      : absl::StrCat("versions of ", name, ": ", absl::StrJoin(rows, ", "));
}

bool Resolves(const ProfileLabel& l, absl::string_view version) {
  return l.version == version || Touches(l.stands_for, VersionNumbers(version));
}

}  // namespace

std::pair<absl::string_view, absl::string_view> NameAndVersion(absl::string_view text) {
  const size_t space = text.find(' ');
  if (space == absl::string_view::npos) return {text, ""};
  return {text.substr(0, space), text.substr(space + 1)};
}

std::string ProfileSuggestion(absl::string_view text, const std::vector<ProfileLabel>& labels) {
  const absl::string_view name = NameAndVersion(text).first;
  const absl::string_view version = NameAndVersion(text).second;
  std::vector<std::string> names;   // each once
  std::vector<std::string> family;  // those that begin with what was written
  for (const ProfileLabel& l : labels) {
    if (l.name == name) return absl::StrCat(" (", Versions(name, labels), ")");
    if (std::find(names.begin(), names.end(), l.name) != names.end()) continue;
    names.push_back(l.name);
    if (!name.empty() && absl::StartsWith(l.name, absl::StrCat(name, "-"))) {
      family.push_back(Quoted(l.name));
    }
  }
  if (!family.empty()) {
    return absl::StrCat(" (did you mean ", absl::StrJoin(family, " or "), "?)");
  }
  const std::string* const nearest = Nearest(name, names);
  if (nearest == nullptr) return DidYouMean(text, names);
  if (version.empty()) return absl::StrCat(" (did you mean \"", *nearest, "\"?)");
  const bool resolves = std::any_of(labels.begin(), labels.end(), [&](const ProfileLabel& l) {
    return l.name == *nearest && Resolves(l, version);
  });
  if (resolves) return absl::StrCat(" (did you mean \"", *nearest, " ", version, "\"?)");
  return absl::StrCat(" (did you mean \"", *nearest, "\"? ", Versions(*nearest, labels), ")");
}

std::string OtherRowsWithin(absl::string_view text, const std::vector<ProfileLabel>& labels) {
  const auto [name, version] = NameAndVersion(text);
  const ProfileLabel* named = nullptr;
  std::vector<std::string> others;
  for (const ProfileLabel& l : labels) {
    if (l.name != name) continue;
    if (l.version == version) {
      named = &l;
    } else if (named != nullptr && Touches(l.stands_for, VersionNumbers(version))) {
      others.push_back(
          absl::StrCat("\"", l.name, " ", l.version, "\" for ", RangeWords(l.stands_for)));
    }
  }
  if (named == nullptr || others.empty()) return "";
  return absl::StrCat("\"", text, "\" stands for ", RangeWords(named->stands_for),
                      "; there is also ", absl::StrJoin(others, ", "));
}

}  // namespace keepsim
