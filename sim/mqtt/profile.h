// Behaviour as data: how a client library pings and gives up, how a broker checks and what it
// counts. Another implementation is another row (client_profiles.cc, broker_profiles.cc), not other
// code; each names its source.
#ifndef KEEPSIM_SIM_MQTT_PROFILE_H_
#define KEEPSIM_SIM_MQTT_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/base/time.h"
#include "sim/mqtt/version_range.h"

namespace keepsim {

// A length of time that depends on the keep alive K: K * num / den + offset, at most `max`, and
// in any case at least `min`.
struct OfKeepAlive {
  int32_t num = 1;
  int32_t den = 1;
  Duration offset{0};
  Duration min{0};
  Duration max = kForever;

  Duration Of(Duration keep_alive) const;
  friend bool operator==(const OfKeepAlive&, const OfKeepAlive&) = default;
};
constexpr OfKeepAlive Fixed(Duration d) { return {0, 1, d, Duration{0}, kForever}; }
constexpr OfKeepAlive Times(int32_t num, int32_t den = 1) { return {num, den}; }

// Which clock of the host a session reads. All of them drift with the host's oscillator.
enum class ClockKind : uint8_t {
  kMonotonic,  // stands still while the host sleeps; never jumps
  kBoottime,   // runs on while the host sleeps; never jumps
  kWall,       // runs on while the host sleeps; jumps when it is set
};

// What moves a client's "last sent" reference.
enum class OutReference : uint8_t {
  kAnyPacket,       // every control packet sent
  kPingOnly,        // only PINGREQ and (re)connect: publishing does not postpone a ping
  kAckedOperation,  // the send time of operations that have been acknowledged, and PINGREQ
};
// What moves a client's "last received" reference.
enum class InReference : uint8_t {
  kAnyPacket,
  kAcks,      // acknowledgements and PINGRESP, not PUBLISH
  kPingresp,  // CONNACK and PINGRESP only
};
// Which silence makes a PINGREQ due.
enum class PingWhen : uint8_t {
  kOutSilent,     // nothing sent for the interval (the specification's rule)
  kInSilent,      // nothing received for the interval
  kEitherSilent,  // the older of both references
  kAlways,        // every interval, whatever else is sent or received
  kCounterTick,   // at a fixed tick, if the send counter did not move since the last tick
};
enum class PingrespBy : uint8_t {
  kPingresp,
  kAnyPacket,
  kInput,  // whatever moves the "last received" reference
};
enum class WaitRule : uint8_t {
  kAfterPing,         // `pingresp_wait` after the PINGREQ
  kAfterPingAndLast,  // `pingresp_wait` after the PINGREQ and after the last packet received
  kAtNextPing,        // when the next PINGREQ would be due: the previous one is still unanswered
  kIgnored,           // the missing PINGRESP is never noticed
  kAtNextStale,       // at the first look after the PINGREQ at which the ping condition holds again
  kAfterLast,         // `pingresp_wait` after the "last received" reference
};
// What keepAlive 0 means to a client; to the specification it is off.
enum class ZeroKeepAlive : uint8_t {
  kOff,
  kAsIs,     // the same formulas with K = 0
  kInLimit,  // only the limit on received silence applies
};
enum class JitterKind : uint8_t {
  kNone,
  kPlusMinus,     // delay * (1 +- jitter_permille / 1000), uniform
  kFull,          // uniform in [0, delay]
  kDecorrelated,  // uniform in [min, 3 * previous], capped; previous is `first` at first
};

struct ReconnectPolicy {
  bool enabled = true;
  bool first_connection =
      true;                     // false: one that was never made since the start is not tried again
  Duration first = Seconds(1);  // delay before the first attempt after a loss
  Duration min = Seconds(1);    // bounds of the later delays, before jitter
  Duration max = Seconds(120);
  int32_t growth_num = 2;  // next = delay * num / den
  int32_t growth_den = 1;
  JitterKind jitter = JitterKind::kPlusMinus;
  int32_t jitter_permille = 250;
  Duration stable_after{0};  // back-off is reset once connected for this long (0: at CONNACK)
  // A connection that the other end closed, or that broke, is tried again at once, before the first
  // delay. (Not one that this client gave up, and no failed attempt.)
  bool at_once_after_close = false;
  // A loop of its own looks whether an attempt is due, not sooner than this after its last look
  // (0: exactly in time). Its turns take `evaluated_turn` (0: as long as evaluated_every) from the
  // start of the process, and begin anew at a loss, at CONNACK and with each PUBLISH sent.
  Duration evaluated_every{0};
  Duration evaluated_turn{0};
  friend bool operator==(const ReconnectPolicy&, const ReconnectPolicy&) = default;
};

struct ClientProfile {
  std::string name;     // "spec", "libmosquitto"
  std::string version;  // "2.0", or "" where the specification is meant
  // The versions whose name finds this row. Where the facts say "and newer" they are open; of
  // projects with one version read, it is that one. None: found by `name version` alone.
  std::vector<VersionRange> stands_for;
  std::string source;   // project, version and place this row was read from
  std::string summary;  // one sentence for `keepsim profiles`

  Duration default_keep_alive = Seconds(60);
  PingWhen ping_when = PingWhen::kOutSilent;
  OutReference out_reference = OutReference::kAnyPacket;
  InReference in_reference = InReference::kAnyPacket;
  OfKeepAlive ping_after = Times(1);  // silence after which PINGREQ is due
  // Separate limit on received silence, for kEitherSilent; num 0, offset 0 means: as ping_after.
  OfKeepAlive ping_after_in = Fixed(Duration{0});
  bool ping_resets_both = false;  // sending PINGREQ also moves the "received" reference
  // No second PINGREQ while one is unanswered. If false, further ones are due by "last sent".
  bool one_ping_at_a_time = true;
  ZeroKeepAlive zero_keep_alive = ZeroKeepAlive::kOff;

  WaitRule wait_rule = WaitRule::kAfterPing;
  OfKeepAlive pingresp_wait = Times(1, 2);
  PingrespBy pingresp_by = PingrespBy::kPingresp;

  // The main loop that looks at the conditions: waits `loop_wait` for traffic, pauses `loop_pause`
  // if none came, looks, and begins again; a packet that is received ends the wait, one that the
  // application sends does if woken_by_sends. 0: there is no loop but the tick.
  Duration loop_wait{0};
  Duration loop_pause{0};
  bool woken_by_sends = true;
  // The condition is looked at only at ticks after the connection was made; 0 = exactly in time.
  // With a loop: at the end of its turns, but not sooner than this after the last look; 0 = at
  // each. (kAlways and kCounterTick have `ping_after` for their tick, and neither loop nor other
  // tick.)
  OfKeepAlive tick = Fixed(Duration{0});
  Duration long_keep_alive = kForever;  // for a longer K the tick is `long_tick`
  OfKeepAlive long_tick = Fixed(Duration{0});
  bool wait_on_tick = true;    // false: the wait for PINGRESP ends exactly in time
  bool whole_seconds = false;  // references and now are truncated to whole seconds
  ClockKind clock = ClockKind::kMonotonic;
  bool apply_server_keep_alive = true;
  bool apply_server_keep_alive_zero = true;  // false: one of 0 is not applied
  // A loop that nothing more is known of: every check is late by up to this much (uniform draw).
  Duration loop_delay_max{0};

  int32_t keep_alive_min_s = 0;  // the library refuses a shorter one, but for 0
  // QoS 1 and 2 messages sent and not yet acknowledged; further ones wait. 0: no limit.
  int32_t max_in_flight = 8;

  Duration connect_timeout = Seconds(30);  // until the transport is connected
  Duration connack_timeout = Seconds(30);  // from CONNECT to CONNACK; kForever: no limit, as above
  bool connect_within_keep_alive = false;  // K, if not 0, takes the place of connect_timeout
  bool connack_within_keep_alive = false;  // K, if not 0, takes the place of connack_timeout
  bool connack_within_connect = false;     // connect_timeout runs on until CONNACK; no other wait
  ReconnectPolicy reconnect;

  Duration TickOf(Duration keep_alive) const {
    return (keep_alive > long_keep_alive ? long_tick : tick).Of(keep_alive);
  }
  // How long after a condition is met it is found met, at most; 0: at once.
  Duration LookSlack(Duration keep_alive) const {
    return TickOf(keep_alive) + loop_wait + loop_pause + loop_delay_max;
  }
  friend bool operator==(const ClientProfile&, const ClientProfile&) = default;
};

// What a broker counts as activity of a client. Told by `keepsim profiles`; to the model they are
// alike, since packets arrive whole in it, and of the other types none comes alone.
enum class ActivityRule : uint8_t {
  kWholePackets,
  kAnyBytes,         // whatever is read from the socket
  kPartialOver1000,  // whole packets, and parts of one of which more than 1000 bytes are to come
  kFourTypes,        // PUBLISH, SUBSCRIBE, PINGREQ and PUBACK
};
enum class CheckMechanism : uint8_t {
  kExactTimer,        // at last activity + limit
  kScan,              // a scan of all clients every `period`, on the broker's own grid
  kIdleTicks,         // own tick of `period`; closes after `idle_ticks` ticks without activity
  kAccumulatedTicks,  // own tick; idle time adds up in whole ticks, held against the limit
  kTickCompare,       // own tick of `period`; closes when the silence exceeds the limit
};
// Whether an old connection's will is published when a new CONNECT takes its client id.
enum class TakeoverWill : uint8_t {
  // 5.0 section 3.1.3.2.2: unless the new Clean Start is 0 and the old Will Delay is above 0.
  // 3.1.1 [MQTT-3.1.2-8]: always.
  kSpec,
  kIfSessionEnds,  // both versions: if the old session ends, or the new one is a clean start
  kIfNoDelay,      // 5.0: if the Will Delay is 0; 3.1.1: always
};
enum class LimitRounding : uint8_t { kExact, kFloorSeconds, kRoundSeconds };
enum class KeepAliveLimitReply : uint8_t {
  kNone,               // out-of-range values are taken as they are
  kServerKeepAlive,    // 5.0: CONNACK carries the limit; 3.1.1: rejected (0x02)
  kSilentClamp,        // the broker uses the limit and tells nobody
  kServerKeepAliveV5,  // 5.0: CONNACK carries the limit; 3.1.1: taken as it is
  kRefuse,             // both versions: rejected
  kReplaceV5,  // 5.0: CONNACK carries the limit, if there is one, whatever was asked; 3.1.1: as it
               // is
};

struct BrokerProfile {
  std::string name;
  std::string version;
  std::vector<VersionRange> stands_for;  // see ClientProfile
  std::string source;
  std::string summary;
  ActivityRule activity = ActivityRule::kWholePackets;

  // limit = K * grace_num / grace_den, then rounding, then + grace_extra. (kIdleTicks: the ticks
  // are the limit.)
  int32_t grace_num = 3;
  int32_t grace_den = 2;
  Duration grace_extra{0};
  LimitRounding rounding = LimitRounding::kExact;
  bool strict = false;       // silence must exceed the limit, not only reach it
  bool wrap_16_bit = false;  // limit in seconds is computed modulo 65536
  CheckMechanism mechanism = CheckMechanism::kExactTimer;
  OfKeepAlive period = Fixed(Duration{0});
  int32_t idle_ticks = 1;
  // kAccumulatedTicks: PINGREQ restarts the tick. If false, CONNECT makes its tick a busy one.
  bool pingreq_restarts_tick = true;
  bool whole_seconds = false;    // last activity and now are truncated to whole seconds
  bool outgoing_counts = false;  // packets sent by the broker count as activity too
  // Kill-rate limit of the whole broker: at most `kill_batch` closes every `kill_period`
  // (0: unlimited). Joins all its clients into one cell.
  int32_t kill_batch = 0;
  Duration kill_period{0};
  int32_t keep_alive_min_s = 0;
  int32_t keep_alive_max_s = 65535;
  bool zero_keep_alive_is_max = false;   // K = 0 is treated as keep_alive_max_s
  bool zero_keep_alive_exceeds = false;  // K = 0 is too long even if keep_alive_max_s is 65535
  bool refuse_zero_keep_alive = false;
  KeepAliveLimitReply limit_reply = KeepAliveLimitReply::kNone;
  uint8_t refusal_code = 2;                // of CONNACK to a 3.1.1 client: identifier rejected
  Duration connect_timeout = Seconds(30);  // from accept to CONNECT
  bool connect_on_scan = false;  // kScan: its end is found by the scan, as a silence of that length
  Duration will_granularity{0};  // delayed wills are looked at this often (0: exact)
  bool will_on_takeover = true;  // false: in 3.1.1 never
  // Closes nothing: a client that it holds for dead is trusted again when its next packet arrives.
  // The failure detector of the literature, to be held against its theory; no real broker.
  bool recovers = false;
  TakeoverWill takeover_will = TakeoverWill::kSpec;
  friend bool operator==(const BrokerProfile&, const BrokerProfile&) = default;
};

// The built-in rows, in a fixed order.
const std::vector<ClientProfile>& ClientProfiles();
const std::vector<BrokerProfile>& BrokerProfiles();
// Null if there is none. A row's own version finds it; any other the newest row that stands for a
// version that begins so: "5" the newest of 5.x; an empty one the newest of all.
const ClientProfile* FindClientProfile(absl::string_view name, absl::string_view version = "");
const BrokerProfile* FindBrokerProfile(absl::string_view name, absl::string_view version = "");

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_PROFILE_H_
