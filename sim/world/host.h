// One client of a cell: ground truth, its session, its luck, its counters.
#ifndef KEEPSIM_SIM_WORLD_HOST_H_
#define KEEPSIM_SIM_WORLD_HOST_H_

#include <cstdint>
#include <vector>

#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/packet.h"
#include "sim/net/path.h"
#include "sim/net/timeline.h"
#include "sim/trace/record.h"
#include "sim/world/plan.h"
#include "sim/world/workload.h"

namespace keepsim {

inline constexpr uint32_t kNoConnection = 0xFFFFFFFF;
// The radio falls asleep this long after the last packet; a later packet wakes it up (LTE
// inactivity timers are about 10 s).
inline constexpr Duration kRadioTail = Seconds(10);

// What the broker knows under one client id. Shared by the clients of a group that share the id.
struct Identity {
  StoredSession stored;
  uint32_t connection = kNoConnection;  // the one whose CONNECT was accepted last
  Instant closed_at = kLongAgo;         // when that connection's session closed
  uint32_t closed_conn = 0;             // its number
  Instant armed = kNever;
};

struct Traffic {
  int64_t packets[2][kPacketTypes];  // MQTT packets written, by direction and type
  int64_t bytes[2][kPacketTypes];
  int64_t segments[2];  // transmissions
  int64_t wire_bytes[2];
  int64_t lost[2];
  int64_t retransmitted[2];
  uint32_t sent[2], delivered[2], dropped[2];  // MQTT packets: conservation
};

struct Host {
  RandomSource luck;
  const GroupPlan* group = nullptr;
  uint32_t entity = 0;
  uint32_t index = 0;     // in the group
  uint32_t identity = 0;  // in the cell
  bool packets = false;   // packet-level records wanted
  bool started = false;   // at least once: its messages are on their way

  // ---- ground truth; counts, since faults may overlap
  uint16_t down = 1;  // reasons why the process does not run; starts as "not yet started"
  uint16_t dark = 0;  // reasons why the host does not answer at all
  uint16_t frozen = 0;
  uint16_t asleep = 0;
  uint16_t cut[2] = {0, 0};
  FailureKind down_kind = FailureKind::kNone;
  std::vector<uint32_t> degrades[2];  // faults in force, by direction
  Degrade degrade[2];                 // what they add up to

  HostClock oscillator;  // drift only
  Duration slept{0};     // local time that the monotonic clock did not count
  Instant asleep_since = kNever;
  Duration jumped{0};            // what the wall clock was set by
  Instant jumped_at = kLongAgo;  // when last

  // ---- session and connection
  ClientParams params;
  ClientSession session;
  Instant armed = kNever;
  Instant told_deadline = kNever;   // at packet level: the last that was recorded
  Instant not_quiet_at = kLongAgo;  // the cycle that begins then goes through the queue
  int messages_missed = 0;          // with which no stretch could begin, one after another
  int messages_passed = 0;          // the next so many are not asked
  uint64_t loop_draws = 0;
  // When luck changes, the loop's delay under way stays what it was.
  uint64_t kept_loop_draw = ~uint64_t{0};
  RandomSource kept_luck;
  uint64_t backoff_draws = 0;
  uint32_t connection = kNoConnection;
  uint32_t conn_number = 0;
  std::vector<uint32_t> open;  // all connections with an end left, this one's included
  DirectionState path[2];
  std::vector<WorkloadState> uplink;
  std::vector<WorkloadState> downlink;
  std::vector<RenewalState> faults;

  // ---- counters
  Traffic traffic;
  uint32_t event_counter = 0;
  uint32_t record_counter = 0;
  uint32_t packet_record_counter = 0;
  int64_t events = 0;
  int64_t radio_wakeups = 0;
  Instant radio_last = kLongAgo;
  Duration connected_total{0};
  Instant connected_since = kNever;
  Duration longest_silence{0};         // local clock, between packets while connected and running
  Instant last_packet_out = kLongAgo;  // local clock; kLongAgo: gap not to be judged
  int64_t ping_count = 0;
  Duration ping_rtt_sum{0};
  Instant ping_out = kNever;      // global
  Instant last_heard = kLongAgo;  // global: when a packet was read last, or the attempt began
  uint64_t wills = 0;
  uint32_t in_flight[2] = {0, 0};  // counted when the run ends: datagrams, broker's work queue

  std::vector<WorkloadState>& Messages(Direction direction) {
    return direction == kUp ? uplink : downlink;
  }
  const std::vector<WorkloadState>& Messages(Direction direction) const {
    return direction == kUp ? uplink : downlink;
  }

  bool running() const { return down == 0 && frozen == 0 && asleep == 0; }
  bool reachable() const { return dark == 0 && asleep == 0; }  // the kernel hears and answers

  // Of the loop's present delay.
  uint64_t LoopDraw() const {
    return (loop_draws == kept_loop_draw ? kept_luck : luck)
        .Draw64(Purpose::kLoopDelay, loop_draws);
  }

  Instant Local(ClockKind kind, Instant now) const {
    Instant local = oscillator.Local(now);
    if (kind == ClockKind::kMonotonic) local = local - slept;
    if (kind == ClockKind::kWall) local += jumped;
    return local;
  }
  Instant Global(ClockKind kind, Instant local) const {
    if (local == kNever) return kNever;
    if (kind == ClockKind::kMonotonic) local += slept;
    if (kind == ClockKind::kWall) local = local - jumped;
    return oscillator.Global(local);
  }
  // The kernel's clock: TCP timers stand still while the host sleeps.
  Instant KernelNow(Instant now) const { return Local(ClockKind::kMonotonic, now); }
  Instant SessionNow(Instant now) const { return Local(group->profile.clock, now); }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_HOST_H_
