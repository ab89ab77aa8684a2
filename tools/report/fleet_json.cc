#include "tools/report/fleet_json.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sim/base/quote.h"
#include "sim/trace/text.h"
#include "tools/export/json_object.h"

namespace keepsim {
namespace {

constexpr uint8_t kRuns = 1, kFrozenNow = 2, kSleeps = 4, kCut = 8;
constexpr uint8_t kOneHolds = 16, kBothHold = 32, kNoMapping = 64;

ShownState StateOf(uint8_t flags) {
  if ((flags & kRuns) == 0) return ShownState::kDown;
  if ((flags & (kFrozenNow | kSleeps)) != 0) return ShownState::kStandsStill;
  if ((flags & kCut) != 0) return ShownState::kPathCut;
  if ((flags & kNoMapping) != 0) return ShownState::kUnmapped;
  if ((flags & kBothHold) != 0) return ShownState::kConnected;
  return (flags & kOneHolds) != 0 ? ShownState::kOneEnd : ShownState::kNotConnected;
}

template <typename T>
void AppendNumber(T value, std::string* bytes) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes->append(raw, sizeof(T));
}

// A column of numbers in base64.
template <typename T, typename Items, typename Get>
std::string Column(const Items& items, Get get) {
  std::string bytes;
  bytes.reserve(items.size() * sizeof(T));
  for (const auto& item : items) AppendNumber<T>(static_cast<T>(get(item)), &bytes);
  return JsonString(absl::Base64Escape(bytes));
}

template <typename Name>
std::string Names(int count, Name name) {
  JsonArray all;
  for (int i = 0; i < count; ++i) all.Word(name(i));
  return all.Text();
}

}  // namespace

FleetFollower::FleetFollower(const TraceHeader& header) : header_(header) {
  uint32_t clients = 0;
  for (const TraceGroup& g : header.groups) clients = g.first_entity + g.count - 1;
  clients_.resize(clients);
}

uint8_t FleetFollower::FlagsOf(const Client& c) {
  uint8_t flags = c.truth;
  if (c.conn[0] != 0 && c.conn[0] == c.conn[1]) {
    flags |= kBothHold;
  } else if (c.conn[0] != 0 || c.conn[1] != 0) {
    flags |= kOneHolds;
  }
  if (c.unmapped != 0 && (c.conn[0] == c.unmapped || c.conn[1] == c.unmapped)) flags |= kNoMapping;
  return flags;
}

void FleetFollower::Add(const TraceRecord& r) {
  if (!r.is_outcome()) return;
  if (r.entity == 0) return OnRun(r);
  if (r.entity > clients_.size()) return;
  Client& c = clients_[r.entity - 1];
  if (r.kind == RecordKind::kPathDown) Struck(r.a, r.at, true);
  if (r.kind == RecordKind::kPathUp) Struck(r.a, r.at, false);
  if (r.kind == RecordKind::kDegraded) Struck(r.a, r.at, r.code == 1);
  const auto set = [&](uint8_t flag, bool on) {
    c.truth = static_cast<uint8_t>(on ? c.truth | flag : c.truth & ~flag);
  };
  switch (r.kind) {
    case RecordKind::kHostUp:
    case RecordKind::kHostDown:
      set(kRuns, r.kind == RecordKind::kHostUp);
      break;
    case RecordKind::kFrozen:
    case RecordKind::kThawed:
      set(kFrozenNow, r.kind == RecordKind::kFrozen);
      break;
    case RecordKind::kAsleep:
    case RecordKind::kAwake:
      set(kSleeps, r.kind == RecordKind::kAsleep);
      break;
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
      set(kCut, r.code != 0);
      break;
    case RecordKind::kMappingLost:
      Unmapped(c, r);
      break;
    case RecordKind::kConnected:
      c.conn[0] = r.conn;
      break;
    case RecordKind::kSessionOpened:
      c.conn[1] = r.conn;
      break;
    case RecordKind::kClosed: {
      const int end = r.code >> 8 == static_cast<int>(Observer::kBroker) ? 1 : 0;
      if (c.conn[end] == r.conn) c.conn[end] = 0;
      break;
    }
    default:
      return;
  }
  c.moments.push_back({r.at, FlagsOf(c)});
  ++moments_;
}

// It is noticed when a packet meets it; it had been lost before.
void FleetFollower::Unmapped(Client& c, const TraceRecord& r) {
  c.unmapped = r.conn;
  const Instant lost{r.a};
  auto first = std::find_if(c.moments.begin(), c.moments.end(),
                            [&](const Moment& m) { return m.at > lost; });
  if (first == c.moments.begin()) return;
  const uint8_t before = std::prev(first)->flags;
  for (auto m = first; m != c.moments.end(); ++m) m->flags |= kNoMapping;
  c.moments.insert(first, {lost, static_cast<uint8_t>(before | kNoMapping)});
}

void FleetFollower::OnRun(const TraceRecord& r) {
  switch (r.kind) {
    case RecordKind::kBrokerDown:
      return OpenBand("broker down", r.at);
    case RecordKind::kBrokerUp:
      return CloseBand("broker down", r.at);
    case RecordKind::kBrokerStalled:
      return OpenBand("broker stands still", r.at);
    case RecordKind::kBrokerResumed:
      return CloseBand("broker stands still", r.at);
    case RecordKind::kFaultBegins:
    case RecordKind::kFaultEnds: {
      if (r.code >= header_.faults.size()) return;
      const std::string& name = header_.faults[r.code];
      return r.kind == RecordKind::kFaultBegins ? OpenBand(name, r.at) : CloseBand(name, r.at);
    }
    default:
      return;
  }
}

void FleetFollower::Struck(int64_t fault, Instant at, bool begins) {
  if (fault < 0 || static_cast<size_t>(fault) >= header_.faults.size()) return;
  const std::string& name = header_.faults[static_cast<size_t>(fault)];
  for (auto b = bands_.rbegin(); b != bands_.rend(); ++b) {
    if (b->name != name || (begins && b->to != kNever && b->to < at)) continue;
    if (!begins) b->to = at;
    return;
  }
  if (begins) OpenBand(name, at);
}

void FleetFollower::OpenBand(const std::string& name, Instant at) {
  bands_.push_back({name, at, kNever});
}

void FleetFollower::CloseBand(const std::string& name, Instant at) {
  for (Band& b : bands_) {
    if (b.name == name && b.to == kNever) b.to = at;
  }
}

std::vector<std::vector<FleetFollower::Change>> FleetFollower::Changes() const {
  std::vector<std::vector<Change>> all;
  all.reserve(clients_.size());
  for (const Client& c : clients_) {
    std::vector<Change>& changes = all.emplace_back();
    changes.push_back({kStart, ShownState::kDown});
    for (const Moment& m : c.moments) {
      const ShownState state = StateOf(m.flags);
      if (changes.back().at == m.at) {
        changes.back().state = state;
        if (changes.size() > 1 && changes[changes.size() - 2].state == state) changes.pop_back();
      } else if (changes.back().state != state) {
        changes.push_back({m.at, state});
      }
    }
  }
  return all;
}

std::string FleetJson(const TraceHeader& header, const FleetFollower& fleet,
                      const std::vector<Incident>& incidents, const std::string& digest,
                      const std::string& trace) {
  const auto clients = fleet.Changes();
  // The whole run in 32 bits.
  const int64_t unit = header.horizon.ns / 0xFFFFFFF0 + 1;
  std::vector<uint32_t> first = {0};
  std::vector<FleetFollower::Change> changes;
  for (const auto& c : clients) {
    changes.insert(changes.end(), c.begin(), c.end());
    first.push_back(static_cast<uint32_t>(changes.size()));
  }
  JsonArray groups;
  for (const TraceGroup& g : header.groups) {
    groups.Raw(JsonObject()
                   .Word("name", g.name)
                   .Number("first", g.first_entity - 1)
                   .Number("count", g.count)
                   .Text());
  }
  JsonArray bands;
  for (const FleetFollower::Band& b : fleet.bands()) {
    JsonObject one;
    one.Word("name", b.name).Number("from", (b.from - kStart).ns);
    if (b.to != kNever) one.Number("to", (b.to - kStart).ns);
    bands.Raw(one.Text());
  }
  using I = const Incident&;
  JsonObject o;
  o.Word("scenario", header.scenario_name).Word("seed", absl::StrCat(header.seed));
  o.Word("engine_version", header.engine_version).Word("digest", digest).Word("trace", trace);
  o.Number("horizon", header.horizon.ns)
      .Number("unit_ns", unit)
      .Number("clients", static_cast<int64_t>(clients.size()));
  o.Raw("groups", groups.Text()).Raw("bands", bands.Text());
  o.Raw("verdicts", Names(3, [](int i) { return VerdictName(static_cast<Verdict>(i)); }));
  o.Raw("causes", Names(kCauses, [](int i) { return CauseName(static_cast<Cause>(i)); }));
  o.Raw("failures",
        Names(kFailureKinds, [](int i) { return FailureKindName(static_cast<FailureKind>(i)); }));
  o.Raw("first", Column<uint32_t>(first, [](uint32_t n) { return n; }));
  o.Raw("at", Column<uint32_t>(changes, [&](const auto& c) { return (c.at - kStart).ns / unit; }));
  o.Raw("state", Column<uint8_t>(changes, [](const auto& c) { return c.state; }));
  o.Number("incidents", static_cast<int64_t>(incidents.size()));
  o.Raw("client", Column<uint32_t>(incidents, [](I i) { return i.entity - 1; }));
  o.Raw("declared", Column<double>(incidents, [](I i) { return (i.declared - kStart).ns; }));
  o.Raw("silence", Column<double>(incidents, [](I i) { return i.silence.ns; }));
  o.Raw("latency", Column<double>(incidents, [](I i) {
          return i.onset == kNever ? NAN : static_cast<double>(i.latency.ns);
        }));
  o.Raw("verdict", Column<uint8_t>(incidents, [](I i) { return i.verdict; }));
  o.Raw("cause", Column<uint8_t>(incidents, [](I i) { return i.cause; }));
  o.Raw("failure", Column<uint8_t>(incidents, [](I i) { return i.failure; }));
  o.Raw("observer", Column<uint8_t>(incidents, [](I i) { return i.observer; }));
  return o.Text();
}

std::vector<size_t> WorstIncidents(const std::vector<Incident>& incidents, size_t at_most) {
  std::vector<size_t> chosen;
  std::set<std::tuple<Verdict, Cause, FailureKind, Observer>> kinds;
  std::vector<size_t> others;
  for (size_t i = 0; i < incidents.size(); ++i) {
    const Incident& x = incidents[i];
    const bool first = kinds.insert({x.verdict, x.cause, x.failure, x.observer}).second;
    (first ? chosen : others).push_back(i);
  }
  std::stable_sort(others.begin(), others.end(), [&](size_t i, size_t j) {
    const Incident& a = incidents[i];
    const Incident& b = incidents[j];
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    return a.silence > b.silence;
  });
  chosen.insert(chosen.end(), others.begin(), others.end());
  chosen.resize(std::min(chosen.size(), at_most));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace keepsim
