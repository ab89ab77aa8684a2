// What happened, as plain records. Outcome-level records (kinds below 64) are always made and make
// up the semantic digest; packet-level records are made only for selected clients and never count.
// Kinds and codes are numbered once and never renumbered: they are in stored traces.
#ifndef KEEPSIM_SIM_TRACE_RECORD_H_
#define KEEPSIM_SIM_TRACE_RECORD_H_

#include <cstdint>

#include "sim/base/digest.h"
#include "sim/base/time.h"

namespace keepsim {

enum class RecordKind : uint16_t {
  // ---- ground truth of one client
  kHostUp = 1,    // process runs (again)                    code: FailureKind that ended, or 0
  kHostDown = 2,  // process gone                            code: FailureKind
  kFrozen = 3,    // process stopped, kernel lives on
  kThawed = 4,
  kAsleep = 5,  // whole host suspended
  kAwake = 6,
  kPathDown = 7,     // code: directions cut now (1 up, 2 down)  a: fault number, -1: random outage
  kPathUp = 8,       // code: directions still cut (0: none)
  kMappingLost = 9,  // noticed when a packet meets it          conn, a: when it was lost (ns),
                     //                                         code: 0 idle, 1 flushed
  kDegraded = 10,    // code: 1 begins, 0 ends; a: fault number
  kClock = 11,       // code: 0 drift (a: ppb), 1 jump (a: ns)
  // ---- connections of one client
  kConnectAttempt = 16,  // conn                                  a: attempt number since last good
  kConnected = 17,       // client has CONNACK; conn              a: ns since the attempt
  kSessionOpened = 18,   // broker took CONNECT; conn             a: keepAlive in force (s),
                         //                                       b: limit (ns), 0: off
  kDeclared = 19,        // an observer declares its peer dead    conn, code: Observer,
                         //                                       a: ns since the peer was heard
                         //                                       last, b: Evidence
  kClosed = 20,          // an end's connection is over           conn, code: Observer << 8 |
                         //                                       CloseReason (sim/mqtt/effects.h),
                         //                                       a: ns since this end opened it
  kWillPublished = 21,   // conn                                  a: ns since the connection closed
  kWillDelivered = 22,   // code: watcher number                  conn, a: ns since published
  // ---- end of the run, one set per client
  kCost = 32,           // code: direction << 8 | PacketType       a: packets sent, b: bytes
  kTransportCost = 33,  // code: direction                         a: segments sent, b: bytes on the
  //                                         wire (IP and TCP headers included)
  kTransportLoss =
      34,              // code: direction                         a: segments lost, b: retransmitted
  kRadio = 35,         // a: radio wake-ups of the client, b: ns the connection was up (client side)
  kConservation = 36,  // code: direction; MQTT packets           a: sent << 32 | delivered,
                       //                                         b: dropped << 32 | in flight
  kEnd = 37,           // code: EndState bits                     a: simulated events of this client
  kPingRtt = 38,       // a: count of PINGRESPs, b: sum of their round-trip times (ns)
  // ---- the whole run (entity 0)
  kFaultBegins = 48,  // code: fault number
  kFaultEnds = 49,
  // Of the broker: a: fault number.
  kBrokerDown = 50,  // code: 1 process killed (kernel closes), 2 host lost (silent)
  kBrokerUp = 51,    // code: as of the kBrokerDown that it ends
  kBrokerStalled = 52,
  kBrokerResumed = 53,
  // ---- packet level, not in the digest
  kPacketSent = 64,      // MQTT packet handed to the transport   conn, code: direction << 8 | type,
                         //                                       a: fields (PackFields), b: size
  kPacketReceived = 65,  // handed to the application             as above
  kSegmentSent = 66,     // conn, code: direction << 8 | Fate     a: seq << 32 | ack, b: SegmentInfo
                         //                                       (wire_fields.h)
  kSegmentArrived = 67,  // conn, code: direction << 8            a, b: as above
  kSegmentIgnored = 68,  // segment or datagram that nobody took  code: direction << 8 | why (Fate;
                         //                                       0: connection forgotten), a, b: as
                         //                                       it was sent
  kTimerArmed = 69,      // it has moved; code: 0 the client's    conn, a: deadline (ns, global;
                         // session, 1 the broker's               2^63 - 1: none), b: the session's
                         //                                       state << 8 | 1 while a PINGRESP is
                         //                                       awaited
  kTimerFired = 70,      // code: as above                        conn, a: when it was due
  kDatagramSent = 71,    // conn, code: direction << 8 | Fate     a: fields, b: size << 32 |
                         //                                       transmission number << 16
  kDatagramArrived = 72,
  // A kernel's timers (wire_fields.h).                           conn, code: end (0 client,
  kTcpTimerArmed = 73,  // it has moved                           1 broker) << 8 | TcpTimerName,
  kTcpTimerFired = 74,  //                                        a: deadline (ns, global; 2^63 - 1:
                        //                                        stopped), b: back-off << 48 | RTO
};
inline constexpr uint16_t kFirstPacketKind = 64;

enum class FailureKind : uint16_t {
  kNone = 0,
  kCrash = 1,  // host lost: no FIN, no RST until it is back
  kKill = 2,   // process gone: the kernel closes its sockets
  kStop = 3,   // clean DISCONNECT: not a failure
  kFreeze = 4,
  kSleep = 5,
  kPathCut = 6,
  kMiddlebox = 7,  // mapping gone
  kBrokerCrash = 8,
  kBrokerKill = 9,
  kBrokerStall = 10,
};
inline constexpr int kFailureKinds = 11;
const char* FailureKindName(FailureKind kind);  // "crash"

enum class Observer : uint8_t { kBroker = 1, kClient = 2, kWatcher = 3 };
const char* ObserverName(Observer observer);

enum Direction : uint8_t { kUp = 0, kDown = 1 };  // up: client to broker

// What the world knows at the moment of a declaration about the peer's packets on this connection.
struct Evidence {
  uint16_t undelivered = 0;  // MQTT packets the peer has written that have not arrived
  uint16_t lost = 0;         // transmissions from the peer lost since it was last heard
  uint16_t reply_lost = 0;   // transmissions towards the peer lost since it was last heard
  uint16_t flags = 0;

  static constexpr uint16_t kClockDrifts = 1;      // the client's clock explains the declaration
  static constexpr uint16_t kLateCheck = 2;        // limit had passed before this check looked
  static constexpr uint16_t kObserverStalled = 4;  // observer was frozen or stalled meanwhile
  static constexpr uint16_t kPeerStalled = 8;      // peer was frozen, asleep or stalled meanwhile
  static constexpr uint16_t kMappingLost = 16;
  static constexpr uint16_t kPathWasCut = 32;           // in either direction, within the silence
  static constexpr uint16_t kPeerSilentByRule = 64;     // peer ran all the while and wrote nothing
  static constexpr uint16_t kRequestUndelivered = 128;  // of the observer's own packets, some are
                                                        // still on their way to the peer
  static constexpr uint16_t kPeerBusy = 256;    // the broker had not yet handled what had arrived
  static constexpr uint16_t kEarlyCheck = 512;  // rounding: declared before the limit had passed

  int64_t Pack() const;
  static Evidence Unpack(int64_t packed);
};

// Bits of kEnd.code.
namespace end_state {
inline constexpr uint16_t kAlive = 1;
inline constexpr uint16_t kConnected = 2;      // client side has CONNACK
inline constexpr uint16_t kBrokerSession = 4;  // broker side has a session
inline constexpr uint16_t kPathUp = 8;
inline constexpr uint16_t kRunning = 16;  // neither frozen nor asleep
inline constexpr uint16_t kWantsConnection = 32;
}  // namespace end_state

struct TraceRecord {
  Instant at;
  uint32_t entity = 0;   // 0: the whole run; else 1 + the client's ordinal over all groups
  uint32_t counter = 0;  // the entity's own, from 0; outcome and packet level count apart
  RecordKind kind = RecordKind::kHostUp;
  uint16_t code = 0;
  uint32_t conn = 0;  // the client's connection attempts, from 1; 0: none
  int64_t a = 0;
  int64_t b = 0;

  bool is_outcome() const { return static_cast<uint16_t>(kind) < kFirstPacketKind; }
  friend bool operator==(const TraceRecord&, const TraceRecord&) = default;
};
static_assert(sizeof(TraceRecord) == 40);

// The canonical order: (time, entity, counter), outcome before packet level.
inline bool CanonicalLess(const TraceRecord& x, const TraceRecord& y) {
  if (x.at != y.at) return x.at < y.at;
  if (x.entity != y.entity) return x.entity < y.entity;
  if (x.is_outcome() != y.is_outcome()) return x.is_outcome();
  return x.counter < y.counter;
}

// Adds an outcome record to the semantic digest. REQUIRES: record.is_outcome().
inline void AddToDigest(const TraceRecord& r, Digest& digest) {
  digest.Add(static_cast<uint64_t>(r.at.ns), uint64_t{r.entity} << 32 | r.counter,
             uint64_t{static_cast<uint16_t>(r.kind)} << 48 | uint64_t{r.code} << 32 | r.conn,
             static_cast<uint64_t>(r.a), static_cast<uint64_t>(r.b));
}

// What truly became of one client, its host and its path; not what anybody thought or did.
constexpr bool IsGroundTruth(RecordKind kind) {
  return kind >= RecordKind::kHostUp && kind <= RecordKind::kClock;
}

const char* RecordKindName(RecordKind kind);  // "declared"

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_RECORD_H_
