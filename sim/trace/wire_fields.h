// What packet-level records hold in their two numbers, by name.
//
//   SegmentInfo = length << 32 | transmission number << 16 | flags << 8 | bits
//   bits        = 1 retransmission, 2 probe, 4 under another address (from or through a middlebox
//                 that has forgotten the mapping)
//   fields      = qos << 48 | reason << 40 | flags << 32 | packet id << 16 | value
#ifndef KEEPSIM_SIM_TRACE_WIRE_FIELDS_H_
#define KEEPSIM_SIM_TRACE_WIRE_FIELDS_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/trace/record.h"

namespace keepsim {

// An MQTT packet: of kPacketSent, kPacketReceived, kDatagramSent, kDatagramArrived.
struct PacketFields {
  Direction direction = kUp;
  uint8_t type = 0;  // as in the fixed header; 0 where the record does not say (kDatagramSent)
  uint8_t qos = 0;
  uint8_t reason = 0;
  uint8_t flags = 0;
  uint16_t packet_id = 0;
  uint16_t value = 0;
  uint32_t size = 0;
};
PacketFields PacketFieldsOf(const TraceRecord& r);
// The `fields` number of such a record; direction, type and size stand elsewhere in it.
int64_t PackFields(const PacketFields& p);

// One transmission: of kSegmentSent, kSegmentArrived, kSegmentIgnored, kDatagramSent,
// kDatagramArrived.
struct SegmentFields {
  static constexpr uint8_t kSyn = 1, kAck = 2, kFin = 4, kRst = 8;

  Direction direction = kUp;
  uint8_t fate = 0;  // of what was sent, or why it was ignored: Fate of sim/net; 0 of what arrived
  bool datagram = false;
  bool retransmission = false;
  bool probe = false;
  bool foreign = false;
  uint8_t flags = 0;
  uint16_t number = 0;  // of the transmission in its direction, modulo 2^16
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint32_t length = 0;  // of a datagram: the MQTT packet's size
};
// REQUIRES: one of these kinds. kSegmentIgnored does not say whether it was a datagram.
SegmentFields SegmentFieldsOf(const TraceRecord& r);

// What a kernel's timer is for. The first three take turns on one timer, and so do the last two.
enum class TcpTimerName : uint8_t {
  kRetransmission = 0,
  kProbe = 1,       // tail loss probe (RFC 8985)
  kReordering = 2,  // what has been overtaken counts as lost then
  kDelayedAck = 3,
  kKeepAlive = 4,  // SO_KEEPALIVE
  kFinWait = 5,    // of a closed connection whose peer does not close
};
inline constexpr int kTcpTimerNames = 6;
// Which of an end's three timers that is.
constexpr int TcpTimerSlot(TcpTimerName name) {
  return name <= TcpTimerName::kReordering ? 0 : name == TcpTimerName::kDelayedAck ? 1 : 2;
}

// Of kTcpTimerArmed, kTcpTimerFired.
struct TcpTimerFields {
  bool broker = false;  // whose kernel
  TcpTimerName name = TcpTimerName::kRetransmission;
  Instant deadline = kNever;  // kNever: it has been stopped
  Duration rto{0};            // in force, the doublings included
  uint8_t backoff = 0;        // doublings
};
TcpTimerFields TcpTimerFieldsOf(const TraceRecord& r);
uint16_t TcpTimerCode(const TcpTimerFields& timer);
int64_t PackRto(const TcpTimerFields& timer);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_WIRE_FIELDS_H_
