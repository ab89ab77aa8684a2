// Changed scenarios for a hunt: which fields may change and to what, and what run N makes of it. A
// run's changes are a pure function of (scenario, bounds, hunt seed, run).
#ifndef KEEPSIM_SIM_RUN_MUTATION_H_
#define KEEPSIM_SIM_RUN_MUTATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/run/hunt.pb.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/load.h"

namespace keepsim {

// Takes a field or an element of a list away, as a value of a dimension.
inline constexpr char kNoValue[] = "none";

// One thing that may change.
struct Dimension {
  std::string path;                 // as for --set
  std::vector<std::string> values;  // as behind "=", or kNoValue
};

// Every dimension of these bounds. Adds to `diagnostics`, under the name `file`, what makes no
// sense.
std::vector<Dimension> DimensionsOf(const pb::HuntBounds& bounds, const LoadedScenario& scenario,
                                    const std::string& file, Diagnostics& diagnostics);

// Without bounds: keepAlive, latency, loss, bursts, middlebox and client of every group, the
// broker's profile; every fault of the scenario taken away, moved, or of another length; and a
// fault that is not in it.
std::vector<Dimension> DefaultDimensions(const pb::Scenario& scenario);

// "PATH=LOW..HIGH" or "PATH=VALUE,VALUE": a bound as a flag has it. False: neither.
bool ParseBound(const std::string& text, pb::Bound* bound);

struct Mutant {
  LoadedScenario scenario;
  std::vector<std::string> changes;  // "groups[0].keep_alive=12s", "faults[1]=none"
};

// Run 0 is the scenario itself. Run N has the seed of the scenario plus N; a quarter of the runs
// change nothing else, the others each dimension with probability 1/2, 1/4 or 1/8, at least one.
// `attempt` counts the mutants of this run that could not be compiled.
// REQUIRES: the dimensions are of this scenario.
Mutant MutantOf(const LoadedScenario& scenario, const std::vector<Dimension>& dimensions,
                uint64_t hunt_seed, uint64_t run, uint32_t attempt);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_MUTATION_H_
