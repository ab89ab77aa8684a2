#include "sim/scenario/folly.h"

#include <algorithm>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/silence.h"

namespace keepsim {
namespace {

using Action = ScheduledFault::Action;

// What its ends' rules make of each other.
void WarnOfRules(const Node& node, const GroupPlan& g, const BrokerPlan& broker) {
  const Duration k = Seconds(g.connect.keep_alive_s);
  const ClientProfile& p = g.profile;
  if (!p.reconnect.enabled) {
    node.Warning("client",
                 absl::StrCat("\"", p.name,
                              "\" does not connect again on its own: a lost client stays "
                              "away (client_profiles { base: \"",
                              p.name, "\" reconnect { enabled: true } } brings it back)"));
  }
  if (p.reconnect.enabled && !p.reconnect.first_connection) {
    node.Warning("client",
                 absl::StrCat("\"", p.name,
                              "\" gives up if its first attempt to connect fails "
                              "(client_profiles { base: \"",
                              p.name, "\" reconnect { first_connection: true } } does not)"));
  }
  const KeepAliveVerdict verdict =
      JudgeKeepAlive(broker.profile, g.connect.version, g.connect.keep_alive_s);
  if (verdict.refused) {
    node.Warning("keep_alive",
                 absl::StrCat("this broker refuses a keepAlive of ", g.connect.keep_alive_s,
                              " s: no client will connect; see broker.profile and "
                              "broker.max_keep_alive_s"));
    return;
  }
  if (k.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kAsIs) {
    node.Warning("keep_alive", absl::StrCat("0 does not turn the mechanism of \"", p.name,
                                            "\" off: it pings at once and drops itself"));
  }
  const bool told = verdict.told && p.apply_server_keep_alive;
  const Duration in_force = Seconds(verdict.keep_alive_s);
  const Duration mine = told ? in_force : k;
  if (mine.ns == 0 && in_force.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kOff) {
    node.Warning("keep_alive", "0 turns the mechanism off: neither end notices a silent loss");
  } else if (g.connect.keep_alive_s < p.keep_alive_min_s && k.ns != 0) {
    node.Warning("keep_alive", absl::StrCat("\"", p.name, "\" refuses a keepAlive below ",
                                            p.keep_alive_min_s, " s; raise it"));
  }
  const bool acknowledges = std::any_of(g.downlink.begin(), g.downlink.end(),
                                        [](const Workload& w) { return w.qos > 0; });
  const Duration silent =
      LongestSilence(p, mine, !g.downlink.empty(), !g.uplink.empty() || acknowledges);
  const Duration limit = ShortestLimit(broker.profile, in_force);
  // A tick, a loop and a counter come near their bound; a timer reaches it.
  const bool reached = p.ping_when != PingWhen::kCounterTick && p.LookSlack(mine).ns == 0;
  if ((reached ? silent >= limit : silent > limit) && limit < kForever) {
    node.Warning("client", absl::StrCat("\"", p.name, "\" may be silent for ",
                                        silent >= kForever ? "ever" : FormatDuration(silent),
                                        " but the broker closes after ", FormatDuration(limit),
                                        ": living clients will be thrown out without any loss"));
  }
  if (mine.ns == 0) return;
  const Duration ping = p.ping_after.Of(mine);
  if (g.middlebox.enabled && ping > g.middlebox.idle_timeout) {
    node.Warning("keep_alive", absl::StrCat("PINGREQ after ", FormatDuration(ping),
                                            " is later than the middlebox's idle timeout of ",
                                            FormatDuration(g.middlebox.idle_timeout),
                                            ": idle connections will be lost; lower keep_alive"));
  }
  if (p.wait_rule == WaitRule::kAfterPing && p.pingresp_wait.Of(mine) > mine) {
    node.Warning("",
                 absl::StrCat("PINGRESP is awaited for ", FormatDuration(p.pingresp_wait.Of(mine)),
                              ", longer than keepAlive: a lost broker is noticed late"));
  }
  if (g.up.loss.IsOne() || g.down.loss.IsOne()) {
    node.Warning("path", "a loss of 1 lets nothing through: no client will connect");
  }
  if (g.down.latency.mean() + g.up.latency.mean() > p.pingresp_wait.Of(mine) &&
      p.wait_rule == WaitRule::kAfterPing) {
    node.Warning("path", "the mean round trip is longer than the wait for PINGRESP");
  }
}

bool Strikes(const ScheduledFault& f, const Plan& plan, uint32_t g) {
  return (f.groups.empty() || absl::c_linear_search(f.groups, g)) &&
         (f.region.empty() || f.region == plan.groups[g].region) && f.first < plan.groups[g].count;
}

bool IsOfClients(Action action) {
  return action != Action::kBrokerStall && action != Action::kBrokerDown &&
         action != Action::kBrokerLimits;
}

}  // namespace

void WarnOfFolly(const Node& node, const GroupPlan& g, const Plan& plan) {
  WarnOfRules(node, g, plan.broker);
  if (g.count == 0) node.Warning("count", "0: the group has no clients");
  if (g.shared_client_id) {
    node.Child("connect").Warning(
        "client_id", absl::StrCat("is the same for all ", g.count,
                                  " clients: each takes the session of another over; put {index} "
                                  "in it"));
  }
  const std::string horizon = FormatDuration(plan.horizon);
  if (g.start_at >= plan.horizon) {
    node.Child("start").Warning(
        "at", absl::StrCat(FormatDuration(g.start_at), " is not before the run's end at ", horizon,
                           ": none of its clients will connect"));
  }
  for (size_t i = 0; i < g.uplink.size(); ++i) {
    if (g.uplink[i].kind != Workload::Kind::kPeriodic || g.uplink[i].period <= plan.horizon) {
      continue;
    }
    node.Child("publish", static_cast<int>(i))
        .Child("periodic")
        .Warning("period",
                 absl::StrCat(FormatDuration(g.uplink[i].period), " is longer than the run of ",
                              horizon, ": most clients will publish nothing"));
  }
}

void WarnOfFolly(const Node& node, const ScheduledFault& f, const Plan& plan) {
  if (f.at >= kStart + plan.horizon) {
    node.Warning("at",
                 absl::StrCat(FormatDuration(f.at - kStart), " is not before the run's end at ",
                              FormatDuration(plan.horizon), ": it never happens"));
  }
  if (!IsOfClients(f.action)) return;
  bool any = false, mapped = false, wall = false;
  for (uint32_t g = 0; g < plan.groups.size(); ++g) {
    if (!Strikes(f, plan, g)) continue;
    any = true;
    mapped = mapped || plan.groups[g].middlebox.enabled;
    wall = wall || plan.groups[g].profile.clock == ClockKind::kWall;
  }
  if (!any) {
    node.Warning("select", "selects no client");
  } else if (f.action == Action::kMiddleboxFlush && !mapped) {
    node.Warning("client",
                 "MIDDLEBOX_FLUSH strikes nobody: no selected group has a path.middlebox");
  } else if (f.action == Action::kClockJump && !wall) {
    node.Warning("clock",
                 "jump changes nothing: no selected client reads the wall clock "
                 "(client_profiles { clock: WALL })");
  }
}

void WarnOfFolly(const Node& node, const WatcherPlan&, const Plan& plan) {
  const bool any = std::any_of(plan.groups.begin(), plan.groups.end(),
                               [](const GroupPlan& g) { return g.connect.has_will; });
  if (!any) node.Warning("", "sees nothing: no group has a will (connect { will { .. } })");
}

}  // namespace keepsim
