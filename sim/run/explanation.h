// Why an incident came about: which packets would have prevented it, and what else happened.
#ifndef KEEPSIM_SIM_RUN_EXPLANATION_H_
#define KEEPSIM_SIM_RUN_EXPLANATION_H_

#include <cstdint>
#include <vector>

#include "sim/metrics/incident.h"
#include "sim/run/stretch.h"
#include "sim/world/plan.h"

namespace keepsim {

struct Explanation {
  // Packets in the stretch's log, by id, in the order of their writing. All were written before the
  // declaration.
  //
  // What the peer wrote and the observer had not read, and would have counted.
  std::vector<uint64_t> awaited;
  // The observer is a client: its PINGREQs since the last answer.
  std::vector<uint64_t> requests;
  // Faults that began or ended between the last packet heard and the declaration.
  std::vector<TraceRecord> faults;
  // What truth said at the declaration.
  bool peer_stood = false;  // it did not live or run
  bool path_cut = false;    // then, in some direction
  bool was_cut = false;     // at some time within the silence
  bool mapping_lost = false;
  Instant peer_closed = kNever;  // when the peer's end of the connection had ended
  int peer_reason = 0;           // of that: CloseReason
};

Explanation Explain(const Plan& plan, const IncidentStretch& stretch, const Incident& incident);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_EXPLANATION_H_
