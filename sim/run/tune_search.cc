#include "sim/run/tune_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/duration_text.h"
#include "sim/base/status_macros.h"

namespace keepsim {
namespace {

// Points around which the grid is refined first, and at least.
constexpr size_t kMostCentres = 16;
constexpr size_t kLeastCentres = 4;
// Points that get more runs at a time while it is being decided.
constexpr size_t kMostOpen = 8;
constexpr double kSecondsPerDay = 86400;

}  // namespace

TuneSearch::TuneSearch(const Tune& tune, Store& store, const TuneOptions& options)
    : tune_(tune), store_(store), options_(options), reserved_runs_(tune.fresh_replications) {
  for (uint32_t p = 0; p < tune.space.points.size(); ++p) by_index_[tune.space.points[p].index] = p;
}

double TuneSearch::ClientDaysOf(uint32_t point) {
  const auto [at, fresh] = client_days_of_.try_emplace(point, 0);
  if (!fresh) return at->second;
  const pb::Scenario scenario = tune_.space.Scenario(point, tune_.space.first_seed).proto;
  const auto horizon = ParseDuration(scenario.horizon());
  double clients = 0;
  for (const pb::Group& g : scenario.groups()) clients += std::max<uint32_t>(1, g.count());
  return at->second = horizon.ok() ? clients * ToSeconds(*horizon) / kSecondsPerDay : 0;
}

bool TuneSearch::Affords(double client_days) const {
  const bool in_runs = tune_.budget_runs == 0 || runs_ + 1 + reserved_runs_ <= tune_.budget_runs;
  const double more = client_days * static_cast<double>(1 + reserved_runs_);
  return in_runs &&
         (tune_.budget_client_days == 0 || client_days_ + more <= tune_.budget_client_days);
}

absl::StatusOr<size_t> TuneSearch::RunAll(std::vector<SweepJob> jobs) {
  size_t affordable = 0;
  while (affordable < jobs.size()) {
    const double days = ClientDaysOf(jobs[affordable].point);
    if (!Affords(days)) break;
    ++affordable;
    ++runs_;
    client_days_ += days;
  }
  used_up_ = used_up_ || affordable < jobs.size();
  jobs.resize(affordable);
  SweepRunOptions options = options_.sweep;
  options.on_progress = [&](const SweepProgress& p) {
    // What the store had is done.
    const TuneProgress now{runs_ - (p.runs - p.done), tune_.budget_runs, p.failed};
    if (options_.on_progress) options_.on_progress(now);
  };
  KEEPSIM_RETURN_IF_ERROR(RunJobs(tune_.space, std::move(jobs), options, store_));
  return affordable;
}

absl::StatusOr<bool> TuneSearch::Try(const std::vector<uint32_t>& points, uint32_t replications) {
  replications = std::min(replications, tune_.most_replications);
  std::vector<SweepJob> jobs;
  for (const uint32_t p : points) {
    const auto at = replications_.find(p);
    for (uint32_t r = at == replications_.end() ? 0 : at->second; r < replications; ++r) {
      jobs.push_back({p, tune_.space.first_seed + r, tune_.space.points[p].cost});
    }
  }
  KEEPSIM_ASSIGN_OR_RETURN(const size_t done, RunAll(jobs));
  for (size_t i = 0; i < done; ++i) ++replications_[jobs[i].point];
  KEEPSIM_RETURN_IF_ERROR(Weigh());
  return done == jobs.size();
}

absl::StatusOr<bool> TuneSearch::RunFresh(uint32_t point, uint64_t first_seed,
                                          uint32_t replications) {
  reserved_runs_ = 0;  // this is what they were for
  std::vector<SweepJob> jobs;
  for (uint32_t r = 0; r < replications; ++r) {
    jobs.push_back({point, first_seed + r, tune_.space.points[point].cost});
  }
  KEEPSIM_ASSIGN_OR_RETURN(const size_t done, RunAll(std::move(jobs)));
  return done == replications;
}

absl::Status TuneSearch::Weigh() {
  // Runs that an earlier, longer search has left in the store do not count yet: what is decided
  // must not depend on them.
  EvidenceRuns which{tune_.space.first_seed, std::vector<uint32_t>(tune_.space.points.size(), 0),
                     true};
  for (const auto& [p, n] : replications_) which.replications[p] = n;
  std::vector<std::vector<PointEvidence>> wishes;
  for (const Wish& w : tune_.wishes) {
    KEEPSIM_ASSIGN_OR_RETURN(auto e, options_.evidence(tune_.space, store_, w.metric, which));
    wishes.push_back(std::move(e));
  }
  KEEPSIM_ASSIGN_OR_RETURN(const auto goal,
                           options_.evidence(tune_.space, store_, tune_.goal, which));
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, store_.Runs(false));
  tried_.clear();
  for (const auto& [p, n] : replications_) tried_[p].runs = n;
  for (const StoredRun& run : runs) {
    const auto asked = replications_.find(run.point);
    if (asked == replications_.end() || run.seed < which.first_seed) continue;
    if (run.seed - which.first_seed >= asked->second) continue;
    if (Sound(run.status)) continue;
    TriedPoint& point = tried_[run.point];
    if (point.error.empty()) point.error = run.error;
    if (point.failed_seed == 0) point.failed_seed = run.seed;
    point.failed = true;
  }
  for (auto& [p, point] : tried_) {
    point.goal = goal[p];
    point.measured = goal[p].value.has_value();
    for (size_t w = 0; w < wishes.size(); ++w) {
      const PointEvidence& e = wishes[w][p];
      point.wishes.push_back(e);
      point.measured = point.measured && e.value.has_value();
      if (e.value) point.excess += std::max(0.0, -tune_.wishes[w].Margin(*e.value));
    }
  }
  return absl::OkStatus();
}

std::vector<uint32_t> TuneSearch::Ranked() const {
  std::vector<uint32_t> points;
  for (const auto& [p, point] : tried_) {
    if (point.measured && !point.failed) points.push_back(p);
  }
  std::stable_sort(points.begin(), points.end(), [&](uint32_t a, uint32_t b) {
    const TriedPoint& x = tried_.at(a);
    const TriedPoint& y = tried_.at(b);
    if (x.excess != y.excess) return x.excess < y.excess;
    return *x.goal.value < *y.goal.value;
  });
  return points;
}

pb::Evidence::Standing TuneSearch::StandingOf(const TriedPoint& point, size_t w) const {
  return keepsim::StandingOf(tune_.wishes[w], point.wishes[w]);
}

bool TuneSearch::Certain(const TriedPoint& point) const {
  for (size_t w = 0; w < tune_.wishes.size(); ++w) {
    if (StandingOf(point, w) != pb::Evidence::MET) return false;
  }
  return !point.failed;
}

bool TuneSearch::Hopeless(const TriedPoint& point) const {
  for (size_t w = 0; w < tune_.wishes.size(); ++w) {
    if (StandingOf(point, w) == pb::Evidence::MISSED) return true;
  }
  return point.failed || !point.measured;
}

std::vector<uint32_t> TuneSearch::Neighbours(uint32_t point,
                                             const std::vector<uint32_t>& strides) const {
  std::vector<uint32_t> found;
  const std::vector<uint32_t>& at = tune_.space.points[point].index;
  for (size_t a = 0; a < at.size(); ++a) {
    // Values in no order have all been tried.
    if (!tune_.ordered[a]) continue;
    for (const int direction : {-1, 1}) {
      std::vector<uint32_t> index = at;
      const int64_t i = int64_t{at[a]} + direction * int64_t{strides[a]};
      const auto last = static_cast<int64_t>(tune_.space.axes[a].size()) - 1;
      index[a] = static_cast<uint32_t>(std::clamp<int64_t>(i, 0, last));
      const auto there = by_index_.find(index);
      if (there != by_index_.end() && replications_.count(there->second) == 0) {
        found.push_back(there->second);
      }
    }
  }
  return found;
}

absl::Status TuneSearch::Refine(std::vector<uint32_t> strides) {
  size_t centres = kMostCentres;
  uint32_t replications = tune_.first_replications;
  while (true) {
    const bool finest =
        std::all_of(strides.begin(), strides.end(), [](uint32_t s) { return s == 1; });
    for (uint32_t& s : strides) s = std::max(1u, s / 2);
    std::vector<uint32_t> best = Ranked();
    best.resize(std::min(best.size(), centres));
    std::vector<uint32_t> fresh;
    for (const uint32_t p : best) {
      for (const uint32_t n : Neighbours(p, strides)) {
        if (std::find(fresh.begin(), fresh.end(), n) == fresh.end()) fresh.push_back(n);
      }
    }
    if (finest && fresh.empty()) return absl::OkStatus();
    KEEPSIM_ASSIGN_OR_RETURN(const bool in_budget, Try(fresh, tune_.first_replications));
    if (!in_budget) return absl::OkStatus();
    // Half as many of the best, with twice as many runs.
    centres = std::max(kLeastCentres, centres / 2);
    replications *= 2;
    best = Ranked();
    best.resize(std::min(best.size(), centres));
    KEEPSIM_ASSIGN_OR_RETURN(const bool still, Try(best, replications));
    if (!still) return absl::OkStatus();
  }
}

absl::Status TuneSearch::Decide() {
  while (true) {
    // The cheapest point that is certain, and what might be cheaper.
    double least = std::numeric_limits<double>::infinity();
    for (const auto& [p, point] : tried_) {
      if (Certain(point) && point.measured) least = std::min(least, *point.goal.value);
    }
    std::vector<uint32_t> open;
    uint32_t fewest = tune_.most_replications;
    for (const uint32_t p : Ranked()) {
      const TriedPoint& point = tried_.at(p);
      if (Certain(point) || Hopeless(point) || !(*point.goal.value < least)) continue;
      if (replications_.at(p) >= tune_.most_replications) continue;
      if (open.size() == kMostOpen) break;
      open.push_back(p);
      fewest = std::min(fewest, replications_.at(p));
    }
    if (open.empty()) return absl::OkStatus();
    // Those with the fewest first, so that all of them keep pace.
    std::erase_if(open, [&](uint32_t p) { return replications_.at(p) > fewest; });
    KEEPSIM_ASSIGN_OR_RETURN(const bool in_budget, Try(open, 2 * fewest));
    if (!in_budget) return absl::OkStatus();
  }
}

absl::Status TuneSearch::Search() {
  std::vector<uint32_t> strides;
  const std::vector<uint32_t> coarse = CoarsePoints(tune_, &strides);
  KEEPSIM_ASSIGN_OR_RETURN(bool in_budget, Try(coarse, tune_.first_replications));
  if (!in_budget) return absl::OkStatus();
  KEEPSIM_RETURN_IF_ERROR(Refine(strides));
  return Decide();
}

}  // namespace keepsim
