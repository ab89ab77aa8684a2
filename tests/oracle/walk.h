// The oracle: what a tiny plan must lead to, found the naive way. It steps through virtual time one
// millisecond after the other and at each looks at everything: does a fault begin or end now, does
// a packet arrive now, is a message wanted now, is a deadline due now. There is no queue of events
// and nothing is sorted by time: flights and ends of connections are plain vectors, scanned whole.
//
// It was written from docs/, the schema and record.h, and shares no code with the engine, the
// sessions, the transport or the world; so a mistake has to be made twice to stay unseen.
#ifndef KEEPSIM_TESTS_ORACLE_WALK_H_
#define KEEPSIM_TESTS_ORACLE_WALK_H_

#include <string>
#include <vector>

#include "sim/trace/record.h"
#include "sim/world/plan.h"

namespace keepsim::oracle {

struct Outcome {
  // Why the plan, or what came of it, is beyond the oracle; empty if the records are meant to hold.
  std::string out_of_scope;
  std::vector<TraceRecord> records;  // in canonical order
};

Outcome WalkThroughTime(const Plan& plan);

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_WALK_H_
