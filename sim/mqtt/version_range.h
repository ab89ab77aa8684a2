// Which versions of a project a profile stands for. Versions are compared by their numbers: 5.10 is
// newer than 5.9, and "5.7" means every 5.7.x.
#ifndef KEEPSIM_SIM_MQTT_VERSION_RANGE_H_
#define KEEPSIM_SIM_MQTT_VERSION_RANGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace keepsim {

struct VersionRange {
  std::string first;  // "": however old
  std::string last;   // inclusive, with all versions that begin so; "": however new
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

// {5, 7, 2} of "5.7.2", "v5.7.2" and "5.7.2-rc.1"; {5, 7} of "5.7.x"; {} of what is no version.
std::vector<int> VersionNumbers(absl::string_view version);

// Whether a version that begins with `numbers` lies in the range; none does if there are no
// numbers.
bool Touches(const VersionRange& range, const std::vector<int>& numbers);
bool Touches(const std::vector<VersionRange>& ranges, const std::vector<int>& numbers);

// "2.0.11 and older, 2.0.16 to 2.0.20"; "" if there are none.
std::string RangeWords(const std::vector<VersionRange>& ranges);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_VERSION_RANGE_H_
