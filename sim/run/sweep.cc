#include "sim/run/sweep.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/check.h"
#include "sim/base/quote.h"

namespace keepsim {
pb::ReportedMetric::Better DirectionOf(absl::string_view metric) {
  for (const char* good :
       {"query_accuracy", "connected_share", "mistake_recurrence", "good_period"}) {
    if (absl::StrContains(metric, good)) return pb::ReportedMetric::HIGHER;
  }
  return pb::ReportedMetric::LOWER;
}

std::string SweepUntil::Text() const {
  std::vector<std::string> widths;
  if (relative_half_width > 0) widths.push_back(absl::StrCat(relative_half_width * 100, " %"));
  if (half_width > 0) widths.push_back(absl::StrCat(half_width));
  return absl::StrCat(metric, group.empty() ? "" : " of ", group, " within ",
                      absl::StrJoin(widths, " or "), ", ", least, " to ", most,
                      " runs, a look every ", batch);
}

std::vector<std::pair<std::string, std::string>> Sweep::Values(size_t point) const {
  std::vector<std::pair<std::string, std::string>> values;
  for (size_t a = 0; a < axes.size(); ++a) {
    for (const SweepField& f : axes[a].fields) {
      values.emplace_back(f.name, f.values[points[point].index[a]]);
    }
  }
  return values;
}

std::string Sweep::PointText(size_t point) const {
  const std::string text = absl::StrJoin(Values(point), ", ", absl::PairFormatter("="));
  return text.empty() ? "the base" : text;
}

LoadedScenario Sweep::Scenario(size_t point, uint64_t seed) const {
  LoadedScenario scenario = base;
  Diagnostics diagnostics;
  for (size_t a = 0; a < axes.size(); ++a) {
    for (const SweepField& f : axes[a].fields) {
      for (const std::string& path : f.paths) {
        ApplyOverride(absl::StrCat(path, "=", f.values[points[point].index[a]]), scenario,
                      diagnostics);
      }
    }
  }
  // Loading has tried each value.
  SIM_CHECK(diagnostics.ok());
  scenario.proto.set_seed(seed);
  return scenario;
}

std::string Sweep::SetFlags(size_t axis, uint32_t index) const {
  std::string flags;
  for (const SweepField& f : axes[axis].fields) {
    for (const std::string& path : f.paths) {
      absl::StrAppend(&flags, " --set ", ShellWord(absl::StrCat(path, "=", f.values[index])));
    }
  }
  return flags;
}

std::string Sweep::Repro(size_t point, uint64_t seed) const {
  if (base_file.empty()) {
    return absl::StrCat("keepsim ", command, " ", ShellWord(file), " --print ",
                        points[point].number,
                        " > point.textproto; keepsim run point.textproto --seed ", seed);
  }
  std::string line = absl::StrCat("keepsim run ", ShellWord(base_file), " --seed ", seed);
  for (const std::string& o : base.overrides) absl::StrAppend(&line, " --set ", ShellWord(o));
  for (size_t a = 0; a < axes.size(); ++a) {
    absl::StrAppend(&line, SetFlags(a, points[point].index[a]));
  }
  return line;
}

}  // namespace keepsim
