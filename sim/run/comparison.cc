#include "sim/run/comparison.h"

#include <functional>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/stats.h"
#include "sim/metrics/metric_path.h"
#include "sim/metrics/render.h"
#include "sim/run/comparison_text.h"

namespace keepsim {
namespace {

constexpr size_t kNameWidth = 46;
constexpr size_t kNumberWidth = 11;

struct Estimate {
  std::optional<double> value;
  std::optional<ConfidenceInterval> interval;
};

class Run {
 public:
  Run(const RunSummary& summary, absl::string_view group) : summary_(summary), group_(group) {}

  std::optional<double> Value(absl::string_view metric) const {
    const absl::StatusOr<double> v = LookupMetric(summary_, metric, group_);
    return v.ok() ? std::optional<double>(*v) : std::nullopt;
  }
  // The interval that the summary itself gives.
  Estimate Between(absl::string_view metric, absl::string_view low, absl::string_view high) const {
    Estimate e{Value(metric), std::nullopt};
    const auto l = Value(low);
    const auto h = Value(high);
    if (l && h) e.interval = {*l, *h};
    return e;
  }
  Estimate Rate(absl::string_view count, absl::string_view exposure) const {
    const auto n = Value(count);
    const auto days = Value(exposure);
    if (!n || !days || !(*days > 0)) return {};
    return {*n / *days, PoissonRateInterval(static_cast<int64_t>(*n), *days)};
  }
  Estimate Mean(absl::string_view metric, absl::string_view standard_error) const {
    Estimate e{Value(metric), std::nullopt};
    const auto se = Value(standard_error);
    if (e.value && se) {
      const double half = NormalQuantile(0.975) * *se;
      e.interval = {*e.value - half, *e.value + half};
    }
    return e;
  }

 private:
  const RunSummary& summary_;
  const absl::string_view group_;
};

struct Metric {
  std::string name;
  std::function<Estimate(const Run&)> estimate;
};

std::vector<Metric> Metrics() {
  std::vector<Metric> metrics;
  for (const char* observer : {"broker", "client", "watcher"}) {
    for (const char* quantile : {"p50", "p90", "p99"}) {
      const std::string stem = absl::StrCat("detection.", observer, ".", quantile);
      metrics.push_back({stem + "_s", [stem](const Run& r) {
                           return r.Between(stem + "_s", stem + "_low_s", stem + "_high_s");
                         }});
    }
    const std::string max = absl::StrCat("detection.", observer, ".max_s");
    metrics.push_back({max, [max](const Run& r) { return Estimate{r.Value(max), {}}; }});
  }
  for (const char* observer : {"broker", "client"}) {
    for (const char* verdict : {"true", "transient", "false"}) {
      const std::string stem = absl::StrCat("declarations.", observer, ".");
      metrics.push_back(
          {absl::StrCat(stem, verdict, "_per_client_day"), [stem, verdict](const Run& r) {
             return r.Rate(absl::StrCat(stem, verdict, "_count"), stem + "client_days");
           }});
    }
  }
  metrics.push_back({"qos.mistake_rate_per_client_day", [](const Run& r) {
                       return r.Rate("qos.mistakes", "qos.observed_client_days");
                     }});
  metrics.push_back({"qos.query_accuracy", [](const Run& r) {
                       return Estimate{r.Value("qos.query_accuracy"), {}};
                     }});
  for (const char* cost : {"packets", "wire_bytes", "radio_wakeups"}) {
    const std::string stem = absl::StrCat("cost.", cost);
    metrics.push_back({stem + "_per_client_day", [stem](const Run& r) {
                         return r.Mean(stem + "_per_client_day", stem + "_standard_error");
                       }});
  }
  return metrics;
}

void FillRun(const RunSummary& s, pb::ComparedRun* out) {
  out->set_scenario(s.scenario());
  out->set_scenario_digest(s.scenario_digest());
  out->set_seed(s.seed());
  out->set_digest(s.digest());
  out->set_engine_version(s.engine_version());
  *out->mutable_overrides() = s.overrides();
}

bool HasGroup(const RunSummary& s, absl::string_view name) {
  for (const auto& g : s.groups()) {
    if (g.name() == name) return true;
  }
  return false;
}

std::string RunText(const char* name, const pb::ComparedRun& r) {
  return absl::StrCat(
      name, "  ", r.scenario(), ", seed ", r.seed(), ", digest ", r.digest(),
      r.overrides().empty() ? "" : absl::StrCat("\n   set ", absl::StrJoin(r.overrides(), ", ")),
      "\n");
}

}  // namespace

absl::StatusOr<pb::Comparison> Compare(const RunSummary& a, const RunSummary& b,
                                       absl::string_view group) {
  pb::Comparison out;
  FillRun(a, out.mutable_a());
  FillRun(b, out.mutable_b());
  out.set_same_digest(a.digest() == b.digest() && a.engine_version() == b.engine_version());
  out.set_group(std::string(group));
  if (!group.empty() && (!HasGroup(a, group) || !HasGroup(b, group))) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no group \"", group, "\" in ", HasGroup(a, group) ? "B" : "A"));
  }
  const Run run_a(a, group);
  const Run run_b(b, group);
  for (const Metric& m : Metrics()) {
    const Estimate x = m.estimate(run_a);
    const Estimate y = m.estimate(run_b);
    if (!x.value && !y.value) continue;
    pb::MetricDifference* d = out.add_differences();
    d->set_metric(m.name);
    if (x.value) d->set_a(*x.value);
    if (y.value) d->set_b(*y.value);
    if (!x.value || !y.value) continue;
    d->set_difference(*y.value - *x.value);
    if (!x.interval || !y.interval) continue;
    const ConfidenceInterval i = DifferenceInterval(*x.value, *x.interval, *y.value, *y.interval);
    d->set_low(i.low);
    d->set_high(i.high);
    d->set_clear(i.low > 0 || i.high < 0);
  }
  return out;
}

std::string ToReport(const pb::Comparison& c) {
  std::string out = absl::StrCat(RunText("A", c.a()), RunText("B", c.b()));
  if (c.a().engine_version() != c.b().engine_version()) {
    absl::StrAppend(&out, "   of different engine versions, ", c.a().engine_version(), " and ",
                    c.b().engine_version(), "\n");
  }
  if (c.same_digest()) absl::StrAppend(&out, "   the same digest: nothing that happened differs\n");
  if (!c.group().empty()) absl::StrAppend(&out, "   group ", c.group(), "\n");
  if (c.has_paired()) return absl::StrCat(out, "\n", ToReport(c.paired()));
  if (!c.why_unpaired().empty()) {
    absl::StrAppend(&out, "   taken as independent: ", c.why_unpaired(), "\n");
  }
  absl::StrAppend(&out, "\n", PadRight("", kNameWidth), PadLeft("A", kNumberWidth),
                  PadLeft("B", kNumberWidth), PadLeft("B - A", kNumberWidth), "  95 % interval\n");
  const auto number = [](bool has, double x) { return has ? NumberText(x) : std::string("none"); };
  for (const pb::MetricDifference& d : c.differences()) {
    absl::StrAppend(&out, PadRight(d.metric(), kNameWidth),
                    PadLeft(number(d.has_a(), d.a()), kNumberWidth),
                    PadLeft(number(d.has_b(), d.b()), kNumberWidth),
                    PadLeft(d.has_difference() ? SignedText(d.difference()) : "", kNumberWidth));
    if (d.has_low()) {
      absl::StrAppend(&out, "  ", SignedText(d.low()), " to ", SignedText(d.high()),
                      d.clear() ? " *" : "");
    }
    out += "\n";
  }
  return out + "\n* the interval leaves zero out\n";
}

}  // namespace keepsim
