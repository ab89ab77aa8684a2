#include "sim/run/trial.h"

#include <tuple>

#include "sim/run/run_summary.h"
#include "sim/run/runner.h"
#include "sim/run/signature.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

bool Earlier(const Incident& x, const Incident& y) {
  return std::tie(x.declared, x.entity, x.counter) < std::tie(y.declared, y.entity, y.counter);
}

void AddExpectations(const RunSummary& summary, Trial& trial) {
  for (const summary_pb::ExpectationResult& e : summary.expectations()) {
    // What was not measured meets no bound, and shows nothing.
    if (e.met() || !e.has_value()) continue;
    Shown& s = trial.shown[ExpectationSignature(e.metric(), e.group())];
    if (s.count++ == 0) s.text = e.text();
  }
}

void AddViolations(const CheckerSet& checks, Trial& trial) {
  for (const Violation& v : checks.violations()) {
    Shown& s = trial.shown[InvariantSignature(v.rule)];
    if (s.count++ == 0) s.text = v.text;
  }
}

}  // namespace

absl::StatusOr<Trial> Try(const LoadedScenario& scenario, int threads,
                          const std::atomic<bool>* cancel) {
  Diagnostics diagnostics;
  Plan plan = Compile(scenario, diagnostics);
  CheckExpectations(scenario, diagnostics);
  if (!diagnostics.ok()) return absl::InvalidArgumentError(diagnostics.Render());
  plan.Link();
  Trial trial;
  RunOptions options;
  options.threads = threads;
  options.cancel = cancel;
  options.on_incident = [&](const Incident& incident) {
    Shown& s = trial.shown[SignatureOf(incident)];
    if (s.count++ == 0 || Earlier(incident, s.first)) s.first = incident;
  };
  const absl::StatusOr<RunResult> result = Run(plan, options);
  if (!result.ok()) return result.status();
  trial.digest = result->digest.Hex();
  if (scenario.proto.expectations_size() > 0) {
    AddExpectations(SummaryOf(*result, plan, scenario), trial);
  }
  AddViolations(*result->checks, trial);
  return trial;
}

}  // namespace keepsim
