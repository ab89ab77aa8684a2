// What a quiet stretch keeps of client, broker and both kernels between two cycles.
#ifndef KEEPSIM_SIM_WORLD_QUIET_VIEW_H_
#define KEEPSIM_SIM_WORLD_QUIET_VIEW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/client_deadline.h"
#include "sim/mqtt/client_session.h"
#include "sim/net/tcp.h"

namespace keepsim::quiet {

inline constexpr uint32_t kPingSize = 2;                                        // PINGREQ, PINGRESP
inline constexpr uint32_t kAckSize = SmallPacket(PacketType::kPuback, 1).size;  // and the others
// Of a cycle over TCP: timer, PINGREQ, PINGRESP, acknowledgement.
inline constexpr int64_t kEventsOfCycle = 4;
// Transmissions of one cycle, repairs by rule included.
inline constexpr size_t kMostUp = 4, kMostDown = 3;

// The ping's part in a client's session; CheckKeepAlive() and SendPing() of client_session.cc.
inline void NotePing(const ClientProfile& p, ClientSession& s, Instant now) {
  ++s.sends;
  s.last_out = s.ping_sent = now;
  s.look_from = now + Nanoseconds(1);
  s.ping_pending = true;
  if (p.ping_resets_both) s.last_in = now;
  if (TickedPing(p)) {
    s.tick_origin = now;
    s.sends_at_tick = s.sends;
    s.counted = true;
  }
  NoteLook(p, s, now);
}

// OnConnectedPacket() of client_session.cc.
inline void NoteAnswer(const ClientProfile& p, ClientSession& s, Instant now) {
  s.last_in = s.look_from = ReadAt(p, s, now);
  s.ping_pending = false;
  WakeLoop(p, s, s.last_in);
}

// What a broker's session goes by, and when its timer is armed for.
struct BrokerView {
  Instant last_in, next_tick;
  uint32_t idle;
  bool active;
  Instant wakes;
  int64_t ticks = 0;  // wake-ups at which it looked

  BrokerView(const BrokerSession& s, Instant armed)
      : last_in(s.last_in),
        next_tick(s.next_tick),
        idle(s.idle),
        active(s.active_since_tick),
        wakes(armed) {}
  void Restore(BrokerSession& s) const {
    s.last_in = last_in;
    s.next_tick = next_tick;
    s.idle = idle;
    s.active_since_tick = active;
  }
};

// A client's session between two exchanges, up to where it can be put back.
struct ClientView {
  explicit ClientView(const ClientSession& s)
      : sends(s.sends),
        sends_at_tick(s.sends_at_tick),
        counted(s.counted),
        last_out(s.last_out),
        last_in(s.last_in),
        ping_sent(s.ping_sent),
        look_from(s.look_from),
        tick_origin(s.tick_origin),
        loop(s.loop),
        retries(s.retries),
        next_packet_id(s.exchanges.next_packet_id),
        in_count(s.exchanges.in_count) {}
  void Restore(ClientSession& s) const {
    s.sends = sends;
    s.sends_at_tick = sends_at_tick;
    s.counted = counted;
    s.last_out = last_out;
    s.last_in = last_in;
    s.ping_sent = ping_sent;
    s.look_from = look_from;
    s.tick_origin = tick_origin;
    s.loop = loop;
    s.retries = retries;
    s.exchanges.next_packet_id = next_packet_id;
    s.exchanges.out_count = 0;
    s.exchanges.in_count = in_count;
    s.ping_pending = false;
  }
  uint32_t sends, sends_at_tick;
  bool counted;
  Instant last_out, last_in, ping_sent, look_from, tick_origin;
  LoopState loop, retries;
  uint16_t next_packet_id;
  uint8_t in_count;
};

// After so long a kernel's timer, set for `wait`, has woken up: its wheel is late by an eighth at
// most.
constexpr Duration TimerAtMost(Duration wait) { return wait * 5 / 4 + Milliseconds(20); }

// One kernel's end between two cycles.
struct KernelView {
  RttEstimator rtt;
  Instant received;          // data, last: its own clock
  Instant sent;              // likewise
  Instant echo;              // time stamp of the peer seen last: the peer's clock
  bool repeated = false;     // what was sent last was sent twice
  bool probed = false;       // and its probe is not yet told from the original
  bool interactive = false;  // answers carry ACKs: none goes alone
  uint8_t quick_acks = 0;
  uint32_t last_length = 0;  // of what was sent last

  explicit KernelView(const TcpEndpoint& e)
      : rtt(EstimatorOf(e)),
        received(e.last_received_at),
        sent(e.last_sent_at),
        echo(e.ts_recent),
        repeated(e.tail_sent_at == kNever),
        probed(e.probed),
        interactive(e.interactive),
        quick_acks(e.quick_acks),
        last_length(e.last_length) {}

  // An exchange in which nothing was lost. Quick acknowledgements are refilled by each packet; the
  // client's end has spent one on its answer.
  void NoteCycle(Instant sent_at, Instant received_at, Instant seen, int quick, uint32_t length) {
    sent = sent_at;
    received = received_at;
    echo = seen;
    repeated = probed = false;
    quick_acks = static_cast<uint8_t>(quick);
    last_length = length;
  }

  // How long the probe waits for the only segment on its way.
  Duration ProbeWait(const TcpConfig& config) const {
    return std::min(Duration{2 * rtt.srtt_ns} + config.min_rto, Rto(config));
  }
  Duration Rto(const TcpConfig& config) const {
    return std::min(InJiffies({rtt.srtt_ns + rtt.rttvar_ns}), config.max_rto);
  }

  // No less than the retransmission time-out.
  Duration RtoAtMost() const { return {rtt.srtt_ns + rtt.rttvar_ns + kJiffy.ns}; }
  // A round trip no longer than this ends before the probe or the retransmission could be sent.
  Duration Patience(const TcpConfig& config) const {
    Duration d = std::min(Duration{rtt.srtt_ns} + config.min_rto, config.max_rto);
    return config.user_timeout.ns > 0 ? std::min(d, config.user_timeout) : d;
  }
  // After that long a timer set when something was sent has woken up, if for nothing.
  Duration TimerGone(const TcpConfig& config) const {
    const Duration wait =
        config.tail_loss_probe ? Duration{2 * rtt.srtt_ns} + config.min_rto : RtoAtMost();
    return TimerAtMost(wait);
  }
};

// An end after it has sent and received so many bytes more, of which the last left `view`.
TcpEndpoint EndpointAfter(const TcpConfig& config, const TcpEndpoint& before, int64_t sent,
                          int64_t received, const KernelView& view);

// What there is beyond the cycles of PINGREQ in which nothing is lost, by direction: repairs, and
// all of the messages.
struct Beyond {
  int64_t events = 0;
  int64_t segments[2] = {0, 0};
  int64_t bytes[2] = {0, 0};  // in them, without headers
  int64_t lost[2] = {0, 0};
  int64_t retransmitted[2] = {0, 0};

  void Add(const Beyond& b, int64_t times = 1) {
    events += times * b.events;
    for (int d = 0; d < 2; ++d) {
      segments[d] += times * b.segments[d];
      bytes[d] += times * b.bytes[d];
      lost[d] += times * b.lost[d];
      retransmitted[d] += times * b.retransmitted[d];
    }
  }
};

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_QUIET_VIEW_H_
