#include "sim/run/evidence.h"

#include <cmath>

#include "sim/base/status_macros.h"
#include "sim/run/replications.h"
#include "sim/run/seed_interval.h"

namespace keepsim {
namespace {

// Of a number of runs that was settled beforehand.
void SetFixedInterval(const std::vector<Observation>& runs, PointEvidence* e) {
  std::vector<double> values;
  std::vector<CountedRun> counts;
  for (const Observation& o : runs) {
    values.push_back(o.value);
    if (o.exposure) counts.push_back({std::llround(o.value), *o.exposure});
  }
  if (counts.empty()) {
    e->interval = MeanInterval(values);
    e->method = "Student over runs";
    return;
  }
  const RateInterval rate = PooledRateInterval(counts);
  e->interval = rate.interval;
  e->method = rate.clustered ? "Student over runs, whose events come in clusters" : "exact";
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
