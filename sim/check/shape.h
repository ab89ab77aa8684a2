// What checkers need to know of a run: plain numbers, worked out from the plan by sim/run.
#ifndef KEEPSIM_SIM_CHECK_SHAPE_H_
#define KEEPSIM_SIM_CHECK_SHAPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/trace/record.h"

namespace keepsim {

struct CheckGroup {
  std::string name;
  uint32_t first_entity = 1;
  uint32_t count = 0;

  // ---- client_silence: is the client, by its rule, never silent for longer than keepAlive?
  bool spec_client = false;
  Duration keep_alive{0};  // as asked for in CONNECT; 0: off
  // The client is told of a keepAlive of the broker's choice and keeps to it.
  bool obeys_server_keep_alive = false;
  Duration client_slack{0};   // tick, whole seconds, delay of its loop: silence is <= K + slack
  int64_t drift_ppb_max = 0;  // |drift| of the client's clock at most

  // ---- liveness: connected this long after the last disturbance. kForever: not to be judged.
  Duration reconnect_bound = kForever;
};

struct CheckShape {
  std::vector<CheckGroup> groups;  // ascending first_entity
  Duration horizon{0};
  // As in RunShape: the records of the whole run, in canonical order; or empty.
  std::vector<TraceRecord> run_records;

  // ---- broker_limit: silence at a declaration is in [limit - early, limit + late]
  Duration broker_early{0};         // whole seconds: less than one
  Duration broker_late{0};          // period of the check, rounding
  bool broker_rounds_up = false;    // a limit between whole seconds is reached at the next of them
  bool broker_may_be_late = false;  // kill-rate limit, handling time: `late` is not judged
  bool broker_recovers = false;     // it declares and closes nothing, and opens the session again

  // ---- liveness
  Instant last_fault_end = kStart;  // of the time line; kNever: the last fault never ends
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_CHECK_SHAPE_H_
