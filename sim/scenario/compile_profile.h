// Profiles: built-in ones by name, and the rows that a scenario brings.
#ifndef KEEPSIM_SIM_SCENARIO_COMPILE_PROFILE_H_
#define KEEPSIM_SIM_SCENARIO_COMPILE_PROFILE_H_

#include <string>
#include <vector>

#include "sim/mqtt/profile.h"
#include "sim/scenario/node.h"

namespace keepsim {

ClientProfile ReadClientProfile(const Node& row, const std::vector<ClientProfile>& known);
// `grace_factor`, and the ticks of a broker that counts nothing else.
void ReadGraceFactor(const Node& node, BrokerProfile& profile);
BrokerProfile ReadBrokerProfile(const Node& row, const std::vector<BrokerProfile>& known);

// Names of the built-in rows, each once: a name stands for its newest version.
std::vector<std::string> BuiltInProfiles(bool clients);

// "name" or "name version" among the rows of the scenario, then the built-in ones; null if unknown.
const ClientProfile* FindClient(const std::vector<ClientProfile>& own, const std::string& text);
const BrokerProfile* FindBroker(const std::vector<BrokerProfile>& own, const std::string& text);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_PROFILE_H_
