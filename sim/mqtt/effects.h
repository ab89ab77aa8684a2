// What a session asks its driver to do, as a small fixed-size list. A driver carries the list out
// in order, then asks NextDeadline() again. A session that has more to do than fits says so with a
// deadline that has come already.
#ifndef KEEPSIM_SIM_MQTT_EFFECTS_H_
#define KEEPSIM_SIM_MQTT_EFFECTS_H_

#include <algorithm>
#include <cstdint>

#include "sim/base/check.h"
#include "sim/base/time.h"
#include "sim/mqtt/packet.h"

namespace keepsim {

// Why an end closed (or learnt of the close of) a connection. Append-only: numbers are in traces.
enum class CloseReason : uint8_t {
  kNone = 0,
  kKeepAliveTimeout = 1,   // broker: no packet within the limit
  kPingrespTimeout = 2,    // client: PINGRESP did not come
  kConnectTimeout = 3,     // client: transport not connected in time; broker: no CONNECT in time
  kConnackTimeout = 4,     // client
  kDisconnect = 5,         // DISCONNECT sent (client) or received (broker): not a failure
  kTakeover = 6,           // broker: a new CONNECT with the same client id
  kPeerClosed = 7,         // FIN from the peer
  kReset = 8,              // RST from the peer or a middlebox
  kTransportTimeout = 9,   // TCP gave up (tcp_retries2, user timeout)
  kServerDisconnect = 10,  // client: DISCONNECT received
  kRefused = 11,           // client: CONNACK with an error, or connection refused
  kShutdown = 12,          // broker stopped or restarted
  kProtocolError = 13,
  kLocalStop = 14,  // the process ended (crash, kill)
};
const char* CloseReasonName(CloseReason reason);

struct Effect {
  enum class Kind : uint8_t {
    kOpenTransport,     // client: start a new transport connection
    kSend,              // packet
    kClose,             // close the transport in order (FIN after what was sent); reason
    kAbort,             // drop the transport at once (RST); reason
    kConnected,         // client: session is usable (CONNACK received)
    kSessionOpened,     // broker: CONNECT accepted; packet.value = keepAlive in force (s)
    kWillPublish,       // broker: publish the will now
    kMessageDelivered,  // a PUBLISH reached the application at this end (once per QoS rules)
    kDeclaredDead,      // this end decided, by its keep alive rule, that the peer is gone;
                        // silence: how long it had heard nothing (or waited for PINGRESP)
  };
  Kind kind;
  CloseReason reason = CloseReason::kNone;
  Packet packet;
  Duration silence{0};
};

class Effects {
 public:
  static constexpr int kMax = 8;

  // Most lists hold one effect or none: the other places are left as they are.
  Effects() {}
  Effects(const Effects& other) { *this = other; }
  Effects& operator=(const Effects& other) {
    size_ = other.size_;
    std::copy(other.begin(), other.end(), items_);
    return *this;
  }

  void Add(const Effect& effect) {
    SIM_CHECK(size_ < kMax);
    items_[size_++] = effect;
  }
  void Send(const Packet& packet) { Add({.kind = Effect::Kind::kSend, .packet = packet}); }
  const Effect* begin() const { return items_; }
  const Effect* end() const { return items_ + size_; }
  int size() const { return size_; }
  int room() const { return kMax - size_; }
  bool empty() const { return size_ == 0; }

 private:
  int size_ = 0;
  union {
    Effect items_[kMax];
  };
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_EFFECTS_H_
