#include "sim/scenario/compile.h"

#include <algorithm>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/base/spelling.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/codec.h"
#include "sim/mqtt/silence.h"
#include "sim/scenario/compile_fault.h"
#include "sim/scenario/compile_network.h"
#include "sim/scenario/compile_profile.h"
#include "sim/scenario/node.h"
#include "sim/scenario/utf8.h"

namespace keepsim {
namespace {

constexpr Duration kLong = kLongestDuration;
constexpr Duration kZero{0};
constexpr int64_t kMaxClients = 10000000;
// Of one kind in a group: more would share their draws with another purpose (sim/base/random.h).
constexpr int kMaxStreams = 64;
constexpr int64_t kBillion = 1000000000;

bool IsName(const std::string& s) {
  return !s.empty() && s.size() <= 200 && std::all_of(s.begin(), s.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

// A text of a packet, whose length has 16 bits there, with {group} and {index} replaced. What
// cannot be sent is reported and replaced, so that sizes can be computed.
std::string WireText(const Node& node, const char* field, const std::string& group,
                     bool binary = false) {
  constexpr size_t kLongest = 65535;
  constexpr uint32_t kLongestIndex = 1000000000;
  std::string text = node.Text(field);
  const size_t length = ForClient(text, group, kLongestIndex).size();
  if (length > kLongest) {
    node.Error(field, absl::StrCat("is ", length, " bytes long",
                                   length > text.size() ? ", {group} and {index} replaced" : "",
                                   "; at most ", kLongest));
    return "?";
  }
  if (!binary && absl::StrContains(text, '\0')) {
    node.Error(field, absl::StrCat(ShownValue(text),
                                   " has a zero character, which MQTT texts must not "
                                   "([MQTT-1.5.3-2]; 5.0 [MQTT-1.5.4-2]); leave it out"));
    return "?";
  }
  return text;
}

// MQTT 3.1.1 and 5.0 section 4.7.
void CheckTopicName(const Node& node, const char* field) {
  const std::string topic = node.Text(field);
  if (topic.empty()) {
    node.Error(field, "is required: a topic, such as \"a/b\"");
  } else if (topic.find_first_of("#+") != std::string::npos) {
    node.Error(field,
               absl::StrCat(ShownValue(topic), " has a wildcard (# or +): only filters may"));
  }
}

void CheckTopicFilter(const Node& node, const char* field) {
  const std::string filter = node.Text(field);
  for (size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '#' && filter[i] != '+') continue;
    const bool begins = i == 0 || filter[i - 1] == '/';
    const bool last = i + 1 == filter.size();
    if (begins && (last || (filter[i] == '+' && filter[i + 1] == '/'))) continue;
    node.Error(field,
               absl::StrCat(ShownValue(filter),
                            " is not a topic filter: + stands for a whole level, # for all that "
                            "follow (section 4.7.1); write \"a/+/b\" or \"a/#\""));
    return;
  }
}

// The last of the profiles is to have a name of its own.
template <typename Profile>
void CheckNewName(const Node& row, const std::vector<Profile>& profiles) {
  for (size_t i = 0; i + 1 < profiles.size(); ++i) {
    if (profiles[i].name != profiles.back().name) continue;
    return row.Error("name",
                     absl::StrCat(ShownValue(profiles[i].name), " is the name of an earlier row"));
  }
}

// The sizes of a packet for clients whose index has 1, 2, ... 10 digits.
template <typename SizeForIndex>
SizeByDigits SizesBy(SizeForIndex size_for_index) {
  SizeByDigits sizes;
  uint32_t index = 0;
  for (uint32_t& size : sizes) {
    size = size_for_index(index);
    index = index == 0 ? 10 : index * 10;
  }
  return sizes;
}

void ReadConnect(const Node& node, GroupPlan& g) {
  ConnectOptions& c = g.connect;
  const bool v5 = c.version == MqttVersion::kV5;
  c.client_id = WireText(node, "client_id", g.name);
  c.clean_start = node.Bool("clean_start", true);
  c.has_user_name = node.Has("user_name");
  c.user_name = WireText(node, "user_name", g.name);
  c.has_password = node.Has("password");
  c.password = WireText(node, "password", g.name, /*binary=*/true);
  if (c.has_password && !c.has_user_name && !v5) {
    node.Error("password", "needs a user_name in MQTT 3.1.1 ([MQTT-3.1.2-22])");
  }
  for (const char* field : {"receive_maximum", "maximum_packet_size",
                            "request_response_information", "request_problem_information"}) {
    if (!v5 && node.Has(field)) node.Error(field, "exists in MQTT 5.0 only (mqtt_version: V5)");
  }
  if (!v5 && !node.Text("session_expiry").empty()) {
    node.Error("session_expiry", "exists in MQTT 5.0 only (mqtt_version: V5)");
  }
  if (!v5 && node.Size("user_properties") > 0) {
    node.Error("user_properties", "exist in MQTT 5.0 only (mqtt_version: V5)");
  }
  if (node.Text("session_expiry") == "forever") {
    c.session_expiry_s = 0xFFFFFFFF;
  } else {
    c.session_expiry_s =
        static_cast<uint32_t>(node.SecondsOf("session_expiry", kZero, kZero, kLong) / Seconds(1));
  }
  c.receive_maximum = static_cast<uint16_t>(node.Integer("receive_maximum", 65535, 1, 65535));
  c.maximum_packet_size =
      static_cast<uint32_t>(node.Integer("maximum_packet_size", 0, 1, 4294967295));
  c.topic_alias_maximum = static_cast<uint16_t>(node.Integer("topic_alias_maximum", 0, 0, 65535));
  c.request_response_information = node.Bool("request_response_information", false);
  c.request_problem_information = node.Bool("request_problem_information", true);
  for (int i = 0; i < node.Size("user_properties"); ++i) {
    const Node p = node.Child("user_properties", i);
    c.user_properties.emplace_back(WireText(p, "key", g.name), WireText(p, "value", g.name));
  }
  if (!node.Has("will")) return;
  const Node w = node.Child("will");
  c.has_will = true;
  c.will.topic = WireText(w, "topic", g.name);
  c.will.payload = WireText(w, "message", g.name, /*binary=*/true);
  c.will.qos = static_cast<uint8_t>(w.Integer("qos", 0, 0, 2));
  c.will.retain = w.Bool("retain", false);
  c.will.delay_s = static_cast<uint32_t>(w.SecondsOf("delay", kZero, kZero, kLong) / Seconds(1));
  CheckTopicName(w, "topic");
  if (c.will.delay_s > 0 && !v5) w.Error("delay", "exists in MQTT 5.0 only (mqtt_version: V5)");
}

Workload ReadPublish(const Node& node, const std::string& group, MqttVersion version,
                     TableCache& tables) {
  Workload w;
  const auto exponential = [&](const Node& n) {
    DistributionSpec spec;
    spec.kind = DistributionSpec::Kind::kExponential;
    spec.a = n.NeedDur("mean_gap", Nanoseconds(1000), kLong);
    return tables.Get(spec);
  };
  if (node.Has("periodic")) {
    const Node p = node.Child("periodic");
    w.period = p.NeedDur("period", Nanoseconds(1000), kLong);
    w.phased = p.Bool("phased", true);
  } else if (node.Has("poisson")) {
    w.kind = Workload::Kind::kPoisson;
    w.gap = exponential(node.Child("poisson"));
  } else if (node.Has("bursts")) {
    const Node b = node.Child("bursts");
    w.kind = Workload::Kind::kBursts;
    w.gap = exponential(b);
    w.burst_size = static_cast<int32_t>(b.Integer("size", 1, 1, 1000));
    w.burst_spacing = b.Dur("spacing", kZero, kZero, kLong);
  } else if (node.Has("recorded")) {
    const Node r = node.Child("recorded");
    w.kind = Workload::Kind::kTimes;
    for (int i = 0; i < r.Size("at"); ++i) {
      const Duration at = r.Dur("at", kZero, kZero, kLong, i);
      if (!w.times.empty() && at < w.times.back()) {
        r.Error("at",
                absl::StrCat(FormatDuration(at), " is before ", FormatDuration(w.times.back()),
                             ": times must be in ascending order"),
                i);
      } else {
        w.times.push_back(at);
      }
    }
  } else {
    node.Error("", "needs periodic, poisson, bursts or recorded");
    w.period = Seconds(60);
  }
  w.qos = static_cast<uint8_t>(node.Integer("qos", 0, 0, 2));
  const auto payload = static_cast<size_t>(node.Integer("payload_bytes", 0, 0, 268000000));
  std::string topic = WireText(node, "topic", group);
  if (topic.empty()) {
    topic = "t";
  } else {
    CheckTopicName(node, "topic");
  }
  w.size = SizesBy([&](uint32_t index) {
    return PublishSize(version, ForClient(topic, group, index).size(), payload, w.qos);
  });
  return w;
}

void WarnOfFolly(const Node& node, const GroupPlan& g, const BrokerPlan& broker) {
  const Duration k = Seconds(g.connect.keep_alive_s);
  const ClientProfile& p = g.profile;
  if (!p.reconnect.enabled) {
    node.Warning("client",
                 absl::StrCat("\"", p.name,
                              "\" does not connect again on its own: a lost client stays "
                              "away (client_profiles { base: \"",
                              p.name, "\" reconnect { enabled: true } } brings it back)"));
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
  if (k.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kOff) {
    node.Warning("keep_alive", "0 turns the mechanism off: neither end notices a silent loss");
  } else if (g.connect.keep_alive_s < p.keep_alive_min_s && k.ns != 0) {
    node.Warning("keep_alive", absl::StrCat("\"", p.name, "\" refuses a keepAlive below ",
                                            p.keep_alive_min_s, " s; raise it"));
  }
  const bool told = verdict.told && p.apply_server_keep_alive;
  const Duration in_force = Seconds(verdict.keep_alive_s);
  const bool acknowledges = std::any_of(g.downlink.begin(), g.downlink.end(),
                                        [](const Workload& w) { return w.qos > 0; });
  const Duration silent = LongestSilence(p, told ? in_force : k, !g.downlink.empty(),
                                         !g.uplink.empty() || acknowledges);
  const Duration limit = ShortestLimit(broker.profile, in_force);
  // A tick, a loop and a counter come near their bound; a timer reaches it.
  const bool reached = p.ping_when != PingWhen::kCounterTick && p.LookSlack(k).ns == 0;
  if ((reached ? silent >= limit : silent > limit) && limit < kForever) {
    node.Warning("client", absl::StrCat("\"", p.name, "\" may be silent for ",
                                        silent >= kForever ? "ever" : FormatDuration(silent),
                                        " but the broker closes after ", FormatDuration(limit),
                                        ": living clients will be thrown out without any loss"));
  }
  if (k.ns == 0) return;
  const Duration ping = p.ping_after.Of(k);
  if (g.middlebox.enabled && ping > g.middlebox.idle_timeout) {
    node.Warning("keep_alive", absl::StrCat("PINGREQ after ", FormatDuration(ping),
                                            " is later than the middlebox's idle timeout of ",
                                            FormatDuration(g.middlebox.idle_timeout),
                                            ": idle connections will be lost; lower keep_alive"));
  }
  if (p.wait_rule == WaitRule::kAfterPing && p.pingresp_wait.Of(k) > k) {
    node.Warning("", absl::StrCat("PINGRESP is awaited for ", FormatDuration(p.pingresp_wait.Of(k)),
                                  ", longer than keepAlive: a lost broker is noticed late"));
  }
  if (g.up.loss.IsOne() || g.down.loss.IsOne()) {
    node.Warning("path", "a loss of 1 lets nothing through: no client will connect");
  }
  if (g.down.latency.mean() + g.up.latency.mean() > p.pingresp_wait.Of(k) &&
      p.wait_rule == WaitRule::kAfterPing) {
    node.Warning("path", "the mean round trip is longer than the wait for PINGRESP");
  }
}

// Drifts add up; a clock has to go forward.
void CheckDrift(const Node& root, const Plan& plan) {
  for (uint32_t g = 0; g < plan.groups.size(); ++g) {
    const GroupPlan& group = plan.groups[g];
    int64_t slowest = group.drift_ppb - group.drift_ppb_max;
    for (const ScheduledFault& f : plan.faults) {
      const bool strikes = (f.groups.empty() || absl::c_linear_search(f.groups, g)) &&
                           (f.region.empty() || f.region == group.region);
      if (f.action == ScheduledFault::Action::kClockDrift && strikes) {
        slowest += std::min<int64_t>(f.drift_ppb, 0);
      }
    }
    if (slowest > -kBillion) continue;
    root.Child("groups", static_cast<int>(g))
        .Error("clock",
               "with the faults that change it, may drift by -1000000 ppm or more: a clock "
               "that stands still; lower the drifts");
  }
}

void ReadGroup(const Node& node, const std::vector<ClientProfile>& own, TableCache& tables,
               GroupPlan& g) {
  g.name = node.Text("name");
  if (g.name.empty()) {
    node.Error("name", "is required: letters, digits, _ and -, such as \"fleet\"");
  } else if (!IsName(g.name)) {
    node.Error("name", absl::StrCat(ShownValue(g.name),
                                    " is not a name: at most 200 letters, digits, _ and -"));
  }
  g.region = node.Text("region");
  const int64_t count = node.Integer("count", 1, 0, kMaxClients);
  g.count = static_cast<uint32_t>(count);
  g.profile = NamedClient(node, "client", own);
  const MqttVersion version =
      node.Enum("mqtt_version") == pb::V5 ? MqttVersion::kV5 : MqttVersion::kV311;
  g.connect.version = version;
  const Duration k =
      node.SecondsOf("keep_alive", g.profile.default_keep_alive, kZero, Seconds(65535));
  g.connect.keep_alive_s = static_cast<uint16_t>(k / Seconds(1));
  if (node.Has("connect")) ReadConnect(node.Child("connect"), g);
  if (g.connect.client_id.empty()) g.connect.client_id = "{group}-{index}";
  g.shared_client_id = g.count > 1 && !absl::StrContains(g.connect.client_id, "{index}");
  if (node.Has("start")) {
    const Node s = node.Child("start");
    g.start_at = s.Dur("at", kZero, kZero, kLong);
    g.start_spread = s.Dur("spread", kZero, kZero, kLong);
  }
  if (node.Has("path")) ReadPath(node.Child("path"), tables, g);
  for (const char* field : {"publish", "receive", "random_faults"}) {
    if (node.Size(field) > kMaxStreams) {
      node.Error(field, absl::StrCat("has ", node.Size(field), " elements; at most ", kMaxStreams));
    }
  }
  for (int i = 0; i < node.Size("publish"); ++i) {
    g.uplink.push_back(ReadPublish(node.Child("publish", i), g.name, version, tables));
  }
  for (int i = 0; i < node.Size("receive"); ++i) {
    g.downlink.push_back(ReadPublish(node.Child("receive", i), g.name, version, tables));
  }
  g.subscribe_filter = WireText(node, "subscribe", g.name);
  CheckTopicFilter(node, "subscribe");
  if (g.subscribe_filter.empty() && !g.downlink.empty())
    g.subscribe_filter = absl::StrCat(g.connect.client_id, "/#");
  g.subscribe_qos = static_cast<uint8_t>(node.Integer("subscribe_qos", 0, 0, 2));
  if (node.Has("clock")) {
    const Node c = node.Child("clock");
    g.drift_ppb = static_cast<int64_t>(c.Number("drift_ppm", 0, -500000, 500000) * 1000);
    g.drift_ppb_max = static_cast<int64_t>(c.Number("drift_ppm_max", 0, 0, 500000) * 1000);
  }
  for (int i = 0; i < node.Size("random_faults"); ++i) {
    g.faults.push_back(ReadRandomFault(node.Child("random_faults", i), tables));
  }
  ConnectOptions& c = g.connect;
  g.params.version = version;
  g.params.keep_alive_s = c.keep_alive_s;
  g.params.clean_start = c.clean_start;
  g.connect_size =
      SizesBy([&](uint32_t index) { return ConnectSize(ForClient(c, g.name, index)); });
  if (!g.subscribe_filter.empty()) {
    g.subscribe_size = SizesBy([&](uint32_t index) {
      return SubscribeSize(version, ForClient(g.subscribe_filter, g.name, index).size());
    });
    g.params.subscribe_qos = g.subscribe_qos;
  }
  g.peer.version = version;
  g.peer.has_will = c.has_will;
  g.peer.will_delay_s = c.will.delay_s;
  g.peer.session_expiry_s = version == MqttVersion::kV5 ? c.session_expiry_s
                            : c.clean_start             ? 0
                                                        : 0xFFFFFFFF;
  g.peer.will_qos = c.will.qos;
}

void ReadBroker(const Node& node, const std::vector<BrokerProfile>& own, BrokerPlan& b) {
  b.profile = NamedBroker(node, "profile", own);
  ReadGraceFactor(node, b.profile);
  if (node.Has("max_keep_alive_s")) {
    b.profile.keep_alive_max_s = static_cast<int32_t>(
        node.Integer("max_keep_alive_s", b.profile.keep_alive_max_s, 1, 65535));
    if (b.profile.limit_reply == KeepAliveLimitReply::kNone) {
      b.profile.limit_reply = KeepAliveLimitReply::kServerKeepAlive;
    }
  }
  b.accept_per_second = static_cast<int32_t>(node.Integer("accept_per_second", 0, 0, 1000000000));
  b.accept_backlog = static_cast<int32_t>(node.Integer("accept_backlog", 0, 0, 1000000000));
  b.handling = node.Dur("handling_time", kZero, kZero, Seconds(3600));
  if (node.Has("tcp")) b.tcp = ReadTcp(node.Child("tcp"));
}

}  // namespace

Plan Compile(const LoadedScenario& scenario, Diagnostics& diagnostics) {
  const pb::Scenario& proto = scenario.proto;
  const Node root(proto, scenario.places, scenario.file, &diagnostics);
  CheckUtf8(root);
  Plan plan;
  plan.scenario_name = proto.name();
  plan.seed = proto.seed() == 0 ? 1 : proto.seed();
  plan.horizon = root.NeedDur("horizon", Nanoseconds(1), kLong);
  TableCache tables(diagnostics);
  std::vector<ClientProfile> clients;
  for (int i = 0; i < proto.client_profiles_size(); ++i) {
    const Node row = root.Child("client_profiles", i);
    clients.push_back(ReadClientProfile(row, clients));
    CheckNewName(row, clients);
  }
  std::vector<BrokerProfile> brokers;
  for (int i = 0; i < proto.broker_profiles_size(); ++i) {
    const Node row = root.Child("broker_profiles", i);
    brokers.push_back(ReadBrokerProfile(row, brokers));
    CheckNewName(row, brokers);
  }
  ReadBroker(root.Child("broker"), brokers, plan.broker);

  if (proto.groups_size() == 0) root.Error("groups", "at least one group of clients is required");
  uint32_t entity = 1;
  int64_t total = 0;
  std::set<std::string> names;
  std::set<uint64_t> keys;
  for (int i = 0; i < proto.groups_size(); ++i) {
    const Node node = root.Child("groups", i);
    GroupPlan g;
    ReadGroup(node, clients, tables, g);
    g.key = GroupKey(plan.seed, g.name);
    if (!names.insert(g.name).second) {
      node.Error("name", absl::StrCat(ShownValue(g.name), " is the name of an earlier group"));
    } else if (!keys.insert(g.key).second) {
      node.Error("name", "shares its random key with another group under this seed; rename it");
    }
    g.first_entity = entity;
    entity += g.count;
    total += g.count;
    WarnOfFolly(node, g, plan.broker);
    plan.groups.push_back(std::move(g));
  }
  if (total > kMaxClients) {
    root.Error("groups", absl::StrCat(total, " clients in all; at most ", kMaxClients));
  }
  std::set<std::string> watchers;
  for (int i = 0; i < proto.watchers_size(); ++i) {
    const Node node = root.Child("watchers", i);
    WatcherPlan w;
    w.name = node.Text("name");
    if (w.name.empty()) node.Error("name", "is required");
    if (!watchers.insert(w.name).second) {
      node.Error("name", absl::StrCat(ShownValue(w.name), " is the name of an earlier watcher"));
    }
    w.filter = node.Text("filter").empty() ? "#" : node.Text("filter");
    CheckTopicFilter(node, "filter");
    if (node.Has("latency")) w.latency = tables.Get(ReadDistribution(node.Child("latency")));
    w.loss = node.Chance("loss", 0);
    plan.watchers.push_back(std::move(w));
  }
  if (proto.watchers_size() > 255) root.Error("watchers", "at most 255 watchers");
  for (int i = 0; i < proto.faults_size(); ++i) {
    plan.faults.push_back(ReadFault(root.Child("faults", i), i, proto, plan));
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const ScheduledFault& a, const ScheduledFault& b) { return a.at < b.at; });
  CheckDrift(root, plan);
  return plan;
}

}  // namespace keepsim
