// Whether a client's ping rule can satisfy a broker's rule: the two silences that are compared.
// Both are bounds over all phases; what the path adds is not in them.
#ifndef KEEPSIM_SIM_MQTT_SILENCE_H_
#define KEEPSIM_SIM_MQTT_SILENCE_H_

#include "sim/base/time.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

// How long a living client whose packets are answered at once may send nothing, at most. kForever:
// as long as it likes. `receives`: it is sent messages, which to some rules are as good as sending;
// `sends`: it publishes or acknowledges now and then.
Duration LongestSilence(const ClientProfile& p, Duration keep_alive, bool receives, bool sends);

// The silence after which a broker may close, at least; its mechanism's grid and rounding included.
// `keep_alive` is the one in force (JudgeKeepAlive); kForever if that is 0.
Duration ShortestLimit(const BrokerProfile& p, Duration keep_alive);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_SILENCE_H_
