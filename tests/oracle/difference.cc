#include "tests/oracle/difference.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/trace/text.h"

namespace keepsim::oracle {
namespace {

constexpr size_t kContext = 12;

bool OverTcp(const Plan& plan, const TraceRecord& r) {
  for (const GroupPlan& g : plan.groups) {
    if (r.entity >= g.first_entity && r.entity < g.first_entity + g.count) {
      return g.transport == Transport::kTcp;
    }
  }
  return false;
}

// The whole list of what the oracle does not model:
//  - kEnd: the count of simulated events (the engine's own business) and the longest silence;
//  - kDeclared: the evidence, which explains and does not decide;
//  - over TCP: segments and their loss, and the radio's wake-ups, which depend on when bare
//    acknowledgements are sent.
//  - over TCP: from when on a packet that nobody will read counts as dropped and not in flight;
//  - which of the two ends acts first where deadlines of both fall on one instant;
//  - counters: they number the records of a client, so a record too many shows anyway.
bool IsModelled(const Plan& plan, const TraceRecord& r) {
  if (!r.is_outcome()) return false;
  const bool about_segments =
      r.kind == RecordKind::kTransportCost || r.kind == RecordKind::kTransportLoss;
  return !about_segments || !OverTcp(plan, r);
}

TraceRecord Modelled(const Plan& plan, TraceRecord r) {
  r.counter = 0;
  if (r.kind == RecordKind::kEnd) r.a = r.b = 0;
  if (r.kind == RecordKind::kDeclared) r.b = 0;
  if (r.kind == RecordKind::kRadio && OverTcp(plan, r)) r.a = 0;
  if (r.kind == RecordKind::kConservation && OverTcp(plan, r)) {
    r.b = (r.b >> 32) + (r.b & 0xFFFFFFFF);
  }
  return r;
}

// 0 for what has a place of its own in the order of an instant; else whose deadline it was.
int ActingEnd(const TraceRecord& r) {
  if (r.kind == RecordKind::kConnectAttempt) return static_cast<int>(Observer::kClient);
  if (r.kind == RecordKind::kDeclared) return r.code;
  return r.kind == RecordKind::kClosed ? r.code >> 8 : 0;
}

bool EndsMaySwap(const TraceRecord& x, const TraceRecord& y) {
  return x.at == y.at && x.entity == y.entity && ActingEnd(x) > ActingEnd(y) && ActingEnd(y) > 0;
}

std::vector<TraceRecord> Modelled(const Plan& plan, const std::vector<TraceRecord>& records) {
  std::vector<TraceRecord> out;
  for (const TraceRecord& r : records) {
    if (!IsModelled(plan, r)) continue;
    out.push_back(Modelled(plan, r));
    for (size_t i = out.size() - 1; i > 0 && EndsMaySwap(out[i - 1], out[i]); --i) {
      std::swap(out[i - 1], out[i]);
    }
  }
  return out;
}

RecordText TextFor(const Plan& plan) {
  std::vector<TraceGroup> groups;
  std::vector<std::string> faults;
  for (const GroupPlan& g : plan.groups) groups.push_back({g.name, g.first_entity, g.count});
  for (const ScheduledFault& f : plan.faults) faults.push_back(f.name);
  return RecordText(groups, {}, faults);
}

// With the bare numbers, since a text may not show all of them.
std::string Line(const RecordText& text, const TraceRecord& r) {
  return absl::StrCat("  ", text.Line(r), "   (code ", r.code, " a ", r.a, " b ", r.b, ")\n");
}

}  // namespace

std::string Difference(const Plan& plan, const std::vector<TraceRecord>& simulator,
                       const std::vector<TraceRecord>& oracle) {
  const std::vector<TraceRecord> x = Modelled(plan, simulator);
  const std::vector<TraceRecord> y = Modelled(plan, oracle);
  if (x == y) return "";
  size_t at = 0;
  while (at < x.size() && at < y.size() && x[at] == y[at]) ++at;
  const RecordText text = TextFor(plan);
  std::string out = "both say:\n";
  for (size_t i = at - std::min(at, kContext); i < at; ++i) {
    out += Line(text, x[i]);
  }
  for (const auto* side : {&x, &y}) {
    absl::StrAppend(&out, side == &x ? "then the simulator:\n" : "then the oracle:\n");
    for (size_t i = at; i < std::min(at + 4, side->size()); ++i) {
      out += Line(text, (*side)[i]);
    }
  }
  return out;
}

}  // namespace keepsim::oracle
