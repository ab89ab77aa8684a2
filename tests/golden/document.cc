#include "tests/golden/document.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sim/metrics/accumulator.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"
#include "sim/trace/text.h"

namespace keepsim {
namespace {

struct Block {
  size_t begin = 0;  // of the text between the fences
  size_t end = 0;
};

absl::StatusOr<Block> Find(const std::string& document, const std::string& language) {
  const std::string fence = absl::StrCat("```", language, "\n");
  Block b;
  b.begin = document.find(fence);
  if (b.begin == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("there is no block ", fence));
  }
  b.begin += fence.size();
  b.end = document.find("```", b.begin);
  if (b.end == std::string::npos) return absl::InvalidArgumentError("a block has no end");
  return b;
}

absl::StatusOr<std::string> Replaced(const std::string& document, const std::string& language,
                                     const std::string& text) {
  const absl::StatusOr<Block> b = Find(document, language);
  if (!b.ok()) return b.status();
  return absl::StrCat(document.substr(0, b->begin), text, document.substr(b->end));
}

std::string VerdictText(const Incident& i) {
  std::string text = absl::StrCat("          ", VerdictName(i.verdict), " declaration by the ",
                                  ObserverName(i.observer), ", cause ", CauseName(i.cause));
  if (i.onset != kNever) absl::StrAppend(&text, ", failure ", FailureKindName(i.failure));
  return text + "\n";
}

}  // namespace

absl::StatusOr<std::string> Retold(const std::string& document) {
  const absl::StatusOr<Block> scenario_block = Find(document, "textproto");
  if (!scenario_block.ok()) return scenario_block.status();
  Diagnostics diagnostics;
  const LoadedScenario scenario =
      LoadText(document.substr(scenario_block->begin, scenario_block->end - scenario_block->begin),
               ScenarioFormat::kText, "scenario", diagnostics);
  Plan plan = Compile(scenario, diagnostics);
  if (!diagnostics.ok()) return absl::InvalidArgumentError(diagnostics.Render());
  plan.Link();

  const RunShape shape = ShapeOf(plan);
  std::vector<std::string> faults;
  for (const ScheduledFault& f : plan.faults) faults.push_back(f.name);
  const RecordText text(shape.groups, shape.watchers, faults);
  std::string transcript;
  Accumulator metrics(&shape);
  metrics.OnIncident([&](const Incident& i) { absl::StrAppend(&transcript, VerdictText(i)); });
  RunOptions options;
  for (uint32_t g = 0; g < plan.groups.size(); ++g) {
    options.packets.push_back({g, 0, plan.groups[g].count - 1});
  }
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      // The kernels' timers would make half of every story.
      const bool timer =
          r->kind == RecordKind::kTcpTimerArmed || r->kind == RecordKind::kTcpTimerFired;
      if (!timer) absl::StrAppend(&transcript, text.Line(*r), "\n");
      if (r->entity != 0) metrics.Add(*r);
    }
    return absl::OkStatus();
  };
  const absl::StatusOr<RunResult> result = Run(plan, options);
  if (!result.ok()) return result.status();
  if (result->checks->total() > 0) {
    return absl::InternalError(result->checks->violations()[0].text);
  }
  const auto retold = Replaced(document, "transcript", transcript);
  if (!retold.ok()) return retold.status();
  return Replaced(*retold, "digest", absl::StrCat(result->digest.Hex(), "\n"));
}

}  // namespace keepsim
