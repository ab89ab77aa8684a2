#include "sim/run/rare_occurrence.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "sim/base/quantile_table.h"
#include "sim/metrics/render.h"
#include "sim/world/shortest_wait.h"

namespace keepsim::rare {
namespace {

constexpr double kMeetsOne = 1;
constexpr double kDay = 86400;  // seconds

std::string GapText(double seconds) {
  return seconds < kDay ? SecondsText(seconds) : absl::StrFormat("%.4g d", seconds / kDay);
}

// That a draw is below `t`.
double ChanceBelow(const QuantileTable& law, Duration t) {
  if (law.is_constant()) return law.min() < t ? 1 : 0;
  uint64_t u = 0;  // the largest whose sample is, found from its highest bit down
  for (int bit = 63; bit >= 0; --bit) {
    const uint64_t more = u | uint64_t{1} << bit;
    if (law.Sample(more) < t) u = more;
  }
  return static_cast<double>(u) / 0x1p64;
}

class Occurrences {
 public:
  Occurrences(const Plan& plan, uint32_t group, Observer observer)
      : plan_(plan),
        group_(group),
        g_(plan.groups[group]),
        wait_s_(ToSeconds(ShortestWait(plan, g_, observer))) {}

  std::vector<Occurrence> Find() {
    for (const DirectionSpec* d : {&g_.up, &g_.down}) AddSpells(*d);
    for (const RandomFault& f : g_.faults) AddFault(f);
    for (const ScheduledFault& f : plan_.faults) AddScheduled(f);
    for (const Workload& w : g_.uplink) AddMessages("messages from the client", w);
    for (const Workload& w : g_.downlink) AddMessages("messages to the client", w);
    return std::move(found_);
  }

 private:
  double Overlapping(double length_s) const { return 2 + length_s / wait_s_; }

  // Comes after gaps drawn from `gap`, the first from the start of the run.
  void AddRenewed(std::string name, const QuantileTable& gap, double declared) {
    const double chance = ChanceBelow(gap, plan_.horizon);
    // All gaps of n occurrences within the horizon are shorter than it.
    const double per_life = chance < 1 ? chance / (1 - chance) : 0;
    found_.push_back({std::move(name),
                      absl::StrCat("come once in ", GapText(ToSeconds(gap.mean()))), chance,
                      per_life, declared});
  }

  void AddSpells(const DirectionSpec& d) {
    if (!d.burst.enabled) return;
    const bool nothing_passes = g_.transport == Transport::kTcp && d.burst.loss_bad.IsOne();
    AddRenewed("bad spells", d.burst.good_sojourn,
               nothing_passes ? kMeetsOne : Overlapping(ToSeconds(d.burst.bad_sojourn.mean())));
  }

  // Whom a crash, a kill, a stop or a lost mapping makes silent is not declared falsely.
  void AddFault(const RandomFault& f) {
    if (f.kind == FailureKind::kFreeze || f.kind == FailureKind::kSleep) {
      AddRenewed(absl::StrCat("faults (", FailureKindName(f.kind), ")"), f.renewal.gap, kMeetsOne);
    } else if (f.kind == FailureKind::kPathCut) {
      // What is declared while it lasts is true; what it leaves behind is a connection that waits
      // long before it sends again.
      AddRenewed("path cuts", f.renewal.gap, kMeetsOne);
    }
  }

  void AddScheduled(const ScheduledFault& f) {
    using Action = ScheduledFault::Action;
    const bool client = f.action == Action::kClientDown &&
                        (f.failure == FailureKind::kFreeze || f.failure == FailureKind::kSleep);
    if (!client && f.action != Action::kPathCut && f.action != Action::kDegrade &&
        f.action != Action::kClockJump && f.action != Action::kClockDrift) {
      return;
    }
    if (f.at >= kStart + plan_.horizon || f.first >= g_.count) return;
    if (!f.region.empty() && f.region != g_.region) return;
    if (!f.groups.empty() &&
        std::find(f.groups.begin(), f.groups.end(), group_) == f.groups.end()) {
      return;
    }
    const double clients = std::min(f.last, g_.count - 1) - f.first + 1.0;
    const double chance = f.share.ToDouble() * clients / g_.count;
    if (chance == 0) return;
    const Duration length = std::min(f.length, kStart + plan_.horizon - f.at);
    found_.push_back({absl::StrCat("fault \"", f.name, "\""),
                      absl::StrFormat("strikes one client in %.4g", 1 / chance), chance, chance,
                      Overlapping(ToSeconds(length))});
  }

  void AddMessages(const char* name, const Workload& w) {
    if (w.kind != Workload::Kind::kPoisson && w.kind != Workload::Kind::kBursts) return;
    const double length_s = ToSeconds(w.burst_spacing) * (w.burst_size - 1);
    AddRenewed(name, w.gap, length_s > 0 ? Overlapping(length_s) : kMeetsOne);
  }

  const Plan& plan_;
  const uint32_t group_;
  const GroupPlan& g_;
  const double wait_s_;
  std::vector<Occurrence> found_;
};

}  // namespace

std::vector<Occurrence> OccurrencesOf(const Plan& plan, uint32_t group, Observer observer) {
  return Occurrences(plan, group, observer).Find();
}

Scarce ScarceOf(const Plan& plan, uint32_t group, Observer observer, int64_t lives) {
  Scarce s;
  for (Occurrence& o : OccurrencesOf(plan, group, observer)) {
    if (!o.Scarce(lives)) continue;
    s.per_life += o.per_life * o.declared;
    s.met = std::max(s.met, o.expected_met(lives));
    s.what.push_back(std::move(o));
  }
  return s;
}

std::string NoteOn(const Scarce& s) {
  std::vector<std::string> seldom;
  for (const Occurrence& o : s.what) {
    std::string text = absl::StrCat(o.name, " ", o.often);
    // Both directions of a path are often alike.
    if (std::find(seldom.begin(), seldom.end(), text) == seldom.end()) {
      seldom.push_back(std::move(text));
    }
  }
  const std::string met = s.met < 1 ? "fewer than one was met"
                                    : absl::StrFormat("about %.0f %s met", s.met,
                                                      std::lround(s.met) == 1 ? "was" : "were");
  return absl::StrCat(
      absl::StrJoin(seldom, ", "), ": ", met,
      " in the lives watched, and the upper end has room for whatever they may do; run longer "
      "(--replications) or plainly");
}

}  // namespace keepsim::rare
