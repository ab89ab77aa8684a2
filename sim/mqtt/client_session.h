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
#ifndef KEEPSIM_SIM_MQTT_CLIENT_SESSION_H_
#define KEEPSIM_SIM_MQTT_CLIENT_SESSION_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/effects.h"
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
  kBackoff,     // waiting for reconnect_at
  kConnecting,  // transport being opened
  kAwaitConnack,
  kConnected,
  kClosing,  // DISCONNECT sent, transport closing
};

// One QoS 1 or 2 exchange, either direction.
struct InFlight {
  uint16_t packet_id = 0;
  PacketType awaiting = PacketType::kPuback;  // PUBACK, PUBREC, PUBCOMP; or PUBREL (receiver)
  uint8_t qos = 0;
  uint32_t size = 0;
  Instant sent_at;
};

struct ClientSession {
  static constexpr int kWindow = 8;  // QoS 1/2 messages in flight; further ones wait

  ClientState state = ClientState::kStopped;
  bool ping_pending = false;
  uint8_t in_flight_count = 0;  // outgoing exchanges in out[]
  uint8_t incoming_count = 0;   // incoming QoS 2 exchanges in in[]
  uint16_t next_packet_id = 1;
  uint16_t waiting = 0;    // publishes queued behind the window (size of the last asked)
  uint16_t attempt = 0;    // connection attempts since the last good connection
  Duration keep_alive{0};  // in force (Server Keep Alive applied); 0: off
  Instant last_out = kLongAgo;
  Instant last_in = kLongAgo;
  Instant ping_sent = kLongAgo;
  Instant tick_origin = kStart;     // ticks are at tick_origin + n * tick
  Instant phase_deadline = kNever;  // connect, CONNACK or back-off deadline by state
  Instant connected_at = kLongAgo;
  Duration backoff{0};  // delay used last
  uint32_t sends = 0;   // packets sent, for kCounterTick
  uint32_t sends_at_tick = 0;
  uint32_t waiting_size = 0;
  uint8_t waiting_qos = 0;
  InFlight out[kWindow];
  uint16_t in[kWindow];  // packet ids of incoming QoS 2 awaiting PUBREL
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

// ---- what is wanted -------------------------------------------------------------------------
// Sends a PUBLISH (or queues it behind the window; or drops a QoS 0 one while not connected:
// then returns no effect). `size`: bytes on the wire.
Effects Publish(const ClientParams& params, ClientSession& s, Instant now, uint8_t qos,
                uint32_t size);
// Sends DISCONNECT and closes; does not reconnect.
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
