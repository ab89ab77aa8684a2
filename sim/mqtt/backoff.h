// How long a client waits before it connects again.
#ifndef KEEPSIM_SIM_MQTT_BACKOFF_H_
#define KEEPSIM_SIM_MQTT_BACKOFF_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

// The state of a back-off that has not begun: the next delay is policy.first.
inline constexpr Duration kNoBackoff{-1};

// The delay from the loss of a connection until the next attempt is due, in integers. `backoff` is
// the delay of the previous attempt before jitter (with kDecorrelated, after it), and becomes this
// one's. `u` is a uniform draw.
Duration NextBackoff(const ReconnectPolicy& policy, Duration& backoff, uint64_t u);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_BACKOFF_H_
