// keepsim run: simulate a scenario and say what came of it.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "sim/base/check.h"
#include "sim/base/quote.h"
#include "sim/metrics/expectation.h"
#include "sim/metrics/metric_path.h"
#include "sim/metrics/summary_json.h"
#include "sim/metrics/text_report.h"
#include "sim/run/run_summary.h"
#include "sim/trace/writer.h"
#include "tools/build_commit.h"
#include "tools/command.h"
#include "tools/engine_flag.h"
#include "tools/progress.h"
#include "tools/report/page.h"
#include "tools/result_folder.h"
#include "tools/selector.h"
#include "tools/stop_signal.h"
#include "tools/stored_trace.h"

namespace keepsim {
namespace {

std::string ReproLine(const std::string& path, const Prepared& p, const std::string& ties) {
  std::string line = absl::StrCat("keepsim run ", ShellWord(path), " --seed ", p.plan->seed);
  for (const std::string& o : p.scenario.overrides) absl::StrAppend(&line, " --set ", ShellWord(o));
  if (ties != "canonical") absl::StrAppend(&line, " --ties ", ties);
  return line;
}

// What the flags of `run` say, checked.
struct RunFlags {
  std::string scenario;
  std::string format;
  std::string ties;
  std::string out;  // "": nothing is written
  std::string packets;
  bool force = false;
  bool fleet = false;
  bool verify = false;
  int threads = 0;
};

// False, with a message printed, if they make no sense.
bool ParseRunFlags(const Arguments& a, RunFlags* flags) {
  if (a.positional().size() != 1) {
    Fail("run needs one scenario file");
    return false;
  }
  flags->scenario = a.positional()[0];
  flags->packets = a.Get("packets");
  flags->force = a.Has("force");
  flags->fleet = a.Has("fleet");
  flags->verify = a.Has("verify");
  if (a.Has("out")) flags->out = UserPath(a.Get("out"));
  if (a.Has("out") && flags->out.empty()) {
    Fail("--out needs the name of a folder");
    return false;
  }
  if (flags->fleet && flags->out.empty()) {
    Fail("--fleet needs --out DIR, where its page goes");
    return false;
  }
  return ReadWord(a, "format", {"text", "json"}, &flags->format) &&
         ReadWord(a, "ties", {"canonical", "reversed", "shuffled"}, &flags->ties) &&
         ReadThreads(a, &flags->threads);
}

void ShowProgress(const Progress& p, ProgressLine& line) {
  if (p.horizon.ns > 0) {  // one large cell
    line.Show(ToSeconds(p.virtual_now), ToSeconds(p.horizon), "virtual s");
  } else if (p.clients > 0) {
    line.Show(static_cast<double>(p.clients_done), static_cast<double>(p.clients), "clients");
  }
}

// Both tie orders side by side: every headline number that moves depends on an accident.
std::string CompareTies(const RunSummary& canonical, const RunSummary& other,
                        const std::string& name) {
  std::string out = absl::StrCat("\nTies ", name, " instead of canonical: numbers that moved\n");
  int moved = 0;
  for (const char* metric :
       {"declarations.broker.true_count", "declarations.broker.transient_count",
        "declarations.broker.false_count", "declarations.client.true_count",
        "declarations.client.transient_count", "declarations.client.false_count",
        "detection.broker.p50_s", "detection.broker.p99_s", "detection.broker.max_s",
        "detection.client.p50_s", "detection.client.p99_s", "detection.client.max_s",
        "cost.packets_up_per_client_day", "cost.packets_down_per_client_day",
        "connected_share_at_end"}) {
    const auto a = LookupMetric(canonical, metric);
    const auto b = LookupMetric(other, metric);
    if (!a.ok() && !b.ok()) continue;
    if (a.ok() && b.ok() && *a == *b) continue;
    ++moved;
    const auto text = [](const absl::StatusOr<double>& v) {
      return v.ok() ? absl::StrFormat("%.9g", *v) : std::string("none");
    };
    absl::StrAppendFormat(&out, "  %-40s %s -> %s\n", metric, text(a), text(b));
  }
  return moved == 0 ? out + "  none\n" : out;
}

// The same scenario under the other tie order, as a report on `canonical`.
absl::StatusOr<std::string> TiesReport(const Prepared& p, const RunFlags& flags,
                                       const RunSummary& canonical) {
  Plan other = *p.plan;
  other.ties = flags.ties == "reversed" ? TieOrder::kReversed : TieOrder::kShuffled;
  other.Link();
  RunOptions options;
  options.threads = flags.threads;
  options.cancel = CatchSignals();
  const auto second = Run(other, options);
  if (!second.ok()) return second.status();
  return CompareTies(canonical, SummaryOf(*second, other, p.scenario), flags.ties);
}

// Trace, summary and page, each whole or not at all.
absl::Status WriteResult(const RunFlags& flags, const RunSummary& summary, const Digest& digest,
                         TraceWriter& writer) {
  // The trace and the page say nothing of this machine: the same run gives the same bytes.
  TraceFooter footer;
  footer.digest = digest;
  footer.summary_json = ToJson(Portable(summary));
  // All three are on the disk before the first takes the place of an earlier result's.
  auto page = StagedFile::Write(flags.out + "/report.html", ReportPage(summary, /*fleet=*/false));
  if (!page.ok()) return page.status();
  auto json = StagedFile::Write(flags.out + "/summary.json", ToJson(summary));
  if (!json.ok()) return json.status();
  absl::Status status = writer.Finish(footer);
  if (status.ok()) status = page->Publish();
  if (status.ok()) status = json->Publish();
  // Of an earlier result.
  std::error_code error;
  if (status.ok()) std::filesystem::remove(flags.out + "/fleet.html", error);
  return status;
}

int ReportViolations(const CheckerSet& checks, const std::string& repro) {
  for (const Violation& v : checks.violations()) {
    std::fprintf(stderr, "invariant broken: %s (%s), entity %u at %.9f s: %s\n", v.rule.c_str(),
                 v.clause.c_str(), v.entity, ToSeconds(v.at), v.text.c_str());
  }
  std::fprintf(stderr, "again: %s\n", repro.c_str());
  return kExitViolation;
}

int FailedRun(const absl::Status& status) {
  if (!absl::IsCancelled(status)) return Fail(status);
  std::fprintf(stderr, "keepsim: stopped; nothing was written\n");
  return kExitStopped;
}

}  // namespace

int RunCommand(const std::vector<std::string>& args) {
  Arguments a;
  RunFlags flags;
  if (!a.Parse(args, {"seed", "set", "threads", "out", "format", "packets", "ties", "engine"},
               {"verify", "force", "fleet", "explain-speed"}) ||
      !ParseRunFlags(a, &flags)) {
    return kExitBadInput;
  }
  const std::atomic<bool>* const stopped = CatchSignals();
  const Prepared p = Prepare(flags.scenario, a);
  if (p.plan == nullptr) return kExitBadInput;
  RunOptions options;
  options.threads = flags.threads;
  if (!ReadEngine(a, *p.plan, &options.engine)) return kExitBadInput;
  std::string why;
  if (a.Has("packets") &&
      !ParseSelector(flags.packets, ShapeOf(*p.plan).groups, &options.packets, &why)) {
    return Fail("--packets " + why);
  }
  const std::string repro = ReproLine(flags.scenario, p, flags.ties);
  SetReproLine(repro);

  options.cancel = stopped;
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  options.on_progress = [&](const Progress& at) { ShowProgress(at, progress); };

  if (flags.verify) {
    const TraceHeader header = HeaderOf(p.scenario, *p.plan, flags.packets);
    const auto twice = RunTwice(*p.plan, options, header);
    progress.Clear();
    if (!twice.ok()) return FailedRun(twice.status());
    if (!twice->same) {
      std::fputs(DifferenceText(*twice, RecordText(header), "first", "second").c_str(), stderr);
      return kExitViolation;
    }
    std::fprintf(stderr, "verified: a second run on other threads is the same, record by record\n");
  }
  std::unique_ptr<TraceWriter> writer;
  if (!flags.out.empty()) {
    absl::Status status = PrepareResultFolder(flags.out, flags.force);
    if (!status.ok()) return Fail(status);
    auto created =
        TraceWriter::Create(flags.out + "/trace.kst", HeaderOf(p.scenario, *p.plan, flags.packets));
    if (!created.ok()) return Fail(created.status());
    writer = *std::move(created);
    options.scratch_dir = flags.out;
    options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
      return writer->Append(absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
    };
  }
  const auto result = Run(*p.plan, options);
  progress.Clear();
  if (!result.ok()) return FailedRun(result.status());
  RunNotes notes{repro, "", kBuildCommit};
  if (writer != nullptr) notes.trace = flags.out + "/trace.kst";
  const RunSummary summary = SummaryOf(*result, *p.plan, p.scenario, notes);
  if (writer != nullptr) {
    const absl::Status status = WriteResult(flags, summary, result->digest, *writer);
    if (!status.ok()) return Fail(status);
  }
  if (flags.format == "json") {
    std::fputs(ToJson(summary).c_str(), stdout);
  } else {
    std::fputs(ToReport(summary, {.color = isatty(STDOUT_FILENO) != 0}).c_str(), stdout);
    if (writer != nullptr) std::printf("report  %s/report.html\n", flags.out.c_str());
  }
  std::FILE* const beside = flags.format == "json" ? stderr : stdout;
  if (a.Has("explain-speed")) std::fputs(SpeedText(*p.plan, *result).c_str(), beside);
  int code = ExpectationsMet(summary) ? kExitOk : kExitNotMet;
  if (flags.ties != "canonical") {
    const auto ties = TiesReport(p, flags, summary);
    if (absl::IsCancelled(ties.status())) return kExitStopped;
    if (!ties.ok()) return Fail(ties.status());
    std::fputs(ties->c_str(), beside);
  }
  if (result->checks->total() > 0) code = ReportViolations(*result->checks, repro);
  if (flags.fleet) {
    writer.reset();
    std::fflush(stdout);  // what is known is not lost with the page
    LetSignalsEnd();
    const int fleet = FleetCommand({notes.trace, "--out", flags.out + "/fleet.html"});
    if (fleet != kExitOk && code != kExitViolation) code = fleet;
  }
  return code;
}

int CheckCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"set", "seed"}, {"print"})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("check needs one scenario file");
  const Prepared p = Prepare(a.positional()[0], a);
  if (p.plan == nullptr) return kExitBadInput;
  if (a.Has("print")) {
    std::fputs(ToText(p.scenario.proto).c_str(), stdout);
  } else {
    std::printf("%s: %u client%s in %zu group%s for %.9g s\n", a.positional()[0].c_str(),
                p.plan->client_count(), p.plan->client_count() == 1 ? "" : "s",
                p.plan->groups.size(), p.plan->groups.size() == 1 ? "" : "s",
                ToSeconds(p.plan->horizon));
  }
  return kExitOk;
}

}  // namespace keepsim
