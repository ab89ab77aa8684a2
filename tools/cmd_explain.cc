// keepsim explain: why an observer declared its peer dead, and what would have prevented it.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/metrics/incident_reader.h"
#include "sim/metrics/render.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/counterfactual.h"
#include "sim/run/signature.h"
#include "sim/run/stretch.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/explanation_text.h"
#include "tools/output_file.h"
#include "tools/report/time_line_json.h"
#include "tools/report/viewer_page.h"
#include "tools/time_line.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

// What incidents are counted by.
using Kind = std::tuple<Verdict, Cause, FailureKind, Observer>;
struct Count {
  int64_t count = 0;
  int64_t example = 0;
};

int ExplainAll(TraceReader& reader) {
  std::map<Kind, Count> counts;
  int64_t total = 0;
  const absl::Status status = ReadIncidents(reader, [&](const Incident& i) {
    Count& c = counts[{i.verdict, i.cause, i.failure, i.observer}];
    if (c.count++ == 0) c.example = i.number;
    ++total;
    return true;
  });
  if (!status.ok()) return Fail(status);
  ReportDamage(reader);
  if (total == 0) {
    std::printf("no incident: nobody declared its peer dead\n");
    return kExitOk;
  }
  std::vector<std::pair<Kind, Count>> ranked(counts.begin(), counts.end());
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  std::printf("%s incidents by cause; `keepsim explain TRACE --incident N` explains one\n\n",
              CountText(total).c_str());
  std::printf("  %9s %7s  %-10s %-17s %-13s %-8s %s\n", "count", "share", "verdict", "cause",
              "failure", "by", "example");
  for (const auto& [kind, c] : ranked) {
    const auto& [verdict, cause, failure, observer] = kind;
    const double share = static_cast<double>(c.count) / static_cast<double>(total);
    std::printf("  %9s %7s  %-10s %-17s %-13s %-8s %lld\n", CountText(c.count).c_str(),
                absl::StrFormat("%.1f %%", share * 100).c_str(), VerdictName(verdict),
                CauseName(cause), failure == FailureKind::kNone ? "-" : FailureKindName(failure),
                ObserverName(observer), static_cast<long long>(c.example));
  }
  return kExitOk;
}

// The time line page. `answers`: as they were printed.
int WritePage(const std::string& path, const TraceReader& reader, const Plan& plan,
              const IncidentStretch& stretch, const Incident& incident,
              const std::vector<Answered>& answers, const std::string& file) {
  OutputFile out(UserPath(file));
  const Story story = ExplanationStory(plan, reader.header(), stretch, incident);
  out.Write(IncidentPage(
      absl::StrCat("Incident ", incident.number, " of ", reader.header().scenario_name),
      IncidentJson(stretch, reader.header(), incident, story, answers, path)));
  const absl::Status status = out.Finish();
  return status.ok() ? kExitOk : Fail(status);
}

int ExplainOne(const std::string& path, TraceReader& reader, int64_t number,
               const std::string& page) {
  const auto incident = FindIncident(reader, number);
  if (!incident.ok()) return Fail(incident.status());
  const Prepared p = PrepareFromTrace(path, reader);
  if (p.plan == nullptr) return kExitBadInput;
  const auto stretch = ReplayIncident(*p.plan, reader, *incident);
  if (!stretch.ok()) return Fail(stretch.status());
  ReportDamage(reader);
  if (!stretch->replayed.same) {
    std::fputs(DifferenceText(stretch->replayed, RecordText(reader.header()), "stored", "replayed")
                   .c_str(),
               stdout);
    return kExitNotMet;
  }
  std::FILE* const text = page == "-" ? stderr : stdout;
  std::fputs(ExplanationText(*p.plan, reader.header(), *stretch, *incident).c_str(), text);
  const Window window = WindowOf(*incident, stretch->last_heard);
  const std::string client = RecordText(reader.header()).Entity(incident->entity);
  const bool by_broker = incident->observer == Observer::kBroker;
  const std::string what = absl::StrCat(
      "Simulated again: the cell of this client alone, with the same seed and the same "
      "luck. \"Yes\": ",
      by_broker ? "the broker declares " : "", client,
      by_broker ? " dead" : " declares the broker dead", " between ", At(window.from), " and ",
      At(window.to), ", which is from the last packet heard to as long after the declaration.");
  std::fprintf(text, "\nWould it have happened?\n%s", Wrap(what, 2, 98).c_str());
  std::vector<Answered> answers;
  for (const Counterfactual& change : CounterfactualsFor(p.scenario, *p.plan, *incident)) {
    absl::StatusOr<Answer> answer = Answer{};
    if (!change.overrides.empty()) answer = Simulate(p.scenario, change, *incident, window);
    std::fputs(AnswerText(change, answer, *incident).c_str(), text);
    answers.push_back({change, std::move(answer)});
  }
  if (page.empty()) return kExitOk;
  return WritePage(path, reader, *p.plan, *stretch, *incident, answers, page);
}

// The kinds of failure that the trace shows, with an example each (0: none).
absl::StatusOr<std::map<std::string, int64_t>> SignaturesOf(TraceReader& reader) {
  std::map<std::string, int64_t> shown;
  const absl::Status status = ReadIncidents(reader, [&](const Incident& i) {
    shown.emplace(SignatureOf(i), i.number);
    return true;
  });
  if (!status.ok()) return status;
  if (!reader.footer().has_value() || reader.footer()->summary_json.empty()) return shown;
  const auto summary = RunSummaryFromJson(reader.footer()->summary_json);
  if (!summary.ok()) return summary.status();
  for (const summary_pb::ExpectationResult& e : summary->expectations()) {
    if (!e.met()) shown.emplace(ExpectationSignature(e.metric(), e.group()), 0);
  }
  return shown;
}

// Whether the trace shows what it should and nothing that it should not.
int Expect(TraceReader& reader, const Arguments& a) {
  for (const char* flag : {"expect", "expect-not"}) {
    for (const std::string& pattern : a.All(flag)) {
      const absl::Status status = CheckSignaturePattern(pattern);
      if (!status.ok()) return Fail(absl::StrCat("--", flag, " ", status.message()));
    }
  }
  const auto shown = SignaturesOf(reader);
  if (!shown.ok()) return Fail(shown.status());
  ReportDamage(reader);
  int code = kExitOk;
  for (const auto& [flag, wanted] : {std::pair{"expect", true}, std::pair{"expect-not", false}}) {
    for (const std::string& pattern : a.All(flag)) {
      const auto found = std::find_if(shown->begin(), shown->end(), [&](const auto& s) {
        return SignatureMatches(pattern, s.first);
      });
      if ((found != shown->end()) == wanted) continue;
      code = kExitNotMet;
      std::printf("NOT MET  %s %s\n", wanted ? "nothing is" : "there is", pattern.c_str());
    }
  }
  for (const auto& [signature, example] : *shown) {
    std::printf("shown    %s%s\n", signature.c_str(),
                example == 0 ? "" : absl::StrCat(", as incident ", example).c_str());
  }
  return code;
}

}  // namespace

int ExplainCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"incident", "page", "expect", "expect-not"}, {"allow-damaged"})) {
    return kExitBadInput;
  }
  const bool expects = a.Has("expect") || a.Has("expect-not");
  if (expects && a.Has("incident")) return Fail("give --incident or --expect, not both");
  if (a.positional().size() != 1) return Fail("explain needs one trace file");
  int64_t number = 0;
  if (a.Has("incident") && !ReadIncidentNumber(a, &number)) return kExitBadInput;
  if (a.Has("page") && !a.Has("incident")) {
    return Fail("--page needs --incident N: it is of one of them");
  }
  if (RefusesOutput(a, "page", a.positional()[0])) return kExitBadInput;
  auto opened = OpenTrace(a.positional()[0], a);
  if (!opened.ok()) return Fail(opened.status());
  if (expects) return Expect(**opened, a);
  if (a.Has("incident")) return ExplainOne(a.positional()[0], **opened, number, a.Get("page"));
  return ExplainAll(**opened);
}

}  // namespace keepsim
