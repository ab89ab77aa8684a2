#include "sim/scenario/compile_network.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/scenario/scenario.pb.h"

namespace keepsim {
namespace {

constexpr Duration kLong = kLongestDuration;
constexpr Duration kTick = Nanoseconds(1);
constexpr double kLeastWeight = 1e-300;

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
    if (d.burst.good_sojourn.mean() + d.burst.bad_sojourn.mean() < Milliseconds(1)) {
      b.Error("mean_good", "mean_good and mean_bad together must be at least 1ms");
    }
    d.burst.loss_good = b.Chance("loss_good", 0);
    d.burst.loss_bad = b.Chance("loss_bad", 1);
  }
  return d;
}

}  // namespace

QuantileTable TableCache::Get(const DistributionSpec& spec) {
  if (!diagnostics_.ok()) {
    DistributionSpec constant;
    constant.a = Milliseconds(1);
    return QuantileTable(constant);
  }
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
  if (node.Has("constant")) {
    d.a = node.NeedDur("constant", zero, kLong);
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
    d.shape = l.NeedNumber("sigma", 1e-6, 10);
  } else if (node.Has("weibull") || node.Has("pareto")) {
    const bool weibull = node.Has("weibull");
    const Node w = node.Child(weibull ? "weibull" : "pareto");
    d.kind = weibull ? Kind::kWeibull : Kind::kPareto;
    d.a = w.NeedDur("scale", kTick, kLong);
    d.shape = w.NeedNumber("shape", 0.1, 100);
  } else if (node.Has("empirical")) {
    const Node e = node.Child("empirical");
    d.kind = Kind::kEmpirical;
    const int samples = e.Size("samples");
    const int bins = e.Size("bins");
    if ((samples == 0) == (bins == 0)) {
      e.Error("", "needs either samples or bins");
    }
    std::vector<Duration> values;
    for (int i = 0; i < samples; ++i) values.push_back(e.Dur("samples", zero, zero, kLong, i));
    std::sort(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); ++i) {
      // Each sample is a step of equal height: the law stands still at it.
      const double n = static_cast<double>(values.size());
      d.points.push_back({static_cast<double>(i) / n, values[i]});
      d.points.push_back({static_cast<double>(i + 1) / n, values[i]});
    }
    std::vector<double> weights;
    double total = 0;
    for (int i = 0; i < bins; ++i) {
      weights.push_back(e.Child("bins", i).NeedNumber("weight", kLeastWeight, 1e300));
      total += weights.back();
    }
    double sum = 0;
    Duration last{0};
    for (int i = 0; i < bins; ++i) {
      const Node b = e.Child("bins", i);
      const Duration low = b.Dur("low", Duration{0}, Duration{0}, kLong);
      const Duration high = b.NeedDur("high", low, kLong);
      if (low < last) {
        b.Error("low", absl::StrCat(FormatDuration(low), " is before the end of the bin before, ",
                                    FormatDuration(last),
                                    ": bins must be in ascending order and not overlap"));
      }
      last = high;
      d.points.push_back({sum / total, low});
      sum += weights[static_cast<size_t>(i)];
      d.points.push_back({i + 1 == bins ? 1.0 : sum / total, high});
    }
    if (d.points.empty()) d.points.push_back({1.0, Duration{0}});
  } else {
    node.Error("",
               "needs a law: constant, uniform, exponential, lognormal, weibull, pareto or "
               "empirical");
  }
  d.shift = node.Dur("shift", zero, -kLong, kLong);
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
  const auto direction = [&](const char* field, const DirectionSpec& otherwise) {
    return node.Has(field) ? ReadDirection(node.Child(field), group.transport, tables) : otherwise;
  };
  // Read also where both of them replace it, so that it is checked.
  const DirectionSpec both = direction("both", {});
  group.up = direction("up", both);
  group.down = direction("down", both);
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

}  // namespace keepsim
