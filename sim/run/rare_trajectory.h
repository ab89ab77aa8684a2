// One client's life as splitting looks at it: event by event, with an eye on how long an observer
// has heard nothing of its peer; whole, or onward from where the silence reached a level.
//
// A wait (sim/world/silence.h) counts as one whole: it crosses a level once, and ends when the
// observer hears, declares or loses the connection. At most one declaration ends it.
#ifndef KEEPSIM_SIM_RUN_RARE_TRAJECTORY_H_
#define KEEPSIM_SIM_RUN_RARE_TRAJECTORY_H_

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "sim/base/time.h"
#include "sim/metrics/client_verdicts.h"
#include "sim/metrics/incident.h"
#include "sim/trace/record.h"
#include "sim/world/cell.h"
#include "sim/world/cell_image.h"
#include "sim/world/plan.h"
#include "sim/world/silence.h"

namespace keepsim::rare {

// Where a wait reached a level.
struct Entrance {
  Cell::Image cell;
  ClientVerdicts verdicts;
  Silence silence;
  Instant began;           // the wait, by the common clock
  Instant cut = kLongAgo;  // when the path was last cut
  uint32_t ancestor = 0;   // the wait of natural luck that it comes from
};

// How one wait went.
struct WaitEnd {
  bool crossed = false;         // the next level
  bool declared_false = false;  // by the observer
  Cause cause = Cause::kUnknown;
  Duration longest{0};  // unfounded silence; kForever if it was declared
};

class Trajectory {
 public:
  // Of clients of `group` in the run whose broker's faults are `run`. Both outlive it.
  Trajectory(const Plan& plan, const std::vector<TraceRecord>& run, uint32_t group,
             Observer observer);

  // What is told of the waits of a life.
  struct Listener {
    std::function<void(Instant at)> on_crossing;  // Save() may be called
    std::function<void(const WaitEnd&)> on_end;
  };
  // The life of client `index` of the group, its luck as the plan has it.
  void Live(uint32_t index, Duration level, const Listener& listener);
  void Save(Instant at, Entrance* entrance) const;
  // One wait from where it reached a level, with other luck, to its end or to where it reaches
  // `level`, a higher one; then Save(reached()) may be called.
  WaitEnd GoOn(const Entrance& from, uint64_t luck_key, Duration level);
  Instant reached() const { return reached_; }
  // That were simulated in all.
  uint64_t events() const { return events_; }

 private:
  bool Waits() const { return silence_.conn != 0 && !over_; }
  bool Unfounded() const { return silence_.unfounded && cut_ < began_; }
  Instant CrossesAt(Duration level, Instant next) const;
  bool StepTo(Instant next);
  void Begin(const Silence& silence, Instant at);
  void OnRecord(const TraceRecord& r);

  const Plan& plan_;
  const std::vector<TraceRecord>& run_;
  const uint32_t group_;
  const Observer observer_;
  Cell cell_;
  const RecordSink sink_;
  ClientVerdicts::Scratch scratch_;
  uint64_t events_ = 0;

  ClientVerdicts verdicts_;
  Instant now_;             // of the last event
  Instant cut_ = kLongAgo;  // when the path was last cut
  Silence silence_;
  Instant began_;      // the wait, by the common clock
  bool over_ = false;  // the wait ended in a declaration
  WaitEnd wait_;
  std::vector<WaitEnd> strays_;  // false declarations that no wait led to
  Instant reached_ = kNever;
};

}  // namespace keepsim::rare

#endif  // KEEPSIM_SIM_RUN_RARE_TRAJECTORY_H_
