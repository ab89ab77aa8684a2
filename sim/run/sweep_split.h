// A sweep in parts that know nothing of each other: what a build system needs in order to run again
// only what has changed.
#ifndef KEEPSIM_SIM_RUN_SWEEP_SPLIT_H_
#define KEEPSIM_SIM_RUN_SWEEP_SPLIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/run/sweep.h"

namespace keepsim {

// A sweep file of every `count`-th point, from point `index` on. Its text depends on the base, the
// seeds and these points alone: while a sweep keeps its number of points, a changed value changes
// only the parts that have it. REQUIRES: index < count <= points.
std::string SplitText(const Sweep& sweep, uint32_t index, uint32_t count);

// Puts the store of `sweep` together, in `out`, from stores of any sweeps that have run the same
// scenarios: a run is known by the digest of its scenario, seed included. Appears whole or not at
// all. Returns how many of the sweep's runs were there. FailedPrecondition if a store is of another
// engine version.
absl::StatusOr<size_t> CollectRuns(const Sweep& sweep, const std::vector<std::string>& paths,
                                   const std::string& out);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_SPLIT_H_
