// What is counted of a set of clients: integers and exact histograms only, so that tallies add up
// to the same whatever the split over threads, shards and machines.
#ifndef KEEPSIM_SIM_METRICS_TALLY_H_
#define KEEPSIM_SIM_METRICS_TALLY_H_

#include <cstdint>
#include <vector>

#include "sim/base/histogram.h"
#include "sim/base/time.h"
#include "sim/metrics/incident.h"
#include "sim/trace/record.h"

namespace keepsim {

// How a failure ended that its observer had not detected.
enum class Undetected : uint8_t {
  kRecovered = 0,     // the peer could be reached again
  kTakenOver = 1,     // the client's next connection replaced the one that had failed
  kObserverGone = 2,  // the observer itself ended: nothing is said about the detector
  kOther = 3,         // the connection closed for another reason
  kAtEnd = 4,         // still undetected when the run ended
};
inline constexpr int kUndetectedWays = 5;

inline constexpr int kVerdicts = 3;
inline constexpr int kDeclarers = 2;         // broker, client: see Index()
inline constexpr int kMqttPacketTypes = 16;  // as in the fixed header
inline constexpr int kCloseReasons = 16;

// Broker 0, client 1, watcher 2.
constexpr int Index(Observer observer) { return static_cast<int>(observer) - 1; }

struct Tally {
  // ---- clients, from kEnd
  int64_t clients = 0;
  int64_t alive_at_end = 0;
  int64_t connected_at_end = 0;
  int64_t sessions_at_end = 0;  // the broker's side
  int64_t events = 0;
  Duration longest_silence{0};

  // ---- failures and their detection, by observer and kind
  int64_t failures[kDeclarers][kFailureKinds] = {};
  int64_t undetected[kDeclarers][kFailureKinds][kUndetectedWays] = {};
  Histogram detection[3][kFailureKinds];
  std::vector<Histogram> detection_by_watcher;

  // ---- declarations
  int64_t declared[kDeclarers][kVerdicts][kCauses] = {};

  // ---- the broker as a monitor of clients (Chen et al. 2002)
  __int128 observed_ns = 0;   // client alive and running, path up, broker running
  __int128 suspected_ns = 0;  // of it, wrongly suspected
  __int128 known_ns = 0;      // of it, with a session at the broker
  int64_t mistakes = 0;
  // Sums over clients, in us^2, for the spread between them; and over mistakes.
  __int128 observed_squared = 0;
  __int128 suspected_squared = 0;
  __int128 observed_by_suspected = 0;
  __int128 mistake_durations_squared = 0;
  Histogram mistake_recurrence;  // observed time from a mistake's start to the next one's
  Histogram mistake_duration;
  Histogram good_period;  // observed time from a mistake's end to the next one's start

  // ---- connections
  int64_t connect_attempts = 0;
  int64_t connected = 0;
  int64_t sessions_opened = 0;
  Histogram connect_time;  // from the attempt to CONNACK
  int64_t closed[kDeclarers][kCloseReasons] = {};
  int64_t wills_published = 0;
  int64_t wills_published_false = 0;     // after a false or transient declaration
  std::vector<int64_t> wills_delivered;  // by watcher

  // ---- cost
  int64_t packets[2][kMqttPacketTypes] = {};
  int64_t bytes[2][kMqttPacketTypes] = {};
  int64_t segments[2] = {};
  int64_t wire_bytes[2] = {};
  int64_t segments_lost[2] = {};
  int64_t segments_retransmitted[2] = {};
  int64_t radio_wakeups = 0;
  // Sums of the squares of what each client had, for the spread between clients.
  __int128 packets_squared = 0;
  __int128 wire_bytes_squared = 0;
  __int128 radio_wakeups_squared = 0;
  __int128 connected_ns = 0;
  int64_t pings = 0;
  __int128 ping_rtt_ns = 0;

  // ---- conservation of MQTT packets, by direction
  int64_t sent[2] = {};
  int64_t delivered[2] = {};
  int64_t dropped[2] = {};
  int64_t in_flight[2] = {};

  void Merge(const Tally& other);
  int64_t DeclaredCount(Observer observer, Verdict verdict) const;
  // All kinds of failure together.
  Histogram Detection(Observer observer) const;
};

// What happened in one stretch of the run.
struct TimeBin {
  int64_t declared[kDeclarers][kVerdicts] = {};
  int64_t connect_attempts = 0;
  int64_t sessions_opened = 0;
  int64_t failures = 0;  // onsets, as the broker would have to detect them

  void Merge(const TimeBin& other);
};

// The width of the bins of a run: the smallest of 1, 2, 5, 10, 30 s, 1, 2, 5, 10, 30 min, 1, 2, 6,
// 12, 24 h, ... such that there are at most 200 of them.
Duration BinWidth(Duration horizon);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_TALLY_H_
