// The verdicts on one client's declarations, record by record; a plain value, so that a life can be
// gone on with from any point more than once.
#ifndef KEEPSIM_SIM_METRICS_CLIENT_VERDICTS_H_
#define KEEPSIM_SIM_METRICS_CLIENT_VERDICTS_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"
#include "sim/metrics/client_follower.h"
#include "sim/metrics/incident.h"
#include "sim/metrics/tally.h"
#include "sim/trace/record.h"

namespace keepsim {

class ClientVerdicts {
 public:
  // What is counted along the way and nobody asks for: one for each thread.
  struct Scratch {
    Tally tally;
    std::vector<TimeBin> bins = std::vector<TimeBin>(1);
    std::vector<Incident> incidents;
  };

  void Reset(uint32_t entity, uint32_t group) { follower_.Reset(entity, group); }
  // The declaration that `r` is, judged, its number not set; null if it is none. `run`: the
  // records of the whole run. REQUIRES: this client's outcome records in time order. Valid until
  // the next call with this scratch.
  const Incident* Add(const TraceRecord& r, const std::vector<TraceRecord>& run, Scratch& scratch) {
    scratch.incidents.clear();
    ClientFollower::Output out = {&scratch.tally, &scratch.bins, kForever, &scratch.incidents};
    follower_.Add(r, run, out);
    return scratch.incidents.empty() ? nullptr : &scratch.incidents[0];
  }

 private:
  ClientFollower follower_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_CLIENT_VERDICTS_H_
