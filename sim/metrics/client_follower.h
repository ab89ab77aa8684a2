// Follows one client through its records: ground truth, connections, failures, the verdict on each
// declaration. Inside sim/metrics only; an Accumulator owns one per client under way.
//
// A failure is followed per connection and observer: it begins (its onset) at the instant at which
// the observer's peer stops being reachable on that connection, and lasts until the peer can be
// reached again or the observer's end of the connection closes. Overlapping faults are one failure,
// of the kind that began it. That the peer's end of the connection is gone prolongs a failure and
// begins none: a clean stop is no failure.
#ifndef KEEPSIM_SIM_METRICS_CLIENT_FOLLOWER_H_
#define KEEPSIM_SIM_METRICS_CLIENT_FOLLOWER_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"
#include "sim/metrics/incident.h"
#include "sim/metrics/tally.h"
#include "sim/trace/record.h"

namespace keepsim {

class ClientFollower {
 public:
  // What a follower writes to.
  struct Output {
    Tally* tally = nullptr;
    std::vector<TimeBin>* bins = nullptr;
    Duration bin_width{1};
    std::vector<Incident>* incidents = nullptr;  // those of the present record: at most one
  };

  // Starts over for another client.
  void Reset(uint32_t entity, uint32_t group);
  // `run`: the whole run's records (entity 0) so far; those up to r.at take effect first.
  // REQUIRES: this client's outcome records in time order, until kEnd.
  void Add(const TraceRecord& r, const std::vector<TraceRecord>& run, Output& out);
  // Ends the following at `at`: what is still under way is counted as such.
  void End(Instant at, Output& out);

  uint32_t entity() const { return entity_; }
  uint32_t group() const { return group_; }

 private:
  struct Failure {
    FailureKind kind = FailureKind::kNone;
    Instant onset = kNever;
    bool detected = false;
    bool active() const { return onset != kNever; }
  };
  struct Connection {
    uint32_t number = 0;
    bool open[kDeclarers] = {false, false};   // the observer follows its peer on it
    bool there[kDeclarers] = {false, false};  // the end exists (client's: from the attempt on)
    bool was[kDeclarers] = {false, false};    // it existed at some time
    bool wrong = false;                       // broker's false or transient declaration
    Instant gone_at[kDeclarers] = {kLongAgo, kLongAgo};
    Instant mapping_lost = kNever;
    Failure failure[kDeclarers];
  };
  // Why a will of a closed connection was published.
  struct Will {
    uint32_t conn = 0;
    FailureKind kind = FailureKind::kNone;
    Instant onset = kNever;
    bool wrong = false;
  };

  void CatchUp(Instant now, const std::vector<TraceRecord>& run, Output& out);
  void OnRunRecord(const TraceRecord& r, Output& out);
  void OnDeclared(const TraceRecord& r, Output& out);
  void OnClosed(const TraceRecord& r, Output& out);
  void OnWillDelivered(const TraceRecord& r, Output& out);
  void OnEnd(const TraceRecord& r, Output& out);

  Connection* Find(uint32_t number);
  Connection& Open(uint32_t number);
  Failure ActiveFailure(const Connection& c, int observer) const;
  bool PeerGone(const Connection& c, int observer) const;
  void Update(Connection& c, int observer, Output& out);
  void TruthChanged(Instant now, Output& out);
  void Detected(Connection& c, int observer, Instant at, Output& out);
  void Lost(Connection& c, int observer, Undetected how, Output& out);
  void CountFailure(const Failure& f, int observer, int64_t n, Output& out);
  TimeBin& BinAt(Instant at, Output& out);

  bool Observed() const {
    return alive_ && !frozen_ && !asleep_ && cut_ == 0 && !broker_down_ && !broker_stalled_ &&
           mapping_lost_conn_ == 0;
  }
  void ForgetObserved(Instant lost_at, Instant now);
  void EndKnown(Instant now, Output& out);
  void Observe(Instant now, Output& out);
  void EndMistake(Instant now, bool recorded, Output& out);

  uint32_t entity_ = 0;
  uint32_t group_ = 0;
  size_t run_position_ = 0;

  // ---- ground truth, and when what has ended ended
  bool alive_ = false;
  bool frozen_ = false;
  bool asleep_ = false;
  bool broker_down_ = false;
  bool broker_stalled_ = false;
  uint16_t cut_ = 0;
  FailureKind down_kind_ = FailureKind::kNone;
  FailureKind broker_kind_ = FailureKind::kNone;
  Instant down_since_ = kNever;
  Instant frozen_since_ = kNever;
  Instant asleep_since_ = kNever;
  Instant cut_since_ = kNever;  // of the last cut, over or not
  Instant broker_down_since_ = kNever;
  Instant stalled_since_ = kNever;
  Instant stood_still_until_ = kLongAgo;  // frozen or asleep
  Instant cut_until_ = kLongAgo;
  Instant stalled_until_ = kLongAgo;

  // Cuts that are over, oldest first.
  struct Cut {
    Instant from;
    Instant to;
  };
  static constexpr size_t kMaxCuts = 64;
  std::vector<Cut> cuts_;

  std::vector<Connection> connections_;  // with an end left; few
  std::vector<Will> wills_;

  // ---- the broker as a monitor; times in observed nanoseconds of this client
  bool observing_ = false;
  bool suspected_ = false;
  Instant observed_since_ = kNever;
  uint32_t mapping_lost_conn_ = 0;  // the client's connection whose mapping is gone; 0: none
  int sessions_ = 0;                // the broker has of this client
  Instant known_since_ = kNever;    // both observed and with a session
  int64_t observed_ns_ = 0;
  int64_t suspected_ns_ = 0;  // of it
  int64_t mistake_began_ = -1;
  int64_t mistake_ended_ = -1;

  // ---- cost of this client
  int64_t packets_ = 0;
  int64_t wire_bytes_ = 0;
  int64_t radio_wakeups_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_CLIENT_FOLLOWER_H_
