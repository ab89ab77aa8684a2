// What is true of one client and its broker at an instant, from outcome records alone.
#ifndef KEEPSIM_SIM_METRICS_GROUND_TRUTH_H_
#define KEEPSIM_SIM_METRICS_GROUND_TRUTH_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"
#include "sim/trace/record.h"

namespace keepsim {

// A condition that holds or not: since when, and when it last ended.
struct Condition {
  bool holds = false;
  Instant since = kNever;    // of the last time it began, over or not
  Instant until = kLongAgo;  // when it last ended
  void Set(bool now_holds, Instant at) {
    if (now_holds && !holds) since = at;
    if (!now_holds && holds) until = at;
    holds = now_holds;
  }
  // Whether it held at some time after `from`.
  bool HeldSince(Instant from) const { return holds || until > from; }
};

struct GroundTruth {
  // One end of a connection.
  struct End {
    uint32_t conn = 0;
    Observer whose = Observer::kBroker;
    Instant opened;
    Instant closed = kNever;
    int reason = 0;            // of closing
    int64_t keep_alive_s = 0;  // in force; the broker's end
    Duration limit{0};         // 0: off; the broker's end
  };

  Condition down;  // the client's process
  FailureKind down_kind = FailureKind::kNone;
  Condition frozen;
  Condition asleep;
  Condition cut;
  uint16_t directions = 0;  // of the last cut: 1 up, 2 down
  Condition degraded;
  Condition broker_down;
  FailureKind broker_kind = FailureKind::kNone;
  Condition broker_stalled;
  uint32_t unmapped_conn = 0;  // whose mapping was lost last
  Instant unmapped_at = kNever;
  std::vector<End> ends;  // the last few

  GroundTruth() { down.Set(true, kStart); }
  // REQUIRES: the run's and this client's records, in canonical order; others have no effect.
  void Add(const TraceRecord& r);
  // Null if there is none.
  const End* Find(uint32_t conn, Observer whose) const;
  bool MappingLost(uint32_t conn) const { return conn != 0 && unmapped_conn == conn; }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_GROUND_TRUTH_H_
