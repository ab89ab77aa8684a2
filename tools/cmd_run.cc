// keepsim run: simulate a scenario and say what came of it.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sim/base/check.h"
#include "sim/run/summary.h"
#include "sim/trace/writer.h"
#include "tools/command.h"
#include "tools/selector.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> stopped{false};
void OnSignal(int) { stopped = true; }

// Progress on a terminal only: one line, rewritten.
void ShowProgress(const Progress& p) {
  const bool one_cell = p.clients_done == 0 && p.virtual_now.ns > 0;
  const double share = one_cell ? ToSeconds(p.virtual_now) / ToSeconds(p.horizon)
                                : static_cast<double>(p.clients_done) /
                                      static_cast<double>(std::max<uint64_t>(p.clients, 1));
  const int width = static_cast<int>(share * 40);
  std::fprintf(stderr, "\r[%-40s] %5.1f %%", std::string(static_cast<size_t>(width), '#').c_str(),
               share * 100);
}

std::string ReproLine(const std::string& path, const Prepared& p, const Arguments& a) {
  std::string line = absl::StrCat("keepsim run ", path, " --seed ", p.plan->seed);
  for (const std::string& o : p.scenario.overrides) absl::StrAppend(&line, " --set '", o, "'");
  if (a.Has("ties")) absl::StrAppend(&line, " --ties ", a.Get("ties"));
  return line;
}

absl::Status WriteFile(const fs::path& path, const std::string& contents) {
  const fs::path temporary = path.string() + ".tmp";
  std::FILE* f = std::fopen(temporary.c_str(), "wb");
  bool ok = f != nullptr && std::fwrite(contents.data(), 1, contents.size(), f) == contents.size();
  if (f != nullptr) ok = std::fclose(f) == 0 && ok;
  std::error_code error;
  if (ok) fs::rename(temporary, path, error);
  if (ok && !error) return absl::OkStatus();
  fs::remove(temporary, error);
  return absl::InvalidArgumentError(absl::StrCat(
      path.string(), " cannot be written: is the disk full, or the folder read-only?"));
}

// The folder must be new, empty, or hold an earlier result.
absl::Status PrepareFolder(const fs::path& dir, bool force) {
  std::error_code error;
  if (fs::exists(dir, error) && !fs::is_directory(dir, error)) {
    return absl::InvalidArgumentError(absl::StrCat("--out ", dir.string(), " is not a folder"));
  }
  fs::create_directories(dir, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("--out ", dir.string(), " cannot be made: ", error.message()));
  }
  if (!force && !fs::is_empty(dir, error) && !fs::exists(dir / "summary.json", error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--out ", dir.string(),
                     " holds other files; choose another folder, or add "
                     "--force to write beside them"));
  }
  return absl::OkStatus();
}

TraceHeader HeaderOf(const Prepared& p, const std::string& ties, const std::string& packets) {
  TraceHeader h;
  p.scenario.proto.SerializeToString(&h.scenario);
  h.scenario_name = p.plan->scenario_name;
  h.scenario_digest = ScenarioDigest(p.scenario.proto);
  h.seed = p.plan->seed;
  h.overrides = p.scenario.overrides;
  h.tie_order = ties;
  h.packet_selector = packets;
  h.horizon = p.plan->horizon;
  for (const GroupPlan& g : p.plan->groups) h.groups.push_back({g.name, g.first_entity, g.count});
  for (const WatcherPlan& w : p.plan->watchers) h.watchers.push_back(w.name);
  for (const ScheduledFault& f : p.plan->faults) h.faults.push_back(f.name);
  return h;
}

// Both tie orders side by side: every headline number that moves depends on an accident.
void CompareTies(const pb::RunSummary& canonical, const pb::RunSummary& other,
                 const std::string& name) {
  std::printf("\nTies %s instead of canonical: numbers that moved\n", name.c_str());
  int moved = 0;
  for (const char* metric :
       {"declarations.broker.true_count", "declarations.broker.transient_count",
        "declarations.broker.false_count", "declarations.client.true_count",
        "declarations.client.transient_count", "declarations.client.false_count",
        "detection.broker.p50_s", "detection.broker.p99_s", "detection.broker.max_s",
        "detection.client.p50_s", "detection.client.p99_s", "detection.client.max_s",
        "cost.packets_up_per_client_day", "cost.packets_down_per_client_day",
        "connected_share_at_end"}) {
    const double a = *LookupMetric(canonical, metric, "");
    const double b = *LookupMetric(other, metric, "");
    if (a == b) continue;
    ++moved;
    std::printf("  %-40s %.9g -> %.9g\n", metric, a, b);
  }
  if (moved == 0) std::printf("  none\n");
}

}  // namespace

int RunCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"seed", "set", "threads", "out", "format", "packets", "ties"},
               {"verify", "force"})) {
    return kExitBadInput;
  }
  if (a.positional().size() != 1) return Fail("run needs one scenario file");
  const std::string path = a.positional()[0];
  const std::string format = a.Get("format", "text");
  if (format != "text" && format != "json") {
    return Fail("--format must be text or json, not \"" + format + "\"");
  }
  const std::string ties = a.Get("ties", "canonical");
  if (ties != "canonical" && ties != "reversed" && ties != "shuffled") {
    return Fail("--ties must be canonical, reversed or shuffled, not \"" + ties + "\"");
  }
  RunOptions options;
  if (a.Has("threads") && (!absl::SimpleAtoi(a.Get("threads"), &options.threads) ||
                           options.threads < 1 || options.threads > 1024)) {
    return Fail("--threads must be a number from 1 to 1024, not \"" + a.Get("threads") + "\"");
  }
  const Prepared p = Prepare(path, a);
  if (p.plan == nullptr) return kExitBadInput;
  std::string why;
  if (a.Has("packets") && !ParseSelector(a.Get("packets"), *p.plan, &options.packets, &why)) {
    return Fail("--packets " + why);
  }
  const std::string repro = ReproLine(path, p, a);
  SetReproLine(repro);

  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  options.cancel = &stopped;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) options.on_progress = ShowProgress;

  std::unique_ptr<TraceWriter> writer;
  const fs::path dir = a.Has("out") ? fs::path(UserPath(a.Get("out"))) : fs::path();
  if (!dir.empty()) {
    absl::Status status = PrepareFolder(dir, a.Has("force"));
    if (!status.ok()) return Fail(std::string(status.message()));
    auto created = TraceWriter::Create((dir / "trace.kst").string(),
                                       HeaderOf(p, "canonical", a.Get("packets")));
    if (!created.ok()) return Fail(std::string(created.status().message()));
    writer = *std::move(created);
    options.scratch_dir = dir.string();
    options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
      return writer->Append(absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
    };
  }
  if (a.Has("verify")) {
    RunOptions quiet = options;
    quiet.on_records = nullptr;
    const absl::Status status = VerifyDeterminism(*p.plan, quiet);
    if (!status.ok()) {
      std::fprintf(stderr, "keepsim: %s\n", std::string(status.message()).c_str());
      return kExitViolation;
    }
    std::fprintf(stderr, "verified: a second run on other threads is the same, record by record\n");
  }
  const auto result = Run(*p.plan, options);
  if (terminal) std::fprintf(stderr, "\r%60s\r", "");
  if (!result.ok()) {
    if (absl::IsCancelled(result.status())) {
      std::fprintf(stderr, "keepsim: stopped; nothing was written\n");
      return kExitStopped;
    }
    return Fail(std::string(result.status().message()));
  }
  pb::RunSummary summary = Summarize(*result, *p.plan, p.scenario);
  summary.set_repro(repro);
  const std::string json = ToJson(summary);
  if (writer != nullptr) {
    TraceFooter footer;
    footer.digest = result->digest;
    footer.summary_json = json;
    absl::Status status = writer->Finish(footer);
    if (status.ok()) status = WriteFile(dir / "summary.json", json);
    if (!status.ok()) return Fail(std::string(status.message()));
  }
  std::fputs((format == "json" ? json : ToReport(summary)).c_str(), stdout);
  if (writer != nullptr && format == "text") {
    std::printf("trace:   %s\nsummary: %s\n", (dir / "trace.kst").c_str(),
                (dir / "summary.json").c_str());
  }
  if (ties != "canonical") {
    Plan other = *p.plan;
    other.ties = ties == "reversed" ? TieOrder::kReversed : TieOrder::kShuffled;
    other.Link();
    RunOptions quiet;
    quiet.threads = options.threads;
    quiet.cancel = &stopped;
    const auto second = Run(other, quiet);
    if (second.ok()) CompareTies(summary, Summarize(*second, other, p.scenario), ties);
  }
  if (result->checks->total() > 0) {
    for (const Violation& v : result->checks->violations()) {
      std::fprintf(stderr, "invariant broken: %s (%s), entity %u at %.9f s: %s\n", v.rule.c_str(),
                   v.clause.c_str(), v.entity, ToSeconds(v.at), v.text.c_str());
    }
    std::fprintf(stderr, "again: %s\n", repro.c_str());
    return kExitViolation;
  }
  return ExpectationsMet(summary) ? kExitOk : kExitNotMet;
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
    std::printf("%s: %u clients in %zu groups for %.9g s\n", a.positional()[0].c_str(),
                p.plan->client_count(), p.plan->groups.size(), ToSeconds(p.plan->horizon));
  }
  return kExitOk;
}

}  // namespace keepsim
