#include "sim/run/run_summary.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/base/spelling.h"
#include "sim/metrics/expectation.h"
#include "sim/metrics/metric_path.h"
#include "sim/run/theory.h"
#include "sim/scenario/node.h"
#include "sim/trace/engine_version.h"

namespace keepsim {
namespace {

Expectation ExpectationOf(const pb::Expectation& e) {
  Expectation out;
  out.metric = e.metric();
  out.group = e.group();
  out.why = e.why();
  if (e.has_at_least()) out.at_least = e.at_least();
  if (e.has_at_most()) out.at_most = e.at_most();
  if (e.has_equals()) out.equals = e.equals();
  return out;
}

}  // namespace

RunSummary SummaryOf(const RunResult& result, const Plan& plan, const LoadedScenario& scenario,
                     const RunNotes& notes) {
  RunFacts facts;
  facts.scenario = plan.scenario_name;
  facts.question = scenario.proto.question();
  facts.reading = scenario.proto.reading();
  facts.scenario_digest = ScenarioDigest(scenario.proto);
  facts.engine_version = kEngineVersion;
  facts.build_commit = notes.build_commit;
  facts.digest = result.digest.Hex();
  facts.repro = notes.repro;
  facts.trace = notes.trace;
  facts.seed = plan.seed;
  facts.overrides = scenario.overrides;
  facts.engine_events = static_cast<int64_t>(result.engine_events);
  facts.violations = result.checks->total();
  facts.threads = result.threads;
  facts.wall_s = result.wall_s;
  RunSummary summary = Summarize(*result.metrics, facts);
  for (const TheoreticalFigure& f : TheoryOf(plan, result.metrics->groups())) {
    summary_pb::TheoryResult* t = summary.add_theory();
    t->set_group(f.group);
    t->set_quantity(f.quantity);
    t->set_formula(f.formula);
    t->set_expected(f.expected);
    t->set_simulated(f.simulated);
    t->set_standard_error(f.standard_error);
    t->set_z(f.z());
    t->set_samples(f.samples);
  }
  std::vector<Expectation> expectations;
  for (const pb::Expectation& e : scenario.proto.expectations()) {
    expectations.push_back(ExpectationOf(e));
  }
  EvaluateAll(expectations, &summary);
  return summary;
}

void CheckExpectations(const LoadedScenario& scenario, Diagnostics& diagnostics) {
  const pb::Scenario& proto = scenario.proto;
  const Node root(proto, scenario.places, scenario.file, &diagnostics);
  std::vector<std::string> groups;
  for (const pb::Group& g : proto.groups()) groups.push_back(g.name());
  for (int i = 0; i < proto.expectations_size(); ++i) {
    const pb::Expectation& e = proto.expectations(i);
    const Node node = root.Child("expectations", i);
    if (e.metric().empty()) {
      node.Error("metric", "is required: a number of the summary, such as detection.broker.p99_s");
    } else if (const absl::Status s = CheckMetricPath(e.metric(), !e.group().empty()); !s.ok()) {
      node.Error("metric", s.message());
    }
    if (!e.group().empty() && std::find(groups.begin(), groups.end(), e.group()) == groups.end()) {
      node.Error("group", absl::StrCat("there is no group \"", e.group(), "\"",
                                       DidYouMean(e.group(), groups)));
    }
    if (!e.has_at_least() && !e.has_at_most() && !e.has_equals()) {
      node.Error("metric", "has no bound; give at_least, at_most or equals");
    }
    for (const char* bound : {"at_least", "at_most", "equals"}) {
      constexpr double kAny = std::numeric_limits<double>::infinity();
      (void)node.Number(bound, 0, -kAny, kAny);  // not nan, which nothing meets
    }
    if (e.has_at_least() && e.has_at_most() && e.at_least() > e.at_most()) {
      node.Error("at_least", absl::StrCat(e.at_least(), " is above at_most, ", e.at_most(),
                                          ": nothing can meet both"));
    }
  }
}

}  // namespace keepsim
