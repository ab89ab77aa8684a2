// The bounds within which the exchanges of a quiet stretch need few questions.
#ifndef KEEPSIM_SIM_WORLD_PLAIN_RULE_H_
#define KEEPSIM_SIM_WORLD_PLAIN_RULE_H_

#include <cstdint>

#include "sim/world/connection.h"
#include "sim/world/host.h"
#include "sim/world/plan.h"

namespace keepsim::quiet {

// What most stretches have in common: a PINGREQ, or a message, at a fixed step after the last, a
// path without bursts. Cycles that keep within these bounds need few
// questions.
struct PlainRule {
  // So few that an SRTT of 300 ms, by the default min_rto, cannot grow out of the rule.
  static constexpr int64_t kMostSettled = 48;

  // A wait for PINGRESP ends no more than so many steps after its PINGREQ.
  static constexpr int64_t kMostWaits = 3;

  bool applies = false;
  bool fixed = true;       // the step is; else at least so much
  int64_t step = 0;        // from PINGREQ to PINGREQ, or from message to message
  int64_t wait = 0;        // for PINGRESP, from PINGREQ; kNever: without end
  int64_t round_trip = 0;  // datagrams: the longest
  bool exact = false;      // the broker's timer goes by `silence` alone; it bears a step
  int64_t silence = 0;     // that the broker bears, at most
  int64_t min_rto[2] = {0, 0};
  // As long as SRTT and RTTVAR are no larger and a round trip no longer than SRTT + min_rto, every
  // wake-up for nothing is over before the next cycle, and each gap is longer than an RTO.
  int64_t srtt = 0;
  int64_t rttvar = 0;
  bool ticked = false;  // each PINGREQ sets the tick of the next
  int64_t radio = 0;    // wake-ups per cycle, at a fixed step
  // The broker's timer, armed by an arrival, wakes up so many cycles later, behind that cycle's
  // arrival and before its end, whatever the latencies; 0: it may be otherwise.
  int64_t laps = 0;
  // From an SRTT up to this and an RTTVAR and deviation up to `rttvar`, both stay within the rule
  // for kMostSettled cycles; by end.
  int64_t settled_srtt[2] = {0, 0};
};

// Of a client's PINGREQs.
PlainRule PlainRuleOf(const BrokerPlan& broker, const Host& host, const Connection& c);
// Of what it publishes, one message a period and no PINGREQ between. REQUIRES: it publishes.
PlainRule MessageRuleOf(const BrokerPlan& broker, const Host& host, const Connection& c);

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_PLAIN_RULE_H_
