// A paired comparison, of points or of runs, for people in a hurry and for spreadsheets.
#ifndef KEEPSIM_SIM_RUN_COMPARISON_TEXT_H_
#define KEEPSIM_SIM_RUN_COMPARISON_TEXT_H_

#include <string>

#include "sim/run/comparison.pb.h"

namespace keepsim {

// For a terminal.
std::string ToReport(const pb::PointComparison& comparison);
// One line per difference.
std::string ToCsv(const pb::PointComparison& comparison);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_COMPARISON_TEXT_H_
