#include "tests/world/scenario_run.h"

#include "gtest/gtest.h"
#include "sim/metrics/accumulator.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"

namespace keepsim {

std::unique_ptr<Plan> PlanOf(const std::string& text) {
  Diagnostics diagnostics;
  const LoadedScenario scenario = LoadText(text, ScenarioFormat::kText, "test", diagnostics);
  auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  plan->Link();
  return plan;
}

std::vector<TraceRecord> RecordsOf(const Plan& plan, bool packets) {
  RunOptions options;
  if (packets) {
    for (uint32_t g = 0; g < plan.groups.size(); ++g) {
      if (plan.groups[g].count > 0) options.packets.push_back({g, 0, plan.groups[g].count - 1});
    }
  }
  std::vector<TraceRecord> records;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    records.insert(records.end(), begin, end);
    return absl::OkStatus();
  };
  const auto result = keepsim::Run(plan, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return records;
}

RunResult ResultOf(const Plan& plan) {
  auto result = keepsim::Run(plan, {});
  EXPECT_TRUE(result.ok()) << result.status();
  for (const Violation& v : result->checks->violations()) {
    ADD_FAILURE() << v.rule << ", entity " << v.entity << ": " << v.text;
  }
  return *std::move(result);
}

std::vector<Incident> IncidentsOf(const Plan& plan) {
  const RunShape shape = ShapeOf(plan);
  Accumulator metrics(&shape);
  std::vector<Incident> incidents;
  metrics.OnIncident([&](const Incident& i) { incidents.push_back(i); });
  for (const TraceRecord& r : RecordsOf(plan)) {
    if (r.entity != 0) metrics.Add(r);
  }
  metrics.Finish();
  return incidents;
}

}  // namespace keepsim
