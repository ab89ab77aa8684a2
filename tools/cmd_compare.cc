// keepsim compare: two results side by side, or points of sweeps.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/metrics/metric_path.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/comparison.h"
#include "sim/run/point_comparison.h"
#include "sim/run/run_comparison.h"
#include "sim/scenario/compile.h"
#include "sim/trace/reader.h"
#include "tools/command.h"
#include "tools/result_folder.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

// A result: the folder of --out, its summary.json (or `run --format json`'s output), or a trace.
absl::StatusOr<RunSummary> ReadResult(const std::string& name) {
  std::string path = UserPath(name);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) path += "/summary.json";
  if (absl::EndsWith(path, ".kst")) {
    auto reader = TraceReader::Open(path);
    if (!reader.ok()) return reader.status();
    return RunSummaryFromJson((*reader)->footer()->summary_json);
  }
  const absl::StatusOr<std::string> json = ReadWholeFile(path);
  if (!json.ok()) return json.status();
  auto summary = RunSummaryFromJson(*json);
  if (!summary.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", std::string(summary.status().message()),
                     "; give the folder of --out, a summary.json, or a trace"));
  }
  return summary;
}

// The trace of a result: the file itself, or the one in its folder; "": there is none.
std::string TraceOf(const std::string& name) {
  std::string path = UserPath(name);
  if (absl::EndsWith(path, ".kst")) return path;
  const std::string in_folder = path + "/trace.kst";
  std::error_code error;
  return std::filesystem::exists(in_folder, error) ? in_folder : "";
}

// What the clients of a run came to. FailedPrecondition if they depend on one another.
absl::StatusOr<RunOutcomes> ReadClients(const std::string& path) {
  auto reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  LoadedScenario scenario;
  if ((*reader)->header().tie_order == kLiveTieOrder ||
      !scenario.proto.ParseFromString((*reader)->header().scenario)) {
    return absl::FailedPreconditionError(
        path + " was recorded, not simulated: its clients share a broker");
  }
  Diagnostics diagnostics;
  const Plan plan = Compile(scenario, diagnostics);
  if (!diagnostics.ok()) return absl::FailedPreconditionError(diagnostics.Render());
  if (IsCoupled(plan)) {
    return absl::FailedPreconditionError(
        "clients share a broker of limited capacity, so that they are no replications of one "
        "another; make a sweep with several replications, and compare its points");
  }
  return ReadOutcomes(**reader);
}

std::string NameOf(const pb::ComparedRun& run) {
  return absl::StrCat(run.scenario(), ", seed ", run.seed());
}

// Adds the comparison client by client, or why there is none.
void ComparePaired(const std::vector<std::string>& names, pb::Comparison* c) {
  std::vector<RunOutcomes> outcomes;
  for (const std::string& name : names) {
    const std::string trace = TraceOf(name);
    if (trace.empty()) {
      c->set_why_unpaired(absl::StrCat(name, " has no trace, which tells clients apart"));
      return;
    }
    auto of_run = ReadClients(trace);
    if (!of_run.ok()) {
      c->set_why_unpaired(std::string(of_run.status().message()));
      return;
    }
    outcomes.push_back(*std::move(of_run));
  }
  auto paired = CompareClients(outcomes[0], outcomes[1], c->group());
  if (!paired.ok()) {
    c->set_why_unpaired(std::string(paired.status().message()));
    return;
  }
  paired->set_engine_version(c->a().engine_version());
  paired->mutable_pairs(0)->set_a(NameOf(c->a()));
  paired->mutable_pairs(0)->set_b(NameOf(c->b()));
  *c->mutable_paired() = *std::move(paired);
}

// "DIR", "DIR@POINT" or a store's file instead of DIR.
struct SweepName {
  std::string store;  // "": it names no sweep
  std::string point;
};

SweepName ParseSweepName(const std::string& text) {
  const size_t at = text.rfind('@');
  for (const size_t end : {std::string::npos, at}) {
    std::string path = UserPath(text.substr(0, end));
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) path += std::string("/") + Store::kFileName;
    if (absl::EndsWith(path, ".sqlite") && std::filesystem::exists(path, error)) {
      return {path, end == std::string::npos ? "" : text.substr(at + 1)};
    }
    if (at == std::string::npos) break;
  }
  return {};
}

std::vector<SweepMetric> MetricsOf(const Arguments& a, absl::Status* status) {
  std::vector<SweepMetric> metrics;
  const std::string group = a.Get("group");
  for (const std::string& metric : a.All("metric")) {
    status->Update(CheckMetricPath(metric, !group.empty()));
    metrics.push_back({metric, group, DirectionOf(metric)});
  }
  return metrics;
}

// Whether some number of the sweep is of this group; "": all clients, which there always are.
absl::Status CheckGroup(const StoredSweep& s, const std::string& group) {
  if (group.empty()) return absl::OkStatus();
  const auto groups = s.store->Groups();
  if (!groups.ok()) return groups.status();
  if (std::find(groups->begin(), groups->end(), group) != groups->end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      groups->empty() ? absl::StrCat(s.folder, " has no runs with groups yet")
                      : absl::StrCat("there is no group \"", group, "\" in ", s.folder, "; it has ",
                                     absl::StrJoin(*groups, ", ")));
}

int PrintPoints(const pb::PointComparison& c, const std::string& format) {
  const std::string text = format == "json" ? ToJson(c) : format == "csv" ? ToCsv(c) : ToReport(c);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

// Points of sweeps.
int CompareSweeps(const Arguments& a, const std::vector<SweepName>& names,
                  const std::string& format) {
  absl::Status status;
  std::vector<SweepMetric> metrics = MetricsOf(a, &status);
  if (!status.ok()) return Fail(status);
  auto left = StoredSweep::Open(names[0].store);
  if (!left.ok()) return Fail(left.status());
  if (const absl::Status s = CheckGroup(*left, a.Get("group")); !s.ok()) return Fail(s);
  if (metrics.empty() && a.Has("group")) {
    metrics = left->sweep.metrics;
    for (SweepMetric& m : metrics) m.group = a.Get("group");
  }
  if (a.Has("axis")) {
    if (names.size() != 1 || !names[0].point.empty()) return Fail("--axis takes one sweep");
    const auto pairs = PairsOfAxis(left->sweep, a.Get("axis"), a.Get("against"));
    if (!pairs.ok()) return Fail(pairs.status());
    const auto c = ComparePoints(*left, *left, *pairs, metrics);
    return c.ok() ? PrintPoints(*c, format) : Fail(c.status());
  }
  if (a.Has("against")) return Fail("--against needs --axis NAME");
  if (names.size() != 2) return Fail("compare of one sweep needs --axis NAME");
  auto right = StoredSweep::Open(names[1].store);
  if (!right.ok()) return Fail(right.status());
  if (const absl::Status s = CheckGroup(*right, a.Get("group")); !s.ok()) return Fail(s);
  std::vector<PointPair> pairs;
  size_t unmatched = 0;
  if (names[0].point.empty() != names[1].point.empty()) {
    return Fail("name a point of both sweeps, or of neither");
  }
  if (names[0].point.empty()) {
    pairs = PairsOfStores(left->sweep, right->sweep);
    unmatched = left->sweep.points.size() + right->sweep.points.size() - 2 * pairs.size();
    if (pairs.empty()) return Fail("no point of the one sweep has the values of one of the other");
  } else {
    const auto p = PointNamed(left->sweep, names[0].point);
    if (!p.ok()) return Fail(p.status());
    const auto q = PointNamed(right->sweep, names[1].point);
    if (!q.ok()) return Fail(q.status());
    pairs = {{*p, *q}};
  }
  auto c = ComparePoints(*left, *right, pairs, metrics);
  if (!c.ok()) return Fail(c.status());
  c->set_unmatched(static_cast<uint32_t>(unmatched));
  return PrintPoints(*c, format);
}

}  // namespace

int CompareCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"group", "format", "metric", "axis", "against"}, {})) return kExitBadInput;
  if (a.positional().empty() || a.positional().size() > 2) {
    return Fail("compare needs two results, or one sweep and --axis");
  }
  std::string format;
  if (!ReadWord(a, "format", {"text", "json", "csv"}, &format)) return kExitBadInput;
  std::vector<SweepName> sweeps;
  for (const std::string& name : a.positional()) {
    if (SweepName s = ParseSweepName(name); !s.store.empty()) sweeps.push_back(std::move(s));
  }
  if (!sweeps.empty() && sweeps.size() == a.positional().size()) {
    return CompareSweeps(a, sweeps, format);
  }
  if (!sweeps.empty()) return Fail("a sweep and a run cannot be compared");
  if (a.positional().size() != 2) return Fail("compare needs two results");
  for (const char* flag : {"axis", "against", "metric"}) {
    if (a.Has(flag)) return Fail(absl::StrCat("--", flag, " is for sweeps; these are runs"));
  }
  const auto left = ReadResult(a.positional()[0]);
  if (!left.ok()) return Fail(left.status());
  const auto right = ReadResult(a.positional()[1]);
  if (!right.ok()) return Fail(right.status());
  auto comparison = Compare(*left, *right, a.Get("group"));
  if (!comparison.ok()) return Fail(comparison.status());
  ComparePaired(a.positional(), &*comparison);
  if (format == "csv" && !comparison->has_paired()) {
    return Fail("--format csv needs clients to pair: " + comparison->why_unpaired());
  }
  const std::string text = format == "json"  ? ToJson(*comparison)
                           : format == "csv" ? ToCsv(comparison->paired())
                                             : ToReport(*comparison);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

}  // namespace keepsim
