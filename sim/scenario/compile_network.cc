#include "sim/scenario/compile_network.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/scenario/scenario.pb.h"

namespace keepsim {
namespace {

constexpr Duration kLong = kLongestDuration;
constexpr Duration kTick = Nanoseconds(1);

DirectionSpec ReadDirection(const Node& node, Transport transport, TableCache& tables) {
  DirectionSpec d;
  if (node.Has("latency")) d.latency = tables.Get(ReadDistribution(node.Child("latency")));
  d.loss = node.Chance("loss", 0);
  d.duplicate = node.Chance("duplicate", 0);
  if (!d.duplicate.IsZero() && transport == Transport::kTcp) {
    node.Error("duplicate",
               "only datagrams are duplicated; TCP hides copies (transport: DATAGRAM)");
  }
  d.keep_order = node.Bool("keep_order", false);
  if (node.Has("bursts")) {
    const Node b = node.Child("bursts");
    const auto sojourn = [&](const char* field) {
      DistributionSpec spec;
      spec.kind = DistributionSpec::Kind::kExponential;
      spec.a = b.NeedDur(field, kTick, kLong);
      return tables.Get(spec);
    };
    d.burst.enabled = true;
    d.burst.good_sojourn = sojourn("mean_good");
    d.burst.bad_sojourn = sojourn("mean_bad");
    d.burst.loss_good = b.Chance("loss_good", 0);
    d.burst.loss_bad = b.Chance("loss_bad", 1);
  }
  return d;
}

std::pair<std::string, std::string> NameAndVersion(const std::string& text) {
  const size_t space = text.find(' ');
  if (space == std::string::npos) return {text, ""};
  return {text.substr(0, space), text.substr(space + 1)};
}

}  // namespace

QuantileTable TableCache::Get(const DistributionSpec& spec) {
  for (const auto& [known, table] : tables_) {
    if (known == spec) return table;
  }
  tables_.emplace_back(spec, QuantileTable(spec));
  return tables_.back().second;
}

DistributionSpec ReadDistribution(const Node& node) {
  using Kind = DistributionSpec::Kind;
  DistributionSpec d;
  const Duration zero{0};
  if (!node.Text("constant").empty()) {
    d.a = node.Dur("constant", zero, zero, kLong);
  } else if (node.Has("uniform")) {
    const Node u = node.Child("uniform");
    d.kind = Kind::kUniform;
    d.a = u.Dur("low", zero, zero, kLong);
    d.b = u.NeedDur("high", d.a, kLong);
  } else if (node.Has("exponential")) {
    d.kind = Kind::kExponential;
    d.a = node.Child("exponential").NeedDur("mean", kTick, kLong);
  } else if (node.Has("lognormal")) {
    const Node l = node.Child("lognormal");
    d.kind = Kind::kLognormal;
    d.a = l.NeedDur("median", kTick, kLong);
    d.shape = l.Number("sigma", 0, 1e-6, 10);
    if (d.shape == 0) l.Error("sigma", "is required: a number in (0, 10]"), d.shape = 1;
  } else if (node.Has("weibull") || node.Has("pareto")) {
    const bool weibull = node.Has("weibull");
    const Node w = node.Child(weibull ? "weibull" : "pareto");
    d.kind = weibull ? Kind::kWeibull : Kind::kPareto;
    d.a = w.NeedDur("scale", kTick, kLong);
    d.shape = w.Number("shape", 0, 0.1, 100);
    if (d.shape == 0) w.Error("shape", "is required: a number in [0.1, 100]"), d.shape = 1;
  } else if (node.Has("empirical")) {
    const Node e = node.Child("empirical");
    d.kind = Kind::kEmpirical;
    const int samples = e.Size("samples");
    const int bins = e.Size("bins");
    if ((samples == 0) == (bins == 0)) {
      e.Error("", "needs either samples or bins");
    }
    const auto& message = dynamic_cast<const pb::Empirical&>(e.message());
    std::vector<Duration> values;
    for (int i = 0; i < samples; ++i) {
      const auto v = ParseDuration(message.samples(i));
      if (!v.ok()) {
        e.Error("samples", v.status().message(), i);
      } else {
        values.push_back(*v);
      }
    }
    std::sort(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); ++i) {
      // Each sample is a step of equal height: the law stands still at it.
      const double n = static_cast<double>(values.size());
      d.points.push_back({static_cast<double>(i) / n, values[i]});
      d.points.push_back({static_cast<double>(i + 1) / n, values[i]});
    }
    double total = 0;
    for (int i = 0; i < bins; ++i) {
      const Node b = e.Child("bins", i);
      const double weight = b.Number("weight", 0, 0, 1e300);
      if (weight <= 0) b.Error("weight", "must be positive");
      total += weight;
    }
    double sum = 0;
    Duration last{0};
    for (int i = 0; i < bins && total > 0; ++i) {
      const Node b = e.Child("bins", i);
      const Duration low = b.Dur("low", Duration{0}, Duration{0}, kLong);
      const Duration high = b.NeedDur("high", low, kLong);
      if (low < last) b.Error("low", "bins must be in ascending order and not overlap");
      last = high;
      d.points.push_back({sum / total, low});
      sum += b.Number("weight", 0, 0, 1e300);
      d.points.push_back({i + 1 == bins ? 1.0 : sum / total, high});
    }
    if (d.points.empty()) d.points.push_back({1.0, Duration{0}});
  } else {
    node.Error("",
               "needs a law: constant, uniform, exponential, lognormal, weibull, pareto or "
               "empirical");
  }
  d.shift = node.Dur("shift", zero, -kLong, kLong, true);
  d.min = node.Dur("min", zero, zero, kLong);
  d.max = node.Dur("max", kForever, d.min, kLong);
  return d;
}

TcpConfig ReadTcp(const Node& node) {
  TcpConfig t;
  t.initial_rto = node.Dur("initial_rto", t.initial_rto, Milliseconds(1), Seconds(120));
  t.min_rto = node.Dur("min_rto", t.min_rto, Milliseconds(1), Seconds(120));
  t.max_rto = node.Dur("max_rto", t.max_rto, t.min_rto, Seconds(3600));
  t.syn_retries = static_cast<int32_t>(node.Integer("syn_retries", t.syn_retries, 0, 127));
  t.retries2 = static_cast<int32_t>(node.Integer("retries2", t.retries2, 1, 100));
  t.orphan_retries = static_cast<int32_t>(node.Integer("orphan_retries", t.orphan_retries, 0, 100));
  t.user_timeout = node.Dur("user_timeout", t.user_timeout, Duration{0}, kLong);
  t.delayed_ack = node.Dur("delayed_ack", t.delayed_ack, Duration{0}, Seconds(1));
  t.no_delay = node.Bool("no_delay", t.no_delay);
  t.tail_loss_probe = node.Bool("tail_loss_probe", t.tail_loss_probe);
  t.keepalive_time = node.Dur("keepalive_time", t.keepalive_time, Duration{0}, kLong);
  t.keepalive_interval = node.Dur("keepalive_interval", t.keepalive_interval, Seconds(1), kLong);
  t.keepalive_probes =
      static_cast<int32_t>(node.Integer("keepalive_probes", t.keepalive_probes, 1, 127));
  return t;
}

void ReadPath(const Node& node, TableCache& tables, GroupPlan& group) {
  group.transport = node.Enum("transport") == pb::DATAGRAM ? Transport::kDatagram : Transport::kTcp;
  const auto direction = [&](const char* own) {
    if (node.Has(own)) return ReadDirection(node.Child(own), group.transport, tables);
    if (node.Has("both")) return ReadDirection(node.Child("both"), group.transport, tables);
    return DirectionSpec{};
  };
  group.up = direction("up");
  group.down = node.Has("down") || node.Has("up") ? direction("down") : group.up;
  if (node.Has("tcp")) {
    if (group.transport == Transport::kDatagram) {
      node.Error("tcp", "has no meaning with transport: DATAGRAM");
    }
    group.tcp = ReadTcp(node.Child("tcp"));
  }
  if (node.Has("middlebox")) {
    const Node m = node.Child("middlebox");
    group.middlebox.enabled = true;
    group.middlebox.idle_timeout = m.NeedDur("idle_timeout", kTick, kLong);
    group.middlebox.inbound_refreshes = m.Bool("inbound_refreshes", true);
    const int expiry = m.Enum("on_expiry");
    group.middlebox.on_expiry = expiry == pb::Middlebox::RESET      ? MiddleboxExpiry::kReset
                                : expiry == pb::Middlebox::RECREATE ? MiddleboxExpiry::kRecreate
                                                                    : MiddleboxExpiry::kDrop;
  }
}

const ClientProfile* FindClient(const std::vector<ClientProfile>& own, const std::string& text) {
  for (const ClientProfile& p : own) {
    if (p.name == text) return &p;
  }
  const auto [name, version] = NameAndVersion(text);
  return FindClientProfile(name, version);
}

const BrokerProfile* FindBroker(const std::vector<BrokerProfile>& own, const std::string& text) {
  for (const BrokerProfile& p : own) {
    if (p.name == text) return &p;
  }
  const auto [name, version] = NameAndVersion(text);
  return FindBrokerProfile(name, version);
}

ClientProfile ReadClientProfile(const Node& row, const std::vector<ClientProfile>& known) {
  const std::string base = row.Text("base").empty() ? "spec" : row.Text("base");
  const ClientProfile* from = FindClient(known, base);
  if (from == nullptr) {
    row.Error("base",
              absl::StrCat("unknown client profile \"", base, "\"; `keepsim profiles` lists them"));
    from = FindClientProfile("spec");
  }
  ClientProfile p = *from;
  p.name = row.Text("name");
  p.version = "";
  p.source = "this scenario";
  if (p.name.empty()) row.Error("name", "is required");
  const Duration zero{0};
  if (const int v = row.Enum("ping_when")) p.ping_when = static_cast<PingWhen>(v - 1);
  if (const int v = row.Enum("out_rule")) p.out_reference = static_cast<OutReference>(v - 1);
  if (const int v = row.Enum("in_rule")) p.in_reference = static_cast<InReference>(v - 1);
  if (const int v = row.Enum("clock")) p.clock = static_cast<ClockKind>(v - 1);
  if (const int v = row.Enum("pingresp_rule")) {
    constexpr WaitRule kRules[] = {WaitRule::kAfterPing, WaitRule::kAfterPingAndLast,
                                   WaitRule::kAtNextPing, WaitRule::kIgnored,
                                   WaitRule::kAtNextStale};
    p.wait_rule = kRules[v - 1];
  }
  row.Fraction("ping_factor", 0.001, 10, &p.ping_after.num, &p.ping_after.den);
  p.ping_after.offset = row.Dur("ping_offset", p.ping_after.offset, -kLong, kLong, true);
  p.ping_after.max = row.Dur("ping_max", p.ping_after.max, Milliseconds(1), kLong);
  row.Fraction("pingresp_factor", 0, 10, &p.pingresp_wait.num, &p.pingresp_wait.den);
  if (!row.Text("pingresp_offset").empty() && !row.Has("pingresp_factor")) {
    p.pingresp_wait.num = 0;  // only an offset: a fixed wait
  }
  p.pingresp_wait.offset = row.Dur("pingresp_offset", p.pingresp_wait.offset, -kLong, kLong, true);
  p.pingresp_wait.max = row.Dur("pingresp_max", p.pingresp_wait.max, Milliseconds(1), kLong);
  if (row.Has("any_packet_answers")) {
    p.pingresp_by =
        row.Bool("any_packet_answers", false) ? PingrespBy::kAnyPacket : PingrespBy::kPingresp;
  }
  if (!row.Text("tick").empty()) p.tick = Fixed(row.Dur("tick", zero, zero, kLong));
  p.whole_seconds = row.Bool("whole_seconds", p.whole_seconds);
  p.apply_server_keep_alive = row.Bool("apply_server_keep_alive", p.apply_server_keep_alive);
  p.connect_timeout = row.Dur("connect_timeout", p.connect_timeout, Milliseconds(1), kLong);
  p.connack_timeout = row.Dur("connack_timeout", p.connack_timeout, Milliseconds(1), kLong);
  p.default_keep_alive = row.Dur("default_keep_alive", p.default_keep_alive, zero, Seconds(65535));
  p.loop_delay_max = row.Dur("loop_delay_max", p.loop_delay_max, zero, Seconds(3600));
  if (row.Has("reconnect")) {
    const Node r = row.Child("reconnect");
    ReconnectPolicy& policy = p.reconnect;
    policy.enabled = r.Bool("enabled", policy.enabled);
    policy.first = r.Dur("first", policy.first, zero, kLong);
    policy.min = r.Dur("min", policy.min, zero, kLong);
    policy.max = r.Dur("max", std::max(policy.max, policy.min), policy.min, kLong);
    r.Fraction("growth", 1, 10, &policy.growth_num, &policy.growth_den);
    if (const int v = r.Enum("jitter")) policy.jitter = static_cast<JitterKind>(v - 1);
    policy.jitter_permille = static_cast<int32_t>(
        r.Number("jitter_share", policy.jitter_permille / 1000.0, 0, 1) * 1000 + 0.5);
    policy.stable_after = r.Dur("stable_after", policy.stable_after, zero, kLong);
    policy.evaluated_every = r.Dur("evaluated_every", policy.evaluated_every, zero, kLong);
  }
  return p;
}

BrokerProfile ReadBrokerProfile(const Node& row, const std::vector<BrokerProfile>& known) {
  const std::string base = row.Text("base").empty() ? "spec" : row.Text("base");
  const BrokerProfile* from = FindBroker(known, base);
  if (from == nullptr) {
    row.Error("base",
              absl::StrCat("unknown broker profile \"", base, "\"; `keepsim profiles` lists them"));
    from = FindBrokerProfile("spec");
  }
  BrokerProfile p = *from;
  p.name = row.Text("name");
  p.version = "";
  p.source = "this scenario";
  if (p.name.empty()) row.Error("name", "is required");
  const Duration zero{0};
  row.Fraction("grace_factor", 1, 10, &p.grace_num, &p.grace_den);
  p.grace_extra = row.Dur("grace_extra", p.grace_extra, zero, kLong);
  if (const int v = row.Enum("mechanism")) p.mechanism = static_cast<CheckMechanism>(v - 1);
  if (const int v = row.Enum("rounding")) p.rounding = static_cast<LimitRounding>(v - 1);
  if (const int v = row.Enum("limit_reply")) {
    p.limit_reply = static_cast<KeepAliveLimitReply>(v - 1);
  }
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
  p.idle_ticks = static_cast<int32_t>(row.Integer("idle_ticks", p.idle_ticks, 1, 100));
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
  p.refuse_zero_keep_alive = row.Bool("refuse_zero_keep_alive", p.refuse_zero_keep_alive);
  p.zero_keep_alive_is_max = row.Bool("zero_keep_alive_is_max", p.zero_keep_alive_is_max);
  p.connect_timeout = row.Dur("connect_timeout", p.connect_timeout, Milliseconds(1), kLong);
  p.will_on_takeover = row.Bool("will_on_takeover", p.will_on_takeover);
  p.will_granularity = row.Dur("will_granularity", p.will_granularity, zero, kLong);
  return p;
}

}  // namespace keepsim
