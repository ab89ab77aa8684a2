#include "sim/mqtt/profile.h"

#include <algorithm>

namespace keepsim {

Duration OfKeepAlive::Of(Duration keep_alive) const {
  const __int128 scaled = static_cast<__int128>(keep_alive.ns) * num / den;
  const Duration d = Duration{static_cast<int64_t>(scaled)} + offset;
  return std::clamp(d, min, max);
}

const ClientProfile* FindClientProfile(absl::string_view name, absl::string_view version) {
  const ClientProfile* found = nullptr;  // rows of one name stand in order of their versions
  for (const ClientProfile& p : ClientProfiles()) {
    if (p.name == name && (version.empty() || p.version == version)) found = &p;
  }
  return found;
}

const BrokerProfile* FindBrokerProfile(absl::string_view name, absl::string_view version) {
  const BrokerProfile* found = nullptr;
  for (const BrokerProfile& p : BrokerProfiles()) {
    if (p.name == name && (version.empty() || p.version == version)) found = &p;
  }
  return found;
}

}  // namespace keepsim
