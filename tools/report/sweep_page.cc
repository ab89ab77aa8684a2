#include "tools/report/sweep_page.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sim/base/quote.h"
#include "sim/base/stats.h"
#include "sim/base/status_macros.h"
#include "sim/metrics/summary_json.h"
#include "sim/run/replications.h"
#include "sim/run/sweep_report.h"
#include "tools/report/assets.h"
#include "tools/report/fill.h"
#include "tools/report/metric_title.h"

namespace keepsim {
namespace {

constexpr size_t kMostFailuresShown = 200;
// Numbers of single runs that a page carries, for pairing points by seed: beyond it differences
// come from the points' intervals.
constexpr size_t kMostRunNumbers = 3000000;
// Points up to which distributions have many steps.
constexpr size_t kFewPoints = 1000;

// Beside those that the sweep reports, where a run has them.
constexpr const char* kHeadlines[] = {
    "detection.broker.p50_s",
    "detection.broker.p99_s",
    "detection.broker.max_s",
    "detection.client.p50_s",
    "detection.client.p99_s",
    "detection.watcher.p99_s",
    "declarations.broker.false_per_client_day",
    "declarations.client.false_per_client_day",
    "declarations.client.transient_count",
    "qos.mistake_rate_per_client_day",
    "qos.query_accuracy",
    "cost.packets_per_client_day",
    "cost.wire_bytes_per_client_day",
    "cost.radio_wakeups_per_client_day",
    "cost.connected_share",
};

void AddNumber(double x, std::string* out) {
  if (std::isfinite(x)) {
    absl::StrAppendFormat(out, "%.6g", x);
  } else {
    out->append("null");
  }
}

// A JSON array of what `add(item, out)` writes for each item.
template <typename Items, typename Add>
void AddArray(const Items& items, Add add, std::string* out) {
  out->push_back('[');
  bool first = true;
  for (const auto& item : items) {
    if (!first) out->push_back(',');
    first = false;
    add(item, out);
  }
  out->push_back(']');
}

void AddText(absl::string_view text, std::string* out) { out->append(JsonString(text)); }

void AddField(absl::string_view name, absl::string_view text, std::string* out) {
  absl::StrAppend(out, ",\"", name, "\":", JsonString(text));
}

// A name in the address of the page and in filters.
std::string KeyOf(const SweepMetric& m) {
  return m.group.empty() ? m.metric : absl::StrCat(m.metric, "@", m.group);
}

absl::string_view BetterName(const SweepMetric& m) {
  switch (m.better) {
    case pb::ReportedMetric::HIGHER:
      return "higher";
    case pb::ReportedMetric::LOWER:
      return "lower";
    default:
      return "neither";
  }
}

std::vector<SweepMetric> MetricsOf(const Sweep& sweep) {
  std::vector<SweepMetric> metrics = sweep.metrics;
  for (const char* name : kHeadlines) {
    const bool there = std::any_of(metrics.begin(), metrics.end(), [&](const SweepMetric& m) {
      return m.metric == name && m.group.empty();
    });
    if (!there) metrics.push_back({name, "", DirectionOf(name)});
  }
  return metrics;
}

void AddAxes(const Sweep& sweep, std::string* out) {
  out->append(",\"axes\":");
  size_t a = 0;
  AddArray(
      sweep.axes,
      [&](const SweepAxis& axis, std::string* o) {
        absl::StrAppend(o, "{\"given\":", axis.given ? "true" : "false", ",\"fields\":");
        AddArray(
            axis.fields,
            [](const SweepField& f, std::string* p) {
              absl::StrAppend(p, "{\"name\":", JsonString(f.name), ",\"values\":");
              AddArray(f.values, AddText, p);
              p->push_back('}');
            },
            o);
        std::vector<std::string> flags;
        for (uint32_t i = 0; i < axis.size(); ++i) flags.push_back(sweep.SetFlags(a, i));
        ++a;
        o->append(",\"set\":");
        AddArray(flags, AddText, o);
        o->push_back('}');
      },
      out);
  out->append(",\"points\":");
  AddArray(
      sweep.points,
      [](const SweepPoint& p, std::string* o) {
        absl::StrAppend(o, "[", absl::StrJoin(p.index, ","), "]");
      },
      out);
  const bool some = !sweep.points.empty() && sweep.points.back().number + 1 != sweep.points.size();
  if (!some) return;
  out->append(",\"numbers\":");
  AddArray(
      sweep.points, [](const SweepPoint& p, std::string* o) { absl::StrAppend(o, p.number); }, out);
}

// The parts of Sweep::Repro: the page puts point, seed and values between them.
void AddCommand(const Sweep& sweep, std::string* out) {
  if (sweep.base_file.empty()) {
    absl::StrAppend(
        out, ",\"command\":{\"print\":",
        JsonString(
            absl::StrCat("keepsim ", sweep.command, " ", ShellWord(sweep.file), " --print ")),
        ",\"then\":", JsonString(" > point.textproto; keepsim run point.textproto --seed "), "}");
    return;
  }
  Sweep base = sweep;
  base.axes.clear();
  const std::string seed = absl::StrCat(sweep.first_seed);
  const std::string head = absl::StrCat("keepsim run ", ShellWord(sweep.base_file), " --seed ");
  absl::StrAppend(out, ",\"command\":{\"head\":", JsonString(head), ",\"set\":",
                  JsonString(base.Repro(0, sweep.first_seed).substr(head.size() + seed.size())),
                  "}");
}

// Columns of a metric over the points; nothing if no point has it.
absl::Status AddMetric(const Sweep& sweep, Store& store, const SweepMetric& m,
                       const std::string& heading, bool reported, bool with_runs,
                       std::vector<std::string>* out) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<PointEstimate> estimates,
                           EstimatesOf(sweep, store, m));
  const bool any = std::any_of(estimates.begin(), estimates.end(),
                               [](const PointEstimate& e) { return e.value.has_value(); });
  if (!any && !reported) return absl::OkStatus();
  std::string text = absl::StrCat("{\"key\":", JsonString(KeyOf(m)));
  AddField("metric", m.metric, &text);
  AddField("title", MetricTitle(m.metric, m.group), &text);
  AddField("heading", heading, &text);
  AddField("better", BetterName(m), &text);
  absl::StrAppend(&text, ",\"reported\":", reported ? "true" : "false",
                  ",\"rate\":", IsPooledRate(m.metric) ? "true" : "false");
  const auto column = [&](const char* name, auto get) {
    absl::StrAppend(&text, ",\"", name, "\":");
    AddArray(
        estimates, [&](const PointEstimate& e, std::string* o) { AddNumber(get(e), o); }, &text);
  };
  column("value", [](const PointEstimate& e) { return e.value.value_or(NAN); });
  column("low", [](const PointEstimate& e) { return e.interval ? e.interval->low : NAN; });
  column("high", [](const PointEstimate& e) { return e.interval ? e.interval->high : NAN; });
  if (with_runs && !IsPooledRate(m.metric)) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto values, store.Values(m.metric, m.group));
    std::vector<std::vector<double>> runs(sweep.points.size());
    for (const Store::Value& v : values) {
      if (v.point >= runs.size() || v.seed < sweep.first_seed) continue;
      const size_t i = v.seed - sweep.first_seed;
      if (i >= runs[v.point].size()) runs[v.point].resize(i + 1, NAN);
      runs[v.point][i] = v.value;
    }
    text += ",\"runs\":";
    AddArray(
        runs, [](const std::vector<double>& r, std::string* o) { AddArray(r, AddNumber, o); },
        &text);
  }
  out->push_back(text + "}");
  return absl::OkStatus();
}

// Shares at which a distribution is drawn: dense towards both ends.
std::vector<double> SharesOf(size_t points) {
  std::vector<double> shares = {0, 0.01};
  const int steps = points <= kFewPoints ? 50 : 20;
  for (int i = 1; i < steps; ++i) shares.push_back(static_cast<double>(i) / steps);
  for (const double s : {0.99, 0.999, 1.0}) shares.push_back(s);
  return shares;
}

absl::Status AddDistributions(const Sweep& sweep, Store& store, std::string* out) {
  const std::vector<double> shares = SharesOf(sweep.points.size());
  out->append(",\"shares\":");
  AddArray(shares, AddNumber, out);
  out->append(",\"cdf\":{");
  bool first = true;
  for (const char* observer : {"broker", "client", "watcher"}) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto kept,
                             store.Distributions(absl::StrCat("detection.", observer)));
    if (kept.empty()) continue;
    std::vector<std::vector<std::pair<double, int64_t>>> by_point(sweep.points.size());
    for (const Store::PointDistribution& d : kept) {
      if (d.point >= by_point.size()) continue;
      auto& all = by_point[d.point];
      all.insert(all.end(), d.distribution.values.begin(), d.distribution.values.end());
    }
    std::vector<int64_t> counts;
    absl::StrAppend(out, first ? "" : ",", "\"", observer, "\":{\"values\":");
    first = false;
    AddArray(
        by_point,
        [&](std::vector<std::pair<double, int64_t>> all, std::string* o) {
          std::sort(all.begin(), all.end());
          int64_t count = 0;
          for (const auto& [value, n] : all) count += n;
          counts.push_back(count);
          if (count == 0) {
            o->append("null");
            return;
          }
          size_t i = 0;
          int64_t seen = 0;
          AddArray(
              shares,
              [&](double share, std::string* p) {
                const auto rank = static_cast<int64_t>(
                    std::max(1.0, std::ceil(share * static_cast<double>(count))));
                while (seen + all[i].second < rank) seen += all[i++].second;
                AddNumber(all[i].first, p);
              },
              o);
        },
        out);
    out->append(",\"count\":");
    AddArray(
        counts, [](int64_t n, std::string* o) { absl::StrAppend(o, n); }, out);
    out->push_back('}');
  }
  out->push_back('}');
  return absl::OkStatus();
}

void AddFailures(const Sweep& sweep, const std::vector<StoredRun>& runs, std::string* out) {
  std::vector<const StoredRun*> failed;
  for (const StoredRun& run : runs) {
    if (run.status != RunStatus::kOk && run.point < sweep.points.size()) failed.push_back(&run);
  }
  absl::StrAppend(out, ",\"failed\":", failed.size(), ",\"failures\":");
  failed.resize(std::min(failed.size(), kMostFailuresShown));
  AddArray(
      failed,
      [&](const StoredRun* run, std::string* o) {
        absl::StrAppend(o, "{\"point\":", run->point);
        AddField("seed", absl::StrCat(run->seed), o);
        AddField("status", RunStatusName(run->status), o);
        AddField("error", run->error, o);
        AddField("again", sweep.Repro(run->point, run->seed), o);
        o->push_back('}');
      },
      out);
}

// What the page is drawn from, as JSON.
absl::StatusOr<std::string> PageData(const Sweep& sweep, Store& store, const std::string& again,
                                     const std::string& content) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, store.Runs(false));
  KEEPSIM_ASSIGN_OR_RETURN(const auto replications, ReplicationsOf(sweep, store));
  std::set<uint64_t> seeds;
  for (const StoredRun& run : runs) seeds.insert(run.seed);
  const std::vector<SweepMetric> metrics = MetricsOf(sweep);
  const bool with_runs = seeds.size() > 1 && runs.size() * metrics.size() <= kMostRunNumbers;

  std::string out = absl::StrCat("{\"name\":", JsonString(sweep.name));
  AddField("question", sweep.question, &out);
  AddField("reading", sweep.reading, &out);
  AddField("again", again, &out);
  AddField("content", content, &out);
  AddField("sweep_digest", sweep.digest, &out);
  AddField("engine_version", store.facts().at("engine_version"), &out);
  // As text: JavaScript's numbers end at 2^53.
  AddField("first_seed", absl::StrCat(sweep.first_seed), &out);
  absl::StrAppend(&out, ",\"runs\":", runs.size(), ",\"expected_runs\":");
  if (sweep.command == "tune") {
    out += "null";  // a search ends where it ends
  } else {
    absl::StrAppend(&out, sweep.until ? WantedRuns(replications) : store.ExpectedRuns());
  }
  AddAxes(sweep, &out);
  AddCommand(sweep, &out);
  const std::vector<std::string> headings = MetricHeadings(metrics);
  std::vector<std::string> columns;
  for (size_t i = 0; i < metrics.size(); ++i) {
    KEEPSIM_RETURN_IF_ERROR(AddMetric(sweep, store, metrics[i], headings[i],
                                      i < sweep.metrics.size(), with_runs, &columns));
  }
  absl::StrAppend(&out, ",\"metrics\":[", absl::StrJoin(columns, ","), "]");
  KEEPSIM_RETURN_IF_ERROR(AddDistributions(sweep, store, &out));
  AddFailures(sweep, runs, &out);
  // Student's 0.975 quantiles for 1, 2, ... degrees of freedom.
  std::vector<double> student;
  for (size_t i = 1; with_runs && i < seeds.size(); ++i) {
    student.push_back(StudentQuantile(0.975, static_cast<double>(i)));
  }
  out += ",\"student\":";
  AddArray(student, AddNumber, &out);
  return out + "}";
}

}  // namespace

absl::StatusOr<std::string> SweepPage(const Sweep& sweep, Store& store, const std::string& again,
                                      const std::string& content) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::string data, PageData(sweep, store, again, content));
  return Fill(kSweepHtml,
              {{"@HEAD@", PageHead(sweep.name, "KeepSim sweep", absl::StrCat(kPageCss, kSweepCss))},
               {"@SWEEP@", InScript(data)},
               {"@CHART_JS@", std::string(kChartJs)},
               {"@TEXT_JS@", std::string(kTextJs)},
               {"@MODEL_JS@", std::string(kSweepModelJs)},
               {"@PLOTS_JS@", std::string(kSweepPlotsJs)},
               {"@TABLE_JS@", std::string(kSweepTableJs)},
               {"@SCRIPT@", std::string(kSweepJs)}});
}

}  // namespace keepsim
