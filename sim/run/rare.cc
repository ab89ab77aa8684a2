#include "sim/run/rare.h"

#include <algorithm>
#include <array>
#include <chrono>  // lint: allow(clock) waiting only: nothing simulated reads it
#include <cmath>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/base/check.h"
#include "sim/base/memory_limit.h"
#include "sim/base/spelling.h"
#include "sim/base/status_macros.h"
#include "sim/metrics/render.h"
#include "sim/run/rare_interval.h"
#include "sim/run/rare_occurrence.h"
#include "sim/run/rare_pilot.h"
#include "sim/run/rare_replication.h"
#include "sim/run/runner.h"
#include "sim/run/start_thread.h"

namespace keepsim {
namespace {

using rare::Levels;
using rare::MeanEstimate;
using rare::Pilot;
using rare::Replication;
using rare::Scarce;
using rare::Splitter;

constexpr double kTail = 0.025;  // on either side of the interval

// One observer of one group's clients.
struct Question {
  uint32_t group = 0;
  Observer observer = Observer::kBroker;
  RandomSource Luck(uint64_t seed, const Plan& plan, uint32_t replication) const {
    return RandomSource(
        GroupKey(seed, absl::StrCat("rare/", plan.groups[group].name, "/", ObserverName(observer))),
        replication);
  }
};

// A client whose rule never notices that an answer is missing.
bool NeverWaits(const Plan& plan, const Question& q) {
  return q.observer == Observer::kClient &&
         plan.groups[q.group].profile.wait_rule == WaitRule::kIgnored;
}

struct Answer {
  Question question;
  Pilot pilot;
  std::vector<Replication> replications;
  int64_t lives() const {
    int64_t n = 0;
    for (const Replication& r : replications) n += r.lives;
    return n;
  }
};

class Estimator {
 public:
  Estimator(const Plan& plan, const RareOptions& options)
      : plan_(plan), options_(options), run_(ShapeOf(plan).run_records) {
    for (uint32_t g = 0; g < plan.groups.size(); ++g) {
      if (plan.groups[g].count == 0) continue;
      if (!options.group.empty() && plan.groups[g].name != options.group) continue;
      for (const Observer o : {Observer::kBroker, Observer::kClient}) {
        answers_.push_back({{g, o}, {}, {}});
      }
    }
    threads_ = options.threads > 0 ? options.threads
                                   : static_cast<int>(std::thread::hardware_concurrency());
    threads_ = std::clamp(threads_, 1, 1024);
  }

  absl::StatusOr<std::vector<Answer>> Run() {
    const auto n = static_cast<size_t>(options_.replications);
    // The search for levels takes about as long as a few replications.
    work_ = static_cast<double>(answers_.size()) * (kPilotWork + static_cast<double>(n));
    Share(
        answers_.size(), kPilotWork,
        [&](Splitter& splitter, size_t i) {
          Answer& a = answers_[i];
          a.replications.resize(n);
          if (NeverWaits(plan_, a.question)) return;
          a.pilot = ChooseLevels(splitter, a.question.Luck(plan_.seed, plan_, 0), options_.trials,
                                 &stop_);
        },
        [](size_t i) { return i; });
    Share(
        answers_.size() * n, 1,
        [&](Splitter& splitter, size_t i) {
          Answer& a = answers_[i / n];
          if (NeverWaits(plan_, a.question)) return;
          const auto number = static_cast<uint32_t>(i % n) + 1;
          a.replications[i % n] =
              splitter.Run(a.pilot.levels, a.question.Luck(plan_.seed, plan_, number));
        },
        [n](size_t i) { return i / n; });
    if (out_of_memory_) return absl::ResourceExhaustedError("out of memory");
    if (stop_) return absl::CancelledError("the estimate was stopped");
    return std::move(answers_);
  }

 private:
  static constexpr double kPilotWork = 5;  // replications

  // Does the tasks [0, n) over the threads; question_of(task) tells which answer it is for.
  template <typename Task, typename QuestionOf>
  void Share(size_t n, double work, const Task& task, const QuestionOf& question_of) {
    std::atomic<size_t> next{0}, done{0};
    std::atomic<int> running{0};
    std::vector<std::thread> pool;
    for (size_t t = std::min(n, static_cast<size_t>(threads_)); t > 0; --t) {
      ++running;
      const auto body = [&] {
        const absl::Status status = WithinMemory([&] {
          std::unique_ptr<Splitter> splitter;
          size_t question = answers_.size();
          for (size_t i; !stop_ && (i = next.fetch_add(1)) < n; ++done) {
            if (question_of(i) != question) {
              question = question_of(i);
              const Question& q = answers_[question].question;
              splitter = std::make_unique<Splitter>(plan_, run_, q.group, q.observer);
            }
            task(*splitter, i);
          }
          return absl::OkStatus();
        });
        if (!status.ok()) out_of_memory_ = stop_ = true;
        --running;
      };
      if (StartThread(body, &pool)) continue;
      --running;
      if (pool.empty()) out_of_memory_ = stop_ = true;
      break;  // those that there are do it all
    }
    // The calling thread only watches.
    for (int turn = 0; running > 0; ++turn) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // lint: allow(sleep) watching
      if (options_.cancel != nullptr && *options_.cancel) stop_ = true;
      if (options_.on_progress && turn % 50 == 49) {
        options_.on_progress((done_work_ + work * static_cast<double>(done)) / work_);
      }
    }
    for (std::thread& t : pool) t.join();
    done_work_ += work * static_cast<double>(n);
  }

  const Plan& plan_;
  const RareOptions& options_;
  const std::vector<TraceRecord> run_;
  int threads_ = 1;
  std::vector<Answer> answers_;
  std::atomic<bool> stop_{false}, out_of_memory_{false};
  double work_ = 1, done_work_ = 0;
};

// ---- what the replications say

// How often, in units of natural lives, a wait reached level `j` (0: the first) in one replication.
double Reached(const Replication& r, size_t j) {
  double weight = static_cast<double>(r.entrances) / static_cast<double>(r.lives);
  for (size_t i = 0; i < j; ++i) {
    if (i >= r.stages.size()) return 0;
    weight *= static_cast<double>(r.stages[i].crossed) / static_cast<double>(r.stages[i].trials);
  }
  return weight;
}

// Per life, where none of so many natural lives showed any.
double NoneSeenBound(int64_t lives) {
  return -std::log(kTail) / static_cast<double>(std::max<int64_t>(lives, 1));
}

// An upper bound where no replication met a declaration: how often the highest level was reached,
// times what the share of declared ones from there can be at most. Trials that come from one
// natural wait may share its fate, so that only the natural waits count. Each factor has half of
// what the bound may be wrong by.
double UpperBound(const Answer& a) {
  for (size_t j = a.pilot.levels.at.size(); j-- > 0;) {
    std::vector<double> reached;
    int64_t ancestors = 0;
    for (const Replication& r : a.replications) {
      reached.push_back(Reached(r, j));
      if (j < r.stages.size()) ancestors += r.stages[j].ancestors;
    }
    if (ancestors == 0) continue;
    const double often = rare::EstimateMean(reached, 1 - kTail).interval.high;
    return often * (1 - std::pow(kTail / 2, 1 / static_cast<double>(ancestors)));
  }
  return NoneSeenBound(a.lives());
}

std::string SilenceText(const Levels& levels) {
  return levels.at.empty() ? "" : absl::StrFormat("%.9g s", ToSeconds(levels.at.back()));
}

class Report {
 public:
  Report(const Plan& plan, const RareOptions& options, const std::vector<Answer>& answers)
      : plan_(plan), options_(options), answers_(answers), days_(ToSeconds(plan.horizon) / 86400) {
    for (const Answer& a : answers_) {
      if (a.question.observer == Observer::kBroker) clients_ += GroupOf(a).count;
    }
  }

  pb::RareSummary Summary() const {
    pb::RareSummary summary;
    summary.set_seed(plan_.seed);
    summary.set_clients(clients_);
    summary.set_horizon_s(ToSeconds(plan_.horizon));
    summary.set_replications(options_.replications);
    summary.set_trials(options_.trials);
    if (answers_.size() > 2) {
      for (const Observer o : {Observer::kBroker, Observer::kClient}) {
        std::vector<const Answer*> all;
        for (const Answer& a : answers_) {
          if (a.question.observer == o) all.push_back(&a);
        }
        *summary.add_rates() = Rate(all);
      }
    }
    for (const Answer& a : answers_) {
      *summary.add_rates() = Rate({&a});
      summary.set_events(summary.events() + summary.rates().rbegin()->events());
    }
    return summary;
  }

 private:
  const GroupPlan& GroupOf(const Answer& a) const { return plan_.groups[a.question.group]; }

  // Of the clients of these answers together: each group counts by its clients.
  pb::RareRate Rate(const std::vector<const Answer*>& answers) const {
    pb::RareRate rate;
    if (answers.size() == 1) rate.set_group(GroupOf(*answers[0]).name);
    rate.set_observer(ObserverName(answers[0]->question.observer));
    double clients = 0;
    for (const Answer* a : answers) clients += GroupOf(*a).count;
    std::vector<double> per_day(static_cast<size_t>(options_.replications));
    std::array<double, kCauses> by_cause = {};
    double unseen = 0;          // per client-day, at most, of groups that showed none
    double scarce = 0;          // per client-day, at most, of what lives hardly met
    double events_per_day = 0;  // of a plain run
    for (const Answer* a : answers) {
      const double weight = GroupOf(*a).count / clients / days_;
      double sum = 0;
      uint64_t events = a->pilot.events;
      for (size_t i = 0; i < per_day.size(); ++i) {
        const Replication& r = a->replications[i];
        per_day[i] += weight * r.per_life;
        sum += r.per_life;
        events += r.events;
        for (size_t c = 0; c < kCauses; ++c) by_cause[c] += weight * r.by_cause[c];
      }
      const Scarce seldom = ScarceOf(*a);
      scarce += weight * seldom.per_life;
      if (sum == 0 && !NeverWaits(plan_, a->question)) {
        const double least = seldom.what.empty() ? 0 : NoneSeenBound(a->lives());
        unseen += weight * std::max(UpperBound(*a), least);
      }
      rate.set_events(rate.events() + events);
      if (a->pilot.lives > 0) {
        events_per_day += weight * a->pilot.events_of_lives / static_cast<double>(a->pilot.lives);
      }
    }
    Judge(answers, per_day, unseen, events_per_day, rate);
    if (scarce > 0) AddScarce(answers, scarce, rate);
    AddCauses(by_cause, rate);
    if (answers.size() == 1) AddLevels(*answers[0], rate);
    return rate;
  }

  void Judge(const std::vector<const Answer*>& answers, const std::vector<double>& per_day,
             double unseen, double events_per_day, pb::RareRate& rate) const {
    const bool seen = std::any_of(per_day.begin(), per_day.end(), [](double x) { return x > 0; });
    if (!seen) {
      rate.set_ci95_high(unseen);
      rate.set_note(NoteOnNone(answers));
      return;
    }
    const MeanEstimate e = rare::EstimateMean(per_day);
    rate.set_false_per_client_day(e.mean);
    rate.set_ci95_low(e.interval.low);
    rate.set_ci95_high(e.interval.high + unseen);
    rate.set_effective_count(e.effective_count);
    rate.set_plain_client_days(e.effective_count / e.mean);
    rate.set_plain_events(rate.plain_client_days() * events_per_day);
    if (unseen > 0) {
      rate.set_note("some groups showed none: their upper bounds are in the upper end");
    } else if (e.effective_count < kFewCounts) {
      rate.set_note(
          "few independent waits led to a declaration: more --replications or --trials "
          "narrow the interval");
    }
  }

  void AddScarce(const std::vector<const Answer*>& answers, double per_day,
                 pb::RareRate& rate) const {
    rate.set_ci95_high(rate.ci95_high() + per_day);
    const std::string note = answers.size() == 1
                                 ? NoteOn(ScarceOf(*answers[0]))
                                 : "some groups hardly met what seldom happens: see their notes";
    rate.set_note(absl::StrCat(rate.note(), rate.note().empty() ? "" : "; ", note));
  }

  Scarce ScarceOf(const Answer& a) const {
    if (NeverWaits(plan_, a.question)) return {};
    return rare::ScarceOf(plan_, a.question.group, a.question.observer, a.lives());
  }

  std::string NoteOnNone(const std::vector<const Answer*>& answers) const {
    if (std::all_of(answers.begin(), answers.end(),
                    [this](const Answer* a) { return NeverWaits(plan_, a->question); })) {
      return "its rule never notices that PINGRESP is missing";
    }
    if (answers.size() > 1) return "no replication met one; see the groups";
    const Pilot& pilot = answers[0]->pilot;
    if (pilot.waits == 0) return "the observer never waited for its peer";
    const std::string seen = absl::StrCat(CountText(pilot.waits), " waits of natural luck");
    if (pilot.levels.at.empty()) {
      return absl::StrCat("none of ", seen, " stood out: there is nothing to go on from");
    }
    return absl::StrCat("no wait went on from a silence of ", SilenceText(pilot.levels),
                        " to a declaration");
  }

  static void AddCauses(const std::array<double, kCauses>& by_cause, pb::RareRate& rate) {
    double sum = 0;
    std::vector<std::pair<double, int>> order;
    for (int c = 0; c < kCauses; ++c) {
      const double x = by_cause[static_cast<size_t>(c)];
      sum += x;
      if (x > 0) order.emplace_back(-x, c);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [negative, cause] : order) {
      pb::RareCause* const out = rate.add_causes();
      out->set_cause(CauseName(static_cast<Cause>(cause)));
      out->set_share(-negative / sum);
    }
  }

  void AddLevels(const Answer& a, pb::RareRate& rate) const {
    for (size_t j = 0; j < a.pilot.levels.at.size(); ++j) {
      pb::RareLevel* const level = rate.add_levels();
      level->set_silence_s(ToSeconds(a.pilot.levels.at[j]));
      double reached = 0;
      int64_t trials = 0, went_on = 0, declared = 0;
      for (const Replication& r : a.replications) {
        reached += Reached(r, j);
        if (j >= r.stages.size()) continue;
        trials += r.stages[j].trials;
        went_on += r.stages[j].crossed;
        declared += r.stages[j].declared;
      }
      level->set_per_client_day(reached / static_cast<double>(a.replications.size()) / days_);
      level->set_trials(trials);
      level->set_went_on(went_on);
      level->set_declared(declared);
    }
  }

  static constexpr double kFewCounts = 10;

  const Plan& plan_;
  const RareOptions& options_;
  const std::vector<Answer>& answers_;
  const double days_;
  int64_t clients_ = 0;
};

}  // namespace

absl::Status CheckRare(const Plan& plan, const std::string& group) {
  std::vector<std::string> names;
  for (const GroupPlan& g : plan.groups) names.push_back(g.name);
  if (!group.empty() && std::find(names.begin(), names.end(), group) == names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no group \"", group, "\"", DidYouMean(group, names)));
  }
  if (IsCoupled(plan)) {
    return absl::InvalidArgumentError(
        "the broker's limits (accept rate, handling time, kill rate or a broker_limits fault) join "
        "all clients: what happens to one is not decided by its own luck alone; take the limits "
        "away, or count in a plain run");
  }
  bool any = false;
  for (const GroupPlan& g : plan.groups) {
    if (g.count == 0 || (!group.empty() && g.name != group)) continue;
    any = true;
    if (!g.shared_client_id || g.count == 1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the clients of group \"", g.name,
                     "\" share a client id and take each other's session "
                     "over: give each one of its own, or choose another --group"));
  }
  if (!any) return absl::InvalidArgumentError("there are no clients");
  return absl::OkStatus();
}

absl::StatusOr<pb::RareSummary> EstimateRare(const Plan& plan, const RareOptions& options) {
  SIM_CHECK(options.replications >= 2 && options.trials >= 10);
  KEEPSIM_RETURN_IF_ERROR(CheckRare(plan, options.group));
  KEEPSIM_ASSIGN_OR_RETURN(const std::vector<Answer> answers, Estimator(plan, options).Run());
  return Report(plan, options, answers).Summary();
}

}  // namespace keepsim
