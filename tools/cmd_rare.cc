// keepsim rare: how often living peers are declared dead, where a plain run sees none.
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sim/base/check.h"
#include "sim/base/quote.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/rare.h"
#include "sim/trace/engine_version.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/rare_text.h"
#include "tools/stop_signal.h"
#include "tools/stored_trace.h"

namespace keepsim {
namespace {

std::string ReproLine(const std::string& path, const Prepared& p, const RareOptions& options) {
  std::string line = absl::StrCat("keepsim rare ", ShellWord(path), " --seed ", p.plan->seed);
  for (const std::string& o : p.scenario.overrides) absl::StrAppend(&line, " --set ", ShellWord(o));
  if (!options.group.empty()) absl::StrAppend(&line, " --group ", ShellWord(options.group));
  const RareOptions defaults;
  if (options.replications != defaults.replications) {
    absl::StrAppend(&line, " --replications ", options.replications);
  }
  if (options.trials != defaults.trials) absl::StrAppend(&line, " --trials ", options.trials);
  return line;
}

}  // namespace

int RareCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"seed", "set", "group", "replications", "trials", "threads", "format"}, {})) {
    return kExitBadInput;
  }
  if (a.positional().size() != 1) return Fail("rare needs one scenario file");
  const std::string path = a.positional()[0];
  std::string format;
  RareOptions options;
  options.group = a.Get("group");
  if (!ReadWord(a, "format", {"text", "json"}, &format) ||
      !ReadNumber(a, "replications", 2, 1000000, &options.replications) ||
      !ReadNumber(a, "trials", 10, 100000, &options.trials) || !ReadThreads(a, &options.threads)) {
    return kExitBadInput;
  }
  const Prepared p = Prepare(path, a);
  if (p.plan == nullptr) return kExitBadInput;
  const absl::Status possible = CheckRare(*p.plan, options.group);
  if (!possible.ok()) return Fail(absl::StrCat(path, ": ", std::string(possible.message())));

  const std::string repro = ReproLine(path, p, options);
  SetReproLine(repro);
  const std::atomic<bool>* const stopped = CatchSignals();
  options.cancel = stopped;
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  options.on_progress = [&](double share) { progress.Show(share * 100, 100, "%"); };
  const absl::Time started = absl::Now();
  auto summary = EstimateRare(*p.plan, options);
  progress.Clear();
  if (absl::IsCancelled(summary.status())) {
    std::fprintf(stderr, "keepsim: stopped; there is no estimate yet\n");
    return kExitStopped;
  }
  if (!summary.ok()) return Fail(summary.status());
  summary->set_scenario(p.plan->scenario_name);
  summary->set_scenario_digest(ScenarioDigest(p.scenario.proto));
  summary->set_engine_version(kEngineVersion);
  summary->set_repro(repro);
  summary->set_wall_s(absl::ToDoubleSeconds(absl::Now() - started));
  std::fputs((format == "json" ? ToJson(*summary) : RareText(*summary)).c_str(), stdout);
  return kExitOk;
}

}  // namespace keepsim
