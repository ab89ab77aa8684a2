#include "sim/run/sweep_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sim/base/check.h"
#include "sim/base/status_macros.h"
#include "sim/metrics/render.h"
#include "sim/run/seed_interval.h"

namespace keepsim {
namespace {

constexpr size_t kMostFailuresShown = 100;
constexpr double kTail = 0.975;  // of a two-sided 95 % interval

// The values of each point, in the order of seeds.
using ByPoint = std::vector<std::vector<double>>;

absl::StatusOr<ByPoint> ValuesOf(const Sweep& sweep, Store& store, absl::string_view metric,
                                 absl::string_view group) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<Store::Value> values, store.Values(metric, group));
  ByPoint out(sweep.points.size());
  for (const Store::Value& v : values) {
    if (v.point < out.size()) out[v.point].push_back(v.value);
  }
  return out;
}

double Sum(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum;
}

PointEstimate OfSeeds(const std::vector<double>& x, bool count) {
  PointEstimate e;
  if (x.empty()) return e;
  const auto n = static_cast<double>(x.size());
  const double mean = Sum(x) / n;
  e.value = mean;
  if (count && mean == 0) {
    e.interval = PoissonRateInterval(0, n);
  } else {
    e.interval = MeanInterval(x);
  }
  return e;
}

std::string IntervalText(const PointEstimate& e) {
  if (!e.value) return "none";
  if (!e.interval) return NumberText(*e.value);
  const bool none_seen = *e.value == 0 && e.interval->low == 0;
  if (none_seen) return absl::StrCat("0 [up to ", NumberText(e.interval->high), "]");
  return absl::StrCat(NumberText(*e.value), " [", NumberText(e.interval->low), ", ",
                      NumberText(e.interval->high), "]");
}

std::string NameOf(const SweepMetric& m) {
  return m.group.empty() ? m.metric : absl::StrCat(m.metric, " of ", m.group);
}

bool Overlap(const ConfidenceInterval& a, const ConfidenceInterval& b) {
  return a.low <= b.high && b.low <= a.high;
}

// What is best among `points`, or "" if nothing was measured.
std::string BestOf(const Sweep& sweep, const SweepMetric& metric,
                   const std::vector<PointEstimate>& estimates, const std::vector<size_t>& points) {
  const bool lower = metric.better == pb::ReportedMetric::LOWER;
  std::vector<size_t> measured;
  for (const size_t p : points) {
    if (estimates[p].value) measured.push_back(p);
  }
  if (measured.empty()) return "nothing was measured";
  const auto better = [&](size_t a, size_t b) {
    return lower ? *estimates[a].value < *estimates[b].value
                 : *estimates[a].value > *estimates[b].value;
  };
  const size_t best = *std::min_element(measured.begin(), measured.end(), better);
  // What is not of the choice has been said.
  std::vector<std::string> choice;
  for (size_t a = 0; a < sweep.axes.size(); ++a) {
    if (sweep.axes[a].given) continue;
    for (const SweepField& f : sweep.axes[a].fields) {
      choice.push_back(absl::StrCat(f.name, "=", f.values[sweep.points[best].index[a]]));
    }
  }
  std::string text =
      absl::StrCat(choice.empty() ? "" : absl::StrCat(absl::StrJoin(choice, ", "), " with "),
                   IntervalText(estimates[best]));
  size_t equal = 0;
  bool judged = true;
  for (const size_t p : measured) {
    if (p == best) continue;
    if (!estimates[p].interval || !estimates[best].interval) {
      judged = false;
    } else if (Overlap(*estimates[p].interval, *estimates[best].interval)) {
      ++equal;
    }
  }
  if (measured.size() == 1 || !judged) return text;
  if (equal == 0) return text + ", clearly ahead of all others";
  return absl::StrCat(text, "; ", equal, " of the ", measured.size() - 1, " others ",
                      equal == 1 ? "is" : "are", " as good within the intervals");
}

absl::StatusOr<std::vector<PointEstimate>> SequentialEstimatesOf(const Sweep& sweep, Store& store,
                                                                 const SweepMetric& m) {
  KEEPSIM_ASSIGN_OR_RETURN(const auto by_point, ObservationsOf(sweep, store, m.metric, m.group));
  std::vector<PointEstimate> out(sweep.points.size());
  for (size_t p = 0; p < out.size(); ++p) {
    std::vector<Observation> runs;
    for (const SeedObservation& o : by_point[p]) runs.push_back(o.observation);
    const auto e = EstimateSequentially(runs);
    if (e) out[p] = {e->value, e->interval};
  }
  return out;
}

// How far each point came, in words.
std::string UntilText(const SweepUntil& until, const std::vector<PointReplications>& points,
                      const std::vector<size_t>& runs) {
  size_t reached = 0;
  size_t open = 0;
  for (const PointReplications& p : points) {
    reached += p.reached();
    open += !p.finished();
  }
  const auto [least, most] = std::minmax_element(runs.begin(), runs.end());
  std::string text = absl::StrCat("Until ", until.Text(), ": ", reached, " of ", points.size(),
                                  " points got there, with ", *least, " to ", *most, " runs");
  const size_t limited = points.size() - reached - open;
  if (limited > 0) absl::StrAppend(&text, "; ", limited, " stopped without it");
  if (open > 0) absl::StrAppend(&text, "; ", open, " are not finished");
  return Wrap(text + ".", 0, 100);
}

// The points by the values of the axes that are given, each with those values in words.
std::vector<std::pair<std::string, std::vector<size_t>>> Circumstances(const Sweep& sweep) {
  std::map<std::vector<uint32_t>, std::vector<size_t>> groups;
  for (size_t p = 0; p < sweep.points.size(); ++p) {
    std::vector<uint32_t> key;
    for (size_t a = 0; a < sweep.axes.size(); ++a) {
      if (sweep.axes[a].given) key.push_back(sweep.points[p].index[a]);
    }
    groups[key].push_back(p);
  }
  std::vector<std::pair<std::string, std::vector<size_t>>> out;
  for (const auto& [key, points] : groups) {
    std::vector<std::string> values;
    for (size_t a = 0; a < sweep.axes.size(); ++a) {
      if (!sweep.axes[a].given) continue;
      for (const SweepField& f : sweep.axes[a].fields) {
        values.push_back(absl::StrCat(f.name, "=", f.values[sweep.points[points[0]].index[a]]));
      }
    }
    out.emplace_back(absl::StrJoin(values, ", "), points);
  }
  return out;
}

}  // namespace

bool IsPooledRate(absl::string_view metric) { return PartsOf(metric).has_value(); }

std::vector<std::string> MetricHeadings(const std::vector<SweepMetric>& metrics) {
  std::vector<std::string> headings;
  for (const SweepMetric& m : metrics) {
    const std::vector<std::string> parts = absl::StrSplit(m.metric, '.');
    std::string heading;
    for (size_t n = 1; n <= parts.size(); ++n) {
      heading = absl::StrJoin(parts.end() - static_cast<ptrdiff_t>(n), parts.end(), ".");
      const auto same = std::count_if(metrics.begin(), metrics.end(), [&](const SweepMetric& o) {
        return o.group == m.group &&
               (o.metric == heading || absl::EndsWith(o.metric, "." + heading));
      });
      if (same <= 1 && n >= 2) break;
    }
    headings.push_back(m.group.empty() ? heading : absl::StrCat(m.group, ": ", heading));
  }
  return headings;
}

absl::StatusOr<std::vector<PointEstimate>> EstimatesOf(const Sweep& sweep, Store& store,
                                                       const SweepMetric& m) {
  if (sweep.until) return SequentialEstimatesOf(sweep, store, m);
  std::vector<PointEstimate> out(sweep.points.size());
  if (PartsOf(m.metric).has_value()) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto stored, ObservationsOf(sweep, store, m.metric, m.group));
    for (size_t p = 0; p < out.size(); ++p) {
      std::vector<CountedRun> runs;
      CountedRun sum;
      for (const SeedObservation& o : stored[p]) {
        runs.push_back({std::llround(o.observation.value), *o.observation.exposure});
        sum.count += runs.back().count;
        sum.exposure += runs.back().exposure;
      }
      if (runs.empty()) continue;
      out[p].value = static_cast<double>(sum.count) / sum.exposure;
      out[p].interval = PooledRateInterval(runs).interval;
    }
    return out;
  }
  KEEPSIM_ASSIGN_OR_RETURN(const ByPoint values, ValuesOf(sweep, store, m.metric, m.group));
  for (size_t p = 0; p < out.size(); ++p) out[p] = OfSeeds(values[p], IsCount(m.metric));
  // One seed has no spread; the run itself may say how sure it is.
  absl::string_view stem = m.metric;
  if (absl::ConsumeSuffix(&stem, "_s")) {
    KEEPSIM_ASSIGN_OR_RETURN(const ByPoint low,
                             ValuesOf(sweep, store, absl::StrCat(stem, "_low_s"), m.group));
    KEEPSIM_ASSIGN_OR_RETURN(const ByPoint high,
                             ValuesOf(sweep, store, absl::StrCat(stem, "_high_s"), m.group));
    for (size_t p = 0; p < out.size(); ++p) {
      if (values[p].size() == 1 && low[p].size() == 1 && high[p].size() == 1) {
        out[p].interval = {low[p][0], high[p][0]};
      }
    }
  } else if (absl::ConsumeSuffix(&stem, "_per_client_day")) {
    KEEPSIM_ASSIGN_OR_RETURN(
        const ByPoint error,
        ValuesOf(sweep, store, absl::StrCat(stem, "_standard_error"), m.group));
    for (size_t p = 0; p < out.size(); ++p) {
      if (values[p].size() != 1 || error[p].size() != 1) continue;
      const double half = NormalQuantile(kTail) * error[p][0];
      out[p].interval = {values[p][0] - half, values[p][0] + half};
    }
  }
  return out;
}

absl::StatusOr<std::string> ToReport(const Sweep& sweep, Store& store) {
  std::vector<std::vector<PointEstimate>> estimates;
  for (const SweepMetric& m : sweep.metrics) {
    KEEPSIM_ASSIGN_OR_RETURN(std::vector<PointEstimate> e, EstimatesOf(sweep, store, m));
    estimates.push_back(std::move(e));
  }
  std::string out = absl::StrCat(sweep.name, "\n");
  if (!sweep.question.empty()) absl::StrAppend(&out, Wrap(sweep.question, 0, 100));
  out += "\n";
  std::vector<std::vector<std::string>> rows = {{"point"}};
  size_t left = 1;
  for (const SweepAxis& a : sweep.axes) {
    for (const SweepField& f : a.fields) rows[0].push_back(f.name), ++left;
  }
  std::vector<size_t> run_counts(sweep.points.size(), 0);
  if (sweep.until) {
    rows[0].push_back("runs");
    KEEPSIM_ASSIGN_OR_RETURN(const std::set<RunKey> done, store.Done());
    for (const RunKey& key : done) {
      if (key.first < run_counts.size()) ++run_counts[key.first];
    }
  }
  for (const std::string& h : MetricHeadings(sweep.metrics)) rows[0].push_back(h);
  for (size_t p = 0; p < sweep.points.size(); ++p) {
    std::vector<std::string> row = {absl::StrCat(p)};
    for (const auto& [name, value] : sweep.Values(p)) row.push_back(value);
    if (sweep.until) row.push_back(absl::StrCat(run_counts[p]));
    for (const auto& e : estimates) row.push_back(IntervalText(e[p]));
    rows.push_back(std::move(row));
  }
  absl::StrAppend(&out, TextTable(rows, left), "\n");
  if (sweep.points.size() > 1) {
    for (size_t i = 0; i < sweep.metrics.size(); ++i) {
      const SweepMetric& m = sweep.metrics[i];
      if (m.better == pb::ReportedMetric::NEITHER) continue;
      absl::StrAppend(&out, m.better == pb::ReportedMetric::LOWER ? "Lowest " : "Highest ",
                      NameOf(m), "\n");
      for (const auto& [circumstance, points] : Circumstances(sweep)) {
        absl::StrAppend(&out,
                        Wrap(absl::StrCat(circumstance.empty() ? "" : "at " + circumstance + ": ",
                                          BestOf(sweep, m, estimates[i], points)),
                             2, 100));
      }
    }
    absl::StrAppend(&out, "In brackets: 95 % intervals",
                    sweep.until ? ", which hold whenever one stops.\n" : ".\n");
  }
  if (sweep.until) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto replications, ReplicationsOf(sweep, store));
    absl::StrAppend(&out, UntilText(*sweep.until, replications, run_counts));
  }
  if (!sweep.reading.empty()) absl::StrAppend(&out, "\n", Wrap(sweep.reading, 0, 100));
  return out;
}

std::string FailuresText(const Sweep& sweep, const std::vector<StoredRun>& runs) {
  std::string out;
  size_t failed = 0;
  for (const StoredRun& run : runs) {
    if (run.status == RunStatus::kOk || run.point >= sweep.points.size()) continue;
    if (++failed > kMostFailuresShown) continue;
    absl::StrAppend(&out, "point ", run.point, ", seed ", run.seed, " (",
                    sweep.PointText(run.point), "): ", RunStatusName(run.status), ": ", run.error,
                    "\n  again: ", sweep.Repro(run.point, run.seed), "\n");
  }
  if (failed > kMostFailuresShown) {
    absl::StrAppend(&out, "and ", failed - kMostFailuresShown, " more\n");
  }
  return out;
}

}  // namespace keepsim
