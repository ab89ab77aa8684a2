#include "sim/metrics/client_follower.h"

#include <algorithm>
#include <utility>

namespace keepsim {
namespace {

constexpr int kByBroker = Index(Observer::kBroker);
constexpr int kByClient = Index(Observer::kClient);

// In us^2: a century's has room for ten million clients.
__int128 ProductUs(int64_t a_ns, int64_t b_ns) {
  return static_cast<__int128>(a_ns / 1000) * (b_ns / 1000);
}

}  // namespace

void ClientFollower::Reset(uint32_t entity, uint32_t group) {
  // Keep the vectors' memory.
  std::vector<Connection> connections = std::move(connections_);
  std::vector<Will> wills = std::move(wills_);
  connections.clear();
  wills.clear();
  *this = ClientFollower();
  connections_ = std::move(connections);
  wills_ = std::move(wills);
  entity_ = entity;
  group_ = group;
}

ClientFollower::Connection* ClientFollower::Find(uint32_t number) {
  for (Connection& c : connections_) {
    if (c.number == number) return &c;
  }
  return nullptr;
}

ClientFollower::Connection& ClientFollower::Open(uint32_t number) {
  if (Connection* c = Find(number)) return *c;
  Connection& c = connections_.emplace_back();
  c.number = number;
  return c;
}

TimeBin& ClientFollower::BinAt(Instant at, Output& out) {
  const int64_t n = static_cast<int64_t>(out.bins->size());
  return (
      *out.bins)[static_cast<size_t>(std::clamp<int64_t>((at - kStart) / out.bin_width, 0, n - 1))];
}

// The earliest of the faults in force that keep the observer's peer from being reached.
ClientFollower::Failure ClientFollower::ActiveFailure(const Connection& c, int observer) const {
  Failure first;
  auto consider = [&first](bool in_force, Instant since, FailureKind kind) {
    if (in_force && since < first.onset) first = {kind, since, false};
  };
  if (observer == kByBroker) {
    consider(!alive_ && down_kind_ != FailureKind::kStop && down_kind_ != FailureKind::kNone,
             down_since_, down_kind_);
    consider(frozen_, frozen_since_, FailureKind::kFreeze);
    consider(asleep_, asleep_since_, FailureKind::kSleep);
  } else {
    consider(broker_down_, broker_down_since_, broker_kind_);
    consider(broker_stalled_, stalled_since_, FailureKind::kBrokerStall);
  }
  consider(cut_ != 0, cut_since_, FailureKind::kPathCut);
  consider(c.mapping_lost != kNever, c.mapping_lost, FailureKind::kMiddlebox);
  return first;
}

bool ClientFollower::PeerGone(const Connection& c, int observer) const {
  const int peer = 1 - observer;
  return c.was[peer] && !c.there[peer];
}

void ClientFollower::CountFailure(const Failure& f, int observer, int64_t n, Output& out) {
  out.tally->failures[observer][static_cast<int>(f.kind)] += n;
  if (observer == kByBroker) BinAt(f.onset, out).failures += n;
}

// Brings the observer's failure on this connection up to date with ground truth.
void ClientFollower::Update(Connection& c, int observer, Output& out) {
  if (!c.open[observer]) return;
  Failure& f = c.failure[observer];
  const Failure now = ActiveFailure(c, observer);
  if (!f.active()) {
    if (!now.active()) return;
    f = now;
    return CountFailure(f, observer, 1, out);
  }
  if (f.detected) return;
  if (!now.active() && !PeerGone(c, observer))
    return Lost(c, observer, Undetected::kRecovered, out);
  if (now.active() && now.onset < f.onset) {  // a mapping's loss is noticed after the fact
    CountFailure(f, observer, -1, out);
    f = now;
    CountFailure(f, observer, 1, out);
  }
}

void ClientFollower::TruthChanged(Instant now, Output& out) {
  for (Connection& c : connections_) {
    Update(c, kByBroker, out);
    Update(c, kByClient, out);
  }
  Observe(now, out);
}

void ClientFollower::Detected(Connection& c, int observer, Instant at, Output& out) {
  Failure& f = c.failure[observer];
  if (!f.active() || f.detected) return;
  f.detected = true;
  out.tally->detection[observer][static_cast<int>(f.kind)].Add(at - f.onset);
}

void ClientFollower::Lost(Connection& c, int observer, Undetected how, Output& out) {
  Failure& f = c.failure[observer];
  if (!f.active() || f.detected) return;
  ++out.tally->undetected[observer][static_cast<int>(f.kind)][static_cast<int>(how)];
  f = Failure{};
}

// ---- the broker as a monitor

void ClientFollower::Observe(Instant now, Output& out) {
  const bool observed = Observed();
  if (observed == observing_) return;
  if (observed) {
    observed_since_ = known_since_ = now;
  } else {
    EndMistake(now, /*recorded=*/true, out);
    if (sessions_ > 0) EndKnown(now, out);
    observed_ns_ += (now - observed_since_).ns;
    out.tally->observed_ns += (now - observed_since_).ns;
  }
  observing_ = observed;
}

// Takes back what was counted as observed since `lost_at` and was not.
void ClientFollower::ForgetObserved(Instant lost_at, Instant now) {
  if (!observing_) return;
  const Instant from = std::max(lost_at, observed_since_);
  if (from >= now) return;
  // What comes of it: observed, and with a session, until `from` alone.
  observed_since_ += now - from;
  known_since_ = std::max(known_since_, from) == from ? known_since_ + (now - from) : now;
}

// The broker's last session of this client ends, or the observation does.
void ClientFollower::EndKnown(Instant now, Output& out) {
  if (observing_) out.tally->known_ns += (now - known_since_).ns;
}

void ClientFollower::EndMistake(Instant now, bool recorded, Output& out) {
  if (!suspected_) return;
  suspected_ = false;
  const int64_t at = observed_ns_ + (observing_ ? (now - observed_since_).ns : 0);
  const Duration lasted{at - mistake_began_};
  out.tally->suspected_ns += lasted.ns;
  suspected_ns_ += lasted.ns;
  if (recorded) {
    out.tally->mistake_duration.Add(lasted);
    out.tally->mistake_durations_squared += ProductUs(lasted.ns, lasted.ns);
  }
  mistake_ended_ = at;
}

// ---- records

void ClientFollower::OnRunRecord(const TraceRecord& r, Output& out) {
  switch (r.kind) {
    case RecordKind::kBrokerDown:
      broker_down_ = true;
      broker_down_since_ = r.at;
      broker_kind_ = r.code == 1 ? FailureKind::kBrokerKill : FailureKind::kBrokerCrash;
      break;
    case RecordKind::kBrokerUp:
      broker_down_ = false;
      break;
    case RecordKind::kBrokerStalled:
      broker_stalled_ = true;
      stalled_since_ = r.at;
      break;
    case RecordKind::kBrokerResumed:
      broker_stalled_ = false;
      stalled_until_ = r.at;
      break;
    default:
      return;
  }
  TruthChanged(r.at, out);
}

void ClientFollower::CatchUp(Instant now, const std::vector<TraceRecord>& run, Output& out) {
  while (run_position_ < run.size() && run[run_position_].at <= now) {
    OnRunRecord(run[run_position_++], out);
  }
}

void ClientFollower::Add(const TraceRecord& r, const std::vector<TraceRecord>& run, Output& out) {
  CatchUp(r.at, run, out);
  switch (r.kind) {
    case RecordKind::kHostUp:
      alive_ = true;
      down_kind_ = FailureKind::kNone;
      return TruthChanged(r.at, out);
    case RecordKind::kHostDown:
      alive_ = false;
      down_kind_ = static_cast<FailureKind>(r.code < kFailureKinds ? r.code : 0);
      down_since_ = r.at;
      return TruthChanged(r.at, out);
    case RecordKind::kFrozen:
      frozen_ = true;
      frozen_since_ = r.at;
      return TruthChanged(r.at, out);
    case RecordKind::kThawed:
      frozen_ = false;
      stood_still_until_ = r.at;
      return TruthChanged(r.at, out);
    case RecordKind::kAsleep:
      asleep_ = true;
      asleep_since_ = r.at;
      return TruthChanged(r.at, out);
    case RecordKind::kAwake:
      asleep_ = false;
      stood_still_until_ = r.at;
      return TruthChanged(r.at, out);
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
      if (cut_ == 0 && r.code != 0) cut_since_ = r.at;
      if (cut_ != 0 && r.code == 0) {
        cut_until_ = r.at;
        if (cuts_.size() == kMaxCuts) cuts_.erase(cuts_.begin());
        cuts_.push_back({cut_since_, r.at});
      }
      cut_ = r.code;
      return TruthChanged(r.at, out);
    case RecordKind::kMappingLost:
      if (Connection* c = Find(r.conn)) {
        c->mapping_lost = Instant{r.a};
        mapping_lost_conn_ = r.conn;
        ForgetObserved(Instant{r.a}, r.at);
        Observe(r.at, out);
        Update(*c, kByBroker, out);
        Update(*c, kByClient, out);
      }
      return;
    case RecordKind::kConnectAttempt: {
      Connection& c = Open(r.conn);
      c.there[kByClient] = c.was[kByClient] = true;
      ++out.tally->connect_attempts;
      ++BinAt(r.at, out).connect_attempts;
      return;
    }
    case RecordKind::kConnected: {
      Connection& c = Open(r.conn);
      c.there[kByClient] = c.was[kByClient] = c.open[kByClient] = true;
      ++out.tally->connected;
      out.tally->connect_time.Add(Duration{r.a});
      return Update(c, kByClient, out);
    }
    case RecordKind::kSessionOpened: {
      Connection* known = Find(r.conn);
      Connection& c = known != nullptr ? *known : Open(r.conn);
      if (known == nullptr) {  // the client gave it up before the broker got to it
        c.was[kByClient] = true;
        c.gone_at[kByClient] = r.at;
      }
      if (!c.open[kByBroker] && sessions_++ == 0) known_since_ = r.at;
      c.there[kByBroker] = c.was[kByBroker] = c.open[kByBroker] = true;
      ++out.tally->sessions_opened;
      ++BinAt(r.at, out).sessions_opened;
      EndMistake(r.at, /*recorded=*/true, out);
      return Update(c, kByBroker, out);
    }
    case RecordKind::kDeclared:
      return OnDeclared(r, out);
    case RecordKind::kClosed:
      return OnClosed(r, out);
    case RecordKind::kWillPublished: {
      ++out.tally->wills_published;
      bool wrong = false;
      if (const Connection* c = Find(r.conn)) wrong = c->wrong;
      for (const Will& w : wills_) wrong |= w.conn == r.conn && w.wrong;
      if (wrong) ++out.tally->wills_published_false;
      return;
    }
    case RecordKind::kWillDelivered:
      return OnWillDelivered(r, out);
    default:
      return OnEnd(r, out);
  }
}

void ClientFollower::OnEnd(const TraceRecord& r, Output& out) {
  Tally& t = *out.tally;
  const int direction = (r.kind == RecordKind::kCost ? r.code >> 8 : r.code) & 1;
  switch (r.kind) {
    case RecordKind::kCost:
      t.packets[direction][r.code & 15] += r.a;
      t.bytes[direction][r.code & 15] += r.b;
      packets_ += r.a;
      return;
    case RecordKind::kTransportCost:
      t.segments[direction] += r.a;
      t.wire_bytes[direction] += r.b;
      wire_bytes_ += r.b;
      return;
    case RecordKind::kTransportLoss:
      t.segments_lost[direction] += r.a;
      t.segments_retransmitted[direction] += r.b;
      return;
    case RecordKind::kRadio:
      t.radio_wakeups += r.a;
      radio_wakeups_ += r.a;
      t.connected_ns += r.b;
      return;
    case RecordKind::kConservation:
      t.sent[direction] += static_cast<int64_t>(static_cast<uint64_t>(r.a) >> 32);
      t.delivered[direction] += static_cast<int64_t>(static_cast<uint64_t>(r.a) & 0xFFFFFFFF);
      t.dropped[direction] += static_cast<int64_t>(static_cast<uint64_t>(r.b) >> 32);
      t.in_flight[direction] += static_cast<int64_t>(static_cast<uint64_t>(r.b) & 0xFFFFFFFF);
      return;
    case RecordKind::kPingRtt:
      t.pings += r.a;
      t.ping_rtt_ns += r.b;
      return;
    case RecordKind::kEnd:
      ++t.clients;
      t.packets_squared += static_cast<__int128>(packets_) * packets_;
      t.wire_bytes_squared += static_cast<__int128>(wire_bytes_) * wire_bytes_;
      t.radio_wakeups_squared += static_cast<__int128>(radio_wakeups_) * radio_wakeups_;
      t.alive_at_end += (r.code & end_state::kAlive) != 0;
      t.connected_at_end += (r.code & end_state::kConnected) != 0;
      t.sessions_at_end += (r.code & end_state::kBrokerSession) != 0;
      t.events += r.a;
      t.longest_silence = std::max(t.longest_silence, Duration{r.b});
      return End(r.at, out);
    default:
      return;  // kinds that say nothing to metrics
  }
}

void ClientFollower::End(Instant at, Output& out) {
  for (Connection& c : connections_) {
    for (int observer = 0; observer < kDeclarers; ++observer) {
      Lost(c, observer, Undetected::kAtEnd, out);
    }
  }
  connections_.clear();
  Tally& t = *out.tally;
  if (observing_) {
    EndMistake(at, /*recorded=*/false, out);
    if (sessions_ > 0) EndKnown(at, out);
    t.observed_ns += (at - observed_since_).ns;
    observed_ns_ += (at - observed_since_).ns;
    observing_ = false;
  }
  t.observed_squared += ProductUs(observed_ns_, observed_ns_);
  t.suspected_squared += ProductUs(suspected_ns_, suspected_ns_);
  t.observed_by_suspected += ProductUs(observed_ns_, suspected_ns_);
}

}  // namespace keepsim
