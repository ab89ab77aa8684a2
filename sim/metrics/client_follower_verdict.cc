// What a client's follower makes of declarations, closes and wills: verdict, cause, detection.
#include <algorithm>

#include "sim/metrics/client_follower.h"

namespace keepsim {
namespace {

constexpr size_t kMaxWills = 32;

// Numbers of CloseReason (sim/mqtt/effects.h), fixed since they are in stored traces.
constexpr int kTakeover = 6;
constexpr int kShutdown = 12;
constexpr int kLocalStop = 14;

// Closes by which an observer learns that its peer is gone: by its own rule or from the transport.
bool IsDetection(int reason) {
  constexpr uint32_t kMask = 1u << 1 |  // keep alive timeout
                             1u << 2 |  // PINGRESP timeout
                             1u << 7 |  // closed by peer
                             1u << 8 |  // connection reset
                             1u << 9 |  // TCP timed out
                             1u << 10;  // DISCONNECT from broker
  return reason < 32 && (kMask >> reason & 1) != 0;
}

// Of a true declaration: what keeps the peer from being heard.
Cause CauseOfFailure(FailureKind failure) {
  switch (failure) {
    case FailureKind::kFreeze:
    case FailureKind::kSleep:
    case FailureKind::kBrokerStall:
      return Cause::kPeerStalled;
    case FailureKind::kPathCut:
      return Cause::kPathCut;
    case FailureKind::kMiddlebox:
      return Cause::kMiddleboxExpiry;
    default:
      return Cause::kFailure;
  }
}

Cause CauseOf(Verdict verdict, FailureKind failure, bool by_client, const Evidence& e) {
  if (verdict == Verdict::kTrue) return CauseOfFailure(failure);
  if (verdict == Verdict::kTransient) return Cause::kPathCut;
  if (e.flags & Evidence::kPeerStalled) return Cause::kPeerStalled;
  if (e.flags & Evidence::kObserverStalled) return Cause::kObserverStalled;
  // The broker waits for what the client sends of itself; the client for an answer, which is
  // missing too if the request was lost.
  if (e.lost > 0 || (by_client && e.reply_lost > 0)) return Cause::kPacketsLost;
  if (e.flags & Evidence::kPeerBusy) return Cause::kBrokerBusy;
  if (e.flags & Evidence::kEarlyCheck) return Cause::kCheckGranularity;
  if (e.undelivered > 0 || (e.flags & Evidence::kRequestUndelivered)) return Cause::kPacketsLate;
  if (e.flags & Evidence::kClockDrifts) return Cause::kClockDrift;
  if (e.flags & Evidence::kPeerSilentByRule) return Cause::kClientRule;
  return Cause::kUnknown;
}

}  // namespace

void ClientFollower::OnDeclared(const TraceRecord& r, Output& out) {
  if (r.code < 1 || r.code > kDeclarers) return;
  const int observer = r.code - 1;
  const bool by_broker = observer == Index(Observer::kBroker);
  Connection& c = Open(r.conn);
  const Failure f = c.failure[observer].active() ? c.failure[observer] : ActiveFailure(c, observer);
  Incident incident;
  incident.entity = entity_;
  incident.counter = r.counter;
  incident.conn = r.conn;
  incident.observer = static_cast<Observer>(r.code);
  incident.declared = r.at;
  incident.silence = Duration{r.a};
  incident.evidence = Evidence::Unpack(r.b);
  const Instant silent_since = r.at - Duration{r.a};
  uint16_t& flags = incident.evidence.flags;
  const bool client_stood = stood_still_until_ > silent_since;
  const bool broker_stood = stalled_until_ > silent_since;
  if (by_broker ? client_stood : broker_stood) flags |= Evidence::kPeerStalled;
  if (by_broker ? broker_stood : client_stood) flags |= Evidence::kObserverStalled;
  const bool was_cut = cut_until_ > silent_since;
  if (cut_ != 0 || was_cut) flags |= Evidence::kPathWasCut;

  const bool not_running =
      by_broker ? !alive_ || frozen_ || asleep_ : broker_down_ || broker_stalled_;
  if (not_running || cut_ != 0 || c.mapping_lost != kNever || PeerGone(c, observer)) {
    incident.verdict = Verdict::kTrue;
    if (f.active()) {
      incident.failure = f.kind;
      incident.onset = f.onset;
    } else if (by_broker && !alive_ && down_kind_ != FailureKind::kNone) {
      incident.failure = down_kind_;  // a clean stop, of which the broker did not hear
      incident.onset = down_since_;
    } else if (PeerGone(c, observer)) {
      incident.onset = c.gone_at[1 - observer];
    }
  } else if (was_cut || (flags & Evidence::kPathWasCut) != 0) {
    incident.verdict = Verdict::kTransient;
    incident.failure = FailureKind::kPathCut;
    // The first of the cuts that the silence met.
    for (const Cut& cut : cuts_) {
      if (cut.to <= silent_since) continue;
      incident.onset = cut.from;
      break;
    }
  } else {
    incident.verdict = Verdict::kFalse;
  }
  if (incident.onset != kNever) incident.latency = incident.declared - incident.onset;
  incident.cause = CauseOf(incident.verdict, incident.failure, !by_broker, incident.evidence);

  ++out.tally
        ->declared[observer][static_cast<int>(incident.verdict)][static_cast<int>(incident.cause)];
  ++BinAt(r.at, out).declared[observer][static_cast<int>(incident.verdict)];
  out.incidents->push_back(incident);
  Detected(c, observer, r.at, out);
  if (!by_broker || incident.verdict == Verdict::kTrue) return;

  c.wrong = true;
  if (suspected_ || !observing_) return;
  suspected_ = true;
  const int64_t at = observed_ns_ + (r.at - observed_since_).ns;
  ++out.tally->mistakes;
  if (mistake_began_ >= 0) {
    out.tally->mistake_recurrence.Add(Duration{at - mistake_began_});
    out.tally->good_period.Add(Duration{at - mistake_ended_});
  }
  mistake_began_ = at;
}

void ClientFollower::OnClosed(const TraceRecord& r, Output& out) {
  const int observer = (r.code >> 8) - 1;
  const int reason = r.code & 0xFF;
  if (observer < 0 || observer >= kDeclarers) return;
  const bool by_broker = observer == Index(Observer::kBroker);
  ++out.tally->closed[observer][std::min(reason, kCloseReasons - 1)];
  Connection* c = Find(r.conn);
  if (c == nullptr) return;
  if (by_broker && c->was[observer]) {
    const Failure& f = c->failure[observer];
    // A will that a take-over publishes tells of a client that is back.
    if ((f.active() || c->wrong) && reason != kTakeover) {
      if (wills_.size() == kMaxWills) wills_.erase(wills_.begin());
      wills_.push_back({c->number, f.kind, f.onset, c->wrong && !f.active()});
    }
  }
  if (IsDetection(reason)) {
    Detected(*c, observer, r.at, out);
  } else if (reason == kTakeover) {
    Lost(*c, observer, Undetected::kTakenOver, out);
  } else if (reason == kShutdown || reason == kLocalStop) {
    Lost(*c, observer, Undetected::kObserverGone, out);
  } else {
    Lost(*c, observer, Undetected::kOther, out);
  }
  c->failure[observer] = Failure{};
  if (by_broker && c->open[observer] && --sessions_ == 0) EndKnown(r.at, out);
  if (!by_broker && mapping_lost_conn_ == r.conn) {
    mapping_lost_conn_ = 0;  // its next connection has a mapping of its own
    Observe(r.at, out);
  }
  c->open[observer] = c->there[observer] = false;
  c->gone_at[observer] = r.at;
  if (c->there[0] || c->there[1]) return;
  connections_.erase(connections_.begin() + (c - connections_.data()));
}

void ClientFollower::OnWillDelivered(const TraceRecord& r, Output& out) {
  Tally& t = *out.tally;
  const size_t watcher = r.code;
  if (t.wills_delivered.size() <= watcher) {
    t.wills_delivered.resize(watcher + 1);
    t.detection_by_watcher.resize(watcher + 1);
  }
  ++t.wills_delivered[watcher];
  for (size_t i = wills_.size(); i-- > 0;) {
    const Will& w = wills_[i];
    if (w.conn != r.conn) continue;
    if (w.onset == kNever) return;
    t.detection[Index(Observer::kWatcher)][static_cast<int>(w.kind)].Add(r.at - w.onset);
    t.detection_by_watcher[watcher].Add(r.at - w.onset);
    return;
  }
}

}  // namespace keepsim
