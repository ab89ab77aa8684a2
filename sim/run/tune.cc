// The answer of a search: what is recommended, checked on fresh seeds, and what stands in the way.
#include "sim/run/tune.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"
#include "sim/run/tune_search.h"
#include "sim/trace/engine_version.h"

namespace keepsim {
namespace {

pb::Evidence ProtoOf(const SweepMetric& metric, const PointEvidence& e) {
  pb::Evidence out;
  out.set_metric(metric.metric);
  out.set_group(metric.group);
  if (e.value) out.set_value(*e.value);
  if (e.interval && std::isfinite(e.interval->high)) {
    out.set_low(e.interval->low);
    out.set_high(e.interval->high);
  }
  if (e.count) out.set_count(*e.count);
  if (e.exposure) out.set_client_days(*e.exposure);
  out.set_runs(e.runs);
  if (out.has_low()) out.set_method(e.method);
  return out;
}

class Answer {
 public:
  Answer(const Tune& tune, Store& store, const TuneOptions& options)
      : tune_(tune), store_(store), options_(options), search_(tune, store, options) {}

  absl::StatusOr<pb::TuneResult> Find() {
    KEEPSIM_RETURN_IF_ERROR(search_.Search());
    out_.set_name(tune_.space.name);
    out_.set_question(tune_.space.question);
    out_.set_engine_version(kEngineVersion);
    out_.set_search_first_seed(tune_.space.first_seed);
    out_.set_search_last_seed(tune_.space.first_seed + tune_.most_replications - 1);
    KEEPSIM_RETURN_IF_ERROR(Recommend());
    for (size_t w = 0; w < tune_.wishes.size(); ++w) AddOutcome(w);
    SetBinding();
    AddFront();
    AddUndecided();
    AddFailed();
    out_.set_points_tried(static_cast<uint32_t>(search_.tried().size()));
    out_.set_points(static_cast<uint32_t>(tune_.space.points.size()));
    out_.set_runs(static_cast<uint32_t>(search_.runs()));
    out_.set_client_days(search_.client_days());
    out_.set_budget_used_up(search_.budget_used_up());
    return out_;
  }

 private:
  using Points = std::vector<uint32_t>;

  const TriedPoint& At(uint32_t p) const { return search_.tried().at(p); }

  void Describe(uint32_t p, pb::TunedPoint* out) const {
    out->set_point(p);
    for (const auto& [name, value] : tune_.space.Values(p)) {
      pb::Choice* c = out->add_choices();
      c->set_name(name);
      c->set_value(value);
    }
  }

  void AddEvidence(const std::vector<PointEvidence>& wishes, const PointEvidence& goal,
                   pb::TunedPoint* out) const {
    for (size_t w = 0; w < wishes.size(); ++w) {
      const Wish& wish = tune_.wishes[w];
      pb::Evidence* e = out->add_evidence();
      *e = ProtoOf(wish.metric, wishes[w]);
      e->set_standing(StandingOf(wish, wishes[w]));
      if (e->has_value()) e->set_margin(wish.Margin(e->value()));
      if (e->has_low()) e->set_sure_margin(wish.Margin(wish.at_most ? e->high() : e->low()));
    }
    *out->add_evidence() = ProtoOf(tune_.goal, goal);
  }

  void Fill(uint32_t p, pb::TunedPoint* out) const {
    Describe(p, out);
    out->set_replications(At(p).runs);
    AddEvidence(At(p).wishes, At(p).goal, out);
  }

  // What has numbers, the cheapest first.
  Points Measured() const {
    Points points = search_.Ranked();
    std::stable_sort(points.begin(), points.end(),
                     [&](uint32_t a, uint32_t b) { return *At(a).goal.value < *At(b).goal.value; });
    return points;
  }

  // Candidates in the order in which they are worth checking: those that are certain, the cheapest
  // first; then those whose values are within the bounds.
  Points Candidates() const {
    Points certain;
    Points likely;
    for (const uint32_t p : search_.Ranked()) {
      if (At(p).excess > 0) continue;
      (search_.Certain(At(p)) ? certain : likely).push_back(p);
    }
    certain.insert(certain.end(), likely.begin(), likely.end());
    return certain;
  }

  absl::Status Recommend() {
    out_.set_verdict(pb::TuneResult::IMPOSSIBLE);
    const Points candidates = Candidates();
    for (uint32_t i = 0; i < kMostChecks && i < candidates.size(); ++i) {
      const uint32_t p = candidates[i];
      const uint64_t first =
          tune_.space.first_seed + tune_.most_replications + i * tune_.fresh_replications;
      KEEPSIM_ASSIGN_OR_RETURN(const bool ran,
                               search_.RunFresh(p, first, tune_.fresh_replications));
      pb::TunedPoint check;
      bool sound = false;
      if (ran) {
        KEEPSIM_RETURN_IF_ERROR(Check(p, first, &check));
        KEEPSIM_ASSIGN_OR_RETURN(sound, FreshRunsCount(p, first));
      }
      if (ran && Refuted(check)) {
        *out_.add_refuted() = check;
        continue;
      }
      const bool met = sound && AllMet(check) && search_.Certain(At(p));
      out_.set_verdict(met ? pb::TuneResult::MET : pb::TuneResult::UNDECIDED);
      recommended_ = p;
      Fill(p, out_.mutable_recommended());
      out_.set_repro(tune_.space.Repro(p, tune_.space.first_seed));
      if (ran) {
        *out_.mutable_check() = check;
        out_.set_check_first_seed(first);
        out_.set_check_last_seed(first + tune_.fresh_replications - 1);
      }
      return absl::OkStatus();
    }
    // Some that look good have not been checked.
    if (candidates.size() > kMostChecks) out_.set_verdict(pb::TuneResult::UNDECIDED);
    const Points ranked = search_.Ranked();
    if (!ranked.empty()) Fill(ranked[0], out_.mutable_nearest());
    return absl::OkStatus();
  }

  absl::Status Check(uint32_t p, uint64_t first, pb::TunedPoint* check) {
    EvidenceRuns which{first, std::vector<uint32_t>(tune_.space.points.size(), 0), false};
    which.replications[p] = tune_.fresh_replications;
    const auto ask = [&](const SweepMetric& m) -> absl::StatusOr<PointEvidence> {
      KEEPSIM_ASSIGN_OR_RETURN(const auto all, options_.evidence(tune_.space, store_, m, which));
      return all[p];
    };
    std::vector<PointEvidence> wishes;
    for (const Wish& w : tune_.wishes) {
      KEEPSIM_ASSIGN_OR_RETURN(PointEvidence e, ask(w.metric));
      wishes.push_back(std::move(e));
    }
    KEEPSIM_ASSIGN_OR_RETURN(const PointEvidence goal, ask(tune_.goal));
    Describe(p, check);
    check->set_replications(tune_.fresh_replications);
    AddEvidence(wishes, goal, check);
    return absl::OkStatus();
  }

  // Whether the numbers of all of them do; the first that failed is listed.
  absl::StatusOr<bool> FreshRunsCount(uint32_t p, uint64_t first) {
    for (uint32_t r = 0; r < tune_.fresh_replications; ++r) {
      KEEPSIM_ASSIGN_OR_RETURN(const StoredRun run, store_.Fetch({p, first + r}, false));
      if (Sound(run.status)) continue;
      AddFailed(p, run.error, run.seed);
      return false;
    }
    return true;
  }

  static bool Refuted(const pb::TunedPoint& check) {
    return std::any_of(check.evidence().begin(), check.evidence().end(), [](const auto& e) {
      return e.standing() == pb::Evidence::MISSED || e.standing() == pb::Evidence::UNLIKELY;
    });
  }
  static bool AllMet(const pb::TunedPoint& check) {
    return std::all_of(check.evidence().begin(), check.evidence().end(), [](const auto& e) {
      return e.standing() == pb::Evidence::MET || e.standing() == pb::Evidence::NO_WISH;
    });
  }

  // By its value.
  bool Meets(uint32_t p, size_t w) const {
    const PointEvidence& e = At(p).wishes[w];
    return e.value && tune_.wishes[w].Margin(*e.value) >= 0;
  }

  void AddOutcome(size_t w) {
    pb::WishOutcome* out = out_.add_wishes();
    out->set_wish(tune_.wishes[w].Text());
    const Points measured = Measured();
    std::optional<uint32_t> best;
    std::optional<uint32_t> without;
    uint32_t meeting = 0;
    for (const uint32_t p : measured) {
      meeting += Meets(p, w);
      const auto margin = [&](uint32_t q) {
        return tune_.wishes[w].Margin(*At(q).wishes[w].value);
      };
      if (!best || margin(p) > margin(*best)) best = p;
      bool others = true;
      for (size_t o = 0; o < tune_.wishes.size(); ++o) others = others && (o == w || Meets(p, o));
      if (others && !without) without = p;
    }
    out->set_points_meeting(meeting);
    if (best) Fill(*best, out->mutable_best());
    if (without) Fill(*without, out->mutable_without());
  }

  // The wish without which the goal would be reached at the least cost.
  void SetBinding() {
    pb::WishOutcome* binding = nullptr;
    double least = recommended_ ? *At(*recommended_).goal.value : INFINITY;
    for (int i = 0; i < out_.wishes_size(); ++i) {
      pb::WishOutcome& w = *out_.mutable_wishes(i);
      // A point that meets this wish too says nothing of its cost.
      if (!w.has_without() || Meets(w.without().point(), static_cast<size_t>(i))) continue;
      const double cost = *At(w.without().point()).goal.value;
      if (!(cost < least)) continue;
      least = cost;
      binding = &w;
    }
    if (binding != nullptr) binding->set_binding(true);
  }

  // All numbers of a point, so that less is better.
  std::vector<double> NumbersOf(uint32_t p) const {
    std::vector<double> x = {*At(p).goal.value};
    for (size_t w = 0; w < tune_.wishes.size(); ++w) {
      const double value = *At(p).wishes[w].value;
      x.push_back(tune_.wishes[w].at_most ? value : -value);
    }
    return x;
  }

  static bool Beats(const std::vector<double>& x, const std::vector<double>& y) {
    bool better = false;
    for (size_t i = 0; i < x.size(); ++i) {
      if (x[i] > y[i]) return false;
      better = better || x[i] < y[i];
    }
    return better;
  }

  void AddFront() {
    std::map<uint32_t, std::vector<double>> numbers;
    for (const uint32_t p : Measured()) numbers[p] = NumbersOf(p);
    for (const uint32_t p : Measured()) {
      const bool beaten = std::any_of(numbers.begin(), numbers.end(), [&](const auto& other) {
        return Beats(other.second, numbers[p]);
      });
      if (!beaten) Fill(p, out_.add_front());
    }
  }

  void AddUndecided() {
    for (const uint32_t p : Measured()) {
      const TriedPoint& point = At(p);
      if (recommended_ &&
          (p == *recommended_ || *point.goal.value >= *At(*recommended_).goal.value)) {
        continue;
      }
      if (!search_.Hopeless(point) && !WasRefuted(p)) Fill(p, out_.add_undecided());
    }
  }

  bool WasRefuted(uint32_t p) const {
    return std::any_of(out_.refuted().begin(), out_.refuted().end(),
                       [&](const pb::TunedPoint& r) { return r.point() == p; });
  }

  void AddFailed() {
    for (const auto& [p, point] : search_.tried()) {
      if (point.failed) AddFailed(p, point.error, point.failed_seed);
    }
  }

  void AddFailed(uint32_t p, const std::string& error, uint64_t seed) {
    pb::TunedPoint described;
    Describe(p, &described);
    pb::FailedPoint* out = out_.add_failed();
    out->set_point(p);
    *out->mutable_choices() = described.choices();
    out->set_error(error);
    out->set_repro(tune_.space.Repro(p, seed));
  }

  const Tune& tune_;
  Store& store_;
  const TuneOptions& options_;
  TuneSearch search_;
  std::optional<uint32_t> recommended_;
  pb::TuneResult out_;
};

}  // namespace

pb::Evidence::Standing StandingOf(const Wish& wish, const PointEvidence& e) {
  if (!e.value) return pb::Evidence::UNMEASURED;
  const bool within = wish.Margin(*e.value) >= 0;
  if (e.interval) {
    const double near = wish.at_most ? e.interval->high : e.interval->low;
    const double far = wish.at_most ? e.interval->low : e.interval->high;
    if (wish.Margin(near) >= 0) return pb::Evidence::MET;
    if (wish.Margin(far) < 0) return pb::Evidence::MISSED;
  }
  return within ? pb::Evidence::LIKELY : pb::Evidence::UNLIKELY;
}

absl::StatusOr<pb::TuneResult> RunTune(const Tune& tune, Store& store, const TuneOptions& options) {
  return Answer(tune, store, options).Find();
}

}  // namespace keepsim
