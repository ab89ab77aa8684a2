// keepsim merge: the results of several stores in one.
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "sim/run/replications.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"
#include "sim/run/sweep_definition.h"
#include "sim/run/sweep_report.h"
#include "sim/run/sweep_split.h"
#include "tools/command.h"
#include "tools/result_folder.h"
#include "tools/sweep_flags.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

// The stores must be parts of one sweep; or, with the sweep's file, may be of any sweeps that have
// run its scenarios.
absl::Status MergeInto(const std::string& out, const std::vector<std::string>& paths,
                       const std::string& sweep_file) {
  if (sweep_file.empty()) return Store::Merge(paths, StorePath(out));
  Diagnostics diagnostics;
  const Sweep sweep = LoadSweep(UserPath(sweep_file), sweep_file, diagnostics);
  std::fputs(diagnostics.Render().c_str(), stderr);
  if (!diagnostics.ok()) return absl::InvalidArgumentError("no sweep to merge for");
  return CollectRuns(sweep, paths, StorePath(out)).status();
}

// How many of its runs are there, and what failed; the exit code that this makes.
int ReportMerged(Store& merged, const std::string& named) {
  const auto runs = merged.Runs(false);
  if (!runs.ok()) return Fail(runs.status());
  const auto digest = merged.ContentDigest();
  if (!digest.ok()) return Fail(digest.status());
  size_t expected = merged.ExpectedRuns();
  const auto sweep = SweepOfStore(merged);
  // With `until` it depends on what there is.
  if (sweep.ok() && sweep->until) {
    const auto replications = ReplicationsOf(*sweep, merged);
    if (!replications.ok()) return Fail(replications.status());
    expected = WantedRuns(*replications);
  }
  std::printf("%zu of %zu runs, content %s\n", runs->size(), expected, digest->c_str());
  if (runs->size() < expected) {
    std::fprintf(stderr, "keepsim: %zu runs are missing; `keepsim sweep FILE --out %s` does them\n",
                 expected - runs->size(), named.c_str());
  }
  if (sweep.ok()) {
    std::fputs(FailuresText(*sweep, *runs).c_str(), stderr);
  } else {
    std::fprintf(stderr, "keepsim: failures cannot be named: %s\n",
                 std::string(sweep.status().message()).c_str());
  }
  int code = runs->size() < expected ? kExitMissing : kExitOk;
  for (const StoredRun& run : *runs) {
    if (run.status == RunStatus::kViolation) return kExitViolation;
    if (run.status != RunStatus::kOk && code == kExitOk) code = kExitNotMet;
  }
  return code;
}

}  // namespace

int MergeCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"out", "sweep"}, {})) return kExitBadInput;
  if (a.positional().empty()) return Fail("merge needs the folders of sweeps");
  if (a.Get("out").empty()) return Fail("merge needs --out DIR");
  std::vector<std::string> paths;
  for (const std::string& dir : a.positional()) paths.push_back(StorePath(UserPath(dir)));
  const std::string out = UserPath(a.Get("out"));
  if (const absl::Status s = MakeFolder(out); !s.ok()) return Fail(s);
  std::error_code error;
  if (fs::exists(StorePath(out), error)) {
    return Fail(StorePath(out) + " is there already; choose another folder");
  }
  if (const absl::Status s = MergeInto(out, paths, a.Get("sweep")); !s.ok()) return Fail(s);
  const auto merged = Store::OpenToRead(StorePath(out));
  if (!merged.ok()) return Fail(merged.status());
  const int code = ReportMerged(**merged, a.Get("out"));
  if (const absl::Status s = WriteSweepReport(out); absl::IsFailedPrecondition(s)) {
    std::fprintf(stderr, "keepsim: no report: %s\n", std::string(s.message()).c_str());
  } else if (!s.ok()) {
    return Fail(s);
  }
  return code;
}

}  // namespace keepsim
