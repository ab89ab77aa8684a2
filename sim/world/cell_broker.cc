// The broker's application: accepting, hearing, checking, closing, wills; and its capacity.
#include <algorithm>
#include <limits>

#include "absl/strings/string_view.h"
#include "sim/world/cell.h"

namespace keepsim {
namespace {

uint16_t Saturate(uint64_t n) {
  return static_cast<uint16_t>(std::min<uint64_t>(n, std::numeric_limits<uint16_t>::max()));
}

// 100 ppm: what a quartz without temperature control keeps to.
constexpr int64_t kCrystalTolerance = 10000;

// MQTT topic filters (3.1.1 section 4.7): + one level, # the rest.
bool FilterMatches(absl::string_view filter, absl::string_view topic) {
  while (true) {
    const size_t f = std::min(filter.find('/'), filter.size());
    const size_t t = std::min(topic.find('/'), topic.size());
    const absl::string_view level = filter.substr(0, f);
    if (level == "#") return true;
    if (level != "+" && level != topic.substr(0, t)) return false;
    if (f == filter.size() && t == topic.size()) return true;
    // The level above # is one of its own ([MQTT-4.7.1-2]).
    if (t == topic.size()) return filter.substr(f) == "/#";
    if (f == filter.size()) return false;
    filter.remove_prefix(f + 1);
    topic.remove_prefix(t + 1);
  }
}

}  // namespace

void Cell::BrokerAccepts(uint32_t connection) {
  if (accept_per_second_ <= 0 && BrokerRuns()) return AcceptNow(connection);
  connections_[connection].accept_queued = true;
  Broker().AwaitAccept(WaitingOf(connection));
}

void Cell::AwaitAccept(const Waiting& waiting) {
  queues_->accept.Push(waiting);
  ArmAccept();
}

void Cell::AcceptNow(uint32_t connection) {
  Connection& c = connections_[connection];
  const uint32_t generation = c.generation;
  c.accept_queued = false;
  c.end[kBrokerEnd].app = true;
  // A kernel knows no connections of datagrams.
  if (HostOf(c).group->transport == Transport::kDatagram) {
    c.end[kBrokerEnd].opened = simulator_.now();
  }
  OnAccepted(plan_.broker.profile, c.session, simulator_.now());
  Read(connection, kBrokerEnd);
  if (!Is(connection, generation)) return;
  if (c.end[kBrokerEnd].app && c.end[kBrokerEnd].pending_close != CloseReason::kNone) {
    TellClosed(connection, kBrokerEnd, c.end[kBrokerEnd].pending_close);
    if (!Is(connection, generation)) return;
  }
  ArmBroker(connection);
}

void Cell::ArmAccept() {
  if (queues_->accept_armed || queues_->accept.empty() || !BrokerRuns()) return;
  queues_->accept_armed = true;
  PushBroker(std::max(queues_->next_accept, simulator_.now()), EventClass::kWanted, Kind::kAccept,
             0);
}

void Cell::OnAcceptSlot() {
  queues_->accept_armed = false;
  if (!BrokerRuns()) return;  // ResumeBroker() arms again
  while (!queues_->accept.empty()) {
    const Waiting next = queues_->accept.front();
    queues_->accept.Pop();
    Cell* const cell = MemberWaiting(next);
    if (cell == nullptr || !cell->connections_[next.connection].accept_queued) continue;
    cell->AcceptNow(next.connection);
    if (accept_per_second_ > 0) {
      queues_->next_accept = simulator_.now() + Seconds(1) / accept_per_second_;
      break;
    }
  }
  ArmAccept();
}

void Cell::BrokerHears(uint32_t connection, const Packet& packet) {
  if (plan_.broker.handling.ns == 0) return HandleAtBroker(connection, packet);
  Connection& c = connections_[connection];
  ++c.unhandled;
  work_.Push({connection, c.generation, c.host, packet});
  if (queues_ != nullptr) return ArmWork();
  // Nothing comes in between: when it will be handled is certain. It counts as the broker's event.
  simulator_.Schedule({Broker().NoteHandled(simulator_.now()),
                       EventOrder(EventClass::kWanted, 0, 0),
                       EventSubject(0, static_cast<uint8_t>(Kind::kHandled)), EventObject(0)});
}

// When a member's packet that arrives at `now`, the last so far, is handled; if not before the
// horizon, at some time after it.
Instant Cell::HandledAfter(Instant now) const {
  return std::min(std::max(queues_->work_done, now), kStart + plan_.horizon) +
         plan_.broker.handling;
}

Instant Cell::NoteHandled(Instant now) { return queues_->work_done = HandledAfter(now); }

void Cell::ArmWork() {
  if (queues_->work_armed || work_.empty() || !BrokerRuns()) return;
  queues_->work_armed = true;
  PushBroker(simulator_.now() + plan_.broker.handling, EventClass::kWanted, Kind::kHandled, 0);
}

void Cell::OnHandled() {
  if (queues_ != nullptr) queues_->work_armed = false;
  if (!BrokerRuns() || work_.empty()) return;
  const WorkItem item = work_.front();
  work_.Pop();
  if (Is(item.connection, item.generation)) --connections_[item.connection].unhandled;
  if (Is(item.connection, item.generation) && connections_[item.connection].end[kBrokerEnd].app) {
    HandleAtBroker(item.connection, item.packet);
  } else {
    ++hosts_[item.host].traffic.dropped[kUp];
  }
  if (queues_ != nullptr) ArmWork();
}

void Cell::HandleAtBroker(uint32_t connection, const Packet& packet) {
  Connection& c = connections_[connection];
  Host& host = HostOf(c);
  Identity& identity = IdentityOf(host);
  const Instant now = simulator_.now();
  ++host.traffic.delivered[kUp];
  if (host.packets) RecordPacket(host, RecordKind::kPacketReceived, kUp, c.number, packet);
  if (packet.type == PacketType::kConnect && identity.stored.connected &&
      identity.connection != kNoConnection && identity.connection != connection) {
    const uint32_t old = identity.connection;
    ApplyBroker(old, OnTakeover(plan_.broker.profile, host.group->peer, connections_[old].session,
                                identity.stored, now, packet.has(Packet::kCleanStart)));
  }
  ApplyBroker(connection, OnPacket(plan_.broker.profile, host.group->peer, c.session,
                                   identity.stored, now, packet));
}

void Cell::ApplyBroker(uint32_t connection, const Effects& effects) {
  Connection& c = connections_[connection];
  const uint32_t generation = c.generation;
  const uint32_t number = c.number;
  Host& host = HostOf(c);
  Identity& identity = IdentityOf(host);
  for (const Effect& e : effects) {
    switch (e.kind) {
      case Effect::Kind::kSend:
        if (Is(connection, generation)) WritePacket(connection, kBrokerEnd, e.packet);
        break;
      case Effect::Kind::kClose:
      case Effect::Kind::kAbort:
        DetachBroker(connection, e.reason);
        CloseEnd(connection, kBrokerEnd, e.kind == Effect::Kind::kAbort);
        break;
      case Effect::Kind::kSessionOpened:
        identity.connection = connection;
        Record(host, RecordKind::kSessionOpened, 0, number, e.packet.value, c.session.limit.ns);
        break;
      case Effect::Kind::kWillPublish:
        PublishWill(host, number);
        break;
      case Effect::Kind::kDeclaredDead:
        Declare(connection, kBrokerEnd, e.silence);
        break;
      case Effect::Kind::kMessageDelivered:
        break;
      case Effect::Kind::kOpenTransport:
      case Effect::Kind::kConnected:
        SIM_CHECK(false);  // the client's
    }
  }
  if (Is(connection, generation)) ArmBroker(connection);
  ArmStored(host.identity);
}

void Cell::DetachBroker(uint32_t connection, CloseReason reason) {
  Connection& c = connections_[connection];
  if (!c.end[kBrokerEnd].app) return;
  Host& host = HostOf(c);
  Identity& identity = IdentityOf(host);
  const Instant now = simulator_.now();
  c.end[kBrokerEnd].app = false;
  c.end[kBrokerEnd].pending_close = CloseReason::kNone;
  DropUnread(connection, kBrokerEnd);
  c.session.state = BrokerState::kClosed;
  if (identity.connection == connection) {
    identity.connection = kNoConnection;
    identity.closed_at = now;
    identity.closed_conn = c.number;
  }
  Record(host, RecordKind::kClosed, ClosedCode(Observer::kBroker, reason), c.number,
         (now - c.end[kBrokerEnd].opened).ns);
}

void Cell::PublishWill(Host& host, uint32_t conn) {
  const Identity& identity = IdentityOf(host);
  const Instant now = simulator_.now();
  const Duration since = identity.closed_conn == conn ? now - identity.closed_at : Duration{};
  Record(host, RecordKind::kWillPublished, 0, conn, since.ns);
  std::string& topic = common_->topic;
  topic.clear();
  AppendForClient(host.group->connect.will.topic, host.group->name, host.index, &topic);
  const uint64_t will = host.wills++;
  for (uint32_t w = 0; w < plan_.watchers.size(); ++w) {
    const WatcherPlan& watcher = plan_.watchers[w];
    if (!FilterMatches(watcher.filter, topic)) continue;
    // A lost transmission comes back as TCP repeats it: 200 ms, doubling.
    Duration delay;
    Duration rto = Milliseconds(200);
    uint64_t draw = (will << 16) | (uint64_t{w} << 8);
    RandomBlock luck = host.luck.Block(Purpose::kWatcher, draw);
    while (watcher.loss.Hit(luck.high()) && (draw & 0xFF) < 15) {
      delay += rto;
      rto = rto * 2;
      luck = host.luck.Block(Purpose::kWatcher, ++draw);
    }
    const Instant arrives = now + delay + watcher.latency.Sample(luck.low());
    uint32_t number = static_cast<uint32_t>(wills_.size());
    if (free_wills_.empty()) {
      wills_.push_back(now);
    } else {
      number = free_wills_.back();
      free_wills_.pop_back();
      wills_[number] = now;
    }
    Push(host, arrives, EventClass::kArrival, Kind::kWatcher, number, static_cast<uint8_t>(w),
         conn);
  }
}

void Cell::ArmBroker(uint32_t connection) {
  Connection& c = connections_[connection];
  if (!c.end[kBrokerEnd].app || !BrokerRuns()) return;
  if (WaitsForKillSlot(c.session)) {
    if (c.kill_queued) return;
    c.kill_queued = true;
    Broker().queues_->kill.Push(WaitingOf(connection));
    return Broker().ArmKill();
  }
  const Instant deadline = NextDeadline(plan_.broker.profile, c.session);
  if (HostOf(c).packets && c.told_deadline != deadline) {
    c.told_deadline = deadline;
    PacketRecord(HostOf(c), RecordKind::kTimerArmed, 1, c.number, deadline.ns,
                 static_cast<int64_t>(c.session.state) << 8);
  }
  if (deadline == kNever) return;
  const Instant when = std::max(deadline, simulator_.now());
  if (c.session_armed <= when) return;
  c.session_armed = when;
  Push(HostOf(c), when, EventClass::kSessionTimer, Kind::kSessionTimer, connection, 0,
       c.generation);
}

void Cell::OnBrokerTimer(uint32_t connection, Instant fired) {
  Connection& c = connections_[connection];
  if (c.session_armed != fired) return;
  c.session_armed = kNever;
  if (!c.end[kBrokerEnd].app || !BrokerRuns()) return;
  const Instant now = simulator_.now();
  if (NextDeadline(plan_.broker.profile, c.session) > now) return ArmBroker(connection);
  Host& host = HostOf(c);
  Act(host);
  if (host.packets) PacketRecord(host, RecordKind::kTimerFired, 1, c.number, now.ns, 0);
  ApplyBroker(connection, OnDeadline(plan_.broker.profile, host.group->peer, c.session,
                                     IdentityOf(host).stored, now));
}

void Cell::ArmStored(uint32_t number) {
  if (!BrokerRuns()) return;
  Identity& identity = identities_[number];
  const Instant deadline = NextDeadline(identity.stored);
  if (deadline == kNever) return;
  const Instant when = std::max(deadline, simulator_.now());
  if (identity.armed <= when) return;
  identity.armed = when;
  Push(hosts_[identity_owner_[number]], when, EventClass::kSessionTimer, Kind::kStoredTimer,
       number);
}

void Cell::OnStoredTimer(uint32_t number, Instant fired) {
  Identity& identity = identities_[number];
  if (identity.armed != fired) return;
  identity.armed = kNever;
  if (!BrokerRuns()) return;
  if (NextDeadline(identity.stored) > simulator_.now()) return ArmStored(number);
  Host& host = hosts_[identity_owner_[number]];
  Act(host);
  const Effects effects = OnStoredDeadline(plan_.broker.profile, identity.stored, simulator_.now());
  for (const Effect& e : effects) {
    if (e.kind == Effect::Kind::kWillPublish) PublishWill(host, identity.closed_conn);
  }
  ArmStored(number);
}

void Cell::ArmKill() {
  if (queues_->kill_armed || queues_->kill.empty() || !BrokerRuns()) return;
  queues_->kill_armed = true;
  PushBroker(std::max(queues_->next_kill, simulator_.now()), EventClass::kSessionTimer,
             Kind::kKillSlot, 0);
}

void Cell::OnKillSlots() {
  queues_->kill_armed = false;
  if (!BrokerRuns()) return;
  for (int32_t n = 0; n < plan_.broker.profile.kill_batch && !queues_->kill.empty();) {
    const Waiting next = queues_->kill.front();
    queues_->kill.Pop();
    Cell* const cell = MemberWaiting(next);
    if (cell == nullptr || !cell->connections_[next.connection].end[kBrokerEnd].app) continue;
    cell->KillNow(next.connection);
    ++n;
  }
  queues_->next_kill = simulator_.now() + plan_.broker.profile.kill_period;
  ArmKill();
}

void Cell::KillNow(uint32_t connection) {
  Connection& c = connections_[connection];
  c.kill_queued = false;
  Host& host = HostOf(c);
  Act(host);
  ApplyBroker(connection, OnKillSlot(plan_.broker.profile, host.group->peer, c.session,
                                     IdentityOf(host).stored, simulator_.now()));
}

void Cell::ResumeBroker() {
  // What the kernel has received meanwhile comes first: an arrival before a deadline.
  for (uint32_t i = 0; i < hosts_.size(); ++i) {
    if (Abandoned(i)) return;
    const std::vector<uint32_t>& open = OpenOf(hosts_[i]);  // reading may end a connection
    for (const uint32_t c : open) ResumeBroker(c);
  }
  for (uint32_t i = 0; i < identities_.size(); ++i) {
    identities_[i].armed = kNever;
    ArmStored(i);
  }
  if (queues_ == nullptr) return;
  ArmAccept();
  ArmWork();
  ArmKill();
}

void Cell::ResumeBroker(uint32_t connection) {
  Connection& c = connections_[connection];
  if (!c.used || !c.end[kBrokerEnd].app) return;
  const uint32_t generation = c.generation;
  Read(connection, kBrokerEnd);
  if (Is(connection, generation) && c.end[kBrokerEnd].app &&
      c.end[kBrokerEnd].pending_close != CloseReason::kNone) {
    TellClosed(connection, kBrokerEnd, c.end[kBrokerEnd].pending_close);
  }
  if (!Is(connection, generation)) return;
  c.session_armed = kNever;
  ArmBroker(connection);
}

bool Cell::ClockAtFault(const Host& host, EndIndex observer, Duration silence) const {
  const Instant now = simulator_.now();
  const ClockKind kind = host.group->profile.clock;
  if (kind == ClockKind::kWall && host.jumped_at >= now - silence) return true;
  // By how much the session's clock went behind (below zero: ahead) within the silence.
  const Duration behind =
      silence - (host.oscillator.Local(now) - host.oscillator.Local(now - silence));
  // A client that is ahead gives up too early; a crystal's tolerance is no fault.
  if (observer == kClientEnd) return -behind > silence / kCrystalTolerance;
  // One that is behind would have spoken by now, had its clock kept time.
  const Instant due = NextDeadline(host.params, host.session);
  return behind.ns > 0 && due != kNever && due - host.SessionNow(now) <= behind;
}

void Cell::Declare(uint32_t connection, EndIndex observer, Duration silence) {
  Connection& c = connections_[connection];
  Host& host = HostOf(c);
  if (host.group->middlebox.enabled) {
    // A mapping that is gone is ground truth, whether a packet has met it or not.
    Expire(host.group->middlebox, c.middlebox, simulator_.now());
    NoteMappingLost(connection);
  }
  const Observer who = observer == kBrokerEnd ? Observer::kBroker : Observer::kClient;
  Record(host, RecordKind::kDeclared, static_cast<uint16_t>(who), c.number, silence.ns,
         EvidenceFor(connection, observer, silence));
}

int64_t Cell::EvidenceFor(uint32_t connection, EndIndex observer, Duration silence) {
  const Connection& c = connections_[connection];
  const Host& host = HostOf(c);
  const EndIndex peer = observer == kClientEnd ? kBrokerEnd : kClientEnd;
  const uint8_t from_peer = peer == kClientEnd ? kUp : kDown;
  Evidence e;
  e.undelivered = Saturate(c.queue[from_peer].size());
  e.lost = c.end[peer].lost;
  e.reply_lost = c.end[observer].lost;
  if (ClockAtFault(host, observer, silence)) e.flags |= Evidence::kClockDrifts;
  if (c.middlebox.reported) e.flags |= Evidence::kMappingLost;
  if (host.cut[kUp] > 0 || host.cut[kDown] > 0) e.flags |= Evidence::kPathWasCut;
  if (c.unhandled > 0) e.flags |= Evidence::kPeerBusy;
  if (observer == kClientEnd && !c.queue[kUp].empty()) e.flags |= Evidence::kRequestUndelivered;
  if (observer == kBrokerEnd) {
    if (silence > c.session.limit) e.flags |= Evidence::kLateCheck;
    if (silence < c.session.limit) e.flags |= Evidence::kEarlyCheck;
    if (c.end[kClientEnd].app && host.running() && e.undelivered == 0 && e.lost == 0) {
      e.flags |= Evidence::kPeerSilentByRule;
    }
  }
  return e.Pack();
}

}  // namespace keepsim
