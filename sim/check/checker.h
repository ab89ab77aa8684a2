// Invariants over trace records: what must hold in every run, whatever the scenario. A violation
// is a fault of the model (exit code 3), never of the user or of the simulated peer.
//
// Checkers see records only, so that a stored trace, a run and a live session are judged alike.
#ifndef KEEPSIM_SIM_CHECK_CHECKER_H_
#define KEEPSIM_SIM_CHECK_CHECKER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/check/client_checks.h"
#include "sim/check/shape.h"
#include "sim/check/violation.h"
#include "sim/trace/per_entity.h"
#include "sim/trace/record.h"

namespace keepsim {

class CheckerSet {
 public:
  // `shape` must outlive the checkers.
  explicit CheckerSet(const CheckShape* shape);

  // Each client's records in time order; clients may be interleaved at will. Records of the whole
  // run (entity 0) are heeded if shape.run_records is empty and they come in canonical order.
  void Add(const TraceRecord& r);

  // Clients without a kEnd record are violations. `judged`: how many declarations were given a
  // verdict (Accumulator::incident_count()); -1: not known. Call it once, after the last Merge().
  void Finish(int64_t judged = -1);
  // REQUIRES: the same shape; every client of both sides has ended, or never will.
  void Merge(const CheckerSet& other);

  // The first kMaxKept in the order of (time, entity, rule); total() counts all.
  const std::vector<Violation>& violations() const { return report_.violations(); }
  int64_t total() const { return report_.total(); }
  int64_t declarations() const { return declarations_; }

 private:
  const CheckShape* const shape_;
  std::vector<TraceRecord> run_;
  PerEntity<ClientChecks> clients_;
  std::vector<uint32_t> unended_;  // entities, of merged sets
  ViolationReport report_;
  int64_t declarations_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_CHECK_CHECKER_H_
