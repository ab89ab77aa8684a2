// A sweep: a scenario, what varies in it, and the points that come of it.
#ifndef KEEPSIM_SIM_RUN_SWEEP_H_
#define KEEPSIM_SIM_RUN_SWEEP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/run/sweep.pb.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/load.h"

namespace keepsim {

struct SweepField {
  std::string name;
  std::vector<std::string> paths;
  std::vector<std::string> values;
};

struct SweepAxis {
  std::vector<SweepField> fields;  // of equal length
  bool given = false;              // a circumstance, no choice
  size_t size() const { return fields.empty() ? 0 : fields[0].values.size(); }
};

struct SweepMetric {
  std::string metric;
  std::string group;  // "": the whole run
  pb::ReportedMetric::Better better = pb::ReportedMetric::LOWER;
};

// Runs until a number is known well enough (sim/run/replications.h).
struct SweepUntil {
  std::string metric;
  std::string group;
  double relative_half_width = 0;  // 0: not asked for
  double half_width = 0;           // 0: not asked for
  uint32_t least = 0;
  uint32_t most = 0;
  uint32_t batch = 0;
  // "detection.broker.p99_s within 5 %, 10 to 1000 runs, a look every 10": all that it says.
  std::string Text() const;
};

struct SweepPoint {
  std::vector<uint32_t> index;  // of each axis, which value
  uint32_t number = 0;          // in its file; another one than here if only some are here
  double cost = 0;              // of one run, in events (sim/run/sweep_cost.h)
};

struct Sweep {
  std::string file;               // as it was named
  std::string command = "sweep";  // of keepsim, that reads such files
  std::string name;
  std::string question;
  std::string reading;
  std::string base_file;  // as a user would name it; "": the base is in the sweep file
  LoadedScenario base;    // with the overrides for all points
  std::vector<SweepAxis> axes;
  std::vector<SweepPoint> points;
  uint64_t first_seed = 1;
  uint32_t replications = 1;        // of each point; with `until`, at most
  std::optional<SweepUntil> until;  // none: exactly `replications` of them
  std::vector<SweepMetric> metrics;
  bool judge_expectations = false;
  // 32 hex digits each: of the base, of the points with their values, and of these, the seeds and
  // those reported metrics that are elements of lists. Others are stored anyway and do not count.
  std::string base_digest;
  std::string points_digest;
  std::string digest;

  size_t run_count() const { return points.size() * replications; }  // at most
  // Name and value of everything that varies, in the order of the file.
  std::vector<std::pair<std::string, std::string>> Values(size_t point) const;
  // "keep_alive=30s, loss=0.01"; "the base" if nothing varies.
  std::string PointText(size_t point) const;
  // The point's scenario with a seed, not yet validated.
  LoadedScenario Scenario(size_t point, uint64_t seed) const;
  // The commands that repeat one run on their own.
  std::string Repro(size_t point, uint64_t seed) const;
  // What a value of an axis adds to such a command: " --set 'path=value'" for each of its paths.
  std::string SetFlags(size_t axis, uint32_t index) const;
};

// What is better of a metric, unless the sweep file says so.
pb::ReportedMetric::Better DirectionOf(absl::string_view metric);

inline constexpr size_t kMostSweepRuns = 1000000;

// Reads `path`, known to its user as `name`. Whatever is wrong is added to `diagnostics`: with the
// file, with its base, and with every value of an axis that no point can have.
Sweep LoadSweep(const std::string& path, const std::string& name, Diagnostics& diagnostics);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_H_
