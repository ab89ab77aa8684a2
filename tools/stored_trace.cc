#include "tools/stored_trace.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/run_summary.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "sim/trace/writer.h"
#include "tools/build_commit.h"

namespace keepsim {

TraceHeader HeaderOf(const LoadedScenario& scenario, const Plan& plan, const std::string& packets) {
  TraceHeader h;
  scenario.proto.SerializeToString(&h.scenario);
  h.scenario_name = plan.scenario_name;
  h.scenario_digest = ScenarioDigest(scenario.proto);
  h.seed = plan.seed;
  h.overrides = scenario.overrides;
  h.build_commit = kBuildCommit;
  h.tie_order = "canonical";
  h.packet_selector = packets;
  h.horizon = plan.horizon;
  for (const GroupPlan& g : plan.groups) h.groups.push_back({g.name, g.first_entity, g.count});
  for (const WatcherPlan& w : plan.watchers) h.watchers.push_back(w.name);
  for (const ScheduledFault& f : plan.faults) h.faults.push_back(f.name);
  return h;
}

absl::Status StoreTrace(const LoadedScenario& scenario, const std::string& path,
                        const std::string& repro) {
  Diagnostics diagnostics;
  Plan plan = Compile(scenario, diagnostics);
  if (!diagnostics.ok()) return absl::InvalidArgumentError(diagnostics.Render());
  plan.Link();
  auto writer = TraceWriter::Create(path, HeaderOf(scenario, plan, ""));
  if (!writer.ok()) return writer.status();
  RunOptions options;
  options.scratch_dir = std::filesystem::path(path).parent_path().string();
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    return (*writer)->Append(absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
  };
  const auto result = Run(plan, options);
  if (!result.ok()) return result.status();
  const RunSummary summary = SummaryOf(*result, plan, scenario, {repro, "", kBuildCommit});
  TraceFooter footer;
  footer.digest = result->digest;
  // Nothing of this machine: the same run gives the same bytes.
  footer.summary_json = ToJson(Portable(summary));
  return (*writer)->Finish(footer);
}

}  // namespace keepsim
