// keepsim compare: two results side by side.
#include <cstdio>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/comparison.h"
#include "sim/trace/reader.h"
#include "tools/command.h"
#include "tools/result_folder.h"

namespace keepsim {
namespace {

// A result: the folder of --out, its summary.json (or `run --format json`'s output), or a trace.
absl::StatusOr<RunSummary> ReadResult(const std::string& name) {
  std::string path = UserPath(name);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) path += "/summary.json";
  if (absl::EndsWith(path, ".kst")) {
    auto reader = TraceReader::Open(path);
    if (!reader.ok()) return reader.status();
    return RunSummaryFromJson((*reader)->footer()->summary_json);
  }
  const absl::StatusOr<std::string> json = ReadWholeFile(path);
  if (!json.ok()) return json.status();
  auto summary = RunSummaryFromJson(*json);
  if (!summary.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", std::string(summary.status().message()),
                     "; give the folder of --out, a summary.json, or a trace"));
  }
  return summary;
}

}  // namespace

int CompareCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"group", "format"}, {})) return kExitBadInput;
  if (a.positional().size() != 2) return Fail("compare needs two results");
  const std::string format = a.Get("format", "text");
  if (format != "text" && format != "json") {
    return Fail("--format must be text or json, not \"" + format + "\"");
  }
  const auto left = ReadResult(a.positional()[0]);
  if (!left.ok()) return Fail(std::string(left.status().message()));
  const auto right = ReadResult(a.positional()[1]);
  if (!right.ok()) return Fail(std::string(right.status().message()));
  const auto comparison = Compare(*left, *right, a.Get("group"));
  if (!comparison.ok()) return Fail(std::string(comparison.status().message()));
  const std::string text = format == "json" ? ToJson(*comparison) : ToReport(*comparison);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

}  // namespace keepsim
