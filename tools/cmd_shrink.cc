// keepsim shrink: the smallest scenario that still shows a failure of a trace.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "sim/metrics/incident_reader.h"
#include "sim/metrics/render.h"
#include "sim/run/shrink.h"
#include "sim/run/signature.h"
#include "sim/trace/engine_version.h"
#include "sim/trace/reader.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/output_file.h"
#include "tools/progress.h"
#include "tools/stop_signal.h"
#include "tools/time_line.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

constexpr size_t kCommentWidth = 96;
constexpr uint64_t kMostRuns = uint64_t{1} << 40;

// What is to be shrunk, out of a trace or a scenario file.
struct Subject {
  LoadedScenario scenario;
  std::vector<TraceGroup> groups;
  std::string signature;
  uint32_t client = 0;
};

bool IsTrace(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char magic[8] = {};
  in.read(magic, sizeof magic);
  return in.gcount() == sizeof magic && std::string(magic, sizeof magic) == "KEEPSIM\n";
}

uint32_t IndexOf(const std::vector<TraceGroup>& groups, uint32_t entity) {
  for (const TraceGroup& g : groups) {
    if (entity >= g.first_entity && entity - g.first_entity < g.count) {
      return entity - g.first_entity;
    }
  }
  return 0;
}

// Of what a run shows: the first that matches --for; without it what is worst. Like Read(): kExitOk
// to go on.
int Choose(const Arguments& a, Subject* subject) {
  std::vector<std::string> patterns = a.All("for");
  for (const std::string& p : patterns) {
    const absl::Status status = CheckSignaturePattern(p);
    if (status.ok()) continue;
    return Fail("--for " + std::string(status.message()));
  }
  if (patterns.empty()) {
    patterns = {kInvariantSignature, VerdictName(Verdict::kFalse), VerdictName(Verdict::kTransient),
                kExpectationSignature, VerdictName(Verdict::kTrue)};
  }
  const auto trial = Try(subject->scenario, 0, CatchSignals());
  if (absl::IsCancelled(trial.status())) return kExitStopped;
  if (!trial.ok()) return Fail(trial.status());
  for (const std::string& pattern : patterns) {
    for (const auto& [signature, shown] : trial->shown) {
      if (!SignatureMatches(pattern, signature)) continue;
      subject->signature = signature;
      subject->client = IndexOf(subject->groups, shown.first.entity);
      return kExitOk;
    }
  }
  std::string message = "it shows nothing of the kind";
  for (const auto& [signature, shown] : trial->shown) {
    absl::StrAppend(&message, signature == trial->shown.begin()->first ? "; it shows " : ", ",
                    signature);
  }
  Fail(message);
  return kExitNotMet;
}

int Read(const std::string& path, const Arguments& a, Subject* subject) {
  std::unique_ptr<TraceReader> reader;
  Prepared p;
  if (IsTrace(TracePath(path))) {
    auto opened = OpenTrace(path, a);
    if (!opened.ok()) return Fail(opened.status());
    reader = *std::move(opened);
    p = PrepareFromTrace(path, *reader);
  } else if (a.Has("incident")) {
    return Fail(path + " is no trace, which --incident needs; a scenario takes --for SIGNATURE");
  } else {
    p = Prepare(path, a);
  }
  if (p.plan == nullptr) return kExitBadInput;
  subject->scenario = std::move(p.scenario);
  subject->scenario.file = path;
  for (const GroupPlan& g : p.plan->groups) {
    subject->groups.push_back({g.name, g.first_entity, g.count});
  }
  if (!a.Has("incident")) return Choose(a, subject);
  int64_t number = 0;
  if (!ReadIncidentNumber(a, &number)) return kExitBadInput;
  const auto incident = FindIncident(*reader, number);
  if (!incident.ok()) return Fail(incident.status());
  subject->signature = SignatureOf(*incident);
  subject->client = IndexOf(subject->groups, incident->entity);
  return kExitOk;
}

std::string Comment(const std::string& text) {
  std::string wrapped = Wrap(text, 0, kCommentWidth);
  std::string out;
  for (size_t i = 0; i < wrapped.size();) {
    const size_t end = std::min(wrapped.find('\n', i), wrapped.size());
    absl::StrAppend(&out, "# ", wrapped.substr(i, end - i), "\n");
    i = end + 1;
  }
  return out;
}

// "wait_meets_burst" of "/x/wait_meets_burst.textproto".
std::string StemOf(const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  return name.substr(0, name.find('.'));
}

std::string AsFile(const Subject& subject, const Shrunk& shrunk, const std::string& out) {
  std::string text = Comment(
      absl::StrCat("A scenario that shows ", subject.signature, ", ",
                   shrunk.finished ? "as small as it gets" : "not yet as small as it gets",
                   ". `keepsim shrink` made it of ", StemOf(subject.scenario.file), " (scenario ",
                   shrunk.scenario.proto.name(), ", engine version ", kEngineVersion, ")."));
  if (!shrunk.shown.text.empty()) {
    absl::StrAppend(&text, "#\n", Comment(shrunk.shown.text));
  } else {
    std::vector<TraceGroup> groups;
    uint32_t next = 1;
    for (const pb::Group& g : shrunk.scenario.proto.groups()) {
      const uint32_t count = g.has_count() ? g.count() : 1;
      groups.push_back({g.name(), next, count});
      next += count;
    }
    const Incident& i = shrunk.shown.first;
    const std::string client = RecordText(groups, {}, {}).Entity(i.entity);
    const bool broker = i.observer == Observer::kBroker;
    absl::StrAppend(
        &text, "#\n",
        Comment(absl::StrCat("At ", At(i.declared), " ", broker ? "the broker declares " : "",
                             client, broker ? " dead" : " declares the broker dead", ", after ",
                             ShortDuration(i.silence), " of silence.")));
  }
  const std::string stem = out.empty() ? "NAME" : StemOf(out);
  absl::StrAppend(&text, "#\n#     keepsim_replay_test(\n#         name = \"", stem,
                  "_test\",\n#         src = \"", stem, ".textproto\",\n#         expect = [\"",
                  subject.signature, "\"],\n#     )\n");
  return text + ToText(shrunk.scenario.proto);
}

std::string SizeText(const ScenarioSize& size) {
  return absl::StrCat(CountText(static_cast<int64_t>(size.clients)),
                      size.clients == 1 ? " client, " : " clients, ", size.fields, " fields, ",
                      SecondsText(static_cast<double>(size.horizon_ns) / 1e9));
}

}  // namespace

int ShrinkCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"incident", "for", "runs", "threads", "out"}, {"allow-damaged"})) {
    return kExitBadInput;
  }
  if (a.positional().size() != 1) return Fail("shrink needs one trace or scenario file");
  if (a.Has("incident") && a.Has("for")) return Fail("give --incident or --for, not both");
  ShrinkOptions options;
  if (!ReadNumber(a, "runs", 1, kMostRuns, &options.runs) || !ReadThreads(a, &options.threads)) {
    return kExitBadInput;
  }
  if (RefusesOutput(a, "out", a.positional()[0])) return kExitBadInput;
  const std::atomic<bool>* const stopped = CatchSignals();
  // Opened before the work: a folder that is not there is no reason to lose it.
  OutputFile out(a.Has("out") ? UserPath(a.Get("out")) : "-");
  if (!out.status().ok()) return Fail(out.status());
  Subject subject;
  if (const int code = Read(a.positional()[0], a, &subject); code != kExitOk) return code;
  options.signature = subject.signature;
  options.client = subject.client;
  options.cancel = stopped;
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  options.on_progress = [&](uint64_t runs, const ScenarioSize&) {
    progress.Show(static_cast<double>(runs), static_cast<double>(options.runs), "runs at most");
  };
  const ScenarioSize before = SizeOf(subject.scenario.proto);
  const auto shrunk = Shrink(subject.scenario, options);
  progress.Clear();
  if (!shrunk.ok()) {
    if (absl::IsCancelled(shrunk.status())) return kExitStopped;
    Fail(shrunk.status());
    return absl::IsFailedPrecondition(shrunk.status()) ? kExitNotMet : kExitBadInput;
  }
  for (const ShrinkStep& s : shrunk->steps) {
    std::fprintf(stderr, "  %5llu  %s\n", static_cast<unsigned long long>(s.run), s.what.c_str());
  }
  std::fprintf(stderr, "keepsim: %s: from %s to %s in %llu simulations%s\n",
               subject.signature.c_str(), SizeText(before).c_str(),
               SizeText(SizeOf(shrunk->scenario.proto)).c_str(),
               static_cast<unsigned long long>(shrunk->runs),
               shrunk->finished ? ""
               : *stopped       ? "; stopped before the end"
                                : "; the budget has ended, --runs gives more");
  const std::string file = AsFile(subject, *shrunk, a.Get("out"));
  out.Write(file);
  if (const absl::Status s = out.Finish(); !s.ok()) {
    // The work is not lost with the disk's last byte.
    if (a.Has("out") && a.Get("out") != "-") std::fputs(file.c_str(), stdout);
    return Fail(s);
  }
  return *stopped ? kExitStopped : kExitOk;
}

}  // namespace keepsim
