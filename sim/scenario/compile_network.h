// Paths, transports and distributions: the parts of a plan that stand for themselves.
#ifndef KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_
#define KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_

#include <utility>
#include <vector>

#include "sim/scenario/diagnostics.h"
#include "sim/scenario/node.h"
#include "sim/world/plan.h"

namespace keepsim {

// Tables of equal distributions are made once and shared. A table takes up to a fifth of a second:
// once there is an error, nobody will use it, and a constant takes its place.
class TableCache {
 public:
  explicit TableCache(const Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  QuantileTable Get(const DistributionSpec& spec);

 private:
  const Diagnostics& diagnostics_;
  std::vector<std::pair<DistributionSpec, QuantileTable>> tables_;
};

DistributionSpec ReadDistribution(const Node& node);
TcpConfig ReadTcp(const Node& node);
// Fills transport, tcp, up, down, middlebox.
void ReadPath(const Node& node, TableCache& tables, GroupPlan& group);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_COMPILE_NETWORK_H_
