#include "tests/oracle/scope.h"

#include "sim/mqtt/profile.h"

namespace keepsim::oracle {
namespace {

bool OnGrid(Duration d) { return d == kForever || d % Milliseconds(1) == Duration{0}; }

// The specification's client; how it comes back, how long it waits to connect, and whether it has a
// main loop are free.
bool IsSpecClient(ClientProfile p) {
  const ClientProfile& spec = *FindClientProfile("spec");
  p.name = spec.name;
  p.version = spec.version;
  p.source = spec.source;
  p.summary = spec.summary;
  p.reconnect = spec.reconnect;
  p.connect_timeout = spec.connect_timeout;
  p.connack_timeout = spec.connack_timeout;
  p.loop_wait = spec.loop_wait;
  p.woken_by_sends = spec.woken_by_sends;
  return p == spec;
}

std::string BeyondScope(const ReconnectPolicy& r) {
  if (r.jitter != JitterKind::kNone) return "jitter";
  if (r.stable_after.ns != 0 || r.evaluated_every.ns != 0 || r.at_once_after_close ||
      !r.first_connection) {
    return "reconnect rule";
  }
  if (!OnGrid(r.first) || !OnGrid(r.min) || !OnGrid(r.max)) return "back-off off the grid";
  return "";
}

std::string BeyondScope(const DirectionSpec& d) {
  if (!d.latency.is_constant() || !OnGrid(d.latency.min())) return "latency";
  if (!d.loss.IsZero() || d.burst.enabled) return "random loss";
  if (!d.duplicate.IsZero()) return "duplication";
  return "";
}

std::string BeyondScope(const GroupPlan& g) {
  if (!IsSpecClient(g.profile)) return "client profile";
  if (!OnGrid(g.profile.loop_wait)) return "main loop off the grid";
  if (g.params.version != MqttVersion::kV311) return "MQTT 5.0";
  if (g.params.keep_alive_s == 0) return "keepAlive 0";
  if (!g.params.clean_start || g.connect.has_will || g.shared_client_id) return "session state";
  if (!g.subscribe_filter.empty() || !g.downlink.empty()) return "messages to the client";
  if (g.start_spread.ns != 0 || !OnGrid(g.start_at)) return "start";
  if (g.middlebox.enabled) return "middlebox";
  if (g.drift_ppb != 0 || g.drift_ppb_max != 0) return "drift";
  if (!g.faults.empty()) return "random faults";
  for (const Workload& w : g.uplink) {
    if (w.qos != 0) return "QoS 1 and 2";
    const bool times = w.kind == Workload::Kind::kTimes;
    if (!times && (w.kind != Workload::Kind::kPeriodic || w.phased)) return "random workload";
    for (const Duration at : w.times) {
      if (!OnGrid(at)) return "workload off the grid";
    }
    if (!OnGrid(w.period)) return "workload off the grid";
  }
  if (std::string why = BeyondScope(g.profile.reconnect); !why.empty()) return why;
  if (std::string why = BeyondScope(g.up); !why.empty()) return why;
  return BeyondScope(g.down);
}

std::string BeyondScope(const ScheduledFault& f) {
  if (!OnGrid(f.at - kStart) || !OnGrid(f.length)) return "fault off the grid";
  if (f.spread.ns != 0 || !f.share.IsOne()) return "random fault";
  switch (f.action) {
    case ScheduledFault::Action::kClientDown:
      return f.failure == FailureKind::kSleep ? "sleep" : "";
    case ScheduledFault::Action::kPathCut:
    case ScheduledFault::Action::kBrokerStall:
    case ScheduledFault::Action::kBrokerDown:
      return "";
    default:
      return "kind of fault";
  }
}

// Of one kind: two that the oracle keeps in the same place.
bool SameKind(const ScheduledFault& x, const ScheduledFault& y) {
  if (x.action != y.action || x.action == ScheduledFault::Action::kPathCut) return false;
  return (x.failure == FailureKind::kFreeze) == (y.failure == FailureKind::kFreeze);
}

bool Touch(const ScheduledFault& x, const ScheduledFault& y) {
  return x.at <= y.at + y.length && y.at <= x.at + x.length;
}

}  // namespace

std::string BeyondScope(const Plan& plan) {
  if (plan.client_count() > 3) return "more than three clients";
  if (!OnGrid(plan.horizon) || plan.horizon > Seconds(600)) return "horizon";
  if (!plan.watchers.empty()) return "watchers";
  const BrokerPlan& b = plan.broker;
  if (b.has_capacity_limit() || !(b.profile == *FindBrokerProfile("spec"))) return "broker";
  for (const GroupPlan& g : plan.groups) {
    if (std::string why = BeyondScope(g); !why.empty()) return why;
  }
  for (const ScheduledFault& f : plan.faults) {
    if (std::string why = BeyondScope(f); !why.empty()) return why;
    for (const ScheduledFault& other : plan.faults) {
      if (&other != &f && SameKind(f, other) && Touch(f, other)) return "faults that overlap";
    }
  }
  return "";
}

}  // namespace keepsim::oracle
