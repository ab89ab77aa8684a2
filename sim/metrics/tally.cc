#include "sim/metrics/tally.h"

#include <algorithm>

namespace keepsim {
namespace {

constexpr int64_t kMaxBins = 200;

template <typename T, size_t n>
void AddArray(T (&to)[n], const T (&from)[n]) {
  for (size_t i = 0; i < n; ++i) to[i] += from[i];
}

template <typename T, size_t n, size_t m>
void AddArray(T (&to)[n][m], const T (&from)[n][m]) {
  for (size_t i = 0; i < n; ++i) AddArray(to[i], from[i]);
}

template <typename T, size_t n, size_t m, size_t k>
void AddArray(T (&to)[n][m][k], const T (&from)[n][m][k]) {
  for (size_t i = 0; i < n; ++i) AddArray(to[i], from[i]);
}

}  // namespace

void Tally::Merge(const Tally& other) {
  clients += other.clients;
  alive_at_end += other.alive_at_end;
  connected_at_end += other.connected_at_end;
  sessions_at_end += other.sessions_at_end;
  events += other.events;
  longest_silence = std::max(longest_silence, other.longest_silence);
  AddArray(failures, other.failures);
  AddArray(undetected, other.undetected);
  for (int o = 0; o < 3; ++o) {
    for (int k = 0; k < kFailureKinds; ++k) detection[o][k].Merge(other.detection[o][k]);
  }
  detection_by_watcher.resize(
      std::max(detection_by_watcher.size(), other.detection_by_watcher.size()));
  for (size_t w = 0; w < other.detection_by_watcher.size(); ++w) {
    detection_by_watcher[w].Merge(other.detection_by_watcher[w]);
  }
  AddArray(declared, other.declared);
  observed_ns += other.observed_ns;
  suspected_ns += other.suspected_ns;
  known_ns += other.known_ns;
  observed_squared += other.observed_squared;
  suspected_squared += other.suspected_squared;
  observed_by_suspected += other.observed_by_suspected;
  mistake_durations_squared += other.mistake_durations_squared;
  mistakes += other.mistakes;
  mistake_recurrence.Merge(other.mistake_recurrence);
  mistake_duration.Merge(other.mistake_duration);
  good_period.Merge(other.good_period);
  connect_attempts += other.connect_attempts;
  connected += other.connected;
  sessions_opened += other.sessions_opened;
  connect_time.Merge(other.connect_time);
  AddArray(closed, other.closed);
  wills_published += other.wills_published;
  wills_published_false += other.wills_published_false;
  wills_delivered.resize(std::max(wills_delivered.size(), other.wills_delivered.size()));
  for (size_t w = 0; w < other.wills_delivered.size(); ++w) {
    wills_delivered[w] += other.wills_delivered[w];
  }
  AddArray(packets, other.packets);
  AddArray(bytes, other.bytes);
  AddArray(segments, other.segments);
  AddArray(wire_bytes, other.wire_bytes);
  AddArray(segments_lost, other.segments_lost);
  AddArray(segments_retransmitted, other.segments_retransmitted);
  radio_wakeups += other.radio_wakeups;
  packets_squared += other.packets_squared;
  wire_bytes_squared += other.wire_bytes_squared;
  radio_wakeups_squared += other.radio_wakeups_squared;
  connected_ns += other.connected_ns;
  pings += other.pings;
  ping_rtt_ns += other.ping_rtt_ns;
  AddArray(sent, other.sent);
  AddArray(delivered, other.delivered);
  AddArray(dropped, other.dropped);
  AddArray(in_flight, other.in_flight);
}

int64_t Tally::DeclaredCount(Observer observer, Verdict verdict) const {
  int64_t sum = 0;
  for (const int64_t n : declared[Index(observer)][static_cast<int>(verdict)]) sum += n;
  return sum;
}

Histogram Tally::Detection(Observer observer) const {
  Histogram sum;
  for (const Histogram& h : detection[Index(observer)]) sum.Merge(h);
  return sum;
}

void TimeBin::Merge(const TimeBin& other) {
  AddArray(declared, other.declared);
  connect_attempts += other.connect_attempts;
  sessions_opened += other.sessions_opened;
  failures += other.failures;
}

Duration BinWidth(Duration horizon) {
  for (const int64_t s : {1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200}) {
    if (horizon <= Seconds(s * kMaxBins)) return Seconds(s);
  }
  const int64_t days = (horizon.ns - 1) / (Seconds(86400) * kMaxBins).ns + 1;
  return Seconds(86400) * days;
}

}  // namespace keepsim
