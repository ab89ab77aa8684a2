// keepsim show, replay and diff: what stored traces are for.
#include <cstdio>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/run/replay.h"
#include "sim/trace/diff.h"
#include "sim/trace/reader.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/selector.h"

namespace keepsim {
namespace {

absl::StatusOr<std::unique_ptr<TraceReader>> OpenTrace(const std::string& path,
                                                       const Arguments& arguments) {
  return TraceReader::Open(UserPath(path), {.allow_damaged = arguments.Has("allow-damaged")});
}

// Says on stderr what damage was met, if any.
void ReportDamage(const TraceReader& reader) {
  if (reader.damage().ok()) return;
  std::fprintf(stderr, "keepsim: warning: %s; what is whole before it was read\n",
               std::string(reader.damage().message()).c_str());
}

bool Selected(const std::vector<ClientRange>& clients, const TraceHeader& header, uint32_t entity) {
  for (const ClientRange& r : clients) {
    const uint32_t first = header.groups[r.group].first_entity;
    if (entity >= first + r.first && entity <= first + r.last) return true;
  }
  return false;
}

// The scenario that a trace carries, ready to be run. Null plan: it cannot be, and why was printed.
Prepared PrepareFromTrace(const std::string& path, const TraceReader& reader) {
  LoadedScenario scenario;
  scenario.file = path + " (its scenario)";
  if (!scenario.proto.ParseFromString(reader.header().scenario)) {
    Fail(path + ": the scenario inside cannot be read");
    return {};
  }
  scenario.overrides = reader.header().overrides;
  return PrepareLoaded(std::move(scenario), Arguments());
}

// The records of these clients are run again at packet level; their outcome must be the trace's.
int ReplayClients(const Plan& plan, TraceReader& reader, const std::string& selector) {
  RunOptions options;
  std::string why;
  if (!ParseSelector(selector, reader.header().groups, &options.packets, &why))
    return Fail("--client " + why);
  options.only = options.packets;
  const auto selected = [&](uint32_t entity) {
    return Selected(options.packets, reader.header(), entity);
  };
  std::vector<TraceRecord> again;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      if (selected(r->entity)) again.push_back(*r);
    }
    return absl::OkStatus();
  };
  const auto result = Run(plan, options);
  if (!result.ok()) return Fail(std::string(result.status().message()));
  const RecordText text(reader.header());
  size_t at = 0;
  const auto next_outcome = [&]() -> const TraceRecord* {
    while (at < again.size() && !again[at].is_outcome()) ++at;
    return at < again.size() ? &again[at++] : nullptr;
  };
  TraceRecord stored;
  while (true) {
    const auto more = reader.Next(&stored);
    if (!more.ok()) return Fail(std::string(more.status().message()));
    if (!*more) break;
    if (!stored.is_outcome() || !selected(stored.entity)) continue;
    const TraceRecord* simulated = next_outcome();
    if (simulated != nullptr && *simulated == stored) continue;
    std::printf("the replay does not meet the trace:\n  stored   %s\n  replayed %s\n",
                text.Line(stored).c_str(),
                simulated == nullptr ? "(ended)" : text.Line(*simulated).c_str());
    return kExitNotMet;
  }
  for (const TraceRecord& r : again) std::printf("%s\n", text.Line(r).c_str());
  std::fprintf(stderr, "replayed at packet level; meets the recorded outcome\n");
  return kExitOk;
}

}  // namespace

int ShowCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"client", "from", "to"}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("show needs one trace file");
  auto opened = OpenTrace(a.positional()[0], a);
  if (!opened.ok()) return Fail(std::string(opened.status().message()));
  TraceReader& reader = **opened;
  Instant from = kStart;
  Instant to = kStart + reader.header().horizon;
  for (const auto& [flag, at] : {std::pair{"from", &from}, std::pair{"to", &to}}) {
    if (!a.Has(flag)) continue;
    const auto d = ParseDuration(a.Get(flag));
    if (!d.ok()) return Fail(absl::StrCat("--", flag, ": ", d.status().message()));
    *at = kStart + *d;
  }
  std::vector<ClientRange> clients;
  std::string why;
  if (a.Has("client") && !ParseSelector(a.Get("client"), reader.header().groups, &clients, &why)) {
    return Fail("--client " + why);
  }
  const RecordText text(reader.header());
  TraceRecord r;
  while (true) {
    const auto more = reader.Next(&r);
    if (!more.ok()) return Fail(std::string(more.status().message()));
    if (!*more || r.at > to) break;
    if (r.at < from) continue;
    if (!clients.empty() && !Selected(clients, reader.header(), r.entity)) continue;
    std::printf("%s\n", text.Line(r).c_str());
  }
  ReportDamage(reader);
  return kExitOk;
}

int ReplayCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"client", "threads"}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("replay needs one trace file");
  auto opened = OpenTrace(a.positional()[0], a);
  if (!opened.ok()) return Fail(std::string(opened.status().message()));
  TraceReader& reader = **opened;
  const Prepared p = PrepareFromTrace(a.positional()[0], reader);
  if (p.plan == nullptr) return kExitBadInput;
  if (a.Has("client")) return ReplayClients(*p.plan, reader, a.Get("client"));

  // The records that come out of the run are held against the stored ones as they come.
  RunOptions options;
  if (a.Has("threads") && (!absl::SimpleAtoi(a.Get("threads"), &options.threads) ||
                           options.threads < 1 || options.threads > 1024)) {
    return Fail("--threads must be a number from 1 to 1024, not \"" + a.Get("threads") + "\"");
  }
  const auto replayed = RunAgainst(*p.plan, options, reader);
  if (!replayed.ok()) return Fail(std::string(replayed.status().message()));
  ReportDamage(reader);
  if (replayed->same) {
    std::printf("digest %s\n%llu records, the same%s\n", replayed->digest.Hex().c_str(),
                static_cast<unsigned long long>(replayed->met),
                reader.damage().ok() ? "" : " as far as the trace is whole");
    return kExitOk;
  }
  std::fputs(DifferenceText(*replayed, RecordText(reader.header()), "stored", "replayed").c_str(),
             stdout);
  return kExitNotMet;
}

int DiffCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 2) return Fail("diff needs two trace files");
  auto left = OpenTrace(a.positional()[0], a);
  if (!left.ok()) return Fail(std::string(left.status().message()));
  auto right = OpenTrace(a.positional()[1], a);
  if (!right.ok()) return Fail(std::string(right.status().message()));
  const auto difference = FirstDifference(**left, **right);
  if (!difference.ok()) return Fail(std::string(difference.status().message()));
  ReportDamage(**left);
  ReportDamage(**right);
  if (!difference->has_value()) {
    std::printf("no record differs\n");
    return kExitOk;
  }
  std::fputs((*difference)->ToText(RecordText((*left)->header())).c_str(), stdout);
  return kExitNotMet;
}

}  // namespace keepsim
