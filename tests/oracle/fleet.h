// The state of the oracle's little world. All of it is plain: what is true now, and since when.
#ifndef KEEPSIM_TESTS_ORACLE_FLEET_H_
#define KEEPSIM_TESTS_ORACLE_FLEET_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"
#include "sim/mqtt/packet.h"
#include "sim/trace/record.h"
#include "sim/world/plan.h"
#include "tests/oracle/ledger.h"

namespace keepsim::oracle {

// What crosses the path. TCP is reduced to what two programs can see of it without loss.
enum class Unit { kPacket, kSyn, kSynAck, kHandshakeAck, kFin, kRst };

struct Flight {
  Instant arrives_at;
  Direction direction = kUp;
  uint32_t conn = 0;
  Unit unit = Unit::kPacket;
  PacketType type = PacketType::kPingreq;
  uint32_t size = 0;
};

enum class Doing { kNothing, kBackingOff, kConnecting, kAwaitingConnack, kConnected };

// The broker's end of one connection.
struct BrokerEnd {
  uint32_t conn = 0;
  bool shaken = false;    // TCP: the handshake is complete at this end
  bool accepted = false;  // the process knows of it; until then only the kernel does
  bool has_session = false;
  bool open = true;
  Instant opened_at;
  Instant accepted_at;
  Instant last_in;
};

struct Client {
  const GroupPlan* group = nullptr;
  uint32_t index = 0;
  Ledger ledger{0};

  // Ground truth.
  bool started = false;
  bool alive = false;
  bool host_up = true;  // false: crashed; a host whose process is gone still hears packets
  bool frozen = false;
  int cuts[2] = {0, 0};  // partitions in force, by direction

  // The client's process.
  Doing doing = Doing::kNothing;
  Instant last_heard;   // a packet was read, or the attempt began
  bool shaken = false;  // TCP: the handshake is complete at this end
  uint32_t conn = 0;
  int64_t attempt = 0;
  Duration delay{0};  // the back-off used last; 0: none since the last good connection
  Instant retry_at;
  Instant opened_at;
  Instant connect_sent_at;
  Instant connected_at;
  Instant last_out;
  bool ping_pending = false;
  Instant ping_sent_at;
  Instant turn_began;             // of the main loop, if the profile has one
  Instant looked_at;              // the loop's last look; without a loop, now
  std::vector<Flight> unread;     // in the kernel of a frozen process
  std::vector<size_t> published;  // messages handed over or skipped, by workload

  std::vector<BrokerEnd> ends;  // at the broker
  std::vector<Flight> unread_at_broker;
  std::vector<Flight> flights;  // on the path, in the order of sending
};

inline bool HasTransport(const Client& c) {
  return c.doing != Doing::kNothing && c.doing != Doing::kBackingOff;
}

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_FLEET_H_
