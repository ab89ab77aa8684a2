// Turns records into metrics. Each client's records are to come in time order; clients may be
// interleaved at will and spread over accumulators, which are merged in the end: sums are integers,
// so every split gives the same result.
#ifndef KEEPSIM_SIM_METRICS_ACCUMULATOR_H_
#define KEEPSIM_SIM_METRICS_ACCUMULATOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/time.h"
#include "sim/metrics/client_follower.h"
#include "sim/metrics/incident.h"
#include "sim/metrics/tally.h"
#include "sim/trace/per_entity.h"
#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

using GroupShape = TraceGroup;

// What metrics need to know of a run.
struct RunShape {
  std::vector<GroupShape> groups;  // ascending first_entity
  Duration horizon{0};
  // The broker's faults (entity 0), in canonical order, before any client's record is added. May
  // be left empty if those records are themselves added, in canonical order, as from a trace.
  std::vector<TraceRecord> run_records;
  std::vector<std::string> watchers;  // names
};

class Accumulator {
 public:
  // Incidents that are kept: the worst. Numbers are given as long as there are no more than
  // kMaxNumbered declarations.
  static constexpr size_t kWorst = 100;
  static constexpr size_t kMaxNumbered = size_t{1} << 22;

  // `shape` must outlive the accumulator.
  explicit Accumulator(const RunShape* shape);

  // Packet-level records are left out of account.
  void Add(const TraceRecord& r) {
    if (!r.is_outcome()) return;
    if (r.entity == 0) return AddRunRecord(r);
    AddTo(FollowerOf(r.entity), r);
  }
  // Called with every incident as it is found, in the order of the records. Its number is right if
  // records are added in canonical order.
  void OnIncident(std::function<void(const Incident&)> callback) {
    on_incident_ = std::move(callback);
  }

  // Ends clients that have no kEnd record (a damaged trace), at the horizon.
  void Finish();
  // REQUIRES: the same shape; Finish() called, or every client has ended, on both sides.
  void Merge(const Accumulator& other);

  const RunShape& shape() const { return *shape_; }
  const std::vector<Tally>& groups() const { return groups_; }
  Tally Total() const;
  const std::vector<TimeBin>& bins() const { return bins_; }
  Duration bin_width() const { return bin_width_; }
  int64_t incident_count() const { return incident_count_; }
  // The worst first: false before transient before true, then by latency; with their numbers (0:
  // too many declarations to number them).
  std::vector<Incident> WorstIncidents() const;

 private:
  // Place of a declaration in the canonical order.
  struct Key {
    int64_t at;
    uint32_t entity;
    uint32_t counter;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  void AddRunRecord(const TraceRecord& r);
  void AddTo(ClientFollower& follower, const TraceRecord& r);
  ClientFollower& FollowerOf(uint32_t entity) {
    return followers_.Of(entity, [&](ClientFollower& f) { f.Reset(entity, GroupOf(entity)); });
  }
  uint32_t GroupOf(uint32_t entity) const;
  void TakeIncidents();
  void KeepWorst(const Incident& incident);
  void AddKey(const Key& key);
  ClientFollower::Output OutputFor(uint32_t group);

  const RunShape* const shape_;
  const Duration bin_width_;
  std::vector<TraceRecord> run_;  // broker faults met so far
  std::vector<Tally> groups_;     // by group, in shape order; one more for entities of no group
  std::vector<TimeBin> bins_;
  std::function<void(const Incident&)> on_incident_;

  PerEntity<ClientFollower> followers_;

  std::vector<Incident> found_;
  std::vector<Incident> worst_;  // a heap, the least bad in front
  std::vector<Key> keys_;        // of all declarations; emptied when there are too many
  bool numbered_ = true;
  int64_t incident_count_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_ACCUMULATOR_H_
