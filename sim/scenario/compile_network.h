// Paths, transports and distributions: the parts of a plan that stand for themselves.
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

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_
