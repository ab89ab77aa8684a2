#include "sim/run/shrink.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/run/reduction.h"
#include "sim/run/signature.h"

namespace keepsim {
namespace {

// Other seeds that are tried where luck changes with what is taken away.
constexpr uint64_t kSeeds = 8;

uint64_t SeedOf(const pb::Scenario& s) { return s.seed() == 0 ? 1 : s.seed(); }

Duration DurationOf(const std::string& text) {
  const auto d = ParseDuration(text, true);
  return d.ok() ? *d : Duration{0};
}

class Shrinker {
 public:
  Shrinker(const LoadedScenario& scenario, const ShrinkOptions& options) : options_(options) {
    out_.scenario = scenario;
    out_.scenario.places = {};
    out_.scenario.overrides.clear();
  }

  absl::StatusOr<Shrunk> Run() {
    DropWords();
    auto first = Shows(out_.scenario.proto);
    if (!first.ok()) return first.status();
    if (!first->has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the scenario does not show ", options_.signature));
    }
    out_.shown = **first;
    bool any = true;
    while (any && !Over()) {
      any = false;
      for (const auto pass : {&Shrinker::FewerClients, &Shrinker::ShorterHorizon,
                              &Shrinker::LessOfIt, &Shrinker::SimplerLaws, &Shrinker::EarlierFaults,
                              &Shrinker::RounderValues_, &Shrinker::SmallerSeed}) {
        if (Over()) break;
        any = (this->*pass)() || any;
      }
    }
    if (!error_.ok() && !absl::IsCancelled(error_)) return error_;
    out_.finished = !any && !Over();
    return std::move(out_);
  }

 private:
  bool Over() const {
    return !error_.ok() || out_.runs >= options_.runs ||
           (options_.cancel != nullptr && *options_.cancel);
  }

  // Texts for people, and expectations other than the one that is looked for, change nothing.
  void DropWords() {
    pb::Scenario& s = out_.scenario.proto;
    s.clear_question();
    s.clear_reading();
    for (int i = s.expectations_size() - 1; i >= 0; --i) {
      pb::Expectation* e = s.mutable_expectations(i);
      e->clear_why();
      if (ExpectationSignature(e->metric(), e->group()) == options_.signature) continue;
      s.mutable_expectations()->DeleteSubrange(i, 1);
    }
  }

  // Absent: it can be run and does not show it, or cannot be run.
  absl::StatusOr<std::optional<Shown>> Shows(const pb::Scenario& proto) {
    LoadedScenario candidate = out_.scenario;
    candidate.proto = proto;
    if (options_.on_progress) options_.on_progress(out_.runs, SizeOf(out_.scenario.proto));
    const auto trial = Try(candidate, options_.threads, options_.cancel);
    if (!trial.ok()) {
      if (absl::IsInvalidArgument(trial.status()) && started_) return std::optional<Shown>();
      return trial.status();
    }
    started_ = true;
    ++out_.runs;
    const auto found = trial->shown.find(options_.signature);
    if (found == trial->shown.end()) return std::optional<Shown>();
    return std::optional<Shown>(found->second);
  }

  // Takes the candidate if it is smaller and still shows it.
  bool Adopt(const pb::Scenario& candidate, const std::string& what) {
    if (Over() || SizeOf(candidate) >= SizeOf(out_.scenario.proto)) return false;
    const auto shown = Shows(candidate);
    if (!shown.ok()) error_ = shown.status();
    if (!shown.ok() || !shown->has_value()) return false;
    out_.scenario.proto = candidate;
    out_.shown = **shown;
    out_.steps.push_back({what, out_.runs});
    return true;
  }

  // The same with other seeds, where other clients' luck comes into play.
  bool AdoptWithSeeds(pb::Scenario candidate, const std::string& what) {
    if (Adopt(candidate, what)) return true;
    const uint64_t own = SeedOf(candidate);
    for (uint64_t seed = 1; seed <= kSeeds && !Over(); ++seed) {
      if (seed == own) continue;
      candidate.set_seed(seed);
      if (Adopt(candidate, absl::StrCat(what, ", seed ", own, " -> ", seed))) return true;
    }
    return false;
  }

  bool FewerClients() {
    bool any = false;
    // Groups, all but the last at once first.
    for (int g = out_.scenario.proto.groups_size() - 1; g >= 0; --g) {
      if (g >= out_.scenario.proto.groups_size() || out_.scenario.proto.groups_size() == 1)
        continue;
      pb::Scenario less = out_.scenario.proto;
      const std::string name = less.groups(g).name();
      less.mutable_groups()->DeleteSubrange(g, 1);
      any = Adopt(less, absl::StrCat("group ", name, " taken away")) || any;
    }
    for (int g = 0; g < out_.scenario.proto.groups_size(); ++g) any = FewerOf(g) || any;
    return any;
  }

  bool FewerOf(int g) {
    const auto count = [&] {
      const pb::Group& group = out_.scenario.proto.groups(g);
      return group.has_count() ? group.count() : 1;
    };
    const uint32_t before = count();
    const auto with = [&](uint32_t n, bool seeds) {
      pb::Scenario less = out_.scenario.proto;
      const std::string what = absl::StrCat("groups[", g, "].count: ", count(), " -> ", n);
      if (n == 1) {
        less.mutable_groups(g)->clear_count();
      } else {
        less.mutable_groups(g)->set_count(n);
      }
      return seeds ? AdoptWithSeeds(less, what) : Adopt(less, what);
    };
    if (before > 1 && !with(1, false)) {
      // The client that shows it, and those before it; then any one client under another seed.
      if (options_.client + 1 < count()) (void)with(options_.client + 1, false);
      if (!with(1, true)) {
        uint32_t fails = 1;
        while (fails + 1 < count() && !Over()) {
          const uint32_t n = fails + (count() - fails) / 2;
          if (!with(n, false)) fails = n;
        }
      }
    }
    return count() < before;
  }

  bool ShorterHorizon() {
    const Duration horizon = DurationOf(out_.scenario.proto.horizon());
    if (out_.shown.text.empty()) {  // a declaration, at an instant
      const Duration needed = out_.shown.first.declared - kStart + Duration{1};
      for (const Duration d : RoundUp(needed, horizon)) {
        if (d == horizon) return false;  // as round as can be
        if (WithHorizon(d)) return true;
      }
      return false;
    }
    // What is measured at the end has no instant of its own.
    bool any = false;
    for (Duration d = horizon / 2; d.ns > 0 && !Over(); d = d / 2) {
      const std::vector<Duration> round = RoundUp(d, horizon);
      if (round.empty() || round[0] >= DurationOf(out_.scenario.proto.horizon())) break;
      if (!WithHorizon(round[0])) break;
      any = true;
    }
    return any;
  }

  bool WithHorizon(Duration d) {
    pb::Scenario less = out_.scenario.proto;
    less.set_horizon(FormatDuration(d));
    return Adopt(less,
                 absl::StrCat("horizon: ", out_.scenario.proto.horizon(), " -> ", less.horizon()));
  }

  // Fields and elements of lists taken away: what contains others first, so that much goes at once.
  bool LessOfIt() {
    bool any = HalvesOf();
    std::vector<Site> sites = SitesOf(out_.scenario.proto);
    for (size_t i = 0; i < sites.size() && !Over();) {
      pb::Scenario less = out_.scenario.proto;
      const bool group = sites[i].path.find('.') == std::string::npos &&
                         absl::StartsWith(sites[i].path, "groups[");
      if (!group) TakeAway(&less, sites[i]);
      if (!group && Adopt(less, absl::StrCat(sites[i].path, " taken away"))) {
        any = true;
        sites = SitesOf(out_.scenario.proto);  // what stood there has gone: the next is at i
      } else {
        ++i;
      }
    }
    return any;
  }

  // Long lists by halves, quarters and so on.
  bool HalvesOf() {
    bool any = false;
    const auto halve = [&](const std::string& name, const auto& list) {
      for (int part = list(&out_.scenario.proto)->size() / 2; part >= 2 && !Over(); part /= 2) {
        for (int at = list(&out_.scenario.proto)->size() - part; at >= 0 && !Over(); at -= part) {
          pb::Scenario less = out_.scenario.proto;
          list(&less)->DeleteSubrange(at, part);
          any = Adopt(less, absl::StrCat(part, " of ", name, " taken away")) || any;
          at = std::min(at, list(&out_.scenario.proto)->size());
        }
      }
    };
    halve("faults", [](pb::Scenario* s) { return s->mutable_faults(); });
    halve("client_profiles", [](pb::Scenario* s) { return s->mutable_client_profiles(); });
    return any;
  }

  // A distribution by a constant of its scale.
  bool SimplerLaws() {
    bool any = false;
    for (const Site& site : SitesOf(out_.scenario.proto)) {
      const auto* type = site.field()->message_type();
      if (Over() || type == nullptr || type != pb::Distribution::descriptor()) continue;
      pb::Scenario less = out_.scenario.proto;
      auto* parent = ParentOf(&less, site);
      auto* law = static_cast<pb::Distribution*>(
          parent->GetReflection()->MutableMessage(parent, site.field()));
      const std::string scale = law->has_uniform()       ? law->uniform().high()
                                : law->has_exponential() ? law->exponential().mean()
                                : law->has_lognormal()   ? law->lognormal().median()
                                : law->has_weibull()     ? law->weibull().scale()
                                : law->has_pareto()      ? law->pareto().scale()
                                                         : "";
      if (scale.empty()) continue;
      *law = pb::Distribution();
      law->set_constant(scale);
      any = Adopt(less, absl::StrCat(site.path, ": constant ", scale)) || any;
    }
    return any;
  }

  // All faults earlier by the same time, and the horizon with them.
  bool EarlierFaults() {
    const pb::Scenario& now = out_.scenario.proto;
    if (now.faults_size() == 0) return false;
    Duration first = kForever;
    for (const pb::Fault& f : now.faults()) first = std::min(first, DurationOf(f.at()));
    const Duration horizon = DurationOf(now.horizon());
    std::vector<Duration> starts = {Duration{0}};
    for (int64_t s : {1, 10, 60, 100, 300, 600, 1000, 3600, 7200}) starts.push_back(Seconds(s));
    for (const Duration start : starts) {
      const Duration by = first - start;
      if (Over() || by.ns <= 0 || by >= horizon) break;
      pb::Scenario less = now;
      for (pb::Fault& f : *less.mutable_faults()) f.set_at(FormatDuration(DurationOf(f.at()) - by));
      less.set_horizon(FormatDuration(horizon - by));
      if (AdoptWithSeeds(less, absl::StrCat("faults ", FormatDuration(by), " earlier")))
        return true;
    }
    return false;
  }

  bool RounderValues_() {
    bool any = false;
    for (const Site& site : SitesOf(out_.scenario.proto)) {
      const std::string before = ValueText(out_.scenario.proto, site);
      for (const std::string& value : RounderValues(out_.scenario.proto, site)) {
        if (Over()) return any;
        pb::Scenario less = out_.scenario.proto;
        SetValue(&less, site, value);
        if (!Adopt(less, absl::StrCat(site.path, ": ", before, " -> ", value))) continue;
        any = true;
        break;
      }
    }
    return any;
  }

  bool SmallerSeed() {
    const uint64_t own = SeedOf(out_.scenario.proto);
    for (uint64_t seed = 1; seed <= kSeeds && seed < own && !Over(); ++seed) {
      pb::Scenario less = out_.scenario.proto;
      less.set_seed(seed);
      if (Adopt(less, absl::StrCat("seed: ", own, " -> ", seed))) return true;
    }
    return false;
  }

  const ShrinkOptions& options_;
  Shrunk out_;
  absl::Status error_;
  bool started_ = false;
};

}  // namespace

ScenarioSize SizeOf(const pb::Scenario& scenario) {
  ScenarioSize size;
  for (const pb::Group& g : scenario.groups()) {
    size.clients += g.has_count() ? g.count() : 1;
    size.fields += g.has_count() ? 1 : 0;
  }
  for (const Site& site : SitesOf(scenario)) {
    ++size.fields;
    size.digits += DigitsOf(ValueText(scenario, site));
  }
  size.fields += static_cast<uint64_t>(scenario.expectations_size());
  size.horizon_ns = DurationOf(scenario.horizon()).ns;
  size.digits += DigitsOf(scenario.horizon());
  size.seed = SeedOf(scenario);
  return size;
}

absl::StatusOr<Shrunk> Shrink(const LoadedScenario& scenario, const ShrinkOptions& options) {
  return Shrinker(scenario, options).Run();
}

}  // namespace keepsim
