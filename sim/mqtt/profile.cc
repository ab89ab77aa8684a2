#include "sim/mqtt/profile.h"

#include <algorithm>

namespace keepsim {
namespace {

template <typename Profile>
const Profile* Find(const std::vector<Profile>& rows, absl::string_view name,
                    absl::string_view version) {
  const std::vector<int> numbers = VersionNumbers(version);
  const Profile* newest = nullptr;  // rows of one name stand in order of their versions
  for (const Profile& row : rows) {
    if (row.name != name) continue;
    if (row.version == version && !version.empty()) return &row;
    if (version.empty() || Touches(row.stands_for, numbers)) newest = &row;
  }
  return newest;
}

}  // namespace

Duration OfKeepAlive::Of(Duration keep_alive) const {
  const __int128 ns = static_cast<__int128>(keep_alive.ns) * num / den + offset.ns;
  return {static_cast<int64_t>(std::max<__int128>(min.ns, std::min<__int128>(ns, max.ns)))};
}

const ClientProfile* FindClientProfile(absl::string_view name, absl::string_view version) {
  return Find(ClientProfiles(), name, version);
}

const BrokerProfile* FindBrokerProfile(absl::string_view name, absl::string_view version) {
  return Find(BrokerProfiles(), name, version);
}

}  // namespace keepsim
