// What goes wrong: faults of the time line and random ones, as changes of ground truth.
#include <algorithm>

#include "sim/world/cell.h"

namespace keepsim {
namespace {

using Action = ScheduledFault::Action;

// kPathDown/kPathUp code: directions cut now.
uint16_t CutMask(const Host& host) {
  return static_cast<uint16_t>((host.cut[kUp] > 0 ? 1 : 0) | (host.cut[kDown] > 0 ? 2 : 0));
}

}  // namespace

void Cell::ScheduleFaults(Host& host) {
  const uint32_t group = static_cast<uint32_t>(host.group - plan_.groups.data());
  for (uint32_t f = 0; f < plan_.faults.size(); ++f) {
    const ScheduledFault& fault = plan_.faults[f];
    if (fault.IsOfBroker()) continue;
    if (!fault.groups.empty() &&
        std::find(fault.groups.begin(), fault.groups.end(), group) == fault.groups.end()) {
      continue;
    }
    if (!fault.region.empty() && fault.region != host.group->region) continue;
    if (host.index < fault.first || host.index > fault.last) continue;
    const RandomBlock luck = host.luck.Block(Purpose::kFaultPick, f);
    if (!fault.share.Hit(luck.low())) continue;
    Instant at = fault.at;
    if (fault.spread.ns > 0) at += UniformUpTo(fault.spread, luck.high());
    Push(host, at, EventClass::kTruth, Kind::kFaultBegins, f);
    if (fault.length < kForever && fault.action != Action::kMiddleboxFlush) {
      Push(host, at + fault.length, EventClass::kTruth, Kind::kFaultEnds, f);
    }
  }
  for (uint32_t n = 0; n < host.group->faults.size(); ++n) ScheduleRandomFault(host, n);
}

void Cell::ScheduleRandomFault(Host& host, uint32_t number) {
  const RandomFault& fault = host.group->faults[number];
  const Interval interval = Next(fault.renewal, host.faults[number], host.luck,
                                 Purpose::kFaultGap + number, Purpose::kFaultLength + number);
  if (interval.from >= kStart + plan_.horizon) return;
  Push(host, interval.from, EventClass::kTruth, Kind::kRandomFault, number, 0);
  if (interval.to < kNever) {
    Push(host, interval.to, EventClass::kTruth, Kind::kRandomFault, number, 1);
  }
}

void Cell::BeginFault(Host& host, uint32_t f) {
  const ScheduledFault& fault = plan_.faults[f];
  const Instant now = simulator_.now();
  Act(host);
  switch (fault.action) {
    case Action::kClientDown:
      return ClientDown(host, fault.failure);
    case Action::kPathCut:
      return CutPath(host, fault.directions, f);
    case Action::kDegrade:
      for (int d = 0; d < 2; ++d) {
        if ((fault.directions >> d & 1) == 0) continue;
        host.degrades[d].push_back(f);
        SetDegrades(host, d);
      }
      return Record(host, RecordKind::kDegraded, 1, 0, f);
    case Action::kMiddleboxFlush:
      return FlushMiddlebox(host);
    case Action::kClockJump:
      host.jumped += fault.jump;
      host.jumped_at = now;
      OnClockSet(host.params, host.session, fault.jump);
      host.last_packet_out = kLongAgo;
      host.armed = kNever;
      Record(host, RecordKind::kClock, 1, 0, fault.jump.ns);
      return ArmClient(host);
    case Action::kClockDrift:
      host.oscillator.SetDrift(now, host.oscillator.drift_ppb + fault.drift_ppb);
      Record(host, RecordKind::kClock, 0, 0, host.oscillator.drift_ppb);
      host.armed = kNever;
      return ArmClient(host);
    case Action::kBrokerStall:
    case Action::kBrokerDown:
    case Action::kBrokerLimits:
      SIM_CHECK(false);
  }
}

void Cell::EndFault(Host& host, uint32_t f) {
  const ScheduledFault& fault = plan_.faults[f];
  Act(host);
  switch (fault.action) {
    case Action::kClientDown:
      return ClientUp(host, fault.failure);
    case Action::kPathCut:
      return HealPath(host, fault.directions, f);
    case Action::kDegrade:
      for (int d = 0; d < 2; ++d) {
        if ((fault.directions >> d & 1) == 0) continue;
        std::vector<uint32_t>& list = host.degrades[d];
        list.erase(std::find(list.begin(), list.end(), f));
        SetDegrades(host, d);
      }
      return Record(host, RecordKind::kDegraded, 0, 0, f);
    case Action::kClockDrift:
      host.oscillator.SetDrift(simulator_.now(), host.oscillator.drift_ppb - fault.drift_ppb);
      Record(host, RecordKind::kClock, 0, 0, host.oscillator.drift_ppb);
      host.armed = kNever;
      return ArmClient(host);
    case Action::kClockJump:  // a clock that was set stays set
    case Action::kMiddleboxFlush:
      return;
    case Action::kBrokerStall:
    case Action::kBrokerDown:
    case Action::kBrokerLimits:
      SIM_CHECK(false);
  }
}

void Cell::SetDegrades(Host& host, int direction) {
  // Latencies add up; of several losses the highest counts.
  Degrade sum;
  for (const uint32_t f : host.degrades[direction]) {
    const Degrade& d = plan_.faults[f].degrade;
    sum.extra_latency += d.extra_latency;
    if (sum.loss < d.loss) sum.loss = d.loss;
  }
  host.degrade[direction] = sum;
}

void Cell::BeginRandomFault(Host& host, uint32_t number) {
  const RandomFault& fault = host.group->faults[number];
  Act(host);
  if (fault.kind == FailureKind::kPathCut) return CutPath(host, fault.directions, -1);
  if (fault.kind == FailureKind::kMiddlebox) return FlushMiddlebox(host);
  ClientDown(host, fault.kind);
}

void Cell::EndRandomFault(Host& host, uint32_t number) {
  const RandomFault& fault = host.group->faults[number];
  Act(host);
  if (fault.kind == FailureKind::kPathCut) {
    HealPath(host, fault.directions, -1);
  } else if (fault.kind != FailureKind::kMiddlebox) {
    ClientUp(host, fault.kind);
  }
  ScheduleRandomFault(host, number);
}

void Cell::ClientDown(Host& host, FailureKind kind) {
  const Instant now = simulator_.now();
  switch (kind) {
    case FailureKind::kFreeze:
      if (host.frozen++ == 0) Record(host, RecordKind::kFrozen, 0, 0);
      host.last_packet_out = kLongAgo;
      return;
    case FailureKind::kSleep:
      if (host.asleep++ == 0) {
        host.asleep_since = now;
        Record(host, RecordKind::kAsleep, 0, 0);
      }
      host.last_packet_out = kLongAgo;
      return;
    case FailureKind::kCrash:
    case FailureKind::kKill:
    case FailureKind::kStop:
      break;
    default:
      SIM_CHECK(false);
  }
  if (kind == FailureKind::kCrash) ++host.dark;
  if (kind == FailureKind::kStop && host.running()) {
    ApplyClient(host, Disconnect(host.params, host.session, host.SessionNow(now)));
  }
  if (host.down++ == 0) {
    host.down_kind = kind;
    Record(host, RecordKind::kHostDown, static_cast<uint16_t>(kind), 0);
    if (host.connection != kNoConnection) {
      const uint32_t c = host.connection;
      DetachClient(host, CloseReason::kLocalStop);
      if (kind != FailureKind::kCrash) CloseEnd(c, kClientEnd, /*abort=*/false);
    }
    Stop(host.session);
  }
  if (kind == FailureKind::kCrash) {
    // The host is gone with everything its kernel knew. LoseEnd() may take `c` off the list.
    const std::vector<uint32_t>& open = OpenOf(host);
    for (const uint32_t c : open) LoseEnd(c, kClientEnd);
  }
}

void Cell::ClientUp(Host& host, FailureKind kind) {
  const Instant now = simulator_.now();
  switch (kind) {
    case FailureKind::kFreeze:
      if (--host.frozen == 0) {
        Record(host, RecordKind::kThawed, 0, 0);
        ResumeClient(host);
      }
      return;
    case FailureKind::kSleep:
      if (--host.asleep == 0) {
        host.slept += host.oscillator.Local(now) - host.oscillator.Local(host.asleep_since);
        host.asleep_since = kNever;
        Record(host, RecordKind::kAwake, 0, 0);
        for (const uint32_t c : host.open) {
          connections_[c].end[kClientEnd].armed = kNever;
          ArmTcp(c, kClientEnd);
        }
        ResumeClient(host);
      }
      return;
    case FailureKind::kCrash:
      --host.dark;
      break;
    default:
      break;
  }
  if (--host.down == 0) {
    if (kind == FailureKind::kNone) Act(host);
    Record(host, RecordKind::kHostUp, static_cast<uint16_t>(host.down_kind), 0);
    host.down_kind = FailureKind::kNone;
    StartClient(host);
  }
}

void Cell::CutPath(Host& host, uint8_t directions, int64_t fault) {
  const uint16_t before = CutMask(host);
  for (int d = 0; d < 2; ++d) {
    if (directions >> d & 1) ++host.cut[d];
  }
  if (CutMask(host) != before) Record(host, RecordKind::kPathDown, CutMask(host), 0, fault);
}

void Cell::HealPath(Host& host, uint8_t directions, int64_t fault) {
  const uint16_t before = CutMask(host);
  for (int d = 0; d < 2; ++d) {
    if (directions >> d & 1) --host.cut[d];
  }
  if (CutMask(host) != before) Record(host, RecordKind::kPathUp, CutMask(host), 0, fault);
}

void Cell::FlushMiddlebox(Host& host) {
  for (const uint32_t c : host.open) keepsim::Flush(connections_[c].middlebox, simulator_.now());
}

void Cell::BeginBrokerFault(uint32_t f) {
  const ScheduledFault& fault = plan_.faults[f];
  if (fault.action == Action::kBrokerLimits) {
    limits_.push_back(f);
    accept_per_second_ = fault.accept_per_second;
    return;
  }
  if (fault.action == Action::kBrokerStall) {
    ++broker_stalled_;
    return;
  }
  const bool silent = fault.failure == FailureKind::kBrokerCrash;
  if (silent) ++broker_dark_;
  ++broker_down_;
  for (uint32_t i = 0; i < hosts_.size(); ++i) {
    if (Abandoned(i)) return;
    // Ending a connection may take it off the list.
    const std::vector<uint32_t>& open = OpenOf(hosts_[i]);
    for (const uint32_t c : open) EndWithBroker(c, silent);
  }
  if (queues_ != nullptr) EmptyQueues();
  // Sessions and wills lived in the broker's memory.
  for (Identity& identity : identities_) {
    identity.stored = StoredSession{};
    identity.connection = kNoConnection;
  }
}

// What waits in them is gone with the broker.
void Cell::EmptyQueues() {
  queues_->accept.Clear();
  queues_->kill.Clear();
  for (const WorkItem& w : work_) {
    ++hosts_[w.host].traffic.dropped[kUp];
    if (Is(w.connection, w.generation)) connections_[w.connection].unhandled = 0;
  }
  work_.Clear();
}

// What a connection's broker end comes to when the broker's process ends; `silent`: with its host.
void Cell::EndWithBroker(uint32_t connection, bool silent) {
  Connection& c = connections_[connection];
  if (c.end[kBrokerEnd].app) {
    DetachBroker(connection, CloseReason::kShutdown);
    if (!silent && c.used) CloseEnd(connection, kBrokerEnd, /*abort=*/false);
  }
  if (c.used && c.accept_queued) {
    // A kernel resets what waits to be accepted when the listening socket goes.
    c.accept_queued = false;
    DropUnread(connection, kBrokerEnd);
    if (!silent) CloseEnd(connection, kBrokerEnd, /*abort=*/true);
  }
  if (c.used && c.end[kBrokerEnd].tcp.state == TcpState::kSynReceived) {
    // It forgets half a handshake without a word: the rest of it is answered with RST.
    LoseEnd(connection, kBrokerEnd);
  }
  if (silent && c.used) LoseEnd(connection, kBrokerEnd);
}

void Cell::EndBrokerFault(uint32_t f) {
  const ScheduledFault& fault = plan_.faults[f];
  if (fault.action == Action::kBrokerLimits) {
    std::erase(limits_, f);
    accept_per_second_ = limits_.empty() ? plan_.broker.accept_per_second
                                         : plan_.faults[limits_.back()].accept_per_second;
    return;
  }
  if (fault.action == Action::kBrokerStall) {
    if (--broker_stalled_ == 0 && BrokerRuns()) ResumeBroker();
    return;
  }
  if (fault.failure == FailureKind::kBrokerCrash) --broker_dark_;
  if (--broker_down_ == 0 && BrokerRuns()) ResumeBroker();
}

}  // namespace keepsim
