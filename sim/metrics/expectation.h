// What a scenario expects of a metric, and whether it came to be.
#ifndef KEEPSIM_SIM_METRICS_EXPECTATION_H_
#define KEEPSIM_SIM_METRICS_EXPECTATION_H_

#include <optional>
#include <string>
#include <vector>

#include "sim/metrics/summary.h"

namespace keepsim {

// Bounds are inclusive. One that compares with a metric that has no value is not met.
struct Expectation {
  std::string metric;  // see metric_path.h
  std::string group;   // "": the whole run
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::optional<double> equals;
  std::string why;
};

summary_pb::ExpectationResult Evaluate(const Expectation& expectation, const RunSummary& summary);

// Fills summary->expectations. True if all were met.
bool EvaluateAll(const std::vector<Expectation>& expectations, RunSummary* summary);

bool ExpectationsMet(const RunSummary& summary);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_EXPECTATION_H_
