// keepsim replay and diff: what stored traces are for.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "sim/run/runner.h"
#include "sim/trace/diff.h"
#include "sim/trace/reader.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/selector.h"

namespace keepsim {
namespace {

RecordText TextFor(const TraceHeader& h) { return RecordText(h.groups, h.watchers, h.faults); }

// The records of these clients are run again at packet level; their outcome must be the trace's.
int ReplayClients(const Plan& plan, TraceReader& reader, const std::string& selector) {
  RunOptions options;
  std::string why;
  if (!ParseSelector(selector, plan, &options.packets, &why)) return Fail("--client " + why);
  options.only = options.packets;
  const auto selected = [&](uint32_t entity) {
    for (const ClientRange& r : options.packets) {
      const uint32_t first = plan.groups[r.group].first_entity;
      if (entity >= first + r.first && entity <= first + r.last) return true;
    }
    return false;
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
  const RecordText text = TextFor(reader.header());
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

int ReplayCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"client", "threads"}, {})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("replay needs one trace file");
  auto opened = TraceReader::Open(UserPath(a.positional()[0]));
  if (!opened.ok()) return Fail(std::string(opened.status().message()));
  TraceReader& reader = **opened;
  LoadedScenario scenario;
  scenario.file = a.positional()[0] + " (its scenario)";
  if (!scenario.proto.ParseFromString(reader.header().scenario)) {
    return Fail(a.positional()[0] + ": the scenario inside cannot be read");
  }
  const Prepared p = PrepareLoaded(std::move(scenario), Arguments());
  if (p.plan == nullptr) return kExitBadInput;
  if (a.Has("client")) return ReplayClients(*p.plan, reader, a.Get("client"));
  TraceRecord record;
  Digest stored;
  while (true) {
    const auto more = reader.Next(&record);
    if (!more.ok()) return Fail(std::string(more.status().message()));
    if (!*more) break;
    if (record.is_outcome()) AddToDigest(record, stored);
  }
  const auto result = Run(*p.plan, {});
  if (!result.ok()) return Fail(std::string(result.status().message()));
  std::printf("trace    %s\nreplayed %s\n", stored.Hex().c_str(), result->digest.Hex().c_str());
  if (stored == result->digest) {
    std::printf("the same\n");
    return kExitOk;
  }
  std::printf("different: `keepsim run` the scenario with --out and `keepsim diff` the traces\n");
  return kExitNotMet;
}

int DiffCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {}, {})) return kExitBadInput;
  if (a.positional().size() != 2) return Fail("diff needs two trace files");
  auto left = TraceReader::Open(UserPath(a.positional()[0]));
  if (!left.ok()) return Fail(std::string(left.status().message()));
  auto right = TraceReader::Open(UserPath(a.positional()[1]));
  if (!right.ok()) return Fail(std::string(right.status().message()));
  const auto difference = FirstDifference(**left, **right);
  if (!difference.ok()) return Fail(std::string(difference.status().message()));
  if (!difference->has_value()) {
    std::printf("no record differs\n");
    return kExitOk;
  }
  std::fputs((*difference)->ToText(TextFor((*left)->header())).c_str(), stdout);
  return kExitNotMet;
}

}  // namespace keepsim
