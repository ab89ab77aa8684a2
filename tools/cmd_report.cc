// keepsim report: the page of a sweep, or of a run, from what its folder holds.
#include <cstdio>
#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "sim/base/quote.h"
#include "sim/base/status_macros.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/store.h"
#include "sim/run/sweep_definition.h"
#include "tools/command.h"
#include "tools/report/page.h"
#include "tools/report/sweep_page.h"
#include "tools/result_folder.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

// Those points that have been run, in a store of their own.
absl::StatusOr<std::unique_ptr<Store>> TriedPoints(Store& store, Sweep* sweep) {
  KEEPSIM_ASSIGN_OR_RETURN(std::vector<StoredRun> runs, store.Runs(true));
  std::map<uint32_t, uint32_t> places;
  for (const StoredRun& run : runs) places.try_emplace(run.point, 0);
  std::vector<SweepPoint> points;
  for (auto& [number, place] : places) {
    place = static_cast<uint32_t>(points.size());
    points.push_back(sweep->points[number]);
  }
  sweep->points = std::move(points);
  KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> tried, Store::Open(":memory:", *sweep));
  for (StoredRun& run : runs) {
    run.point = places.at(run.point);
    KEEPSIM_RETURN_IF_ERROR(tried->Add(run));
  }
  return tried;
}

absl::StatusOr<std::string> PageOfSweep(const std::string& store_path) {
  auto store = Store::OpenToRead(store_path);
  if (!store.ok()) return store.status();
  auto sweep = SweepOfStore(**store);
  if (!sweep.ok()) {
    return absl::Status(sweep.status().code(),
                        absl::StrCat(store_path, ": ", sweep.status().message()));
  }
  const std::string again = absl::StrCat("keepsim ", sweep->command, " ", ShellWord(sweep->file));
  const auto content = (*store)->ContentDigest();
  if (!content.ok()) return content.status();
  // A search leaves most points alone.
  if (sweep->command == "tune") {
    const auto tried = TriedPoints(**store, &*sweep);
    if (!tried.ok()) return tried.status();
    return SweepPage(*sweep, **tried, again, *content);
  }
  return SweepPage(*sweep, **store, again, *content);
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
  return WriteWholeFile(dir + "/report.html", *page);
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
  if (RefusesOutput(a, "out", is_sweep ? store : summary)) return kExitBadInput;
  const auto page = is_sweep ? PageOfSweep(store) : PageOfRun(dir);
  if (!page.ok()) return Fail(page.status());
  const std::string out = a.Has("out") ? UserPath(a.Get("out")) : dir + "/report.html";
  if (const absl::Status s = WriteWholeFile(out, *page); !s.ok()) return Fail(s);
  std::printf("%s\n", out.c_str());
  return kExitOk;
}

}  // namespace keepsim
