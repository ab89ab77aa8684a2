#include "sim/run/replications.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sim/base/confidence_sequence.h"
#include "sim/base/status_macros.h"

namespace keepsim {
namespace {

std::optional<double> NumberOf(const StoredRun& run, absl::string_view metric,
                               absl::string_view group) {
  for (const Measurement& m : run.metrics) {
    if (m.metric == metric && m.group == group) return m.value;
  }
  return std::nullopt;
}

std::optional<Observation> ObservationOf(absl::string_view metric,
                                         const std::optional<double>& value,
                                         const std::optional<double>& exposure) {
  if (!value) return std::nullopt;
  if (PartsOf(metric)) {
    if (!(exposure.value_or(0) > 0)) return std::nullopt;
    return Observation{*value, exposure};
  }
  return IsCount(metric) ? Observation{*value, 1.0} : Observation{*value, std::nullopt};
}

// Which stored numbers an observation is made of: the value or count, and the exposure if any.
RateParts SourcesOf(const std::string& metric) {
  return PartsOf(metric).value_or(RateParts{metric, ""});
}

bool Precise(const SequentialEstimate& e, const SweepUntil& until) {
  if (!e.interval) return false;
  const double half = std::max(e.interval->high - e.value, e.value - e.interval->low);
  return (until.relative_half_width > 0 &&
          half <= until.relative_half_width * std::fabs(e.value)) ||
         (until.half_width > 0 && half <= until.half_width);
}

}  // namespace

std::optional<RateParts> PartsOf(absl::string_view metric) {
  absl::string_view stem = metric;
  if (absl::ConsumeSuffix(&stem, "false_per_client_day")) {
    return RateParts{absl::StrCat(stem, "false_count"), absl::StrCat(stem, "client_days")};
  }
  if (absl::ConsumeSuffix(&stem, "mistake_rate_per_client_day")) {
    return RateParts{absl::StrCat(stem, "mistakes"), absl::StrCat(stem, "observed_client_days")};
  }
  return std::nullopt;
}

bool IsCount(absl::string_view metric) {
  return absl::EndsWith(metric, "_count") || absl::EndsWith(metric, ".count") ||
         metric == "qos.mistakes";
}

std::optional<SequentialEstimate> EstimateSequentially(const std::vector<Observation>& runs) {
  if (runs.empty()) return std::nullopt;
  SequentialEstimate e;
  std::vector<double> values;
  double sum = 0;
  double exposure = 0;
  bool rate = false;
  for (const Observation& o : runs) {
    rate = rate || o.exposure.has_value();
    values.push_back(o.value / o.exposure.value_or(1));
    sum += o.value;
    exposure += o.exposure.value_or(1);
  }
  e.value = sum / exposure;
  e.interval = MeanSequence(values);
  if (!rate) return e;
  // Of the first run, which the others do not change.
  const double unit = *runs[0].exposure;
  const ConfidenceInterval independent = RateSequence(std::llround(sum), exposure, unit);
  if (!e.interval) {
    // Too few runs to tell whether they scatter more than independent events do.
    if (sum == 0) e.interval = independent;
    return e;
  }
  e.interval = ConfidenceInterval{std::max(0.0, std::min(e.interval->low, independent.low)),
                                  std::max(e.interval->high, independent.high)};
  return e;
}

PointReplications::PointReplications(const Sweep& sweep)
    : until_(sweep.until),
      first_seed_(sweep.first_seed),
      wanted_(sweep.until ? sweep.until->least : sweep.replications),
      results_(wanted_) {}

void PointReplications::Add(const StoredRun& run) {
  const bool ran = Sound(run.status);
  std::optional<Observation> observation;
  if (until_ && ran) {
    const RateParts sources = SourcesOf(until_->metric);
    observation = ObservationOf(until_->metric, NumberOf(run, sources.count, until_->group),
                                NumberOf(run, sources.exposure, until_->group));
  }
  Add(run.seed, ran, observation);
}

void PointReplications::Add(uint64_t seed, bool ran,
                            const std::optional<Observation>& observation) {
  if (seed < first_seed_) return;
  const uint64_t r = seed - first_seed_;
  // A store may be read in any order: what is beyond is kept for later.
  if (r >= results_.size()) {
    if (!until_ || r >= until_->most) return;
    results_.resize(r + 1);
  }
  if (results_[r]) return;
  results_[r] = Result{ran, observation};
  while (!finished_ && added_ < wanted_ && results_[added_]) {
    ++added_;
    if (added_ == wanted_) Look();
  }
}

void PointReplications::Look() {
  if (!until_) {
    finished_ = true;
    return;
  }
  std::vector<Observation> seen;
  bool any_ran = false;
  for (uint32_t i = 0; i < wanted_; ++i) {
    any_ran = any_ran || results_[i]->ran;
    if (results_[i]->observation) seen.push_back(*results_[i]->observation);
  }
  const auto estimate = EstimateSequentially(seen);
  reached_ = estimate && Precise(*estimate, *until_);
  // What cannot be run at all is not tried again and again.
  finished_ = reached_ || wanted_ >= until_->most || !any_ran;
  if (finished_) return;
  wanted_ = std::min(until_->most, wanted_ + until_->batch);
  if (results_.size() < wanted_) results_.resize(wanted_);
}

absl::StatusOr<std::vector<std::vector<SeedObservation>>> ObservationsOf(const Sweep& sweep,
                                                                         Store& store,
                                                                         const std::string& metric,
                                                                         const std::string& group) {
  const RateParts sources = SourcesOf(metric);
  std::map<RunKey, double> exposures;
  if (!sources.exposure.empty()) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto values, store.Values(sources.exposure, group));
    for (const Store::Value& v : values) exposures[{v.point, v.seed}] = v.value;
  }
  // Those that the stopping rule went by, and no others.
  std::set<RunKey> sound;
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, store.Runs(false));
  for (const StoredRun& run : runs) {
    if (Sound(run.status)) sound.emplace(run.point, run.seed);
  }
  KEEPSIM_ASSIGN_OR_RETURN(const auto values, store.Values(sources.count, group));
  std::vector<std::vector<SeedObservation>> out(sweep.points.size());
  for (const Store::Value& v : values) {
    if (v.point >= out.size() || !sound.contains({v.point, v.seed})) continue;
    const auto exposure = exposures.find({v.point, v.seed});
    const auto o = ObservationOf(
        metric, v.value,
        exposure == exposures.end() ? std::nullopt : std::optional<double>(exposure->second));
    if (o) out[v.point].push_back({v.seed, *o});
  }
  return out;
}

absl::StatusOr<std::vector<PointReplications>> ReplicationsOf(const Sweep& sweep, Store& store) {
  std::vector<PointReplications> points(sweep.points.size(), PointReplications(sweep));
  std::map<RunKey, Observation> observations;
  if (sweep.until) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto by_point,
                             ObservationsOf(sweep, store, sweep.until->metric, sweep.until->group));
    for (uint32_t p = 0; p < by_point.size(); ++p) {
      for (const SeedObservation& o : by_point[p]) observations[{p, o.seed}] = o.observation;
    }
  }
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, store.Runs(false));
  for (const StoredRun& run : runs) {
    if (run.point >= points.size()) continue;
    const auto o = observations.find({run.point, run.seed});
    const bool ran = Sound(run.status);
    points[run.point].Add(run.seed, ran,
                          ran && o != observations.end() ? std::optional(o->second) : std::nullopt);
  }
  return points;
}

size_t WantedRuns(const std::vector<PointReplications>& points) {
  size_t runs = 0;
  for (const PointReplications& p : points) runs += p.wanted();
  return runs;
}

}  // namespace keepsim
