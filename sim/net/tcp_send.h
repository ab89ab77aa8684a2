// What the parts of TCP share (tcp.cc: the user's calls; tcp_receive.cc: segments that arrive;
// tcp_timer.cc: timers): sequence numbers, sending, RTT and the retransmission timer.
#ifndef KEEPSIM_SIM_NET_TCP_SEND_H_
#define KEEPSIM_SIM_NET_TCP_SEND_H_

#include "sim/net/tcp.h"

namespace keepsim::tcp_internal {

constexpr Duration kMinTimeout = kJiffy * 2;  // TCP_TIMEOUT_MIN

// Sequence numbers wrap.
inline bool After(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) > 0; }

// The end of all that may be sent: data, and the FIN's own number once it is queued.
inline uint32_t SendLimit(const TcpEndpoint& e) { return e.snd_end + (e.fin_queued ? 1 : 0); }
inline bool Outstanding(const TcpEndpoint& e) { return e.snd_una != e.snd_nxt; }

// Made in its place in the list: a copy would have to wait for the fields just written.
inline Segment& Add(TcpEndpoint& e, uint8_t flags, uint32_t seq, uint32_t length, Instant now,
                    TcpOutput& out) {
  Segment& s = out.Add();
  s.flags = flags;
  s.seq = seq;
  s.length = length;
  s.ack = e.rcv_nxt;
  s.ts_value = now;
  s.ts_echo = e.ts_recent;
  if ((flags & Segment::kAck) != 0) {
    s.sack_start = e.ooo_start;
    s.sack_end = e.ooo_end;
    s.duplicate = e.owes_duplicate;
    e.owes_ack = e.owes_duplicate = false;
    e.ack_deadline = kNever;
    e.acked_to = e.rcv_nxt;
  }
  return s;
}

void SendAck(TcpEndpoint& e, Instant now, TcpOutput& out);
// Sends what has not been sent, as far as the rules allow; small writes share a segment.
void SendNew(const TcpConfig& config, TcpEndpoint& e, Instant now, TcpOutput& out);
// Sends [from, to) again; the FIN rides along if it is within.
void Resend(TcpEndpoint& e, uint32_t from, uint32_t to, bool probe, Instant now, TcpOutput& out);

// See sim/net/rtt_estimator.h.
void AddRttSample(const TcpConfig& config, TcpEndpoint& e, Duration rtt);
Instant RtoDeadline(const TcpConfig& config, const TcpEndpoint& e, Instant now);
// Starts the timer for what is outstanding: a tail loss probe, or the retransmission.
void Arm(const TcpConfig& config, TcpEndpoint& e, Instant now);

// Nothing more is sent or expected.
void Finish(TcpEndpoint& e);

}  // namespace keepsim::tcp_internal

#endif  // KEEPSIM_SIM_NET_TCP_SEND_H_
