// Tiny scenarios from a seed.
#ifndef KEEPSIM_TESTS_ORACLE_GENERATE_H_
#define KEEPSIM_TESTS_ORACLE_GENERATE_H_

#include <cstdint>
#include <string>

#include "sim/world/plan.h"

namespace keepsim::oracle {

// The text of a scenario; the same for the same arguments.
std::string Generate(uint64_t seed, Transport transport);

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_GENERATE_H_
