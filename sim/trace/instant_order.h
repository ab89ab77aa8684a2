// Records of one client and one instant in the order in which they came about.
#ifndef KEEPSIM_SIM_TRACE_INSTANT_ORDER_H_
#define KEEPSIM_SIM_TRACE_INSTANT_ORDER_H_

#include <cstddef>
#include <vector>

#include "sim/trace/record.h"

namespace keepsim {

// Places in `records`, which are of one client and instant in canonical order. That order has
// outcomes before packets, since the two count apart; here what happened comes first, then what was
// decided, then what was sent because of it.
std::vector<size_t> AsTheyCameAbout(const std::vector<TraceRecord>& records);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_INSTANT_ORDER_H_
