// Parts of a sweep file, read one by one; whatever is wrong is reported where it stands.
#ifndef KEEPSIM_SIM_RUN_SWEEP_FIELDS_H_
#define KEEPSIM_SIM_RUN_SWEEP_FIELDS_H_

#include <set>
#include <string>

#include "sim/run/sweep.h"
#include "sim/scenario/node.h"

namespace keepsim {

inline constexpr uint32_t kMostReplications = 100000;

// A pb::Axis. `names`: of the fields before it, to which its own are added.
SweepAxis LoadAxis(const Node& node, std::set<std::string>& names);

// A pb::Until.
SweepUntil LoadUntil(const Node& node, const pb::Scenario& base);

// Whether there is such a number of the summary, of such a group.
void CheckMetric(const Node& node, const std::string& metric, const std::string& group,
                 const pb::Scenario& base);

// Of base, points, seeds and those reported metrics that are not stored anyway.
std::string SweepDigest(const Sweep& sweep);

// Base, overrides, axes, filters, seeds and metrics of `proto`, its points and digests: all of a
// sweep but its name. `root`: the message that they come from, a pb::Sweep or one with fields of
// the same names and types, but that its axes are called `axes`; `folder`: of its file, with a
// slash at its end.
void LoadPoints(const pb::Sweep& proto, const Node& root, const FieldPlaces& places,
                const char* axes, const std::string& folder, Sweep* sweep,
                Diagnostics* diagnostics);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_FIELDS_H_
