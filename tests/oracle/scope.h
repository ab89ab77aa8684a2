// Which plans the oracle understands.
#ifndef KEEPSIM_TESTS_ORACLE_SCOPE_H_
#define KEEPSIM_TESTS_ORACLE_SCOPE_H_

#include <string>

#include "sim/world/plan.h"

namespace keepsim::oracle {

// Why the plan is beyond the oracle; empty if it is not.
std::string BeyondScope(const Plan& plan);

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_SCOPE_H_
