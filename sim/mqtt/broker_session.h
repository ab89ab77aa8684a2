// The broker's half: one BrokerSession per transport connection, one StoredSession per client id.
// Sans IO, under the same rules as client_session.h.
#ifndef KEEPSIM_SIM_MQTT_BROKER_SESSION_H_
#define KEEPSIM_SIM_MQTT_BROKER_SESSION_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/effects.h"
#include "sim/mqtt/packet.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

// What the broker knows of the clients of a group once their CONNECT has been read (flyweight):
// the parts of CONNECT that do not travel in Packet.
struct PeerParams {
  MqttVersion version = MqttVersion::kV311;
  bool has_will = false;
  uint32_t will_delay_s = 0;
  uint32_t session_expiry_s = 0;  // 3.1.1: 0 if clean session, else 0xFFFFFFFF
  uint32_t will_size = 0;         // PUBLISH that carries the will to a watcher
  uint8_t will_qos = 0;
};

enum class BrokerState : uint8_t { kAwaitConnect, kConnected, kClosed };

struct BrokerSession {
  static constexpr int kWindow = 8;

  BrokerState state = BrokerState::kAwaitConnect;
  bool expired = false;  // limit passed, close waits for the kill-rate limit
  uint8_t idle = 0;      // idle ticks so far
  uint8_t in_flight_count = 0;
  uint16_t next_packet_id = 1;
  uint16_t waiting = 0;
  bool active_since_tick = false;
  Duration keep_alive{0};      // in force; 0: off
  Duration limit{0};           // silence after which the client is declared gone
  Instant last_in = kLongAgo;  // last activity by this profile's rule
  Instant next_tick = kNever;  // for tick and scan mechanisms
  Instant accepted_at = kLongAgo;
  uint32_t waiting_size = 0;
  uint8_t waiting_qos = 0;
  InFlight out[kWindow];  // downlink QoS 1/2
  uint16_t in[kWindow];   // incoming QoS 2 awaiting PUBREL
  uint8_t incoming_count = 0;
};

// What outlives a connection: the session state of one client id (3.1.1 section 3.1.2.4, 5.0
// section 4.1) and its will.
struct StoredSession {
  bool exists = false;
  bool connected = false;
  bool will_pending = false;    // will held back by its delay
  Instant will_at = kNever;     // when it is to be published
  Instant expires_at = kNever;  // while not connected
};

// ---- what happened --------------------------------------------------------------------------
// A transport connection was accepted.
void OnAccepted(const BrokerProfile& profile, BrokerSession& s, Instant now);
// `stored` is the entry of this client id; `peer` what its CONNECT says. On CONNECT, if
// stored.connected, the driver has called OnTakeover on the old connection first.
Effects OnPacket(const BrokerProfile& profile, const PeerParams& peer, BrokerSession& s,
                 StoredSession& stored, Instant now, const Packet& packet);
// The transport closed or failed (FIN, RST, TCP gave up): an abnormal end unless DISCONNECT came.
Effects OnClosed(const BrokerProfile& profile, const PeerParams& peer, BrokerSession& s,
                 StoredSession& stored, Instant now, CloseReason reason);
// Another connection's CONNECT took this client id ([MQTT-3.1.4-2], 5.0 [MQTT-3.1.4-3]).
// `clean_start` is that of the new CONNECT.
Effects OnTakeover(const BrokerProfile& profile, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now, bool clean_start);
Effects OnDeadline(const BrokerProfile& profile, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now);
// Deadlines of the stored session: delayed will, expiry.
Effects OnStoredDeadline(const BrokerProfile& profile, StoredSession& stored, Instant now);
// An expired session whose close waited for the kill-rate limit may close now (not rechecked).
Effects OnKillSlot(const BrokerProfile& profile, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now);

// ---- what is wanted -------------------------------------------------------------------------
// Sends a PUBLISH to the client.
Effects Deliver(const BrokerProfile& profile, BrokerSession& s, Instant now, uint8_t qos,
                uint32_t size);

// ---- what is asked --------------------------------------------------------------------------
Instant NextDeadline(const BrokerProfile& profile, const BrokerSession& s);
Instant NextDeadline(const StoredSession& stored);
// With a kill-rate limit, OnDeadline sets s.expired instead of closing; the driver queues it.
inline bool WaitsForKillSlot(const BrokerSession& s) { return s.expired; }

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_BROKER_SESSION_H_
