// From differences with p-values to verdicts: all questions of a comparison at once.
#ifndef KEEPSIM_SIM_RUN_VERDICT_H_
#define KEEPSIM_SIM_RUN_VERDICT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/run/comparison.pb.h"
#include "sim/run/paired_difference.h"
#include "sim/run/sweep.pb.h"

namespace keepsim {

// "B is better" holds at this level for all questions at once.
inline constexpr double kVerdictAlpha = 0.05;

struct VerdictQuestion {
  pb::PointDifference* out = nullptr;
  pb::ReportedMetric::Better better = pb::ReportedMetric::LOWER;
  PairedDifference found;
  // How many more replications would show it at that level; none if no number would.
  std::function<std::optional<uint64_t>(double level)> more;
};

// Values, interval and p-value of a difference.
void FillDifference(const PairedDifference& found, const char* method, pb::PointDifference* out);

// Adjusts p-values after Holm and says of each question what B is.
void Judge(const std::vector<VerdictQuestion>& questions, pb::PointComparison* comparison);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_VERDICT_H_
