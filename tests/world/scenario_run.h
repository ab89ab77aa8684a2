// Scenario text to records, for tests.
#ifndef KEEPSIM_TESTS_WORLD_SCENARIO_RUN_H_
#define KEEPSIM_TESTS_WORLD_SCENARIO_RUN_H_

#include <memory>
#include <string>
#include <vector>

#include "sim/metrics/incident.h"
#include "sim/run/runner.h"
#include "sim/trace/record.h"
#include "sim/world/plan.h"

namespace keepsim {

// REQUIRES: the text is a valid scenario; the test fails with its diagnostics otherwise.
std::unique_ptr<Plan> PlanOf(const std::string& text);

// All records in canonical order, with packet-level ones of all clients if `packets`.
std::vector<TraceRecord> RecordsOf(const Plan& plan, bool packets = false);

// The run's own result; the test fails if a checker found a violation.
RunResult ResultOf(const Plan& plan);

// Every declaration, judged, in canonical order.
std::vector<Incident> IncidentsOf(const Plan& plan);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_WORLD_SCENARIO_RUN_H_
