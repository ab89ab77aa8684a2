#include "sim/run/evidence.h"

#include <algorithm>
#include <cmath>

#include "sim/base/status_macros.h"
#include "sim/run/paired_difference.h"
#include "sim/run/replications.h"

namespace keepsim {
namespace {

constexpr double kTail = 0.975;  // of a two-sided 95 % interval

// Student's over runs.
std::optional<ConfidenceInterval> StudentInterval(const std::vector<double>& x) {
  if (x.size() < 2) return std::nullopt;
  const auto n = static_cast<double>(x.size());
  double mean = 0;
  for (const double v : x) mean += v / n;
  double squares = 0;
  for (const double v : x) squares += (v - mean) * (v - mean);
  const double half = StudentQuantile(kTail, n - 1) * std::sqrt(squares / (n - 1) / n);
  return ConfidenceInterval{mean - half, mean + half};
}

// Of a number of runs that was settled beforehand.
void SetFixedInterval(const std::vector<Observation>& runs, PointEvidence* e) {
  std::vector<double> values;
  std::vector<CountedRun> counts;
  for (const Observation& o : runs) {
    values.push_back(o.value / o.exposure.value_or(1));
    if (o.exposure) counts.push_back({std::llround(o.value), *o.exposure});
  }
  if (counts.empty()) {
    e->interval = StudentInterval(values);
    e->method = "Student over runs";
    return;
  }
  e->interval = PoissonRateInterval(*e->count, *e->exposure);
  e->method = "exact";
  if (!Clustered(counts)) return;
  const auto over_runs = StudentInterval(values);
  e->interval->low = std::max(0.0, std::min(e->interval->low, over_runs->low));
  e->interval->high = std::max(e->interval->high, over_runs->high);
  e->method = "Student over runs, whose events come in clusters";
}

PointEvidence EvidenceOf(const std::vector<Observation>& runs, bool sequential) {
  PointEvidence e;
  e.runs = static_cast<uint32_t>(runs.size());
  const auto estimate = EstimateSequentially(runs);
  if (!estimate) return e;
  e.value = estimate->value;
  if (runs[0].exposure) {
    double count = 0;
    e.exposure = 0;
    for (const Observation& o : runs) {
      count += o.value;
      *e.exposure += *o.exposure;
    }
    e.count = std::llround(count);
  }
  if (sequential) {
    e.interval = estimate->interval;
    e.method = "anytime-valid";
  } else {
    SetFixedInterval(runs, &e);
  }
  return e;
}

}  // namespace

absl::StatusOr<std::vector<PointEvidence>> StoredEvidence(const Sweep& sweep, Store& store,
                                                          const SweepMetric& metric,
                                                          const EvidenceRuns& runs) {
  KEEPSIM_ASSIGN_OR_RETURN(const auto stored,
                           ObservationsOf(sweep, store, metric.metric, metric.group));
  std::vector<PointEvidence> out;
  for (size_t p = 0; p < stored.size(); ++p) {
    std::vector<Observation> chosen;
    for (const SeedObservation& o : stored[p]) {
      if (o.seed >= runs.first_seed && o.seed - runs.first_seed < runs.replications[p]) {
        chosen.push_back(o.observation);
      }
    }
    out.push_back(EvidenceOf(chosen, runs.sequential));
  }
  return out;
}

}  // namespace keepsim
