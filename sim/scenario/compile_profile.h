// Profiles: built-in ones by name, and the rows that a scenario brings.
#ifndef KEEPSIM_SIM_SCENARIO_COMPILE_PROFILE_H_
#define KEEPSIM_SIM_SCENARIO_COMPILE_PROFILE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/mqtt/profile.h"
#include "sim/scenario/node.h"

namespace keepsim {

ClientProfile ReadClientProfile(const Node& row, const std::vector<ClientProfile>& known);
// `grace_factor`, and the ticks of a broker that counts nothing else.
void ReadGraceFactor(const Node& node, BrokerProfile& profile);
BrokerProfile ReadBrokerProfile(const Node& row, const std::vector<BrokerProfile>& known);

// Names of the built-in rows, each once: a name stands for its newest version.
std::vector<std::string> BuiltInProfiles(bool clients);

// The profile that `field` names, as "name" or "name version": a row of the scenario (`own`), else
// a built-in one, "spec" if the field is empty. An unknown one is reported.
const ClientProfile& NamedClient(const Node& node, absl::string_view field,
                                 const std::vector<ClientProfile>& own);
const BrokerProfile& NamedBroker(const Node& node, absl::string_view field,
                                 const std::vector<BrokerProfile>& own);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_PROFILE_H_
