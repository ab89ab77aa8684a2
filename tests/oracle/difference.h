// The simulator's records against the oracle's.
#ifndef KEEPSIM_TESTS_ORACLE_DIFFERENCE_H_
#define KEEPSIM_TESTS_ORACLE_DIFFERENCE_H_

#include <string>
#include <vector>

#include "sim/trace/record.h"
#include "sim/world/plan.h"

namespace keepsim::oracle {

// The first records that differ, with what led to them; empty if there are none. Both lists are in
// canonical order. Records and fields that the oracle does not model are left out (see the .cc).
std::string Difference(const Plan& plan, const std::vector<TraceRecord>& simulator,
                       const std::vector<TraceRecord>& oracle);

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_DIFFERENCE_H_
