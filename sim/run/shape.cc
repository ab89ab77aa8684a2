// What metrics and checkers need to know of a plan.
#include <algorithm>

#include "sim/run/runner.h"

namespace keepsim {
namespace {

using Action = ScheduledFault::Action;

// The broker's faults, as records of the whole run.
std::vector<TraceRecord> RunRecords(const Plan& plan) {
  std::vector<TraceRecord> records;
  const Instant end = kStart + plan.horizon;
  const auto add = [&](Instant at, RecordKind kind, int code, size_t fault) {
    if (at >= end) return;
    TraceRecord r;
    r.at = at;
    r.kind = kind;
    r.code = static_cast<uint16_t>(code);
    r.a = static_cast<int64_t>(fault);
    records.push_back(r);
  };
  for (size_t i = 0; i < plan.faults.size(); ++i) {
    const ScheduledFault& f = plan.faults[i];
    const bool ends = f.length < kForever;
    if (f.action == Action::kBrokerStall) {
      add(f.at, RecordKind::kBrokerStalled, 0, i);
      if (ends) add(f.at + f.length, RecordKind::kBrokerResumed, 0, i);
    } else if (f.action == Action::kBrokerDown) {
      const int code = f.failure == FailureKind::kBrokerCrash ? 2 : 1;
      add(f.at, RecordKind::kBrokerDown, code, i);
      if (ends) add(f.at + f.length, RecordKind::kBrokerUp, code, i);
    }
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const TraceRecord& a, const TraceRecord& b) { return a.at < b.at; });
  for (size_t i = 0; i < records.size(); ++i) records[i].counter = static_cast<uint32_t>(i);
  return records;
}

// Attempts that a client may need before it is connected, on a path that is up. Half of the
// segments may be lost: an attempt waits long enough for several repetitions of each of its four
// packets, so that it fails less often than once in ten.
constexpr int64_t kAttempts = 16;
constexpr double kWorstLoss = 0.5;

double WorstLoss(const DirectionSpec& d) {
  double arrives = 1 - d.loss.ToDouble();
  if (d.burst.enabled) arrives *= 1 - d.burst.loss_good.ToDouble();
  return 1 - arrives;
}

// Whether TCP as it is set up has the patience that the path asks for.
bool Connects(const TcpConfig& tcp, Duration round_trip) {
  return tcp.syn_retries >= 3 && tcp.synack_retries >= 3 && tcp.initial_rto > round_trip &&
         (tcp.user_timeout.ns == 0 || tcp.user_timeout > round_trip * 20);
}

// How long a client waits for CONNACK once it is connected, at most: OnConnected() of
// sim/mqtt/client_session.cc.
Duration PatienceOf(const ClientProfile& p, Duration keep_alive) {
  if (p.connack_within_connect) return p.connect_timeout;
  return p.connack_within_keep_alive && keep_alive.ns > 0 ? keep_alive : p.connack_timeout;
}

// How long after the last disturbance a client of the group may be without a connection; kForever
// where nothing can be said.
Duration ReconnectBound(const Plan& plan, const GroupPlan& g) {
  const ClientProfile& p = g.profile;
  if (!p.reconnect.enabled || !p.reconnect.first_connection || p.connect_within_keep_alive ||
      g.shared_client_id || g.transport == Transport::kDatagram ||
      std::max(WorstLoss(g.up), WorstLoss(g.down)) > kWorstLoss || p.connect_timeout >= kForever ||
      p.connack_timeout >= kForever) {
    return kForever;
  }
  // On a path this slow an attempt may fail without any loss.
  const Duration round_trip = g.up.latency.mean() + g.down.latency.mean();
  if (round_trip * 4 > std::min(p.connect_timeout, p.connack_timeout)) return kForever;
  if (JudgeKeepAlive(plan.broker.profile, g.connect.version, g.connect.keep_alive_s).refused ||
      !Connects(g.tcp, round_trip) || !Connects(plan.broker.tcp, round_trip)) {
    return kForever;
  }
  const Duration pause = std::max(p.reconnect.first, p.reconnect.max) +
                         p.reconnect.max * p.reconnect.jitter_permille / 1000 +
                         p.reconnect.evaluated_every + p.reconnect.evaluated_turn;
  Duration bound =
      (p.connect_timeout + p.connack_timeout + pause + p.LookSlack(Duration{0})) * kAttempts;
  // Bursts are not in the records: some tens of bad spells in a row are as good as impossible.
  for (const DirectionSpec* d : {&g.up, &g.down}) {
    if (d->burst.enabled) bound += d->burst.bad_sojourn.max();
  }
  // A queue at the door lets everybody in some time, if nobody gives up in it; else what is
  // accepted may be what has been given up, for ever.
  Duration queue = plan.broker.handling * plan.client_count();
  if (plan.broker.accept_per_second > 0) {
    queue += Seconds(plan.client_count()) / plan.broker.accept_per_second;
  }
  const Duration patience = PatienceOf(p, Seconds(g.connect.keep_alive_s));
  return queue > patience ? kForever : bound + queue * kAttempts;
}

}  // namespace

RunShape ShapeOf(const Plan& plan) {
  RunShape shape;
  for (const GroupPlan& g : plan.groups) shape.groups.push_back({g.name, g.first_entity, g.count});
  shape.horizon = plan.horizon;
  shape.run_records = RunRecords(plan);
  for (const WatcherPlan& w : plan.watchers) shape.watchers.push_back(w.name);
  return shape;
}

CheckShape CheckShapeOf(const Plan& plan) {
  CheckShape shape;
  shape.horizon = plan.horizon;
  shape.run_records = RunRecords(plan);
  const BrokerProfile& b = plan.broker.profile;
  Duration longest{0};
  for (const GroupPlan& g : plan.groups) {
    CheckGroup c;
    c.name = g.name;
    c.first_entity = g.first_entity;
    c.count = g.count;
    c.spec_client = g.profile.name == "spec";
    c.keep_alive = Seconds(g.connect.keep_alive_s);
    c.obeys_server_keep_alive = g.profile.apply_server_keep_alive;
    c.client_slack =
        g.profile.LookSlack(c.keep_alive) + (g.profile.whole_seconds ? Seconds(1) : Duration{0});
    c.drift_ppb_max = std::abs(g.drift_ppb) + g.drift_ppb_max;
    // A fast clock moves by two nanoseconds at a time now and then.
    if (c.drift_ppb_max > 0) c.client_slack += Nanoseconds(1);
    c.reconnect_bound = ReconnectBound(plan, g);
    shape.groups.push_back(std::move(c));
    longest = std::max(longest, Seconds(g.connect.keep_alive_s));
  }
  if (b.whole_seconds) shape.broker_early = Seconds(1);
  switch (b.mechanism) {
    case CheckMechanism::kExactTimer:
      shape.broker_rounds_up = b.whole_seconds;
      break;
    case CheckMechanism::kScan:
    case CheckMechanism::kTickCompare:
    case CheckMechanism::kIdleTicks:
    case CheckMechanism::kAccumulatedTicks:
      shape.broker_late = b.period.Of(longest) * 2 + (b.whole_seconds ? Seconds(1) : Duration{0});
      break;
  }
  if (b.strict) shape.broker_late += b.whole_seconds ? Seconds(1) : Nanoseconds(1);
  shape.broker_recovers = b.recovers;
  shape.broker_may_be_late = plan.broker.handling.ns > 0 || b.kill_batch > 0;
  for (const ScheduledFault& f : plan.faults) {
    const Instant end = f.length >= kForever && f.action != Action::kClockJump &&
                                f.action != Action::kMiddleboxFlush
                            ? kNever
                            : f.at + f.spread + (f.length >= kForever ? Duration{0} : f.length);
    shape.last_fault_end = std::max(shape.last_fault_end, end);
  }
  return shape;
}

}  // namespace keepsim
