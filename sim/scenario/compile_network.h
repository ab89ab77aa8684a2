// Paths, transports, distributions and profiles: the parts of a plan that stand for themselves.
#ifndef KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_
#define KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_

#include <utility>
#include <vector>

#include "sim/scenario/node.h"
#include "sim/world/plan.h"

namespace keepsim {

// Tables of equal distributions are made once and shared.
class TableCache {
 public:
  QuantileTable Get(const DistributionSpec& spec);

 private:
  std::vector<std::pair<DistributionSpec, QuantileTable>> tables_;
};

DistributionSpec ReadDistribution(const Node& node);
TcpConfig ReadTcp(const Node& node);
// Fills transport, tcp, up, down, middlebox.
void ReadPath(const Node& node, TableCache& tables, GroupPlan& group);
ClientProfile ReadClientProfile(const Node& row, const std::vector<ClientProfile>& known);
BrokerProfile ReadBrokerProfile(const Node& row, const std::vector<BrokerProfile>& known);

// "name" or "name version" among the rows of the scenario, then the built-in ones; null if unknown.
const ClientProfile* FindClient(const std::vector<ClientProfile>& own, const std::string& text);
const BrokerProfile* FindBroker(const std::vector<BrokerProfile>& own, const std::string& text);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_
