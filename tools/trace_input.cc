#include "tools/trace_input.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/base/quote.h"
#include "tools/output_file.h"
#include "tools/stored_trace.h"

namespace keepsim {
namespace {

// Which part of a trace's header is not that of its scenario; "" if all are.
std::string Altered(const TraceHeader& stored, const TraceHeader& made) {
  if (stored.scenario_name != made.scenario_name) return "scenario_name is";
  if (stored.seed != made.seed) return "seed is";
  if (stored.horizon != made.horizon) return "horizon is";
  if (stored.groups != made.groups) return "groups are";
  if (stored.watchers != made.watchers) return "watchers are";
  if (stored.faults != made.faults) return "faults are";
  return "";
}

}  // namespace

std::string TracePath(const std::string& path) {
  std::filesystem::path file = UserPath(path);
  std::error_code none;
  if (std::filesystem::is_directory(file, none)) file /= "trace.kst";
  return file.string();
}

bool RefusesOutput(const Arguments& arguments, const std::string& flag, const std::string& input) {
  if (!arguments.Has(flag)) return false;
  if (arguments.Get(flag).empty()) {
    Fail(absl::StrCat("--", flag, " needs the name of a file"));
    return true;
  }
  // While it is written it has another name, which may be taken too.
  const std::string out = UserPath(arguments.Get(flag));
  const std::string read = TracePath(input);
  for (const std::string& written : {out, OutputFile::TemporaryName(out)}) {
    std::error_code none;
    if (!std::filesystem::equivalent(written, read, none)) continue;
    Fail(absl::StrCat("--", flag, " ", arguments.Get(flag), " would replace ", input,
                      ", which is read; give another name"));
    return true;
  }
  return false;
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

Prepared PrepareFromTrace(const std::string& path, const TraceReader& reader) {
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
  if (ScenarioDigest(scenario.proto) != digest) {
    Fail(absl::StrCat(path, ": the scenario inside was altered: its digest is ",
                      ScenarioDigest(scenario.proto), ", the trace was made of ",
                      digest.empty() ? "one without a digest" : Printable(digest)));
    return {};
  }
  scenario.overrides = reader.header().overrides;
  // Whoever made the trace has been warned.
  Prepared p = PrepareLoaded(std::move(scenario), Arguments(), /*warn=*/false);
  if (p.plan == nullptr) return p;
  const std::string altered = Altered(reader.header(), HeaderOf(p.scenario, *p.plan, ""));
  if (altered.empty()) return p;
  Fail(absl::StrCat(path, ": the header was altered: its ", altered,
                    " not what the scenario inside says"));
  return {};
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
  const Instant end = kStart + header.horizon;
  if (*from > end || *from > *to) {
    Fail(absl::StrCat("--from ", arguments.Get("from", "0"), " is after ",
                      *from > end
                          ? "the end of the run, which takes " + FormatDuration(header.horizon)
                          : "--to " + arguments.Get("to")));
    return false;
  }
  *to = std::min(*to, end);
  return true;
}

bool ReadIncidentNumber(const Arguments& arguments, int64_t* number) {
  if (absl::SimpleAtoi(arguments.Get("incident"), number) && *number >= 1) return true;
  Fail("--incident must be a number from 1, as in the report, not \"" + arguments.Get("incident") +
       "\"");
  return false;
}

}  // namespace keepsim
