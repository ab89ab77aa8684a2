// keepsim report: the page of a sweep, or of a run, from what its folder holds.
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/store.h"
#include "sim/run/sweep_definition.h"
#include "tools/command.h"
#include "tools/report/page.h"
#include "tools/report/sweep_page.h"
#include "tools/result_folder.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> PageOfSweep(const std::string& store_path) {
  auto store = Store::OpenToRead(store_path);
  if (!store.ok()) return store.status();
  const auto sweep = SweepOfStore(**store);
  if (!sweep.ok()) {
    return absl::Status(sweep.status().code(),
                        absl::StrCat(store_path, ": ", sweep.status().message()));
  }
  return SweepPage(*sweep, **store, absl::StrCat("keepsim sweep ", sweep->file));
}

absl::StatusOr<std::string> PageOfRun(const std::string& dir) {
  const auto json = ReadWholeFile(dir + "/summary.json");
  if (!json.ok()) return json.status();
  const auto summary = RunSummaryFromJson(*json);
  if (!summary.ok()) return summary.status();
  std::error_code error;
  return ReportPage(*summary, fs::exists(dir + "/fleet.html", error));
}

}  // namespace

absl::Status WriteSweepReport(const std::string& dir) {
  const auto page = PageOfSweep(absl::StrCat(dir, "/", Store::kFileName));
  if (!page.ok()) return page.status();
  auto staged = StagedFile::Write(dir + "/report.html", *page);
  return staged.ok() ? staged->Publish() : staged.status();
}

int ReportCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"out"}, {})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("report needs the folder of a sweep or of a run");
  const std::string dir = UserPath(a.positional()[0]);
  const std::string store = absl::StrCat(dir, "/", Store::kFileName);
  const std::string summary = dir + "/summary.json";
  std::error_code error;
  const bool is_sweep = fs::exists(store, error);
  if (!is_sweep && !fs::exists(summary, error)) {
    return Fail(absl::StrCat(a.positional()[0], " holds no results: neither ", Store::kFileName,
                             " of a sweep nor summary.json of a run"));
  }
  const auto page = is_sweep ? PageOfSweep(store) : PageOfRun(dir);
  if (!page.ok()) return Fail(std::string(page.status().message()));
  const std::string out = a.Has("out") ? UserPath(a.Get("out")) : dir + "/report.html";
  auto staged = StagedFile::Write(out, *page);
  const absl::Status status = staged.ok() ? staged->Publish() : staged.status();
  if (!status.ok()) return Fail(std::string(status.message()));
  std::printf("%s\n", out.c_str());
  return kExitOk;
}

}  // namespace keepsim
