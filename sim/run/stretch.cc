#include "sim/run/stretch.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace keepsim {
namespace {

// Entries of what is past are kept until there are this many.
constexpr size_t kKept = 256;
// The peer may learn of the closing much later, or never.
constexpr Duration kAwaitedClosing = Seconds(10);
constexpr Duration kAfterClosing = Seconds(1);
constexpr Duration kBeforeHearing = Seconds(1);

std::vector<ClientRange> Only(const Plan& plan, uint32_t entity) {
  for (uint32_t g = 0; g < plan.groups.size(); ++g) {
    const uint32_t first = plan.groups[g].first_entity;
    if (entity >= first && entity - first < plan.groups[g].count) {
      return {{g, entity - first, entity - first}};
    }
  }
  return {};
}

template <typename Take>
absl::StatusOr<Replayed> ReplayOne(const Plan& plan, TraceReader& trace, uint32_t entity,
                                   Instant until, const Take& take) {
  const std::vector<ClientRange> only = Only(plan, entity);
  if (only.empty()) return absl::OutOfRangeError("there is no such client");
  RunOptions options;
  options.until = until;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) take(*r);
    return absl::OkStatus();
  };
  return RunClientsAgainst(plan, only, options, trace);
}

// Nothing later is told of an incident.
Instant EndOf(const Incident& incident) { return incident.declared + kAwaitedClosing; }

// Follows the records of an incident's client.
class IncidentFollower {
 public:
  IncidentFollower(const Incident& incident, IncidentStretch& out)
      : incident_(incident),
        silent_from_(incident.declared - incident.silence),
        heard_(incident.observer == Observer::kBroker ? kUp : kDown),
        out_(out) {
    out_.to = EndOf(incident);
  }

  void Add(const TraceRecord& r) {
    if (r.at > out_.to) return;
    out_.log.Add(r);
    if (!declared_) out_.truth.Add(r);
    if (r.kind == RecordKind::kDeclared && r.counter == incident_.counter) declared_ = true;
    if (r.conn != incident_.conn) return;
    if (r.kind == RecordKind::kPacketReceived && r.code >> 8 == heard_ && !declared_) OnHeard(r);
    if (r.kind == RecordKind::kClosed && declared_ && ++closings_ == open_) {
      out_.to = std::min(out_.to, r.at + kAfterClosing);
    }
    if (r.kind == RecordKind::kClosed && !declared_) --open_;
  }

 private:
  void OnHeard(const TraceRecord& r) {
    out_.last_heard = r.at;
    const LoggedPacket* p = out_.log.Packet(out_.log.entries().back().packet);
    out_.last_packet = p == nullptr ? 0 : p->id;
    // A client that waits for PINGRESP hears other packets meanwhile: its wait is kept whole.
    if (r.at > silent_from_ + kBeforeHearing) return;
    Instant from = r.at - kBeforeHearing;
    if (p != nullptr) from = std::min(from, p->written);
    out_.from = std::max(from, kStart);
    out_.log.Forget(out_.from);
  }

  const Incident& incident_;
  const Instant silent_from_;
  const int heard_;  // direction of what the observer hears
  IncidentStretch& out_;
  bool declared_ = false;
  int open_ = 2;  // ends of the connection before the declaration
  int closings_ = 0;
};

}  // namespace

absl::StatusOr<Stretch> ReplayStretch(const Plan& plan, TraceReader& trace, uint32_t entity,
                                      Instant from, Instant to) {
  Stretch out;
  out.entity = entity;
  out.from = from;
  out.to = to;
  auto replayed = ReplayOne(plan, trace, entity, to, [&](const TraceRecord& r) {
    out.log.Add(r);
    if (out.log.entries().size() > kKept && r.at <= from) out.log.Forget(r.at);
  });
  if (!replayed.ok()) return replayed.status();
  out.log.Forget(from);
  out.replayed = *std::move(replayed);
  return out;
}

absl::StatusOr<IncidentStretch> ReplayIncident(const Plan& plan, TraceReader& trace,
                                               const Incident& incident) {
  IncidentStretch out;
  out.entity = incident.entity;
  IncidentFollower follower(incident, out);
  auto replayed = ReplayOne(plan, trace, incident.entity, EndOf(incident),
                            [&](const TraceRecord& r) { follower.Add(r); });
  if (!replayed.ok()) return replayed.status();
  out.log.Forget(out.from);
  out.replayed = *std::move(replayed);
  return out;
}

absl::StatusOr<std::vector<IncidentStretch>> ReplayIncidents(
    const Plan& plan, TraceReader& trace, const std::vector<Incident>& incidents) {
  std::vector<IncidentStretch> out(incidents.size());
  std::vector<IncidentFollower> followers;
  // Positions of each client's incidents; of the whole run's records, all have a part.
  std::map<uint32_t, std::vector<size_t>> of_client;
  for (size_t i = 0; i < incidents.size(); ++i) {
    out[i].entity = incidents[i].entity;
    followers.emplace_back(incidents[i], out[i]);
    of_client[incidents[i].entity].push_back(i);
  }
  RunOptions options;
  options.until = kStart;
  for (const Incident& i : incidents) options.until = std::max(options.until, EndOf(i));
  std::vector<ClientRange> clients;
  for (const auto& [entity, positions] : of_client) {
    for (const ClientRange& c : Only(plan, entity)) clients.push_back(c);
  }
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      if (r->entity == 0) {
        for (IncidentFollower& f : followers) f.Add(*r);
        continue;
      }
      for (const size_t i : of_client[r->entity]) followers[i].Add(*r);
    }
    return absl::OkStatus();
  };
  const auto replayed = RunClientsAgainst(plan, clients, options, trace);
  if (!replayed.ok()) return replayed.status();
  for (IncidentStretch& s : out) {
    s.log.Forget(s.from);
    s.replayed = *replayed;
  }
  return out;
}

}  // namespace keepsim
