// What the client rows are made of; for client_profiles.cc and client_profiles_paho.cc alone.
#ifndef KEEPSIM_SIM_MQTT_CLIENT_PROFILE_PARTS_H_
#define KEEPSIM_SIM_MQTT_CLIENT_PROFILE_PARTS_H_

#include <vector>

#include "sim/mqtt/profile.h"

namespace keepsim::client_profile {

constexpr OfKeepAlive Clamped(int32_t num, int32_t den, Duration min, Duration max) {
  return {num, den, Duration{0}, min, max};
}

constexpr OfKeepAlive OneWithOffset(Duration offset) {
  return {1, 1, offset, Duration{0}, kForever};
}

constexpr ReconnectPolicy Constant(Duration d) {
  return {.first = d,
          .min = d,
          .max = d,
          .growth_num = 1,
          .jitter = JitterKind::kNone,
          .jitter_permille = 0};
}

constexpr ReconnectPolicy Doubling(Duration min, Duration max, int32_t jitter_permille) {
  return {.first = min,
          .min = min,
          .max = max,
          .jitter = jitter_permille > 0 ? JitterKind::kPlusMinus : JitterKind::kNone,
          .jitter_permille = jitter_permille};
}

// The library can reconnect, but does so only where the application turns it on.
constexpr ReconnectPolicy OffByDefault(ReconnectPolicy policy) {
  policy.enabled = false;
  return policy;
}

// Reconnecting is the application's work.
constexpr ReconnectPolicy kManual = {.enabled = false};

// Versions that differ in few columns start from one another.
template <typename Change>
ClientProfile With(ClientProfile row, const Change& change) {
  change(row);
  return row;
}

// The rows of libmosquitto and of the Paho libraries.
std::vector<ClientProfile> PahoRows();

}  // namespace keepsim::client_profile

#endif  // KEEPSIM_SIM_MQTT_CLIENT_PROFILE_PARTS_H_
