#include "sim/scenario/compile_profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/base/spelling.h"
#include "sim/mqtt/profile_name.h"
#include "sim/scenario/scenario.pb.h"

namespace keepsim {
namespace {

constexpr Duration kLong = kLongestDuration;

template <typename Profile, typename BuiltIn>
const Profile& Named(const Node& node, absl::string_view field, absl::string_view kind,
                     const std::vector<Profile>& own, const BuiltIn& built_in,
                     const Profile* (*find)(absl::string_view name, absl::string_view version)) {
  const std::string text = node.Text(field).empty() ? "spec" : node.Text(field);
  for (const Profile& p : own) {
    if (p.name == text) return p;
  }
  const auto [name, version] = NameAndVersion(text);
  std::vector<ProfileLabel> labels;
  AddLabels(built_in, labels);
  if (const Profile* found = find(name, version)) {
    const std::string others = OtherRowsWithin(text, labels);
    if (!others.empty()) node.Warning(field, others);
    return *found;
  }
  std::vector<std::string> own_names;
  for (const Profile& p : own) own_names.push_back(p.name);
  std::string suggestion = DidYouMean(text, own_names);
  if (suggestion.empty()) suggestion = ProfileSuggestion(text, labels);
  node.Error(field, absl::StrCat("unknown ", kind, " profile ", ShownValue(text), suggestion,
                                 "; `keepsim profiles` lists them"));
  return *find("spec", "");
}

void ReadTick(const Node& row, ClientProfile& p) {
  const Duration zero{0};
  if (!row.Text("tick").empty() || row.Has("tick_factor")) {
    p.tick = Fixed(row.Dur("tick", zero, zero, kLong));
    row.Fraction("tick_factor", 0.001, 10, &p.tick.num, &p.tick.den);
    p.long_keep_alive = kForever;  // the base's long tick is not that of this one
  }
  p.tick.min = row.Dur("tick_min", p.tick.min, zero, kLong);
  p.tick.max = row.Dur("tick_max", p.tick.max, p.tick.min, kLong);
  p.long_keep_alive = row.Dur("long_keep_alive", p.long_keep_alive, zero, Seconds(65535));
  if (!row.Text("long_tick").empty()) {
    p.long_tick = Fixed(row.Dur("long_tick", zero, zero, kLong));
    if (p.long_keep_alive == kForever) row.Error("long_keep_alive", "is required with long_tick");
  }
  p.wait_on_tick = row.Bool("wait_on_tick", p.wait_on_tick);
  p.loop_wait = row.Dur("loop_wait", p.loop_wait, zero, Seconds(3600));
  p.loop_pause = row.Dur("loop_pause", p.loop_pause, zero, Seconds(3600));
  if (p.loop_pause.ns > 0 && p.loop_wait.ns == 0) {
    row.Error("loop_wait",
              "is required with loop_pause: a loop that waits for traffic, then pauses");
  }
  p.woken_by_sends = row.Bool("woken_by_sends", p.woken_by_sends);
}

// The limit on received silence that is not the one on sent silence.
void ReadPingIn(const Node& row, ClientProfile& p) {
  if (row.Has("ping_in_factor") || !row.Text("ping_in_offset").empty()) {
    p.ping_after_in = Fixed(row.Dur("ping_in_offset", Duration{0}, -kLong, kLong));
    row.Fraction("ping_in_factor", 0.001, 10, &p.ping_after_in.num, &p.ping_after_in.den);
  }
  p.ping_after_in.max = row.Dur("ping_in_max", p.ping_after_in.max, Milliseconds(1), kLong);
}

}  // namespace

std::vector<std::string> BuiltInProfiles(bool clients) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (clients) {
    for (const ClientProfile& p : ClientProfiles()) add(p.name);
  } else {
    for (const BrokerProfile& p : BrokerProfiles()) add(p.name);
  }
  return names;
}

const ClientProfile& NamedClient(const Node& node, absl::string_view field,
                                 const std::vector<ClientProfile>& own) {
  return Named(node, field, "client", own, ClientProfiles(), FindClientProfile);
}

const BrokerProfile& NamedBroker(const Node& node, absl::string_view field,
                                 const std::vector<BrokerProfile>& own) {
  return Named(node, field, "broker", own, BrokerProfiles(), FindBrokerProfile);
}

ClientProfile ReadClientProfile(const Node& row, const std::vector<ClientProfile>& known) {
  ClientProfile p = NamedClient(row, "base", known);
  p.name = row.Text("name");
  p.version = "";
  p.stands_for.clear();
  p.source = "this scenario";
  if (p.name.empty()) row.Error("name", "is required: any text");
  const Duration zero{0};
  if (const int v = row.Enum("ping_when")) p.ping_when = static_cast<PingWhen>(v - 1);
  if (const int v = row.Enum("out_rule")) p.out_reference = static_cast<OutReference>(v - 1);
  if (const int v = row.Enum("in_rule")) p.in_reference = static_cast<InReference>(v - 1);
  if (const int v = row.Enum("clock")) p.clock = static_cast<ClockKind>(v - 1);
  if (const int v = row.Enum("pingresp_rule")) {
    constexpr WaitRule kRules[] = {WaitRule::kAfterPing,   WaitRule::kAfterPingAndLast,
                                   WaitRule::kAtNextPing,  WaitRule::kIgnored,
                                   WaitRule::kAtNextStale, WaitRule::kAfterLast};
    p.wait_rule = kRules[v - 1];
  }
  row.Fraction("ping_factor", 0.001, 10, &p.ping_after.num, &p.ping_after.den);
  p.ping_after.offset = row.Dur("ping_offset", p.ping_after.offset, -kLong, kLong);
  p.ping_after.max = row.Dur("ping_max", p.ping_after.max, Milliseconds(1), kLong);
  row.Fraction("pingresp_factor", 0, 10, &p.pingresp_wait.num, &p.pingresp_wait.den);
  if (!row.Text("pingresp_offset").empty() && !row.Has("pingresp_factor")) {
    p.pingresp_wait.num = 0, p.pingresp_wait.den = 1;  // only an offset: a fixed wait
  }
  p.pingresp_wait.offset = row.Dur("pingresp_offset", p.pingresp_wait.offset, -kLong, kLong);
  p.pingresp_wait.max = row.Dur("pingresp_max", p.pingresp_wait.max, Milliseconds(1), kLong);
  if (row.Has("any_packet_answers")) {
    p.pingresp_by =
        row.Bool("any_packet_answers", false) ? PingrespBy::kAnyPacket : PingrespBy::kPingresp;
  }
  if (const int v = row.Enum("answered_by")) {
    p.pingresp_by = static_cast<PingrespBy>(v - 1);
    if (row.Has("any_packet_answers")) {
      row.Error("any_packet_answers", "says the same as answered_by; leave one out");
    }
  }
  ReadTick(row, p);
  ReadPingIn(row, p);
  if (const int v = row.Enum("zero_keep_alive")) {
    p.zero_keep_alive = static_cast<ZeroKeepAlive>(v - 1);
  }
  p.ping_resets_both = row.Bool("ping_resets_both", p.ping_resets_both);
  p.one_ping_at_a_time = row.Bool("one_ping_at_a_time", p.one_ping_at_a_time);
  p.whole_seconds = row.Bool("whole_seconds", p.whole_seconds);
  p.apply_server_keep_alive = row.Bool("apply_server_keep_alive", p.apply_server_keep_alive);
  p.apply_server_keep_alive_zero =
      row.Bool("apply_server_keep_alive_zero", p.apply_server_keep_alive_zero);
  p.connect_timeout = row.Dur("connect_timeout", p.connect_timeout, Milliseconds(1), kLong);
  p.connack_timeout = row.Dur("connack_timeout", p.connack_timeout, Milliseconds(1), kLong);
  // A wait that is written takes the place of a rule that is inherited.
  p.connect_within_keep_alive = row.Bool(
      "connect_within_keep_alive", p.connect_within_keep_alive && !row.Has("connect_timeout"));
  const bool written = row.Has("connack_timeout");
  const bool within_connect = p.connack_within_connect;
  p.connack_within_connect =
      row.Bool("connack_within_connect",
               within_connect && !written && !row.Bool("connack_within_keep_alive", false));
  p.connack_within_keep_alive =
      row.Bool("connack_within_keep_alive", p.connack_within_keep_alive && !written &&
                                                !row.Bool("connack_within_connect", false));
  if (p.connack_within_connect && p.connack_within_keep_alive) {
    row.Error("connack_within_connect", "excludes connack_within_keep_alive: one wait for CONNACK");
  }
  p.keep_alive_min_s =
      static_cast<int32_t>(row.Integer("keep_alive_min_s", p.keep_alive_min_s, 0, 65535));
  p.max_in_flight = static_cast<int32_t>(row.Integer("max_in_flight", p.max_in_flight, 0, 65535));
  p.default_keep_alive =
      row.SecondsOf("default_keep_alive", p.default_keep_alive, zero, Seconds(65535));
  p.loop_delay_max = row.Dur("loop_delay_max", p.loop_delay_max, zero, Seconds(3600));
  if (row.Has("reconnect")) {
    const Node r = row.Child("reconnect");
    ReconnectPolicy& policy = p.reconnect;
    policy.enabled = r.Bool("enabled", policy.enabled);
    policy.first_connection = r.Bool("first_connection", policy.first_connection);
    policy.first = r.Dur("first", policy.first, zero, kLong);
    policy.min = r.Dur("min", policy.min, zero, kLong);
    policy.max = r.Dur("max", std::max(policy.max, policy.min), policy.min, kLong);
    r.Fraction("growth", 1, 10, &policy.growth_num, &policy.growth_den);
    if (const int v = r.Enum("jitter")) policy.jitter = static_cast<JitterKind>(v - 1);
    policy.jitter_permille = static_cast<int32_t>(
        std::lround(r.Number("jitter_share", policy.jitter_permille / 1000.0, 0, 1) * 1000));
    policy.stable_after = r.Dur("stable_after", policy.stable_after, zero, kLong);
    policy.evaluated_every = r.Dur("evaluated_every", policy.evaluated_every, zero, kLong);
    policy.evaluated_turn = r.Dur("evaluated_turn", policy.evaluated_turn, zero, kLong);
    policy.at_once_after_close = r.Bool("at_once_after_close", policy.at_once_after_close);
  }
  return p;
}

void ReadGraceFactor(const Node& node, BrokerProfile& p) {
  if (!node.Has("grace_factor")) return;
  node.Fraction("grace_factor", 1, 10, &p.grace_num, &p.grace_den);
  if (p.mechanism == CheckMechanism::kIdleTicks) {
    p.period.num = p.grace_num;
    p.period.den = p.grace_den * p.idle_ticks;
    p.period.offset = Duration{0};
  }
}

BrokerProfile ReadBrokerProfile(const Node& row, const std::vector<BrokerProfile>& known) {
  BrokerProfile p = NamedBroker(row, "base", known);
  p.name = row.Text("name");
  p.version = "";
  p.stands_for.clear();
  p.source = "this scenario";
  if (p.name.empty()) row.Error("name", "is required: any text");
  const Duration zero{0};
  p.grace_extra = row.Dur("grace_extra", p.grace_extra, zero, kLong);
  if (const int v = row.Enum("mechanism")) p.mechanism = static_cast<CheckMechanism>(v - 1);
  if (const int v = row.Enum("rounding")) p.rounding = static_cast<LimitRounding>(v - 1);
  if (const int v = row.Enum("limit_reply")) {
    p.limit_reply = static_cast<KeepAliveLimitReply>(v - 1);
  }
  p.idle_ticks = static_cast<int32_t>(row.Integer("idle_ticks", p.idle_ticks, 1, 100));
  ReadGraceFactor(row, p);
  if (!row.Text("period").empty() || row.Has("period_factor")) {
    p.period = Fixed(row.Dur("period", zero, zero, kLong));
    row.Fraction("period_factor", 0.001, 10, &p.period.num, &p.period.den);
  }
  p.period.min = row.Dur("period_min", p.period.min, zero, kLong);
  p.period.max = row.Dur("period_max", p.period.max, p.period.min, kLong);
  if (p.mechanism != CheckMechanism::kExactTimer && p.period.Of(Seconds(1)).ns <= 0) {
    row.Error("period", "is required for this mechanism and must be positive");
    p.period = Fixed(Seconds(1));
  }
  if (const int v = row.Enum("takeover_will")) p.takeover_will = static_cast<TakeoverWill>(v - 1);
  p.pingreq_restarts_tick = row.Bool("pingreq_restarts_tick", p.pingreq_restarts_tick);
  p.wrap_16_bit = row.Bool("wrap_16_bit", p.wrap_16_bit);
  p.whole_seconds = row.Bool("whole_seconds", p.whole_seconds);
  p.strict = row.Bool("strict", p.strict);
  p.outgoing_counts = row.Bool("outgoing_counts", p.outgoing_counts);
  p.kill_batch = static_cast<int32_t>(row.Integer("kill_batch", p.kill_batch, 0, 1000000));
  p.kill_period = row.Dur("kill_period", p.kill_period, Milliseconds(1), kLong);
  if (p.kill_batch > 0 && p.kill_period.ns == 0) {
    row.Error("kill_period", "is required with kill_batch");
  }
  p.keep_alive_min_s =
      static_cast<int32_t>(row.Integer("keep_alive_min_s", p.keep_alive_min_s, 0, 65535));
  p.keep_alive_max_s =
      static_cast<int32_t>(row.Integer("keep_alive_max_s", p.keep_alive_max_s, 1, 65535));
  if (p.keep_alive_min_s > p.keep_alive_max_s) {
    row.Error("keep_alive_min_s",
              absl::StrCat(p.keep_alive_min_s, " is above keep_alive_max_s, ", p.keep_alive_max_s));
  }
  p.refuse_zero_keep_alive = row.Bool("refuse_zero_keep_alive", p.refuse_zero_keep_alive);
  p.zero_keep_alive_is_max = row.Bool("zero_keep_alive_is_max", p.zero_keep_alive_is_max);
  p.zero_keep_alive_exceeds = row.Bool("zero_keep_alive_exceeds", p.zero_keep_alive_exceeds);
  p.refusal_code = static_cast<uint8_t>(row.Integer("refusal_code", p.refusal_code, 1, 255));
  p.connect_timeout = row.Dur("connect_timeout", p.connect_timeout, Milliseconds(1), kLong);
  p.connect_on_scan = row.Bool("connect_on_scan", p.connect_on_scan);
  p.will_on_takeover = row.Bool("will_on_takeover", p.will_on_takeover);
  p.recovers = row.Bool("recovers", p.recovers);
  if (p.recovers && p.kill_batch > 0) row.Error("recovers", "closes nothing; leave kill_batch out");
  p.will_granularity = row.Dur("will_granularity", p.will_granularity, zero, kLong);
  return p;
}

}  // namespace keepsim
