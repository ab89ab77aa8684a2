// When a client session looks at its conditions and finds one met, and what moves those looks. For
// client_session.cc, and for whoever runs through a session's quiet stretches.
#ifndef KEEPSIM_SIM_MQTT_CLIENT_DEADLINE_H_
#define KEEPSIM_SIM_MQTT_CLIENT_DEADLINE_H_

#include "sim/base/time.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

// The PINGREQ itself runs on a tick, of `ping_after`.
bool TickedPing(const ClientProfile& p);

// When this profile looks whether a PINGREQ is due and finds that it is.
Instant PingDeadline(const ClientProfile& p, const ClientSession& s);
// When this profile notices that PINGRESP is missing; kNever if none is awaited.
Instant WaitDeadline(const ClientProfile& p, const ClientSession& s);

// ---- the main loop; nothing where the profile has none (loop_wait 0) --------------------------
// When the loop reads what arrives at `now`: at once, or when its pause is over. (It is answered at
// once in either case; what it counts for, it counts for when it is read.)
Instant ReadAt(const ClientProfile& p, const ClientSession& s, Instant now);
// What was read, or sent, at `at` ends the turn: the loop looks, and begins another.
void WakeLoop(const ClientProfile& p, ClientSession& s, Instant at);
// The loop has looked at `now` and found a condition met.
void NoteLook(const ClientProfile& p, ClientSession& s, Instant now);

// ---- the loop that connects again (reconnect.evaluated_every) ---------------------------------
void WakeRetries(const ReconnectPolicy& r, ClientSession& s, Instant now);
// When it finds an attempt due that is due at `t`.
Instant RetryDeadline(const ReconnectPolicy& r, const ClientSession& s, Instant t);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_CLIENT_DEADLINE_H_
