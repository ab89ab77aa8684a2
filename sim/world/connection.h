// One connection attempt of a client: both kernels' endpoints, the broker's session, what is on
// its way, and the middlebox's mapping. Either end may exist without the other (half-open).
#ifndef KEEPSIM_SIM_WORLD_CONNECTION_H_
#define KEEPSIM_SIM_WORLD_CONNECTION_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/packet.h"
#include "sim/net/middlebox.h"
#include "sim/net/tcp.h"
#include "sim/trace/record.h"
#include "sim/world/fifo.h"

namespace keepsim {

// Headers on the wire: IPv4 20, TCP 20, timestamp option 12; SYN has more options; UDP 8.
inline constexpr uint32_t kSegmentHeaders = 52;
inline constexpr uint32_t kSynHeaders = 60;
inline constexpr uint32_t kDatagramHeaders = 28;

// Of stream offsets, which wrap.
constexpr bool AtOrBefore(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) <= 0; }

// An MQTT packet written into one direction and not yet read at the other end.
struct UnreadPacket {
  uint32_t end = 0;  // stream offset after its last byte
  Packet packet;
  Instant sent;
};

// One end of a connection. The client's end is index kUp's sender (0), the broker's end kDown's
// (1).
struct End {
  bool kernel = false;                             // the kernel has an endpoint
  bool app = false;                                // the application holds the socket
  bool established = false;                        // handshake complete at this end
  CloseReason pending_close = CloseReason::kNone;  // to be told when the process runs again
  TcpEndpoint tcp;
  Instant armed = kNever;  // TCP timer
  Instant opened = kNever;
  uint32_t readable_to = 0;  // stream offset delivered by the kernel
  uint16_t lost = 0;         // transmissions by this end lost since the peer last read from it
};

enum EndIndex : uint8_t { kClientEnd = 0, kBrokerEnd = 1 };
constexpr EndIndex Peer(EndIndex end) { return end == kClientEnd ? kBrokerEnd : kClientEnd; }
// The client's end writes upwards, the broker's downwards.
constexpr uint8_t DirectionFrom(EndIndex end) { return end == kClientEnd ? kUp : kDown; }
constexpr uint8_t DirectionTo(EndIndex end) { return DirectionFrom(Peer(end)); }

struct Connection {
  bool used = false;
  bool accept_queued = false;  // waits in the broker's accept queue
  bool kill_queued = false;
  uint16_t datagrams_up = 0;  // on their way to the broker
  uint32_t unhandled = 0;     // packets of it in the broker's work queue
  uint32_t host = 0;          // in the cell
  uint32_t number = 0;        // the client's own count, from 1
  uint32_t generation = 0;    // unique in the cell: tells reuses of this slot apart
  End end[2];
  Fifo<UnreadPacket> queue[2];  // by direction: kUp written by the client's end
  BrokerSession session;
  Instant session_armed = kNever;
  Instant told_deadline = kNever;  // at packet level: the last that was recorded
  MiddleboxState middlebox;
};

// The code of a kClosed record.
inline uint16_t ClosedCode(Observer observer, CloseReason reason) {
  return static_cast<uint16_t>(static_cast<int>(observer) << 8 | static_cast<int>(reason));
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_CONNECTION_H_
