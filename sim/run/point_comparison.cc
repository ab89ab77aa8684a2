#include "sim/run/point_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sim/base/spelling.h"
#include "sim/base/status_macros.h"
#include "sim/run/paired_difference.h"
#include "sim/run/replications.h"
#include "sim/run/sweep_definition.h"
#include "sim/run/verdict.h"

namespace keepsim {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;
using BySeed = std::map<uint64_t, double>;

std::string TextOf(const Values& values) {
  return absl::StrJoin(values, ", ", absl::PairFormatter("="));
}

// Seeds of a point whose runs can be compared.
using SoundRuns = std::vector<std::set<uint64_t>>;

absl::StatusOr<SoundRuns> SoundRunsOf(const StoredSweep& s) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, s.store->Runs(false));
  SoundRuns out(s.sweep.points.size());
  for (const StoredRun& r : runs) {
    if (Sound(r.status) && r.point < out.size()) out[r.point].insert(r.seed);
  }
  return out;
}

// A metric of all points, by seed.
absl::StatusOr<std::vector<BySeed>> ReadMetric(const StoredSweep& s, absl::string_view metric,
                                               absl::string_view group) {
  KEEPSIM_ASSIGN_OR_RETURN(const auto values, s.store->Values(metric, group));
  std::vector<BySeed> out(s.sweep.points.size());
  for (const Store::Value& v : values) {
    if (v.point < out.size()) out[v.point][v.seed] = v.value;
  }
  return out;
}

absl::Status Describe(const StoredSweep& s, pb::ComparedStore* out) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, s.store->Runs(false));
  KEEPSIM_ASSIGN_OR_RETURN(const auto replications, ReplicationsOf(s.sweep, *s.store));
  const auto sound =
      std::count_if(runs.begin(), runs.end(), [](const StoredRun& r) { return Sound(r.status); });
  const size_t wanted = WantedRuns(replications);
  out->set_folder(s.folder);
  out->set_runs(static_cast<uint32_t>(sound));
  out->set_failed(static_cast<uint32_t>(runs.size() - static_cast<size_t>(sound)));
  out->set_missing(static_cast<uint32_t>(wanted > runs.size() ? wanted - runs.size() : 0));
  if (s.sweep.until) out->set_until(s.sweep.until->Text());
  return absl::OkStatus();
}

class Comparer {
 public:
  Comparer(const StoredSweep& a, const StoredSweep& b, const std::vector<PointPair>& pairs)
      : a_(a), b_(b), pairs_(pairs) {}

  absl::StatusOr<pb::PointComparison> Compare(const std::vector<SweepMetric>& metrics) {
    KEEPSIM_ASSIGN_OR_RETURN(const SoundRuns sound_a, SoundRunsOf(a_));
    KEEPSIM_ASSIGN_OR_RETURN(const SoundRuns sound_b, SoundRunsOf(b_));
    for (const PointPair& p : pairs_) {
      pb::ComparedPair* pair = out_.add_pairs();
      Describe(p, pair);
      std::vector<uint64_t> seeds;
      std::set_intersection(sound_a[p.a].begin(), sound_a[p.a].end(), sound_b[p.b].begin(),
                            sound_b[p.b].end(), std::back_inserter(seeds));
      pair->set_replications(static_cast<uint32_t>(seeds.size()));
      seeds_.push_back(std::move(seeds));
    }
    for (const SweepMetric& m : metrics) KEEPSIM_RETURN_IF_ERROR(Ask(m));
    Judge(questions_, &out_);
    return out_;
  }

 private:
  void Describe(const PointPair& p, pb::ComparedPair* pair) const {
    const Values of_a = a_.sweep.Values(p.a);
    const Values of_b = b_.sweep.Values(p.b);
    const auto without = [](const Values& all, const Values& other, bool common) {
      Values out;
      for (const auto& v : all) {
        if ((std::find(other.begin(), other.end(), v) != other.end()) == common) out.push_back(v);
      }
      return TextOf(out);
    };
    pair->set_at(without(of_a, of_b, true));
    pair->set_a(without(of_a, of_b, false));
    pair->set_b(without(of_b, of_a, false));
    if (pair->a().empty()) pair->set_a(a_.sweep.name);
    if (pair->b().empty()) pair->set_b(b_.sweep.name);
    if (pair->a() == pair->b()) {
      pair->set_a(a_.folder);
      pair->set_b(b_.folder);
    }
    pair->set_point_a(static_cast<uint32_t>(p.a));
    pair->set_point_b(static_cast<uint32_t>(p.b));
  }

  absl::Status Ask(const SweepMetric& m) {
    KEEPSIM_ASSIGN_OR_RETURN(const auto a, ReadMetric(a_, m.metric, m.group));
    KEEPSIM_ASSIGN_OR_RETURN(const auto b, ReadMetric(b_, m.metric, m.group));
    const std::optional<RateParts> parts = PartsOf(m.metric);
    std::vector<BySeed> count_a, count_b, exposure_a, exposure_b;
    if (parts) {
      KEEPSIM_ASSIGN_OR_RETURN(count_a, ReadMetric(a_, parts->count, m.group));
      KEEPSIM_ASSIGN_OR_RETURN(count_b, ReadMetric(b_, parts->count, m.group));
      KEEPSIM_ASSIGN_OR_RETURN(exposure_a, ReadMetric(a_, parts->exposure, m.group));
      KEEPSIM_ASSIGN_OR_RETURN(exposure_b, ReadMetric(b_, parts->exposure, m.group));
    }
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const PointPair& p = pairs_[i];
      pb::PointDifference* d = out_.mutable_pairs(static_cast<int>(i))->add_differences();
      d->set_metric(m.metric);
      d->set_group(m.group);
      std::vector<NumberPair> numbers;
      std::vector<CountPair> counts;  // of a rate
      const auto at = [](const BySeed& values, uint64_t seed) {
        const auto found = values.find(seed);
        return found == values.end() ? std::nullopt : std::optional<double>(found->second);
      };
      for (const uint64_t seed : seeds_[i]) {
        if (parts) {
          const auto na = at(count_a[p.a], seed);
          const auto nb = at(count_b[p.b], seed);
          const auto ea = at(exposure_a[p.a], seed);
          const auto eb = at(exposure_b[p.b], seed);
          if (!na || !nb || !(ea.value_or(0) > 0) || !(eb.value_or(0) > 0)) continue;
          counts.push_back({std::llround(*na), *ea, std::llround(*nb), *eb});
        } else {
          const auto x = at(a[p.a], seed);
          const auto y = at(b[p.b], seed);
          if (x && y) numbers.push_back({*x, *y});
        }
      }
      if (counts.empty() && numbers.empty()) continue;
      VerdictQuestion q;
      q.out = d;
      q.better = m.better;
      q.found = parts ? DifferenceOfRates(counts) : DifferenceOfNumbers(numbers);
      q.more = [counts, numbers](double level) {
        return counts.empty() ? MorePairsOfNumbers(numbers, level)
                              : MorePairsOfRates(counts, level);
      };
      FillDifference(q.found, q.found.exact ? "exact" : "paired t", d);
      questions_.push_back(std::move(q));
    }
    return absl::OkStatus();
  }

  const StoredSweep& a_;
  const StoredSweep& b_;
  const std::vector<PointPair>& pairs_;
  pb::PointComparison out_;
  std::vector<std::vector<uint64_t>> seeds_;  // of each pair
  std::vector<VerdictQuestion> questions_;
};

}  // namespace

absl::StatusOr<StoredSweep> StoredSweep::Open(const std::string& path) {
  StoredSweep out;
  KEEPSIM_ASSIGN_OR_RETURN(out.store, Store::OpenToRead(path));
  absl::StatusOr<Sweep> sweep = SweepOfStore(*out.store);
  if (!sweep.ok()) {
    return absl::Status(sweep.status().code(),
                        absl::StrCat(path, ": ", std::string(sweep.status().message())));
  }
  out.sweep = *std::move(sweep);
  const size_t slash = path.rfind('/');
  out.folder = slash == std::string::npos ? "." : path.substr(0, slash);
  return out;
}

absl::StatusOr<size_t> PointNamed(const Sweep& sweep, absl::string_view text) {
  size_t number = 0;
  if (absl::SimpleAtoi(text, &number)) {
    if (number < sweep.points.size()) return number;
    return absl::InvalidArgumentError(absl::StrCat("there is no point ", number, "; ", sweep.name,
                                                   " has points 0 to ", sweep.points.size() - 1));
  }
  std::vector<size_t> found;
  for (size_t p = 0; p < sweep.points.size(); ++p) {
    const Values values = sweep.Values(p);
    const std::vector<absl::string_view> wanted = absl::StrSplit(text, ',');
    const bool fits = std::all_of(wanted.begin(), wanted.end(), [&](absl::string_view w) {
      const std::pair<absl::string_view, absl::string_view> part =
          absl::StrSplit(absl::StripAsciiWhitespace(w), absl::MaxSplits('=', 1));
      return std::any_of(values.begin(), values.end(), [&](const auto& v) {
        return v.first == part.first && v.second == part.second;
      });
    });
    if (fits) found.push_back(p);
  }
  if (found.size() == 1) return found[0];
  return absl::InvalidArgumentError(
      absl::StrCat(found.size(), " points of ", sweep.name, " have \"", text,
                   "\"; name one by its number or by values, as in \"", sweep.PointText(0), "\""));
}

absl::StatusOr<std::vector<PointPair>> PairsOfAxis(const Sweep& sweep, absl::string_view field,
                                                   absl::string_view value) {
  std::vector<std::string> names;
  for (size_t axis = 0; axis < sweep.axes.size(); ++axis) {
    for (const SweepField& f : sweep.axes[axis].fields) {
      names.push_back(f.name);
      if (f.name != field) continue;
      const auto at =
          value.empty() ? f.values.begin() : std::find(f.values.begin(), f.values.end(), value);
      if (at == f.values.end()) {
        return absl::InvalidArgumentError(absl::StrCat(field, " has no value \"", value, "\" in ",
                                                       sweep.name, "; it has ",
                                                       absl::StrJoin(f.values, ", ")));
      }
      const auto base = static_cast<uint32_t>(at - f.values.begin());
      std::map<std::vector<uint32_t>, size_t> by_index;
      for (size_t p = 0; p < sweep.points.size(); ++p) by_index[sweep.points[p].index] = p;
      std::vector<PointPair> pairs;
      for (size_t p = 0; p < sweep.points.size(); ++p) {
        std::vector<uint32_t> index = sweep.points[p].index;
        if (index[axis] == base) continue;
        index[axis] = base;
        // A filter may have left it out.
        const auto partner = by_index.find(index);
        if (partner != by_index.end()) pairs.push_back({partner->second, p});
      }
      return pairs;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("nothing in ", sweep.name, " is called \"", field,
                                                 "\"", DidYouMean(field, names)));
}

std::vector<PointPair> PairsOfStores(const Sweep& a, const Sweep& b) {
  // By name, whatever the order of the axes.
  const auto key = [](const Sweep& s, size_t p) {
    Values values = s.Values(p);
    std::sort(values.begin(), values.end());
    return values;
  };
  std::map<Values, size_t> of_b;
  for (size_t p = 0; p < b.points.size(); ++p) of_b[key(b, p)] = p;
  std::vector<PointPair> pairs;
  for (size_t p = 0; p < a.points.size(); ++p) {
    const auto partner = of_b.find(key(a, p));
    if (partner != of_b.end()) pairs.push_back({p, partner->second});
  }
  return pairs;
}

absl::StatusOr<pb::PointComparison> ComparePoints(const StoredSweep& a, const StoredSweep& b,
                                                  const std::vector<PointPair>& pairs,
                                                  std::vector<SweepMetric> metrics) {
  const std::string& version_a = a.store->facts().at("engine_version");
  const std::string& version_b = b.store->facts().at("engine_version");
  if (version_a != version_b) {
    return absl::FailedPreconditionError(
        absl::StrCat("A is of engine version ", version_a, ", B of ", version_b,
                     ": a difference would say nothing; run one of them again"));
  }
  if (metrics.empty()) metrics = a.sweep.metrics;
  KEEPSIM_ASSIGN_OR_RETURN(pb::PointComparison out, Comparer(a, b, pairs).Compare(metrics));
  out.set_engine_version(version_a);
  KEEPSIM_RETURN_IF_ERROR(Describe(a, out.add_stores()));
  if (&a != &b) KEEPSIM_RETURN_IF_ERROR(Describe(b, out.add_stores()));
  return out;
}

}  // namespace keepsim
