// TCP as the Linux kernel does it for small messages: one endpoint as plain state and free
// functions; segments in, segments out. Sequence numbers are bytes; a message is what one
// TcpWrite() wrote. RFC 9293, 6298 (RTO), 8985 (tail loss probe); constants of Linux 6.1.
//
// What is kept over the connection's life: SRTT, RTTVAR, the RTO with its back-off, what is
// unacknowledged, quick-ACK state. What is left out (docs/model.md): windows larger than matter for
// small messages, more than one SACK block, ECN, path MTU.
//
// Rules:
//  1. `now` is the host's own monotonic clock and never goes back.
//  2. TcpOnTimer before TcpNextDeadline() is a harmless no-op.
//  3. Every call appends to TcpOutput; the driver sends the segments in order. In quick-ACK mode
//     (a new connection, an exchange that repairs a loss) data is acknowledged at once; else the
//     ACK rides on the next segment. TcpDelayAck(), called by the driver once the application has
//     had its chance to answer, starts the timer for an ACK that is still owed.
#ifndef KEEPSIM_SIM_NET_TCP_H_
#define KEEPSIM_SIM_NET_TCP_H_

#include <algorithm>
#include <cstdint>

#include "sim/base/check.h"
#include "sim/base/time.h"
#include "sim/net/rtt_estimator.h"

namespace keepsim {

inline constexpr Duration kJiffy = Milliseconds(4);  // CONFIG_HZ=250
inline constexpr uint8_t kMaxQuickAcks = 16;         // TCP_MAX_QUICKACKS

// usecs_to_jiffies(): what the kernel counts in jiffies is rounded up to whole ones.
constexpr Duration InJiffies(Duration d) { return kJiffy * ((d.ns + kJiffy.ns - 1) / kJiffy.ns); }

struct TcpConfig {
  Duration initial_rto = Seconds(1);
  Duration min_rto = Milliseconds(200);
  Duration max_rto = Seconds(120);
  Duration fallback_rto = Seconds(3);  // after a handshake without a valid RTT sample
  int32_t syn_retries = 6;             // tcp_syn_retries
  int32_t synack_retries = 5;
  int32_t retries2 = 15;       // tcp_retries2: gives up by the time these would take
  int32_t orphan_retries = 8;  // for a closed socket whose FIN is not acknowledged
  Duration user_timeout{0};    // TCP_USER_TIMEOUT; 0: off
  Duration delayed_ack = Milliseconds(40);
  int32_t mss = 1448;
  bool no_delay = true;  // TCP_NODELAY; false: Nagle
  bool tail_loss_probe = true;
  bool timestamps = true;
  // SO_KEEPALIVE; time 0: off
  Duration keepalive_time{0};
  Duration keepalive_interval = Seconds(75);
  int32_t keepalive_probes = 9;
  friend bool operator==(const TcpConfig&, const TcpConfig&) = default;
};

struct Segment {
  static constexpr uint8_t kSyn = 1, kAck = 2, kFin = 4, kRst = 8;
  uint32_t seq = 0;     // of the first byte (SYN and FIN count one, as on the wire)
  uint32_t ack = 0;     // valid if kAck
  uint32_t length = 0;  // payload bytes
  uint8_t flags = 0;
  bool retransmission = false;
  bool probe = false;       // tail loss probe or keep-alive probe
  bool duplicate = false;   // acknowledges data that had arrived before (DSACK)
  uint32_t sack_start = 0;  // SACK block: data beyond a hole that has arrived; empty if equal
  uint32_t sack_end = 0;
  Instant ts_value;  // timestamp option: sender's clock
  Instant ts_echo = kLongAgo;

  bool syn() const { return flags & kSyn; }
  bool fin() const { return flags & kFin; }
  bool rst() const { return flags & kRst; }
  bool has_ack() const { return flags & kAck; }
};

enum class TcpState : uint8_t {
  kClosed,
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait,    // our FIN queued or sent, not yet acknowledged (FIN-WAIT-1, LAST-ACK, CLOSING)
  kFinWait2,   // our FIN acknowledged, peer's not yet seen
  kCloseWait,  // peer's FIN seen, ours not yet sent
  kDone,       // both directions finished (TIME-WAIT is not modelled), or reset, or given up
};

enum class TcpTimer : uint8_t { kNone, kRetransmit, kProbe, kReorder };

struct TcpEndpoint {
  TcpState state = TcpState::kClosed;
  TcpTimer timer = TcpTimer::kNone;
  bool owes_ack = false;        // data or FIN received, not yet acknowledged
  bool owes_duplicate = false;  // the next ACK says that data came twice
  bool fin_queued = false;
  bool fin_sent = false;
  bool peer_fin = false;     // peer's FIN received in order
  bool in_recovery = false;  // after an RTO: new data waits for the retransmission's ACK
  bool orphaned = false;     // the application has closed it
  uint8_t backoff = 0;
  uint8_t quick_acks = 16;
  uint8_t probes_sent = 0;   // keep-alive probes unanswered
  bool interactive = false;  // Linux "pingpong": we answer, so ACKs may wait
  uint32_t snd_una = 0;      // first unacknowledged
  uint32_t snd_nxt = 0;      // next to send
  uint32_t snd_end = 0;      // end of what was written (FIN not included)
  uint32_t rcv_nxt = 0;
  uint32_t last_length = 0;  // of the last segment sent, for the tail loss probe
  // One range received beyond a hole: [ooo_start, ooo_end); equal: none.
  uint32_t ooo_start = 0, ooo_end = 0;
  bool ooo_fin = false;
  // A tail loss probe was sent when snd_nxt was probe_end. Until something later is acknowledged,
  // or the peer says that it got data twice, no other one is sent (Linux tlp_high_seq).
  bool probed = false;
  uint32_t probe_end = 0;
  uint32_t sack_start = 0, sack_end = 0;  // what the peer says it has beyond a hole
  uint32_t acked_to = 0;                  // rcv_nxt in the last ACK sent
  Instant rto_deadline = kNever;
  Instant ack_deadline = kNever;
  Instant keepalive_deadline = kNever;
  Instant first_unacked_at = kNever;     // when snd_una was first sent: user timeout
  Instant first_retransmit_at = kNever;  // retries2 counts from here
  Instant last_sent_at = kLongAgo;
  Instant head_sent_at = kLongAgo;  // when snd_una was last sent
  Instant tail_sent_at = kNever;    // when the last segment was sent; kNever: more than once
  Instant last_received_at = kLongAgo;
  Instant ts_recent = kLongAgo;
  Duration srtt{0};           // 0: no sample yet
  Duration min_rtt{0};        // of all samples
  Duration mdev{0};           // Linux: four times the mean deviation
  Duration mdev_max{0};       // largest of the present round trip
  Duration rttvar{0};         // with the floor of min_rto, as Linux keeps it
  uint32_t rtt_seq = 0;       // end of the round trip that mdev_max covers
  Duration rto = Seconds(1);  // with the back-off applied
  // RTT measurement of one segment at a time where timestamps are off (Karn).
  uint32_t timed_end = 0;
  Instant timed_at = kNever;
};

struct TcpOutput {
  static constexpr int kMaxSegments = 4;
  int segment_count = 0;
  bool connected = false;     // this end's handshake is complete
  bool peer_closed = false;   // peer's FIN arrived in order
  bool finished = false;      // our FIN is acknowledged and the peer's arrived
  bool reset = false;         // RST received: connection gone
  bool gave_up = false;       // timed out (retries2, user timeout, SYN retries, keep-alive)
  uint32_t delivered_to = 0;  // in-order bytes received so far (rcv_nxt), valid if `delivered`
  bool delivered = false;
  union {
    Segment segments[kMaxSegments];  // the first `segment_count` of them
  };

  // Most calls send one segment or none: the other places are left as they are.
  TcpOutput() {}

  Segment& Add() {
    SIM_CHECK(segment_count < kMaxSegments);
    return segments[segment_count++] = Segment{};
  }
};

// Stream offsets start at 0 for the first payload byte at both ends: seq 0 is the SYN, the first
// payload byte has seq 1. `delivered_to` counts payload bytes.

void TcpConnect(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out);
// A SYN arrived at a listening socket: answers SYN-ACK.
void TcpAccept(const TcpConfig& config, TcpEndpoint& e, const Segment& syn, Instant now,
               TcpOutput& out);
// The application writes `bytes` (one message). Returns the stream offset after its last byte.
uint32_t TcpWrite(const TcpConfig& config, TcpEndpoint& e, uint32_t bytes, Instant now,
                  TcpOutput& out);
// Orderly close: FIN after all that was written, retransmitted like data.
void TcpClose(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out);
// Abortive close: RST once, state gone.
void TcpAbort(TcpEndpoint& e, Instant now, TcpOutput& out);
void TcpOnSegment(const TcpConfig& config, TcpEndpoint& e, const Segment& segment, Instant now,
                  TcpOutput& out);
// The application has handled what was delivered: an ACK that is still owed waits for its timer.
void TcpDelayAck(const TcpConfig& config, TcpEndpoint& e, Instant now);
void TcpOnTimer(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out);
inline Instant TcpNextDeadline(const TcpEndpoint& e) {
  return std::min({e.rto_deadline, e.ack_deadline, e.keepalive_deadline});
}
// The answer of a host that has no such connection; false if none is due (the segment is RST).
bool TcpResetFor(const Segment& segment, Segment* rst);

// ---- the timers and the round-trip estimator apart, for whoever runs through many exchanges
// When the kernel's timer wheel fires a timer set at `now`, on the host's own clock.
Instant InWheel(Instant now, Duration wait);

// The round-trip estimator, for whoever adds many samples in a row
inline RttEstimator EstimatorOf(const TcpEndpoint& e) {
  return {e.srtt.ns, e.min_rtt.ns, e.mdev.ns, e.mdev_max.ns, e.rttvar.ns};
}
inline void SetEstimator(TcpEndpoint& e, const RttEstimator& r) {
  e.srtt = {r.srtt_ns};
  e.min_rtt = {r.min_rtt_ns};
  e.mdev = {r.mdev_ns};
  e.mdev_max = {r.mdev_max_ns};
  e.rttvar = {r.rttvar_ns};
}
// The retransmission time-out after a sample.
inline Duration RtoOf(const TcpConfig& config, const TcpEndpoint& e) {
  return std::min(InJiffies(e.srtt + e.rttvar), config.max_rto);
}

// All bytes written are acknowledged.
inline bool TcpAllAcked(const TcpEndpoint& e) {
  return e.snd_una == e.snd_nxt && e.snd_nxt >= e.snd_end;
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_NET_TCP_H_
