#include "tools/trace_input.h"

#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"

namespace keepsim {

std::string TracePath(const std::string& path) {
  std::filesystem::path file = UserPath(path);
  std::error_code none;
  if (std::filesystem::is_directory(file, none)) file /= "trace.kst";
  return file.lexically_normal().string();
}

absl::StatusOr<std::unique_ptr<TraceReader>> OpenTrace(const std::string& path,
                                                       const Arguments& arguments) {
  return TraceReader::Open(TracePath(path), {.allow_damaged = arguments.Has("allow-damaged")});
}

void ReportDamage(const TraceReader& reader) {
  if (reader.damage().ok()) return;
  std::fprintf(stderr, "keepsim: warning: %s; what is whole before it was read\n",
               std::string(reader.damage().message()).c_str());
}

Prepared PrepareFromTrace(const std::string& path, const TraceReader& reader,
                          const std::vector<std::string>& overrides) {
  if (reader.header().tie_order == kLiveTieOrder) {
    Fail(path +
         ": recorded by keepsim probe, not simulated: there is no scenario to run again "
         "(keepsim show prints the records)");
    return {};
  }
  LoadedScenario scenario;
  scenario.file = path + " (its scenario)";
  if (!scenario.proto.ParseFromString(reader.header().scenario)) {
    Fail(path + ": the scenario inside cannot be read");
    return {};
  }
  const std::string& digest = reader.header().scenario_digest;
  if (!digest.empty() && ScenarioDigest(scenario.proto) != digest) {
    Fail(absl::StrCat(path, ": the scenario inside was altered: its digest is ",
                      ScenarioDigest(scenario.proto), ", the trace was made of ", digest));
    return {};
  }
  scenario.overrides = reader.header().overrides;
  std::vector<std::string> args;
  for (const std::string& o : overrides) args.push_back("--set=" + o);
  Arguments set;
  set.Parse(args, {"set"}, {});
  // Whoever made the trace has been warned.
  return PrepareLoaded(std::move(scenario), set, /*warn=*/false);
}

bool ReadStretch(const Arguments& arguments, const TraceHeader& header, Instant* from,
                 Instant* to) {
  *from = kStart;
  *to = kStart + header.horizon;
  for (const auto& [flag, at] : {std::pair{"from", from}, std::pair{"to", to}}) {
    if (!arguments.Has(flag)) continue;
    const auto d = ParseDuration(arguments.Get(flag));
    if (!d.ok()) {
      Fail(absl::StrCat("--", flag, ": ", d.status().message()));
      return false;
    }
    *at = kStart + *d;
  }
  return true;
}

bool ReadIncidentNumber(const Arguments& arguments, int64_t* number) {
  if (absl::SimpleAtoi(arguments.Get("incident"), number) && *number >= 1) return true;
  Fail("--incident must be a number from 1, as in the report, not \"" + arguments.Get("incident") +
       "\"");
  return false;
}

}  // namespace keepsim
