// The names of profiles: "emqx 5.7.2", and "emqx 6.1" for the row that stands for it.
#ifndef KEEPSIM_SIM_MQTT_PROFILE_NAME_H_
#define KEEPSIM_SIM_MQTT_PROFILE_NAME_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

template <typename Profile>
std::string FullName(const Profile& p) {
  return p.version.empty() ? p.name : absl::StrCat(p.name, " ", p.version);
}

// {"emqx", "5.7.2"} of "emqx 5.7.2".
std::pair<absl::string_view, absl::string_view> NameAndVersion(absl::string_view text);

// A row as far as its name goes.
struct ProfileLabel {
  std::string name;
  std::string version;
  std::vector<VersionRange> stands_for;
};
template <typename Profile>
void AddLabels(const std::vector<Profile>& rows, std::vector<ProfileLabel>& labels) {
  for (const Profile& p : rows) labels.push_back({p.name, p.version, p.stands_for});
}

// What the name of a profile that there is not may have meant, in brackets: of a known project the
// rows and the versions that they stand for; of others the nearest name, or those that begin so. ""
// if nothing is near.
std::string ProfileSuggestion(absl::string_view text, const std::vector<ProfileLabel>& labels);

// Where "emqx 5.0" names a row that does not stand for all of 5.0.x: which row stands for the rest,
// as a sentence; otherwise "".
std::string OtherRowsWithin(absl::string_view text, const std::vector<ProfileLabel>& labels);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_PROFILE_NAME_H_
