// keepsim sweep: many runs of one scenario.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sim/run/replications.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"
#include "sim/run/sweep_report.h"
#include "sim/run/sweep_runner.h"
#include "sim/run/sweep_split.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/result_folder.h"
#include "tools/stop_signal.h"
#include "tools/sweep_flags.h"

namespace keepsim {
namespace {

struct Shard {
  uint32_t index = 0;  // from 0
  uint32_t count = 1;
  std::string from;  // the variable that said so; "": the user
};

// False, with a message printed, if it makes no sense.
bool ParseShard(const Arguments& a, Shard* shard) {
  const bool automatic = a.Get("shard") == "auto";
  if (a.Has("shard") && !automatic) {
    const std::vector<std::string> parts = absl::StrSplit(a.Get("shard"), '/');
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &shard->index) ||
        !absl::SimpleAtoi(parts[1], &shard->count) || shard->index < 1 ||
        shard->index > shard->count) {
      Fail(absl::StrCat("--shard must be I/N with I from 1 to N, or auto, not \"", a.Get("shard"),
                        "\""));
      return false;
    }
    --shard->index;
    return true;
  }
  struct Scheduler {
    const char* index;
    const char* first;  // what the first index is; nullptr: 0
    const char* count;
  };
  constexpr Scheduler kSchedulers[] = {
      {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"},
      {"JOB_COMPLETION_INDEX", nullptr, "JOB_COMPLETIONS"},
      {"TEST_SHARD_INDEX", nullptr, "TEST_TOTAL_SHARDS"},
      {"GTEST_SHARD_INDEX", nullptr, "GTEST_TOTAL_SHARDS"},
  };
  std::vector<std::string> names;
  for (const Scheduler& s : kSchedulers) {
    const char* const index = std::getenv(s.index);
    const char* const count = std::getenv(s.count);
    names.push_back(s.index);
    if (index == nullptr) continue;
    const char* const first = s.first == nullptr ? nullptr : std::getenv(s.first);
    uint32_t low = 0;
    if (count == nullptr || !absl::SimpleAtoi(index, &shard->index) ||
        !absl::SimpleAtoi(count, &shard->count) ||
        (first != nullptr && !absl::SimpleAtoi(first, &low)) || shard->index < low ||
        shard->index - low >= shard->count) {
      Fail(absl::StrCat(s.index, "=", index, " is set, and ", s.count, " is ",
                        count == nullptr ? "not" : count,
                        ": no part of a whole; say --shard I/N, or --shard 1/1 for everything"));
      return false;
    }
    shard->index -= low;
    shard->from = s.index;
    return true;
  }
  if (!automatic) return true;
  Fail(absl::StrCat("--shard auto: none of ", absl::StrJoin(names, ", "), " is set"));
  return false;
}

// Table, failures and the summary line; the exit code that they make.
int Report(const Sweep& sweep, Store& store) {
  const auto runs = store.Runs(false);
  if (!runs.ok()) return Fail(runs.status());
  const auto report = ToReport(sweep, store);
  if (!report.ok()) return Fail(report.status());
  const auto digest = store.ContentDigest();
  if (!digest.ok()) return Fail(digest.status());
  const auto replications = ReplicationsOf(sweep, store);
  if (!replications.ok()) return Fail(replications.status());
  std::fputs(report->c_str(), stdout);
  std::printf("\n%zu points, %zu of %zu runs, content %s\n", sweep.points.size(), runs->size(),
              WantedRuns(*replications), digest->c_str());
  std::fflush(stdout);
  std::fputs(FailuresText(sweep, *runs).c_str(), stderr);
  int code = kExitOk;
  for (const StoredRun& run : *runs) {
    if (run.status == RunStatus::kViolation) return kExitViolation;
    if (run.status != RunStatus::kOk) code = kExitNotMet;
  }
  return code;
}

// The largest runs go first, so that it is events, about, that tell how much is left.
void Show(const SweepProgress& p, ProgressLine& line) {
  const std::string failed = p.failed == 0 ? "" : absl::StrCat(", ", p.failed, " failed");
  if (p.points > 0) {
    line.Show(static_cast<double>(p.points_done), static_cast<double>(p.points), "points",
              absl::StrCat(p.done, " runs", failed));
  } else if (p.runs > 0) {
    const std::string note = absl::StrCat(p.done, " of ", p.runs, " runs", failed);
    if (p.cost > 0) {
      line.Show(p.cost_done, p.cost, "events", note);
    } else {
      line.Show(static_cast<double>(p.done), static_cast<double>(p.runs), "", note);
    }
  }
}

int PrintDigest(const std::string& dir) {
  const auto store = Store::OpenToRead(StorePath(UserPath(dir)));
  if (!store.ok()) return Fail(store.status());
  const auto digest = (*store)->ContentDigest();
  if (!digest.ok()) return Fail(digest.status());
  std::printf("%s\n", digest->c_str());
  return kExitOk;
}

int PrintPoint(const Sweep& sweep, const std::string& text) {
  uint32_t point = 0;
  if (!absl::SimpleAtoi(text, &point) || point >= sweep.points.size()) {
    return Fail(absl::StrCat("--print must be a point from 0 to ", sweep.points.size() - 1,
                             ", not \"", text, "\""));
  }
  std::printf("# %s\n%s", sweep.PointText(point).c_str(),
              ToText(sweep.Scenario(point, sweep.first_seed).proto).c_str());
  return kExitOk;
}

// Parts of the sweep as files of their own: DIR/part1.textproto, ...
int WriteParts(const Sweep& sweep, const std::string& file, const std::string& text,
               const std::string& dir) {
  uint32_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 1 || count > sweep.points.size()) {
    return Fail(absl::StrCat("--split must be a number from 1 to ", sweep.points.size(),
                             ", the number of points, not \"", text, "\""));
  }
  if (dir.empty()) return Fail("--split needs --out DIR");
  if (const absl::Status s = MakeFolder(dir); !s.ok()) return Fail(s);
  for (uint32_t i = 0; i < count; ++i) {
    const std::string part = absl::StrCat(dir, "/part", i + 1, ".textproto");
    std::error_code none;
    if (std::filesystem::equivalent(part, UserPath(file), none)) {
      return Fail(absl::StrCat(part, " is the sweep itself; choose another folder"));
    }
    if (const absl::Status s = WriteWholeFile(part, SplitText(sweep, i, count)); !s.ok()) {
      return Fail(s);
    }
  }
  return kExitOk;
}

}  // namespace

int SweepCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"out", "shard", "split", "threads", "digest", "print", "engine"},
               {"resume"})) {
    return kExitBadInput;
  }
  if (a.Has("digest")) {
    return a.positional().empty() ? PrintDigest(a.Get("digest"))
                                  : Fail("--digest takes the folder of a sweep and nothing else");
  }
  SweepFlags flags;
  Shard shard;
  if (!ParseSweepFlags(a, "sweep", &flags) || !ParseShard(a, &shard)) return kExitBadInput;
  Diagnostics diagnostics;
  const Sweep sweep = LoadSweep(UserPath(flags.file), flags.file, diagnostics);
  std::fputs(diagnostics.Render().c_str(), stderr);
  if (!diagnostics.ok()) return kExitBadInput;
  if (a.Has("print")) return PrintPoint(sweep, a.Get("print"));
  if (a.Has("split")) return WriteParts(sweep, flags.file, a.Get("split"), flags.out);

  if (!flags.out.empty()) {
    const absl::Status made = MakeFolder(flags.out);
    if (!made.ok()) return Fail(made);
  }
  const std::atomic<bool>* const stopped = CatchSignals();
  const auto opened = Store::Open(flags.out.empty() ? ":memory:" : StorePath(flags.out), sweep);
  if (!opened.ok()) return Fail(opened.status());
  Store& store = **opened;
  const std::vector<SweepJob> jobs = ShardOf(JobsOf(sweep), shard.index, shard.count);
  if (shard.count > 1 || a.Has("shard") || !shard.from.empty()) {
    std::fprintf(stderr, "keepsim: shard %u/%u%s%s: %zu of %zu %s\n", shard.index + 1, shard.count,
                 shard.from.empty() ? "" : " by ", shard.from.c_str(), jobs.size(),
                 JobsOf(sweep).size(), sweep.until ? "points" : "runs");
  }

  const auto done = store.Done();
  if (!done.ok()) return Fail(done.status());
  if (!done->empty()) {
    std::fprintf(stderr, "keepsim: going on: %zu of %s%zu runs are there\n", done->size(),
                 sweep.until ? "at most " : "", sweep.run_count());
  }

  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  SweepRunOptions options;
  options.threads = flags.threads;
  options.cancel = stopped;
  options.engine = flags.engine;
  options.on_progress = [&](const SweepProgress& p) { Show(p, progress); };
  const absl::Status status = RunJobs(sweep, jobs, options, store);
  progress.Clear();
  if (absl::IsCancelled(status)) return Stopped(flags);
  const bool some_lost = absl::IsResourceExhausted(status);
  if (!status.ok() && !some_lost) return Fail(status);
  (void)store.Finish();
  int code = Report(sweep, store);
  if (some_lost) {
    std::fprintf(stderr, "%s%s\n", std::string(status.message()).c_str(),
                 "keepsim: what there was too little memory for is not in the store: the same "
                 "command tries it again, on a machine with more or with --threads 1");
    if (code != kExitViolation) code = kExitMissing;
  }
  // A shard is a part of something; `keepsim merge` writes the page of the whole.
  if (flags.out.empty() || shard.count > 1) return code;
  if (const absl::Status s = WriteSweepReport(flags.out); !s.ok()) return Fail(s);
  std::printf("report: %s/report.html\n", flags.out.c_str());
  return code;
}

}  // namespace keepsim
