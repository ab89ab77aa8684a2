#include "sim/world/cell.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "sim/base/check.h"

namespace keepsim {

std::vector<CellRange> Partition(const Plan& plan) {
  if (plan.client_count() > 0 && IsCoupled(plan)) return {{1, plan.client_count()}};
  return MembersOf(plan);
}

std::vector<CellRange> MembersOf(const Plan& plan) {
  std::vector<CellRange> cells;
  for (const GroupPlan& g : plan.groups) {
    if (g.count == 0) continue;
    const uint32_t last = g.first_entity + g.count - 1;
    if (g.shared_client_id) {
      cells.push_back({g.first_entity, last});
    } else {
      for (uint32_t entity = g.first_entity; entity <= last; ++entity) {
        cells.push_back({entity, entity});
      }
    }
  }
  return cells;
}

Cell::Cell(const Plan& plan)
    : plan_(plan),
      own_common_(std::make_unique<CellCommon>()),
      common_(own_common_.get()),
      queues_(std::make_unique<BrokerQueues>()) {}

Cell::Cell(const Plan& plan, Cell* broker, uint32_t member)
    : plan_(plan), common_(nullptr), broker_(broker), member_(member) {}

void Cell::BrokerQueues::Clear() {
  accept.Clear();
  kill.Clear();
  next_accept = next_kill = work_done = kStart;
  accept_armed = work_armed = kill_armed = false;
}

[[gnu::always_inline]] inline void Cell::Dispatch(const Event& event) {
  switch (static_cast<Kind>(event.kind())) {
    case Kind::kClientStart:
      return ClientUp(HostOf(event.entity()), FailureKind::kNone);
    case Kind::kFaultBegins:
      return event.entity() == 0 ? BeginBrokerFault(event.index())
                                 : BeginFault(HostOf(event.entity()), event.index());
    case Kind::kFaultEnds:
      return event.entity() == 0 ? EndBrokerFault(event.index())
                                 : EndFault(HostOf(event.entity()), event.index());
    case Kind::kRandomFault:
      return event.arg() == 0 ? BeginRandomFault(HostOf(event.entity()), event.index())
                              : EndRandomFault(HostOf(event.entity()), event.index());
    case Kind::kArrival:
      return OnArrival(event.index());
    case Kind::kUplink:
      return OnUplink(HostOf(event.entity()), event.index());
    case Kind::kDownlink:
      return OnDownlink(HostOf(event.entity()), event.index());
    case Kind::kTcpTimer:
      if (Is(event.index(), event.number())) {
        OnTcpTimer(event.index(), static_cast<EndIndex>(event.arg()), event.at);
      }
      return;
    case Kind::kClientTimer:
      return OnClientTimer(HostOf(event.entity()), event.at);
    case Kind::kSessionTimer:
      if (Is(event.index(), event.number())) {
        OnBrokerTimer(event.index(), event.at);
      }
      return;
    case Kind::kStoredTimer:
      return OnStoredTimer(event.index(), event.at);
    case Kind::kAccept:
      return OnAcceptSlot();
    case Kind::kHandled:
      return OnHandled();
    case Kind::kKillSlot:
      return OnKillSlots();
    case Kind::kWatcher: {
      Host& host = HostOf(event.entity());
      Act(host);
      Record(host, RecordKind::kWillDelivered, event.arg(), event.number(),
             (simulator_.now() - wills_[event.index()]).ns);
      free_wills_.push_back(event.index());
      return;
    }
  }
}

bool Cell::Run(CellRange range, const RecordSink& sink, Instant until) {
  sink_ = &sink;
  if (!Setup(range)) return false;
  const bool whole = until >= kStart + plan_.horizon;
  const Instant end = whole ? kStart + plan_.horizon : until + Nanoseconds(1);
  Event event;
  until_poll_ = kPollEvery;
  while (simulator_.Next(end, &event)) {
    Dispatch(event);
    if (--until_poll_ == 0) {
      if (Cancelled()) return false;
      until_poll_ = kPollEvery;
      if (common_->published_now != nullptr) {
        common_->published_now->store(simulator_.now().ns, std::memory_order_relaxed);
      }
    }
  }
  if (whole) return FinishRun();
  Flush(true);
  return true;
}

Cell::Alone Cell::RunAlone(Instant end, bool briefly) {
  const bool waits = WaitsAtBroker();
  alone_ = true;
  alone_until_ = end;
  const absl::Cleanup no_more = [this] { alone_ = false; };
  // Where every packet has a turn, the next visit is put off to that.
  const Instant pause = plan_.broker.handling.ns > 0 ? kNever : simulator_.now() + kPause;
  Event event;
  for (int n = 0;; ++n) {
    if (quiet_turn_.at != kNever) return Alone::kTurn;
    const Event* const next = simulator_.Peek(end);
    if (next == nullptr) return waits ? Alone::kIdle : Alone::kOver;
    if (waits || MayMeetOthers(*next)) return Alone::kTurn;
    if (briefly && (n == kFewEvents || next->at > pause)) return Alone::kSoon;
    simulator_.Next(end, &event);
    NoteOrder(event);
    Dispatch(event);
    if (--until_poll_ == 0) {
      if (Cancelled()) return Alone::kCancelled;
      until_poll_ = kPollEvery;
    }
  }
}

void Cell::TakeTurn() {
  broker_->simulator_.MoveTo(NextEvent().at);
  if (quiet_turn_.at != kNever) return TakeQuietTurn();
  Event event;
  SIM_CHECK(simulator_.Next(kNever, &event));
  NoteOrder(event);
  // What waits for the broker may be met by it at any time.
  const bool skips = std::exchange(skips_, false);
  Dispatch(event);
  skips_ = skips;
}

void Cell::Step() {
  Event event;
  SIM_CHECK(simulator_.Next(kStart + plan_.horizon, &event));
  Dispatch(event);
  if (!records_.empty()) Flush(true);
}

bool Cell::Setup(CellRange range) {
  simulator_.Reset(static_cast<TieMode>(plan_.ties));
  events_ = 0;
  first_entity_ = range.first_entity;
  const uint32_t count = range.last_entity - range.first_entity + 1;
  hosts_.resize(count);
  identities_.clear();
  identity_owner_.clear();
  free_connections_.clear();
  for (uint32_t i = connections_.size(); i > 0; --i) {
    connections_[i - 1].used = false;
    free_connections_.push_back(i - 1);
  }
  free_flights_.clear();
  for (uint32_t i = flights_.size(); i > 0; --i) {
    flights_[i - 1].pending = false;
    free_flights_.push_back(i - 1);
  }
  records_.clear();
  flush_at_ = kFlushAt;
  told_tcp_.clear();
  broker_event_counter_ = broker_down_ = broker_dark_ = broker_stalled_ = 0;
  accept_per_second_ = plan_.broker.accept_per_second;
  limits_.clear();
  if (queues_ != nullptr) queues_->Clear();
  work_.Clear();
  wills_.clear();
  free_wills_.clear();
  generation_ = 0;
  turns_.Clear();
  quiet_turn_.at = follows_at_ = kNever;
  skips_ = common_->skip_stats != nullptr && count == 1;
  common_->draws.Clear();

  for (uint32_t f = 0; f < plan_.faults.size(); ++f) {
    const ScheduledFault& fault = plan_.faults[f];
    if (!fault.IsOfBroker()) continue;
    PushBroker(fault.at, EventClass::kTruth, Kind::kFaultBegins, f);
    if (fault.length < kForever) {
      PushBroker(fault.at + fault.length, EventClass::kTruth, Kind::kFaultEnds, f);
    }
  }

  size_t group = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t entity = first_entity_ + i;
    while (entity >= plan_.groups[group].first_entity + plan_.groups[group].count) ++group;
    const GroupPlan& g = plan_.groups[group];
    Host& host = hosts_[i];
    // Keep the vectors' memory.
    std::vector<uint32_t> degrades[2] = {std::move(host.degrades[0]), std::move(host.degrades[1])};
    std::vector<WorkloadState> uplink = std::move(host.uplink);
    std::vector<WorkloadState> downlink = std::move(host.downlink);
    std::vector<RenewalState> faults = std::move(host.faults);
    std::vector<uint32_t> open = std::move(host.open);
    host = Host{};
    std::memset(&host.traffic, 0, sizeof(host.traffic));
    for (int d = 0; d < 2; ++d) {
      degrades[d].clear();
      host.degrades[d] = std::move(degrades[d]);
    }
    uplink.assign(g.uplink.size(), {});
    downlink.assign(g.downlink.size(), {});
    faults.assign(g.faults.size(), {});
    open.clear();
    host.open = std::move(open);
    host.uplink = std::move(uplink);
    host.downlink = std::move(downlink);
    host.faults = std::move(faults);

    host.group = &g;
    host.entity = entity;
    host.index = entity - g.first_entity;
    host.params = g.params;
    host.params.connect_size = SizeFor(g.connect_size, host.index);
    host.params.subscribe_size = SizeFor(g.subscribe_size, host.index);
    for (size_t n = 0; n < g.uplink.size(); ++n) {
      host.uplink[n].size = SizeFor(g.uplink[n].size, host.index);
    }
    for (size_t n = 0; n < g.downlink.size(); ++n) {
      host.downlink[n].size = SizeFor(g.downlink[n].size, host.index);
    }
    host.luck = RandomSource(g.key, host.index);
    host.packets = common_->packets_selected && common_->packets_selected(entity);
    host.oscillator.drift_ppb = g.drift_ppb;
    if (g.drift_ppb_max > 0) {
      const uint64_t u = host.luck.Draw64(Purpose::kClock, 0);
      host.oscillator.drift_ppb +=
          UniformUpTo(Duration{2 * g.drift_ppb_max}, u).ns - g.drift_ppb_max;
    }
    if (g.shared_client_id && host.index > 0 && i > 0) {
      host.identity = hosts_[i - 1].identity;
    } else {
      host.identity = static_cast<uint32_t>(identities_.size());
      identities_.emplace_back();
      identity_owner_.push_back(i);
    }
    Duration start = g.start_at;
    if (g.start_spread.ns > 0) {
      start += UniformUpTo(g.start_spread, host.luck.Draw64(Purpose::kStartOffset, 0));
    }
    Push(host, kStart + start, EventClass::kTruth, Kind::kClientStart, i);
    ScheduleFaults(host);
    if (Abandoned(i)) return false;
  }
  return true;
}

bool Cell::FinishRun() {
  Flush(true);
  for (uint32_t i = 0; i < flights_.size(); ++i) {
    const Flight& f = flights_[i];
    if (f.pending && f.datagram) ++hosts_[f.host].in_flight[f.direction];
  }
  for (const WorkItem& w : work_) ++hosts_[w.host].in_flight[kUp];
  for (Host& host : hosts_) {
    EmitEnd(host);
    if (records_.size() >= kFlushAt) HandOn(records_.size());
    if (Abandoned(host.index)) return false;
  }
  if (common_->skip_stats != nullptr) {
    for (const Host& host : hosts_) {
      (*common_->skip_stats)[GroupOf(host)].events += static_cast<uint64_t>(host.events);
    }
  }
  HandOn(records_.size());
  return true;
}

void Cell::EmitEnd(Host& host) {
  // All end-of-run records carry the horizon itself.
  const int64_t horizon = plan_.horizon.ns;
  auto emit = [&](RecordKind kind, int code, int64_t a, int64_t b) {
    records_.push_back({Instant{horizon}, host.entity, host.record_counter++, kind,
                        static_cast<uint16_t>(code), 0, a, b});
  };
  const Traffic& t = host.traffic;
  uint32_t in_flight[2] = {0, 0};
  for (const uint32_t c : host.open) {
    for (int d = 0; d < 2; ++d) in_flight[d] += connections_[c].queue[d].size();
  }
  for (int d = 0; d < 2; ++d) in_flight[d] += host.in_flight[d];
  for (int d = 0; d < 2; ++d) {
    for (int type = 0; type < kPacketTypes; ++type) {
      if (t.packets[d][type] == 0) continue;
      emit(RecordKind::kCost, d << 8 | type, t.packets[d][type], t.bytes[d][type]);
    }
    if (t.segments[d] > 0) emit(RecordKind::kTransportCost, d, t.segments[d], t.wire_bytes[d]);
    if (t.lost[d] > 0 || t.retransmitted[d] > 0) {
      emit(RecordKind::kTransportLoss, d, t.lost[d], t.retransmitted[d]);
    }
    emit(RecordKind::kConservation, d,
         static_cast<int64_t>(uint64_t{t.sent[d]} << 32 | t.delivered[d]),
         static_cast<int64_t>(uint64_t{t.dropped[d]} << 32 | in_flight[d]));
  }
  Duration connected = host.connected_total;
  if (host.connected_since != kNever) connected += Instant{horizon} - host.connected_since;
  emit(RecordKind::kRadio, 0, host.radio_wakeups, connected.ns);
  if (host.ping_count > 0) {
    emit(RecordKind::kPingRtt, 0, host.ping_count, host.ping_rtt_sum.ns);
  }
  const Identity& identity = IdentityOf(host);
  uint16_t state = 0;
  if (host.down == 0) state |= end_state::kAlive;
  if (host.session.state == ClientState::kConnected) state |= end_state::kConnected;
  if (identity.stored.connected && identity.connection != kNoConnection &&
      &HostOf(connections_[identity.connection]) == &host) {
    state |= end_state::kBrokerSession;
  }
  if (host.cut[0] == 0 && host.cut[1] == 0) state |= end_state::kPathUp;
  if (host.running()) state |= end_state::kRunning;
  if (host.session.state != ClientState::kStopped) state |= end_state::kWantsConnection;
  emit(RecordKind::kEnd, state, host.events, host.longest_silence.ns);
}

}  // namespace keepsim
