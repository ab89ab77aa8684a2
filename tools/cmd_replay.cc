// keepsim replay: a stored run again, whole or one client of it at packet level.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "sim/metrics/incident_reader.h"
#include "sim/metrics/render.h"
#include "sim/run/replay.h"
#include "sim/run/stretch.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/engine_flag.h"
#include "tools/selector.h"
#include "tools/step_mode.h"
#include "tools/time_line.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

int Met(const Plan& plan, const Replayed& replayed) {
  std::fflush(stdout);
  std::string text = "replayed at packet level";
  if (IsCoupled(plan)) {
    absl::StrAppend(&text, ", with all ", CountText(plan.client_count()),
                    " clients, which share a limit of the broker");
  }
  const bool whole = replayed.until >= kStart + plan.horizon;
  absl::StrAppend(&text, "; meets the recorded outcome",
                  whole ? "" : absl::StrCat(" up to ", At(replayed.until)), ": ",
                  CountText(replayed.met), replayed.met == 1 ? " record\n" : " records\n");
  std::fputs(text.c_str(), stderr);
  return kExitOk;
}

// What of it was told before is no good if it does not meet the trace.
int NotMet(const Replayed& replayed, const TraceReader& reader) {
  std::fputs(DifferenceText(replayed, RecordText(reader.header()), "stored", "replayed").c_str(),
             stdout);
  return kExitNotMet;
}

int ReplayRecords(const Plan& plan, TraceReader& reader, const std::vector<ClientRange>& clients,
                  Instant from, Instant to) {
  const RecordText text(reader.header());
  RunOptions options;
  options.until = to;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      if (r->at < from) continue;
      std::printf("%s\n", text.Line(*r).c_str());
    }
    return absl::OkStatus();
  };
  const auto replayed = RunClientsAgainst(plan, clients, options, reader);
  if (!replayed.ok()) return Fail(replayed.status());
  ReportDamage(reader);
  if (!replayed->same) return NotMet(*replayed, reader);
  return Met(plan, *replayed);
}

int Told(const Plan& plan, const Stretch& stretch, const TraceReader& reader,
         const std::optional<Incident>& incident) {
  ReportDamage(reader);
  if (!stretch.replayed.same) return NotMet(stretch.replayed, reader);
  std::fputs(TimeLine(stretch, reader.header(), incident).c_str(), stdout);
  return Met(plan, stretch.replayed);
}

// --step: commands from stdin.
int Step(const Plan& plan, TraceReader& reader, StepOptions options) {
  const std::vector<TraceGroup>& groups = reader.header().groups;
  for (uint32_t g = 0; g < groups.size(); ++g) {
    if (options.entity < groups[g].first_entity ||
        options.entity - groups[g].first_entity >= groups[g].count) {
      continue;
    }
    options.group = g;
    options.index = options.entity - groups[g].first_entity;
  }
  options.prompt = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  const auto replayed = StepThrough(plan, reader, options, std::cin, [](absl::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  });
  if (!replayed.ok()) return Fail(replayed.status());
  ReportDamage(reader);
  return replayed->same ? kExitOk : NotMet(*replayed, reader);
}

int ReplayClients(const Plan& plan, TraceReader& reader, const Arguments& a) {
  std::vector<ClientRange> clients;
  std::string why;
  const std::vector<TraceGroup>& groups = reader.header().groups;
  if (!ParseSelector(a.Get("client"), groups, &clients, &why)) return Fail("--client " + why);
  Instant from, to;
  if (!ReadStretch(a, reader.header(), &from, &to)) return kExitBadInput;
  if (a.Has("records")) return ReplayRecords(plan, reader, clients, from, to);
  if (clients.size() != 1 || clients[0].first != clients[0].last) {
    return Fail("--client must name one client, GROUP/INDEX; with --records it may name several");
  }
  const uint32_t entity = groups[clients[0].group].first_entity + clients[0].first;
  if (a.Has("step")) {
    StepOptions options;
    options.entity = entity;
    options.from = from;
    return Step(plan, reader, options);
  }
  const auto stretch = ReplayStretch(plan, reader, entity, from, to);
  if (!stretch.ok()) return Fail(stretch.status());
  return Told(plan, *stretch, reader, std::nullopt);
}

int ReplayOneIncident(const Plan& plan, TraceReader& reader, const Arguments& a) {
  int64_t number;
  if (!ReadIncidentNumber(a, &number)) return kExitBadInput;
  const auto incident = FindIncident(reader, number);
  if (!incident.ok()) return Fail(incident.status());
  if (!a.Has("from") && !a.Has("to")) {
    const auto stretch = ReplayIncident(plan, reader, *incident);
    if (!stretch.ok()) return Fail(stretch.status());
    if (a.Has("step") && stretch->replayed.same) {
      StepOptions options;
      options.entity = incident->entity;
      options.from = stretch->from;
      options.incident = *incident;
      std::printf("%s\n", IncidentLine(*incident, reader.header()).c_str());
      return Step(plan, reader, options);
    }
    return Told(plan, *stretch, reader, *incident);
  }
  Instant from, to;
  if (!ReadStretch(a, reader.header(), &from, &to)) return kExitBadInput;
  if (a.Has("step")) {
    StepOptions options;
    options.entity = incident->entity;
    options.from = from;
    options.incident = *incident;
    return Step(plan, reader, options);
  }
  const auto stretch = ReplayStretch(plan, reader, incident->entity, from, to);
  if (!stretch.ok()) return Fail(stretch.status());
  return Told(plan, *stretch, reader, *incident);
}

}  // namespace

int ReplayCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"client", "incident", "from", "to", "threads", "engine"},
               {"records", "step", "allow-damaged"})) {
    return kExitBadInput;
  }
  if (a.positional().size() != 1) return Fail("replay needs one trace file");
  if (a.Has("client") && a.Has("incident")) return Fail("give --client or --incident, not both");
  if (!a.Has("client") &&
      (a.Has("records") || (!a.Has("incident") && (a.Has("from") || a.Has("to"))))) {
    return Fail("--records, --from and --to need --client (--from and --to: or --incident)");
  }
  if (a.Has("step") &&
      (a.Has("records") || a.Has("to") || (!a.Has("client") && !a.Has("incident")))) {
    return Fail("--step goes with --incident or --client, and not with --records or --to");
  }
  if (a.Has("client") || a.Has("incident")) {
    // One client goes event by event on one thread.
    for (const char* flag : {"engine", "threads"}) {
      if (!a.Has(flag)) continue;
      return Fail(absl::StrCat("--", flag, " is for the replay of a whole run, without ",
                               a.Has("client") ? "--client" : "--incident"));
    }
  }
  auto opened = OpenTrace(a.positional()[0], a);
  if (!opened.ok()) return Fail(opened.status());
  TraceReader& reader = **opened;
  const Prepared p = PrepareFromTrace(a.positional()[0], reader);
  if (p.plan == nullptr) return kExitBadInput;
  if (a.Has("client")) return ReplayClients(*p.plan, reader, a);
  if (a.Has("incident")) return ReplayOneIncident(*p.plan, reader, a);

  // The records that come out of the run are held against the stored ones as they come.
  RunOptions options;
  if (!ReadThreads(a, &options.threads)) return kExitBadInput;
  if (!ReadEngine(a, *p.plan, &options.engine)) return kExitBadInput;
  const auto replayed = RunAgainst(*p.plan, options, reader);
  if (!replayed.ok()) return Fail(replayed.status());
  ReportDamage(reader);
  if (!replayed->same) return NotMet(*replayed, reader);
  std::printf("digest %s\n%llu records, the same%s\n", replayed->digest.Hex().c_str(),
              static_cast<unsigned long long>(replayed->met),
              reader.damage().ok() ? "" : " as far as the trace is whole");
  return kExitOk;
}

}  // namespace keepsim
