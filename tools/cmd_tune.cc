// keepsim tune: the choice that meets what is wished for at the least cost.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/store.h"
#include "sim/run/tune.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/result_folder.h"
#include "tools/stop_signal.h"
#include "tools/sweep_flags.h"

namespace keepsim {
namespace {

int PrintPoint(const Tune& tune, const std::string& text) {
  uint32_t point = 0;
  if (!absl::SimpleAtoi(text, &point) || point >= tune.space.points.size()) {
    return Fail(absl::StrCat("--print must be a point from 0 to ", tune.space.points.size() - 1,
                             ", not \"", text, "\""));
  }
  std::printf("# %s\n%s", tune.space.PointText(point).c_str(),
              ToText(tune.space.Scenario(point, tune.space.first_seed).proto).c_str());
  return kExitOk;
}

// The answer, and the exit code that it makes.
int Print(const Tune& tune, const pb::TuneResult& result, const std::string& format) {
  const std::string text = format == "json"  ? ToJson(result)
                           : format == "csv" ? ToCsv(tune, result)
                                             : ToReport(tune, result);
  std::fputs(text.c_str(), stdout);
  return result.verdict() == pb::TuneResult::MET ? kExitOk : kExitNotMet;
}

}  // namespace

int TuneCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"out", "threads", "engine", "format", "print"}, {"resume"})) {
    return kExitBadInput;
  }
  SweepFlags flags;
  if (!ParseSweepFlags(a, "tune", &flags)) return kExitBadInput;
  std::string format;
  if (!ReadWord(a, "format", {"text", "json", "csv"}, &format)) return kExitBadInput;
  Diagnostics diagnostics;
  const Tune tune = LoadTune(UserPath(flags.file), flags.file, diagnostics);
  std::fputs(diagnostics.Render().c_str(), stderr);
  if (!diagnostics.ok()) return kExitBadInput;
  if (a.Has("print")) return PrintPoint(tune, a.Get("print"));
  if (!flags.out.empty()) {
    if (const absl::Status s = MakeFolder(flags.out); !s.ok()) return Fail(s);
  }
  TuneOptions options;
  options.sweep.threads = flags.threads;
  options.sweep.engine = flags.engine;
  options.sweep.cancel = CatchSignals();
  const auto store = Store::Open(flags.out.empty() ? ":memory:" : StorePath(flags.out), tune.space);
  if (!store.ok()) return Fail(store.status());
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  options.on_progress = [&](const TuneProgress& p) {
    if (p.most == 0) return;
    progress.Show(static_cast<double>(p.runs), static_cast<double>(p.most), "runs",
                  p.failed == 0 ? "at most" : absl::StrCat("at most, ", p.failed, " failed"));
  };
  const auto result = RunTune(tune, **store, options);
  progress.Clear();
  if (absl::IsCancelled(result.status())) return Stopped(flags);
  if (!result.ok()) return Fail(result.status());
  (void)(*store)->Finish();
  const int code = Print(tune, *result, format);
  if (flags.out.empty()) return code;
  if (const absl::Status s = WriteSweepReport(flags.out); !s.ok()) return Fail(s);
  if (format == "text") std::printf("report: %s/report.html\n", flags.out.c_str());
  return code;
}

}  // namespace keepsim
