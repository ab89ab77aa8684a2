#include "sim/scenario/compile_fault.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/base/spelling.h"

namespace keepsim {
namespace {

using Action = ScheduledFault::Action;

constexpr Duration kLong = kLongestDuration;
constexpr Duration kZero{0};

FailureKind KindOf(int fault) {
  switch (fault) {
    case pb::CRASH:
      return FailureKind::kCrash;
    case pb::KILL:
      return FailureKind::kKill;
    case pb::STOP:
      return FailureKind::kStop;
    case pb::FREEZE:
      return FailureKind::kFreeze;
    case pb::SLEEP:
      return FailureKind::kSleep;
    case pb::PATH_CUT:
      return FailureKind::kPathCut;
    case pb::MIDDLEBOX_FLUSH:
      return FailureKind::kMiddlebox;
    default:
      return FailureKind::kNone;
  }
}

// 1 up, 2 down, 3 both.
uint8_t DirectionsOf(const Node& node) {
  const int d = node.Enum("directions");
  return d == pb::UP ? 1 : d == pb::DOWN ? 2 : 3;
}

void ReadSelector(const Node& node, const Plan& plan, ScheduledFault& f) {
  const auto& message = dynamic_cast<const pb::Selector&>(node.message());
  std::vector<std::string> names;
  for (const GroupPlan& g : plan.groups) names.push_back(g.name);
  for (int i = 0; i < message.groups_size(); ++i) {
    uint32_t g = 0;
    while (g < plan.groups.size() && plan.groups[g].name != message.groups(i)) ++g;
    if (g == plan.groups.size()) {
      node.Error("groups",
                 absl::StrCat("there is no group ", ShownValue(message.groups(i)),
                              DidYouMean(message.groups(i), names)),
                 i);
    } else {
      f.groups.push_back(g);
    }
  }
  f.region = message.region();
  if (!f.region.empty()) {
    std::vector<std::string> regions;
    for (const GroupPlan& g : plan.groups) {
      if (!g.region.empty()) regions.push_back(g.region);
    }
    if (std::find(regions.begin(), regions.end(), f.region) == regions.end()) {
      node.Error("region", absl::StrCat("no group is in region ", ShownValue(f.region),
                                        DidYouMean(f.region, regions)));
    }
  }
  f.first = static_cast<uint32_t>(node.Integer("first", 0, 0, 0xFFFFFFFF));
  f.last = static_cast<uint32_t>(node.Integer("last", 0xFFFFFFFF, f.first, 0xFFFFFFFF));
  f.share = node.Chance("share", 1);
}

}  // namespace

RandomFault ReadRandomFault(const Node& node, TableCache& tables) {
  RandomFault f;
  f.kind = KindOf(node.Enum("fault"));
  if (f.kind == FailureKind::kNone) {
    node.Error("fault", "is required: CRASH KILL STOP FREEZE SLEEP PATH_CUT or MIDDLEBOX_FLUSH");
    f.kind = FailureKind::kCrash;
  }
  f.directions = DirectionsOf(node);
  const auto law = [&](const char* field, bool needed) {
    if (node.Has(field)) return tables.Get(ReadDistribution(node.Child(field)));
    if (needed) node.Error(field, "is required: a distribution");
    return QuantileTable();
  };
  f.renewal.gap = law("gap", true);
  f.renewal.length = law("length", f.kind != FailureKind::kMiddlebox);
  if (f.renewal.gap.mean() + f.renewal.length.mean() < Milliseconds(1)) {
    node.Error("gap", "gap and length together must be at least 1ms in the mean");
  }
  return f;
}

ScheduledFault ReadFault(const Node& node, int number, const pb::Scenario& scenario,
                         const Plan& plan) {
  const pb::Fault& proto = scenario.faults(number);
  ScheduledFault f;
  f.name = proto.name().empty() ? absl::StrCat("fault ", number) : proto.name();
  f.at = kStart + node.NeedDur("at", kZero, kLong);
  f.length = node.Dur("duration", kForever, Nanoseconds(1), kLong);
  f.spread = node.Dur("spread", kZero, kZero, kLong);
  if (node.Has("select")) ReadSelector(node.Child("select"), plan, f);
  switch (proto.what_case()) {
    case pb::Fault::kClient:
      f.failure = KindOf(node.Enum("client"));
      if (f.failure == FailureKind::kMiddlebox) {
        f.action = Action::kMiddleboxFlush;
      } else if (f.failure == FailureKind::kPathCut) {
        f.action = Action::kPathCut;
      } else if (f.failure == FailureKind::kNone) {
        node.Error("client",
                   "is required: CRASH KILL STOP FREEZE SLEEP PATH_CUT or MIDDLEBOX_FLUSH");
        f.failure = FailureKind::kCrash;
      }
      break;
    case pb::Fault::kPartition:
      f.action = Action::kPathCut;
      f.failure = FailureKind::kPathCut;
      f.directions = DirectionsOf(node.Child("partition"));
      break;
    case pb::Fault::kDegrade: {
      const Node d = node.Child("degrade");
      f.action = Action::kDegrade;
      f.directions = DirectionsOf(d);
      f.degrade.loss = d.Chance("loss", 0);
      f.degrade.extra_latency = d.Dur("extra_latency", kZero, kZero, kLong);
      break;
    }
    case pb::Fault::kClock: {
      const Node c = node.Child("clock");
      f.jump = c.Dur("jump", kZero, -kLong, kLong);
      f.drift_ppb = static_cast<int64_t>(c.Number("drift_ppm", 0, -500000, 500000) * 1000);
      f.action = f.jump.ns != 0 ? Action::kClockJump : Action::kClockDrift;
      if (f.jump.ns != 0 && f.drift_ppb != 0) {
        c.Error("", "either jump or drift_ppm; write two faults for both");
      }
      break;
    }
    case pb::Fault::kBrokerStall:
      f.action = Action::kBrokerStall;
      f.failure = FailureKind::kBrokerStall;
      break;
    case pb::Fault::kBrokerDown:
      f.action = Action::kBrokerDown;
      f.failure =
          proto.broker_down().silent() ? FailureKind::kBrokerCrash : FailureKind::kBrokerKill;
      break;
    case pb::Fault::kBrokerLimits:
      f.action = Action::kBrokerLimits;
      f.accept_per_second = static_cast<int32_t>(
          node.Child("broker_limits").NeedInteger("accept_per_second", 1, 1000000000));
      break;
    case pb::Fault::WHAT_NOT_SET:
      node.Error("",
                 "says nothing of what happens: client, partition, degrade, clock, "
                 "broker_stall, broker_down or broker_limits");
      break;
  }
  return f;
}

}  // namespace keepsim
