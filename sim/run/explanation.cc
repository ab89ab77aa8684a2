#include "sim/run/explanation.h"

#include <algorithm>

namespace keepsim {
namespace {

constexpr uint8_t kPublish = 3;
constexpr uint8_t kPingreq = 12;
constexpr uint8_t kPingresp = 13;

const ClientProfile& ProfileOf(const Plan& plan, uint32_t entity) {
  size_t g = 0;
  while (g + 1 < plan.groups.size() && plan.groups[g + 1].first_entity <= entity) ++g;
  return plan.groups[g].profile;
}

// Whether the packet would have satisfied the client's wait.
bool Answers(const ClientProfile& p, uint8_t type) {
  switch (p.pingresp_by) {
    case PingrespBy::kPingresp:
      return type == kPingresp;
    case PingrespBy::kAnyPacket:
      return true;
    case PingrespBy::kInput:
      return p.in_reference == InReference::kAnyPacket ||
             (p.in_reference == InReference::kAcks ? type != kPublish : type == kPingresp);
  }
  return true;
}

bool IsFault(const TraceRecord& r) {
  if (IsGroundTruth(r.kind)) return true;
  switch (r.kind) {
    case RecordKind::kBrokerDown:
    case RecordKind::kBrokerUp:
    case RecordKind::kBrokerStalled:
    case RecordKind::kBrokerResumed:
      return true;
    default:
      return false;
  }
}

}  // namespace

Explanation Explain(const Plan& plan, const IncidentStretch& stretch, const Incident& incident) {
  Explanation out;
  const bool by_broker = incident.observer == Observer::kBroker;
  const ClientProfile& profile = ProfileOf(plan, incident.entity);
  const Direction from_peer = by_broker ? kUp : kDown;
  for (const LoggedPacket& p : stretch.log.packets()) {
    if (p.conn != incident.conn || p.written > incident.declared) continue;
    const bool read = p.received <= incident.declared;
    if (p.fields.direction == from_peer) {
      if (!read && (by_broker || Answers(profile, p.fields.type))) out.awaited.push_back(p.id);
      if (read && !by_broker && p.fields.type == kPingresp) out.requests.clear();
    } else if (!by_broker && p.fields.type == kPingreq) {
      out.requests.push_back(p.id);
    }
  }
  const Instant silent_from =
      stretch.last_heard == kNever
          ? incident.declared - incident.silence
          : std::min(stretch.last_heard, incident.declared - incident.silence);
  for (const LogEntry& e : stretch.log.entries()) {
    const TraceRecord& r = e.record;
    if (r.at >= silent_from && r.at <= incident.declared && IsFault(r)) out.faults.push_back(r);
  }

  const GroundTruth& t = stretch.truth;
  out.peer_stood = by_broker ? t.down.holds || t.frozen.holds || t.asleep.holds
                             : t.broker_down.holds || t.broker_stalled.holds;
  out.path_cut = t.cut.holds;
  out.was_cut = t.cut.HeldSince(incident.declared - incident.silence);
  out.mapping_lost = t.MappingLost(incident.conn);
  const GroundTruth::End* peer =
      t.Find(incident.conn, by_broker ? Observer::kClient : Observer::kBroker);
  if (peer != nullptr && peer->closed <= incident.declared) {
    out.peer_closed = peer->closed;
    out.peer_reason = peer->reason;
  }
  return out;
}

}  // namespace keepsim
