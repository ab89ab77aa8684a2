// The client's half of the keep alive mechanism, sans IO: plain state and free functions. `now`,
// drawn values and packets are arguments; there is no clock, socket, random source or callback.
// The same functions run in the simulator and over a real socket.
//
// Rules:
//  1. `now` is the client's own clock (params.profile->clock) and never goes back, but for
//     ClockKind::kWall, which may jump.
//  2. OnDeadline before NextDeadline() is a harmless no-op: timers need no cancelling.
//  3. Every change of state happens in client_session.cc. An event that is illegal in a state
//     changes nothing but may close with kProtocolError.
//  4. Each call returns at most Effects::kMax effects, in the order they are to be carried out.
//     What does not fit follows at a deadline that has come already.
//  5. Where a packet ends the connection, the next OnDeadline, due at once, brings the draw for the
//     back-off.
#ifndef KEEPSIM_SIM_MQTT_CLIENT_SESSION_H_
#define KEEPSIM_SIM_MQTT_CLIENT_SESSION_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/backoff.h"
#include "sim/mqtt/effects.h"
#include "sim/mqtt/exchange.h"
#include "sim/mqtt/loop_turns.h"
#include "sim/mqtt/packet.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

// What all clients of a group share (flyweight).
struct ClientParams {
  const ClientProfile* profile = nullptr;
  MqttVersion version = MqttVersion::kV311;
  uint16_t keep_alive_s = 60;
  bool clean_start = true;
  uint32_t connect_size = 14;   // ConnectSize(options)
  uint32_t subscribe_size = 0;  // 0: subscribes to nothing
  uint8_t subscribe_qos = 0;
};

enum class ClientState : uint8_t {
  kStopped,     // the process does not run, or does not want a connection
  kBackoff,     // waiting to connect again
  kConnecting,  // transport being opened
  kAwaitConnack,
  kConnected,
};

struct ClientSession {
  // What most calls look at comes first.
  ClientState state = ClientState::kStopped;
  bool ping_pending = false;
  bool counted = false;         // kCounterTick: there was a tick already
  bool backoff_drawn = true;    // false: the next OnDeadline draws the delay
  bool ever_connected = false;  // since the process started
  uint16_t attempt = 0;         // connection attempts since the last good connection
  uint32_t sends = 0;           // packets sent, for kCounterTick
  Instant last_out = kLongAgo;
  Instant last_in = kLongAgo;
  Instant ping_sent = kLongAgo;     // of the PINGREQ that is waited for
  Instant look_from = kLongAgo;     // earlier looks at the conditions are over
  Instant tick_origin = kStart;     // ticks are at tick_origin + n * tick
  Instant phase_deadline = kNever;  // connect, CONNACK or back-off deadline by state; while
                                    // connected: when to send on
  Duration keep_alive{0};           // in force (Server Keep Alive applied); 0: off
  // The profile's lengths for this keep_alive.
  Duration ping_after{0};
  Duration ping_after_in{0};
  Duration pingresp_wait{0};
  Duration tick{0};

  LoopState loop;     // the main loop's, of profiles with a loop_wait
  LoopState retries;  // of the loop that connects again, where reconnect.evaluated_every says so
  uint32_t sends_at_tick = 0;
  Instant connected_at = kLongAgo;
  Duration backoff = kNoBackoff;  // delay used last
  Exchanges exchanges;
};

// ---- what happened --------------------------------------------------------------------------
// The process starts and wants a connection. Opens the transport at once.
Effects Start(const ClientParams& params, ClientSession& s, Instant now);
// The transport is connected: sends CONNECT.
Effects OnConnected(const ClientParams& params, ClientSession& s, Instant now);
Effects OnPacket(const ClientParams& params, ClientSession& s, Instant now, const Packet& packet);
// The transport closed or failed (not through an effect of this session). `u` is a uniform draw
// for the back-off jitter.
Effects OnClosed(const ClientParams& params, ClientSession& s, Instant now, CloseReason reason,
                 uint64_t u);
// `u`: uniform draw, used for the back-off jitter when this deadline closes the connection.
Effects OnDeadline(const ClientParams& params, ClientSession& s, Instant now, uint64_t u);
// Whether OnDeadline may use its draw, which costs more than the rest of an ordinary PINGREQ.
inline bool MayBackOff(const ClientSession& s) {
  return s.state != ClientState::kConnected || s.ping_pending;
}
// The host's wall clock was set forward (or back) by `jump`: times that were read from it stay as
// they are, and mislead; the turns of the loops do not wait for it.
void OnClockSet(const ClientParams& params, ClientSession& s, Duration jump);

// ---- what is wanted -------------------------------------------------------------------------
// Sends a PUBLISH. QoS 1 and 2 are queued behind the window and while not connected; QoS 0 is then
// dropped. `size`: bytes on the wire.
Effects Publish(const ClientParams& params, ClientSession& s, Instant now, uint8_t qos,
                uint32_t size);
// Sends DISCONNECT and closes; does not reconnect. State kStopped: what was on its way is lost.
Effects Disconnect(const ClientParams& params, ClientSession& s, Instant now);
// The process ends without a word (crash, kill): state kStopped; volatile state is lost.
void Stop(ClientSession& s);

// ---- what is asked --------------------------------------------------------------------------
// Earliest instant at which OnDeadline may do something; kNever if none.
Instant NextDeadline(const ClientParams& params, const ClientSession& s);
// Is a PINGREQ (or the wait for its PINGRESP) what the next deadline is about? For time lines.
const char* DeadlineName(const ClientParams& params, const ClientSession& s);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_CLIENT_SESSION_H_
