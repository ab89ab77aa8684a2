// keepsim fleet: a page of all clients over time, with the time lines of the worst incidents.
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/metrics/incident_reader.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/stretch.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/explanation_text.h"
#include "tools/export/json_object.h"
#include "tools/output_file.h"
#include "tools/report/fleet_json.h"
#include "tools/report/page.h"
#include "tools/report/time_line_json.h"
#include "tools/report/viewer_page.h"
#include "tools/result_folder.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

constexpr int64_t kMostTimeLines = 200;  // unless --time-lines says otherwise
// What a browser holds with ease; 40 bytes in the page each, or 7.
constexpr size_t kMostIncidents = 1000000;
constexpr size_t kMostChanges = 10000000;

// Ends early with more changes than a page can show.
absl::Status ReadStates(TraceReader& reader, FleetFollower& fleet) {
  if (absl::Status s = reader.Seek(kStart); !s.ok()) return s;
  TraceRecord r;
  while (fleet.moments() <= kMostChanges) {
    const absl::StatusOr<bool> more = reader.Next(&r);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    fleet.Add(r);
  }
  return absl::OkStatus();
}

// The report beside the trace gets its links to the page. Nothing if there is none, or one of
// another run.
absl::Status LinkReport(const std::string& dir, const std::string& digest) {
  const std::string report = dir + "/report.html";
  std::error_code error;
  if (!std::filesystem::exists(report, error)) return absl::OkStatus();
  const auto json = ReadWholeFile(dir + "/summary.json");
  if (!json.ok()) return absl::OkStatus();
  const auto summary = RunSummaryFromJson(*json);
  if (!summary.ok() || summary->digest() != digest) return absl::OkStatus();
  return WriteWholeFile(report, ReportPage(*summary, /*fleet=*/true));
}

// FailedPrecondition if the run again does not meet the trace.
absl::StatusOr<std::string> TimeLines(const Plan& plan, TraceReader& reader,
                                      const std::vector<Incident>& incidents,
                                      const std::string& trace) {
  JsonArray all;
  if (incidents.empty()) return all.Text();
  const auto stretches = ReplayIncidents(plan, reader, incidents);
  if (!stretches.ok()) return stretches.status();
  const Replayed& replayed = stretches->front().replayed;
  if (!replayed.same) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run again does not meet the trace: ",
                     DifferenceText(replayed, RecordText(reader.header()), "stored", "replayed")));
  }
  for (size_t i = 0; i < incidents.size(); ++i) {
    const Story story = ExplanationStory(plan, reader.header(), (*stretches)[i], incidents[i]);
    all.Raw(IncidentJson((*stretches)[i], reader.header(), incidents[i], story, {}, trace));
  }
  return all.Text();
}

}  // namespace

int FleetCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"out", "time-lines"}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("fleet needs one trace file");
  int64_t time_lines = kMostTimeLines;
  if (!ReadNumber(a, "time-lines", 0, 10000, &time_lines)) return kExitBadInput;
  const std::string& path = a.positional()[0];
  if (RefusesOutput(a, "out", path)) return kExitBadInput;
  auto opened = OpenTrace(path, a);
  if (!opened.ok()) return Fail(opened.status());
  TraceReader& reader = **opened;
  std::vector<Incident> incidents;
  absl::Status status = ReadIncidents(reader, [&](const Incident& i) {
    incidents.push_back(i);
    return incidents.size() <= kMostIncidents;
  });
  if (!status.ok()) return Fail(status);
  FleetFollower fleet(reader.header());
  if (incidents.size() <= kMostIncidents) status = ReadStates(reader, fleet);
  if (!status.ok()) return Fail(status);
  if (incidents.size() > kMostIncidents || fleet.moments() > kMostChanges) {
    return Fail(absl::StrCat(path, " holds more than a page can show (", kMostIncidents,
                             " incidents, ", kMostChanges,
                             " changes of state): run fewer clients or a shorter horizon, with "
                             "--set; `keepsim export --format csv` has no limit"));
  }
  ReportDamage(reader);
  const Prepared p = PrepareFromTrace(path, reader);
  if (p.plan == nullptr) return kExitBadInput;
  std::vector<Incident> worst;
  for (const size_t i : WorstIncidents(incidents, static_cast<size_t>(time_lines))) {
    worst.push_back(incidents[i]);
  }
  const auto embedded = TimeLines(*p.plan, reader, worst, path);
  if (absl::IsFailedPrecondition(embedded.status())) {
    Fail(embedded.status());
    return kExitNotMet;
  }
  if (!embedded.ok()) return Fail(embedded.status());
  const std::string digest = reader.footer().has_value() ? reader.footer()->digest.Hex() : "";
  const std::filesystem::path trace = TracePath(path);
  const std::string beside = (trace.parent_path() / "fleet.html").string();
  const std::string name = !a.Has("out")         ? beside
                           : a.Get("out") == "-" ? "-"
                                                 : UserPath(a.Get("out"));
  OutputFile out(name);
  out.Write(FleetPage(absl::StrCat(reader.header().scenario_name, ": fleet"),
                      FleetJson(reader.header(), fleet, incidents, digest, path), *embedded));
  if (status = out.Finish(); !status.ok()) return Fail(status);
  std::error_code none;
  if (std::filesystem::equivalent(name, beside, none) && trace.filename() == "trace.kst") {
    status = LinkReport(trace.has_parent_path() ? trace.parent_path().string() : ".", digest);
    if (!status.ok()) return Fail(status);
  }
  if (!a.Has("out")) std::printf("%s\n", name.c_str());
  std::fprintf(stderr, "%zu clients, %zu incidents, %zu time lines\n", fleet.clients(),
               incidents.size(), worst.size());
  return kExitOk;
}

}  // namespace keepsim
