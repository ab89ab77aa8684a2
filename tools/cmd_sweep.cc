// keepsim sweep: many runs of one scenario.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"
#include "sim/run/sweep_report.h"
#include "sim/run/sweep_runner.h"
#include "sim/run/sweep_split.h"
#include "tools/command.h"
#include "tools/progress.h"
#include "tools/result_folder.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> stopped{false};
void OnSignal(int) { stopped = true; }

int Failed(const absl::Status& status) { return Fail(std::string(status.message())); }

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
  };
  for (const Scheduler& s : kSchedulers) {
    const char* const index = std::getenv(s.index);
    const char* const count = std::getenv(s.count);
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
  Fail("--shard auto: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, TEST_SHARD_INDEX is set");
  return false;
}

std::string StorePath(const std::string& dir) { return absl::StrCat(dir, "/", Store::kFileName); }

// What the flags of `sweep` say, checked.
struct SweepFlags {
  std::string file;
  std::string out;  // "": nothing is kept
  Shard shard;
  int threads = 0;
};

bool ParseSweepFlags(const Arguments& a, SweepFlags* flags) {
  if (a.positional().size() != 1) {
    Fail("sweep needs one sweep file");
    return false;
  }
  flags->file = a.positional()[0];
  if (a.Has("out")) flags->out = UserPath(a.Get("out"));
  if (a.Has("out") && flags->out.empty()) {
    Fail("--out needs the name of a folder");
    return false;
  }
  if (a.Has("threads") && (!absl::SimpleAtoi(a.Get("threads"), &flags->threads) ||
                           flags->threads < 1 || flags->threads > 1024)) {
    Fail("--threads must be a number from 1 to 1024, not \"" + a.Get("threads") + "\"");
    return false;
  }
  std::error_code error;
  if (a.Has("resume") && (flags->out.empty() || !fs::exists(StorePath(flags->out), error))) {
    Fail(flags->out.empty()
             ? std::string("--resume needs --out DIR, the folder to go on with")
             : absl::StrCat(StorePath(flags->out), " is not there: there is nothing to resume"));
    return false;
  }
  return ParseShard(a, &flags->shard);
}

absl::Status MakeFolder(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("--out ", dir, " cannot be made: ", error.message()));
}

// Table, failures and the summary line; the exit code that they make.
int Report(const Sweep& sweep, Store& store, size_t expected) {
  const auto runs = store.Runs(false);
  if (!runs.ok()) return Failed(runs.status());
  const auto report = ToReport(sweep, store);
  if (!report.ok()) return Failed(report.status());
  const auto digest = store.ContentDigest();
  if (!digest.ok()) return Failed(digest.status());
  std::fputs(report->c_str(), stdout);
  std::printf("\n%zu points, %zu of %zu runs, content %s\n", sweep.points.size(), runs->size(),
              expected, digest->c_str());
  std::fflush(stdout);
  std::fputs(FailuresText(sweep, *runs).c_str(), stderr);
  int code = kExitOk;
  for (const StoredRun& run : *runs) {
    if (run.status == RunStatus::kViolation) return kExitViolation;
    if (run.status != RunStatus::kOk) code = kExitNotMet;
  }
  return code;
}

int PrintDigest(const std::string& dir) {
  const auto store = Store::OpenToRead(StorePath(UserPath(dir)));
  if (!store.ok()) return Failed(store.status());
  const auto digest = (*store)->ContentDigest();
  if (!digest.ok()) return Failed(digest.status());
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
int WriteParts(const Sweep& sweep, const std::string& text, const std::string& dir) {
  uint32_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 1 || count > sweep.points.size()) {
    return Fail(absl::StrCat("--split must be a number from 1 to ", sweep.points.size(),
                             ", the number of points, not \"", text, "\""));
  }
  if (dir.empty()) return Fail("--split needs --out DIR");
  if (const absl::Status s = MakeFolder(dir); !s.ok()) return Failed(s);
  for (uint32_t i = 0; i < count; ++i) {
    auto staged = StagedFile::Write(absl::StrCat(dir, "/part", i + 1, ".textproto"),
                                    SplitText(sweep, i, count));
    const absl::Status s = staged.ok() ? staged->Publish() : staged.status();
    if (!s.ok()) return Failed(s);
  }
  return kExitOk;
}

}  // namespace

int SweepCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"out", "shard", "split", "threads", "digest", "print"}, {"resume"})) {
    return kExitBadInput;
  }
  if (a.Has("digest")) {
    return a.positional().empty() ? PrintDigest(a.Get("digest"))
                                  : Fail("--digest takes the folder of a sweep and nothing else");
  }
  SweepFlags flags;
  if (!ParseSweepFlags(a, &flags)) return kExitBadInput;
  Diagnostics diagnostics;
  const Sweep sweep = LoadSweep(UserPath(flags.file), flags.file, diagnostics);
  std::fputs(diagnostics.Render().c_str(), stderr);
  if (!diagnostics.ok()) return kExitBadInput;
  if (a.Has("print")) return PrintPoint(sweep, a.Get("print"));
  if (a.Has("split")) return WriteParts(sweep, a.Get("split"), flags.out);

  if (!flags.out.empty()) {
    const absl::Status made = MakeFolder(flags.out);
    if (!made.ok()) return Failed(made);
  }
  // A file that may not grow is an error like a full disk, and no reason to be killed.
  std::signal(SIGXFSZ, SIG_IGN);
  const auto opened = Store::Open(flags.out.empty() ? ":memory:" : StorePath(flags.out), sweep);
  if (!opened.ok()) return Failed(opened.status());
  Store& store = **opened;
  const std::vector<SweepJob> jobs = ShardOf(JobsOf(sweep), flags.shard.index, flags.shard.count);
  if (flags.shard.count > 1) {
    std::fprintf(stderr, "keepsim: shard %u/%u%s%s: %zu of %zu runs\n", flags.shard.index + 1,
                 flags.shard.count, flags.shard.from.empty() ? "" : " by ",
                 flags.shard.from.c_str(), jobs.size(), sweep.run_count());
  }

  const auto done = store.Done();
  if (!done.ok()) return Failed(done.status());
  if (!done->empty()) {
    std::fprintf(stderr, "keepsim: going on: %zu of %zu runs are there\n", done->size(),
                 sweep.run_count());
  }

  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  SweepRunOptions options;
  options.threads = flags.threads;
  options.cancel = &stopped;
  options.on_progress = [&](const SweepProgress& p) {
    if (p.runs > 0) {
      progress.Show(static_cast<double>(p.done), static_cast<double>(p.runs), "runs");
    }
  };
  const absl::Status status = RunJobs(sweep, jobs, options, store);
  progress.Clear();
  if (absl::IsCancelled(status)) {
    std::fprintf(stderr, "keepsim: stopped; %s\n",
                 flags.out.empty() ? "nothing was written"
                                   : "the same command goes on where this one ended");
    return kExitStopped;
  }
  if (!status.ok()) return Failed(status);
  store.Finish();
  const int code = Report(sweep, store, sweep.run_count());
  // A shard is a part of something; `keepsim merge` writes the page of the whole.
  if (flags.out.empty() || flags.shard.count > 1) return code;
  if (const absl::Status s = WriteSweepReport(flags.out); !s.ok()) return Failed(s);
  std::printf("report: %s/report.html\n", flags.out.c_str());
  return code;
}

}  // namespace keepsim
