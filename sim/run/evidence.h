// What the runs of a point say of one of its numbers.
#ifndef KEEPSIM_SIM_RUN_EVIDENCE_H_
#define KEEPSIM_SIM_RUN_EVIDENCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/stats.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"

namespace keepsim {

struct PointEvidence {
  std::optional<double> value;
  std::optional<ConfidenceInterval> interval;  // 95 %; none: too few runs
  // Of a rate of events.
  std::optional<int64_t> count;
  std::optional<double> exposure;  // client-days
  uint32_t runs = 0;               // that measured it
  std::string method;              // what the interval rests on
};

// Which runs count, and how they came to be.
struct EvidenceRuns {
  uint64_t first_seed = 0;
  std::vector<uint32_t> replications;  // by point: how many seeds from the first one on
  // Their number was chosen after looking at results: the interval must hold nevertheless.
  bool sequential = false;
};

// Evidence of one number at all points of a sweep.
using EvidenceSource = std::function<absl::StatusOr<std::vector<PointEvidence>>(
    const Sweep& sweep, Store& store, const SweepMetric& metric, const EvidenceRuns& runs)>;

// From the stored runs: means and pooled rates. Rates of events too rare to be seen in a store are
// for another source, which may ask this one about everything else.
absl::StatusOr<std::vector<PointEvidence>> StoredEvidence(const Sweep& sweep, Store& store,
                                                          const SweepMetric& metric,
                                                          const EvidenceRuns& runs);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_EVIDENCE_H_
