// keepsim hunt: many changed runs of a scenario, and what goes wrong in them.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "google/protobuf/text_format.h"
#include "sim/base/duration_text.h"
#include "sim/base/quote.h"
#include "sim/metrics/incident_reader.h"
#include "sim/metrics/render.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/hunt.h"
#include "sim/run/signature.h"
#include "sim/scenario/text_file.h"
#include "sim/trace/reader.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/result_folder.h"
#include "tools/stop_signal.h"
#include "tools/stored_trace.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

constexpr char kStateFile[] = "hunt.textproto";
constexpr absl::Duration kSaveEvery = absl::Seconds(2);
constexpr size_t kShownValues = 4;

struct HuntFlags {
  std::string file;
  std::string out;  // "": nothing is kept
  std::string format;
  uint64_t runs = 1000;
  int threads = 0;
  std::optional<absl::Duration> time;
  std::optional<uint64_t> run;  // only this one, and its scenario as text
};

bool ParseHuntFlags(const Arguments& a, HuntFlags* flags) {
  if (a.positional().size() != 1) {
    Fail("hunt needs one scenario file");
    return false;
  }
  flags->file = a.positional()[0];
  if (!ReadWord(a, "format", {"text", "json"}, &flags->format)) return false;
  if (a.Has("out")) flags->out = UserPath(a.Get("out"));
  if (a.Has("out") && flags->out.empty()) {
    Fail("--out needs the name of a folder");
    return false;
  }
  uint64_t run = 0;
  constexpr uint64_t kMostRuns = uint64_t{1} << 40;
  if (!ReadNumber(a, "runs", 1, kMostRuns, &flags->runs) || !ReadThreads(a, &flags->threads) ||
      !ReadNumber(a, "run", 0, kMostRuns, &run)) {
    return false;
  }
  if (a.Has("run")) flags->run = run;
  if (a.Has("for-time")) {
    const auto d = ParseDuration(a.Get("for-time"));
    if (!d.ok() || d->ns <= 0) {
      Fail(absl::StrCat("--for-time: ",
                        d.ok() ? "must be above 0" : std::string(d.status().message())));
      return false;
    }
    flags->time = absl::Nanoseconds(d->ns);
    if (!a.Has("runs")) flags->runs = kMostRuns;
  }
  return true;
}

// The scenario's own expectations and the model's invariants; without expectations, false
// declarations.
std::vector<std::string> DefaultPatterns(const pb::Scenario& scenario) {
  return {kInvariantSignature,
          scenario.expectations_size() > 0 ? kExpectationSignature : VerdictName(Verdict::kFalse)};
}

// False: a message was printed.
bool ReadDimensions(const Arguments& a, Hunt* hunt) {
  if (a.Has("seeds-only")) {
    if (!a.Has("vary") && !a.Has("bounds")) return true;
    Fail("--seeds-only changes nothing: it goes with neither --vary nor --bounds");
    return false;
  }
  if (!a.Has("vary") && !a.Has("bounds")) {
    hunt->dimensions = DefaultDimensions(hunt->scenario.proto);
    return true;
  }
  Diagnostics diagnostics;
  if (a.Has("bounds")) {
    pb::HuntBounds bounds;
    const auto contents = ReadInputFile(UserPath(a.Get("bounds")));
    if (contents.ok()) {
      ReadTextMessage(*contents, a.Get("bounds"), &bounds, diagnostics);
    } else {
      diagnostics.Add({false, a.Get("bounds"), 0, 0, "", std::string(contents.status().message())});
    }
    if (diagnostics.ok() && bounds.bounds_size() == 0) {
      diagnostics.Add({false, a.Get("bounds"), 1, 1, "bounds", "there are none"});
    }
    if (diagnostics.ok()) {
      hunt->dimensions = DimensionsOf(bounds, hunt->scenario, a.Get("bounds"), diagnostics);
    }
  }
  pb::HuntBounds flags;
  for (const std::string& text : a.All("vary")) {
    if (ParseBound(text, flags.add_bounds())) continue;
    diagnostics.Add({false, "--vary", 0, 0, "",
                     absl::StrCat("\"", text, "\" is neither PATH=LOW..HIGH nor PATH=VALUE,...")});
  }
  if (diagnostics.ok()) {
    for (Dimension& d : DimensionsOf(flags, hunt->scenario, "--vary", diagnostics)) {
      hunt->dimensions.push_back(std::move(d));
    }
  }
  std::fputs(diagnostics.Render().c_str(), stderr);
  return diagnostics.ok();
}

bool ReadPatterns(const Arguments& a, Hunt* hunt) {
  hunt->patterns = a.All("for");
  for (const std::string& p : hunt->patterns) {
    const absl::Status status = CheckSignaturePattern(p);
    if (status.ok()) continue;
    Fail("--for " + std::string(status.message()));
    return false;
  }
  if (hunt->patterns.empty()) hunt->patterns = DefaultPatterns(hunt->scenario.proto);
  return true;
}

int PrintDimensions(const Hunt& hunt) {
  std::printf("looked for: %s\n", hunt.patterns[0].c_str());
  for (size_t i = 1; i < hunt.patterns.size(); ++i) {
    std::printf("            %s\n", hunt.patterns[i].c_str());
  }
  std::printf("run N has the scenario's seed plus N; %zu things may change:\n",
              hunt.dimensions.size());
  for (const Dimension& d : hunt.dimensions) {
    std::string line = absl::StrCat("  ", d.path, ": ");
    const size_t n = d.values.size();
    for (size_t i = 0; i < n; ++i) {
      if (n > kShownValues && i >= kShownValues - 1 && i + 1 < n) continue;
      if (n > kShownValues && i + 1 == n) absl::StrAppend(&line, ", ...");
      absl::StrAppend(&line, i == 0 ? "" : ", ", d.values[i]);
    }
    std::printf("%s (%zu)\n", line.c_str(), n);
  }
  return kExitOk;
}

// A found scenario as a file that tells where it is from.
std::string ScenarioFile(const std::string& origin, uint64_t run,
                         const std::vector<std::string>& changes, const pb::Scenario& scenario) {
  std::string text = absl::StrCat("# Run ", run, " of a hunt in ", origin, ".\n");
  for (const std::string& c : changes) absl::StrAppend(&text, "# changed: ", c, "\n");
  return text + ToText(scenario);
}

int PrintRun(const Hunt& hunt, const HuntFlags& flags) {
  const auto run = RunOf(hunt, *flags.run, flags.threads, CatchSignals());
  if (absl::IsCancelled(run.status())) {
    std::fprintf(stderr, "keepsim: stopped\n");
    return kExitStopped;
  }
  if (!run.ok()) return Fail(run.status());
  std::fputs(
      ScenarioFile(flags.file, *flags.run, run->mutant.changes, run->mutant.scenario.proto).c_str(),
      stdout);
  for (const auto& [signature, shown] : run->trial.shown) {
    std::printf("# %s: %lld%s%s\n", signature.c_str(), static_cast<long long>(shown.count),
                shown.text.empty() ? "" : ", ", shown.text.c_str());
  }
  return kExitOk;
}

std::string StatePath(const std::string& dir) { return absl::StrCat(dir, "/", kStateFile); }

absl::Status SaveState(const HuntFlags& flags, const pb::HuntState& state) {
  if (flags.out.empty()) return absl::OkStatus();
  std::string text;
  google::protobuf::TextFormat::PrintToString(state, &text);
  return WriteWholeFile(StatePath(flags.out),
                        absl::StrCat("# How far `keepsim hunt ", flags.file,
                                     "` has come; the same command goes on.\n", text));
}

// The folder, and what an earlier hunt left there.
absl::Status OpenFolder(const std::string& dir, const std::string& digest, pb::HuntState* state) {
  if (absl::Status s = MakeFolder(dir); !s.ok()) return s;
  std::error_code error;
  if (!fs::exists(StatePath(dir), error)) {
    if (fs::is_empty(dir, error)) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("--out ", dir, " holds other files; choose another folder"));
  }
  const auto contents = ReadWholeFile(StatePath(dir));
  if (!contents.ok()) return contents.status();
  if (!google::protobuf::TextFormat::ParseFromString(*contents, state)) {
    return absl::FailedPreconditionError(
        absl::StrCat(StatePath(dir), " cannot be read: damaged, or of another version"));
  }
  if (state->hunt() == digest) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "--out ", dir, " holds another hunt: its scenario, bounds, --for, --hunt-seed or ",
      "engine version differ; choose another folder"));
}

// The number of the first declaration of this signature in the trace.
absl::StatusOr<int64_t> IncidentOf(const std::string& trace, const std::string& signature) {
  auto reader = TraceReader::Open(trace);
  if (!reader.ok()) return reader.status();
  int64_t number = 0;
  const absl::Status status = ReadIncidents(**reader, [&](const Incident& i) {
    if (SignatureOf(i) == signature) number = i.number;
    return number == 0;
  });
  if (!status.ok()) return status;
  return number;
}

absl::Status Keep(const HuntFlags& flags, const HuntRun& run, pb::FoundFailure* found) {
  if (flags.out.empty()) return absl::OkStatus();
  found->set_name(absl::StrReplaceAll(found->signature(), {{"/", "-"}}));
  const std::string stem = absl::StrCat(flags.out, "/", found->name());
  const std::string text =
      ScenarioFile(flags.file, found->first_run(), run.mutant.changes, run.mutant.scenario.proto);
  absl::Status status = WriteWholeFile(stem + ".textproto", text);
  if (status.ok()) {
    status = StoreTrace(run.mutant.scenario, stem + ".kst",
                        absl::StrCat("keepsim run ", ShellWord(found->name() + ".textproto")));
  }
  if (!status.ok()) return status;
  const auto incident = IncidentOf(stem + ".kst", found->signature());
  if (!incident.ok()) return incident.status();
  found->set_incident(*incident);
  return absl::OkStatus();
}

std::string AgainLine(const HuntFlags& flags, const std::string& out, const pb::FoundFailure& f) {
  if (flags.out.empty()) return absl::StrCat("the same command with --run ", f.first_run());
  const std::string stem = absl::StrCat(out, "/", f.name());
  if (f.incident() == 0) return absl::StrCat("keepsim run ", ShellWord(stem + ".textproto"));
  return absl::StrCat("keepsim explain ", ShellWord(stem + ".kst"), " --incident ", f.incident());
}

std::string Table(const HuntFlags& flags, const std::string& out, const pb::HuntState& state) {
  std::string text = absl::StrCat(CountText(static_cast<int64_t>(state.runs())), " runs, ",
                                  state.failures_size(), " kinds of failure\n");
  if (state.failures_size() == 0) return text;
  size_t width = 9;
  for (const pb::FoundFailure& f : state.failures()) width = std::max(width, f.signature().size());
  absl::StrAppend(&text, "\n  ", PadLeft("runs", 9), PadLeft("count", 11), PadLeft("first run", 11),
                  PadLeft("seed", 12), "  ", PadRight("signature", width), "  again\n");
  for (const pb::FoundFailure& f : state.failures()) {
    absl::StrAppend(&text, "  ", PadLeft(CountText(static_cast<int64_t>(f.runs())), 9),
                    PadLeft(CountText(static_cast<int64_t>(f.count())), 11),
                    PadLeft(absl::StrCat(f.first_run()), 11), PadLeft(absl::StrCat(f.seed()), 12),
                    "  ", PadRight(f.signature(), width), "  ", AgainLine(flags, out, f), "\n");
  }
  return text;
}

int Report(const HuntFlags& flags, const std::string& out, const pb::HuntState& state) {
  if (flags.format == "json") {
    std::fputs(ToJson(state).c_str(), stdout);
  } else {
    std::fputs(Table(flags, out, state).c_str(), stdout);
  }
  int code = state.failures_size() > 0 ? kExitNotMet : kExitOk;
  for (const pb::FoundFailure& f : state.failures()) {
    if (SignatureMatches(kInvariantSignature, f.signature())) code = kExitViolation;
  }
  return code;
}

}  // namespace

int HuntCommand(const std::vector<std::string>& args) {
  Arguments a;
  HuntFlags flags;
  if (!a.Parse(args,
               {"set", "seed", "for", "for-time", "runs", "run", "hunt-seed", "vary", "bounds",
                "threads", "out", "format"},
               {"seeds-only", "print"}) ||
      !ParseHuntFlags(a, &flags)) {
    return kExitBadInput;
  }
  Prepared p = Prepare(flags.file, a);
  if (p.plan == nullptr) return kExitBadInput;
  Hunt hunt;
  hunt.scenario = std::move(p.scenario);
  if (!ReadNumber(a, "hunt-seed", 1, ~uint64_t{0}, &hunt.seed) || !ReadPatterns(a, &hunt) ||
      !ReadDimensions(a, &hunt)) {
    return kExitBadInput;
  }
  if (a.Has("print")) return PrintDimensions(hunt);
  if (flags.run.has_value()) return PrintRun(hunt, flags);

  pb::HuntState state;
  if (!flags.out.empty()) {
    const absl::Status opened = OpenFolder(flags.out, HuntDigest(hunt), &state);
    if (!opened.ok()) return Fail(opened);
    if (state.runs() > 0) {
      std::fprintf(stderr, "keepsim: going on after run %llu\n",
                   static_cast<unsigned long long>(state.runs() - 1));
    }
  }
  const std::atomic<bool>* const stopped = CatchSignals();
  const absl::Time started = absl::Now();
  absl::Time saved = started;
  absl::Status kept;
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  HuntOptions options;
  options.runs = flags.runs;
  options.threads = flags.threads;
  options.cancel = stopped;
  options.on_found = [&](const HuntRun& run, pb::FoundFailure* found) {
    absl::Status status = Keep(flags, run, found);
    progress.Clear();
    std::fprintf(stderr, "keepsim: run %llu: %s\n",
                 static_cast<unsigned long long>(found->first_run()), found->signature().c_str());
    return status;
  };
  options.go_on = [&](const pb::HuntState& now) {
    if (flags.time.has_value()) {
      progress.Show(absl::ToDoubleSeconds(absl::Now() - started),
                    absl::ToDoubleSeconds(*flags.time), "");
    } else {
      progress.Show(static_cast<double>(now.runs()), static_cast<double>(flags.runs), "runs");
    }
    if (absl::Now() - saved > kSaveEvery) {
      saved = absl::Now();
      kept.Update(SaveState(flags, now));
    }
    return kept.ok() && (!flags.time.has_value() || absl::Now() - started < *flags.time);
  };
  absl::Status status = RunHunt(hunt, options, &state);
  progress.Clear();
  kept.Update(SaveState(flags, state));
  if (absl::IsCancelled(status) && flags.time.has_value() && !*stopped) status = absl::OkStatus();
  if (!kept.ok()) return Fail(kept);
  if (!status.ok() && !absl::IsCancelled(status)) return Fail(status);
  const int code = Report(flags, a.Get("out"), state);
  if (status.ok()) return code;
  std::fprintf(
      stderr, "keepsim: stopped; %s\n",
      flags.out.empty() ? "nothing was kept" : "the same command goes on where this one ended");
  return kExitStopped;
}

}  // namespace keepsim
