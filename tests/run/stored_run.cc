#include "tests/run/stored_run.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/types/span.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"
#include "sim/trace/writer.h"

namespace keepsim {
namespace {

void Need(bool ok, const std::string& what) {
  if (ok) return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

}  // namespace

StoredRun Store(const std::string& text) {
  static int count = 0;
  StoredRun run;
  Diagnostics diagnostics;
  const LoadedScenario scenario = LoadText(text, ScenarioFormat::kText, "scenario", diagnostics);
  run.plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  Need(diagnostics.ok(), diagnostics.Render());
  run.plan->Link();
  run.path = std::string(std::getenv("TEST_TMPDIR")) + "/stored" + std::to_string(count++) + ".kst";
  TraceHeader header;
  scenario.proto.SerializeToString(&header.scenario);
  header.horizon = run.plan->horizon;
  header.groups = ShapeOf(*run.plan).groups;
  for (const ScheduledFault& f : run.plan->faults) header.faults.push_back(f.name);
  for (const WatcherPlan& w : run.plan->watchers) header.watchers.push_back(w.name);
  auto writer = TraceWriter::Create(run.path, header);
  Need(writer.ok(), std::string(writer.status().message()));
  RunOptions options;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    return (*writer)->Append(absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
  };
  const auto result = Run(*run.plan, options);
  Need(result.ok(), std::string(result.status().message()));
  TraceFooter footer;
  footer.digest = result->digest;
  Need((*writer)->Finish(footer).ok(), "the trace cannot be written");
  auto reader = TraceReader::Open(run.path);
  Need(reader.ok(), std::string(reader.status().message()));
  run.trace = *std::move(reader);
  return run;
}

}  // namespace keepsim
