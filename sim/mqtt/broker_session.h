// The broker's half: one BrokerSession per transport connection, one StoredSession per client id.
// Sans IO, under the same rules as client_session.h. `now` is the broker's clock.
#ifndef KEEPSIM_SIM_MQTT_BROKER_SESSION_H_
#define KEEPSIM_SIM_MQTT_BROKER_SESSION_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/effects.h"
#include "sim/mqtt/exchange.h"
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
  uint8_t will_qos = 0;
};

enum class BrokerState : uint8_t { kAwaitConnect, kConnected, kClosed };

struct BrokerSession {
  // What most calls look at comes first.
  BrokerState state = BrokerState::kAwaitConnect;
  bool expired = false;            // limit passed, close waits for the kill-rate limit
  bool suspects = false;           // limit passed, and this broker closes nothing (recovers)
  bool active_since_tick = false;  // tick mechanisms
  uint32_t idle = 0;               // idle ticks so far
  Instant last_in = kLongAgo;      // last activity by this profile's rule
  Instant next_tick = kNever;      // for tick and scan mechanisms
  Instant send_on_at = kNever;     // when to send what found no room among the effects
  Duration keep_alive{0};          // in force; 0: off
  Duration limit{0};               // silence after which the client is declared gone
  Duration period{0};              // of ticks and scans
  Instant accepted_at = kLongAgo;
  Exchanges exchanges;
};

// What outlives a connection: the session state of one client id (3.1.1 section 3.1.2.4, 5.0
// section 4.1) and its will.
struct StoredSession {
  bool exists = false;
  bool connected = false;
  bool will_pending = false;    // will held back by its delay
  Instant will_at = kNever;     // when it is to be published
  Instant expires_at = kNever;  // while not connected
  Exchanges exchanges;          // while not connected: for the client's return
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
// Sends a PUBLISH to the client; QoS 1 and 2 are queued behind the window.
Effects Deliver(const BrokerProfile& profile, BrokerSession& s, Instant now, uint8_t qos,
                uint32_t size);
// A message for a client that is not connected: QoS 1 and 2 are queued if it has a session, and
// true is returned.
bool DeliverLater(StoredSession& stored, uint8_t qos, uint32_t size);

// What a broker makes of the keepAlive that a client asks for, in seconds.
struct KeepAliveVerdict {
  bool refused = false;
  bool told = false;  // CONNACK carries Server Keep Alive
  int32_t keep_alive_s = 0;
};
KeepAliveVerdict JudgeKeepAlive(const BrokerProfile& profile, MqttVersion version,
                                int32_t keep_alive_s);

// ---- what is asked --------------------------------------------------------------------------
Instant NextDeadline(const BrokerProfile& profile, const BrokerSession& s);
Instant NextDeadline(const StoredSession& stored);
// With a kill-rate limit, OnDeadline sets s.expired instead of closing; the driver queues it.
inline bool WaitsForKillSlot(const BrokerSession& s) { return s.expired; }
// ---- the check, for whoever runs through a time in which nothing else happens -----------------
// The first instant at which a look finds that the silence calls for a close. REQUIRES: connected,
// keep alive on, a mechanism that compares silences: not kIdleTicks or kAccumulatedTicks.
Instant FirstExcess(const BrokerProfile& profile, const BrokerSession& s);
// One look at the client; true if it is to be declared gone. Moves the ticks' state alone.
bool Check(const BrokerProfile& profile, BrokerSession& s, Instant now);
// A packet was heard. Moves what the mechanism goes by, alone.
void NoteActivity(const BrokerProfile& profile, BrokerSession& s, Instant now, PacketType type);
// The silence after which this profile declares a client gone, but for the mechanism's own delay;
// 0 if never.
Duration LimitOf(const BrokerProfile& profile, Duration keep_alive);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_BROKER_SESSION_H_
