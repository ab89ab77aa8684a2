// "GROUP/INDEX,...": which clients.
#ifndef KEEPSIM_TOOLS_SELECTOR_H_
#define KEEPSIM_TOOLS_SELECTOR_H_

#include <string>
#include <vector>

#include "sim/run/runner.h"
#include "sim/world/plan.h"

namespace keepsim {

// "fleet/17", "fleet/3-5", "fleet", "all", separated by commas. False, with the reason, if a group
// or index does not exist.
bool ParseSelector(const std::string& text, const std::vector<TraceGroup>& groups,
                   std::vector<ClientRange>* ranges, std::string* why);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_SELECTOR_H_
