#include "sim/run/counterfactual.h"

#include <algorithm>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/metrics/accumulator.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

constexpr char kLongWait[] = "twice the wait";
// What stands in for "another profile" at an end that follows the specification already: the newest
// rows of mosquitto's library and broker.
constexpr char kOtherClient[] = "libmosquitto";
constexpr char kOtherBroker[] = "mosquitto";

uint32_t GroupOf(const Plan& plan, uint32_t entity) {
  uint32_t g = 0;
  while (g + 1 < plan.groups.size() && plan.groups[g + 1].first_entity <= entity) ++g;
  return g;
}

// A path's [..] is an index where it is a number, and so are some names ("1", "-2").
std::string PathOf(const GroupPlan& g, uint32_t number, const char* field) {
  int64_t digits;
  const bool by_index = absl::SimpleAtoi(g.name, &digits);
  return absl::StrCat("groups[", by_index ? absl::StrCat(number) : g.name, "].", field);
}

Counterfactual MoreGrace(const BrokerProfile& p) {
  Counterfactual c;
  c.change =
      absl::StrCat("grace factor 2 instead of ", static_cast<double>(p.grace_num) / p.grace_den);
  if (p.grace_num >= 2 * p.grace_den) {
    c.change = "grace factor 2";
    c.why_not = absl::StrCat("it is ", static_cast<double>(p.grace_num) / p.grace_den, " already");
    return c;
  }
  c.overrides = {"broker.grace_factor=2"};
  return c;
}

Counterfactual LongerWait(const pb::Group& group, const GroupPlan& g, uint32_t number) {
  Counterfactual c;
  c.change = "twice the wait for PINGRESP";
  const ClientProfile& p = g.profile;
  if (p.wait_rule == WaitRule::kIgnored || p.wait_rule == WaitRule::kAtNextPing ||
      p.wait_rule == WaitRule::kAtNextStale) {
    c.why_not = absl::StrCat("client ", p.name, " has no such wait: it follows from its pings");
    return c;
  }
  const Duration wait = p.pingresp_wait.Of(Seconds(g.connect.keep_alive_s)) * 2;
  absl::StrAppend(&c.change, ": ", FormatDuration(wait));
  const std::string base = group.client().empty() ? "spec" : group.client();
  c.overrides = {absl::StrCat("client_profiles={name: \"", kLongWait, "\" base: \"", base,
                              "\" pingresp_offset: \"", FormatDuration(wait), "\" pingresp_max: \"",
                              FormatDuration(wait), "\"}"),
                 absl::StrCat(PathOf(g, number, "client="), kLongWait)};
  return c;
}

Counterfactual HalfKeepAlive(const GroupPlan& g, uint32_t number) {
  Counterfactual c;
  c.change = "half the keepAlive";
  const int half = g.connect.keep_alive_s / 2;
  if (half == 0) {
    c.why_not = absl::StrCat("it is ", g.connect.keep_alive_s, " s");
    return c;
  }
  absl::StrAppend(&c.change, ": ", half, " s");
  c.overrides = {absl::StrCat(PathOf(g, number, "keep_alive="), half, "s")};
  return c;
}

Counterfactual OtherClient(const GroupPlan& g, uint32_t number) {
  const std::string other = g.profile.name == "spec" ? kOtherClient : "spec";
  // The other profile's default keepAlive may be another one.
  return {absl::StrCat("client profile ", other, " instead of ", g.profile.name),
          {absl::StrCat(PathOf(g, number, "client="), other),
           absl::StrCat(PathOf(g, number, "keep_alive="), g.connect.keep_alive_s, "s")},
          ""};
}

Counterfactual OtherBroker(const BrokerProfile& p) {
  const std::string other = p.name == "spec" ? kOtherBroker : "spec";
  return {absl::StrCat("broker profile ", other, " instead of ", p.name),
          {absl::StrCat("broker.profile=", other)},
          ""};
}

}  // namespace

std::vector<Counterfactual> CounterfactualsFor(const LoadedScenario& scenario, const Plan& plan,
                                               const Incident& incident) {
  const uint32_t number = GroupOf(plan, incident.entity);
  const GroupPlan& g = plan.groups[number];
  const pb::Group& group = scenario.proto.groups(static_cast<int>(number));
  const BrokerProfile& broker = plan.broker.profile;
  return {MoreGrace(broker), LongerWait(group, g, number), HalfKeepAlive(g, number),
          OtherClient(g, number), OtherBroker(broker)};
}

Window WindowOf(const Incident& incident, Instant last_heard) {
  const Instant from = last_heard == kNever ? incident.declared - incident.silence : last_heard;
  return {from, incident.declared + (incident.declared - from)};
}

absl::StatusOr<Answer> Simulate(const LoadedScenario& scenario, const Counterfactual& change,
                                const Incident& incident, const Window& window) {
  LoadedScenario changed = scenario;
  changed.places = {};  // they are those of the file
  Diagnostics diagnostics;
  for (const std::string& o : change.overrides) ApplyOverride(o, changed, diagnostics);
  Plan plan = Compile(changed, diagnostics);
  if (!diagnostics.ok()) return absl::InvalidArgumentError(diagnostics.Render());
  plan.Link();

  Answer answer;
  const RunShape shape = ShapeOf(plan);
  Accumulator metrics(&shape);
  metrics.OnIncident([&](const Incident& i) {
    if (answer.happened || i.entity != incident.entity || i.observer != incident.observer ||
        i.declared <= window.from || i.declared > window.to) {
      return;
    }
    answer = {true, i.declared, i.verdict};
  });
  const uint32_t g = GroupOf(plan, incident.entity);
  const uint32_t index = incident.entity - plan.groups[g].first_entity;
  RunOptions options;
  options.only = {{g, index, index}};
  options.until = window.to;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      if (r->entity == incident.entity) metrics.Add(*r);
    }
    return absl::OkStatus();
  };
  const auto result = Run(plan, options);
  if (!result.ok()) return result.status();
  return answer;
}

}  // namespace keepsim
