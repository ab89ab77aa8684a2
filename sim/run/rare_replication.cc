#include "sim/run/rare_replication.h"

#include <algorithm>
#include <utility>

#include "sim/world/luck_purpose.h"

namespace keepsim::rare {
namespace {

// Waits of natural luck that are kept of each replication, chosen at random if there are more.
constexpr uint64_t kMostNoted = 4096;

// What a replication's draws are for, in the upper bits of their numbers.
constexpr uint64_t kLives = 0, kKept = uint64_t{1} << 48, kStages = uint64_t{2} << 48;
constexpr uint64_t StageDraws(uint32_t stage) { return kStages + (uint64_t{stage} << 48); }
constexpr uint64_t kOffset = uint64_t{1} << 47;

uint64_t Draw(const RandomSource& luck, uint64_t number) { return luck.Draw64(kSplitDraw, number); }

// A uniform number in [0, n).
uint64_t Below(uint64_t n, uint64_t u) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(u) * n) >> 64);
}

Entrance& Place(std::vector<Entrance>& pool, size_t i) {
  if (i == pool.size()) pool.emplace_back();
  return pool[i];
}

}  // namespace

Splitter::Splitter(const Plan& plan, const std::vector<TraceRecord>& run, uint32_t group,
                   Observer observer)
    : plan_(plan), group_(group), trajectory_(plan_, run, group, observer) {
  plan_.Link();
}

void Splitter::LiveOnce(const RandomSource& luck, int64_t number, Duration level,
                        const Trajectory::Listener& listener) {
  const RandomBlock u = luck.Block(kSplitDraw, kLives + static_cast<uint64_t>(number));
  GroupPlan& g = plan_.groups[group_];
  g.key = u.low();
  trajectory_.Live(static_cast<uint32_t>(Below(g.count, u.high())), level, listener);
}

void Splitter::Live(const RandomSource& luck, int64_t lives, Duration level, Replication& r) {
  count_ = 0;
  r.lives = lives;
  uint64_t seen = 0;
  Trajectory::Listener listener;
  listener.on_crossing = [&](Instant at) {
    // Of all that come, each is kept with the same chance (Vitter's algorithm R).
    const uint64_t i = seen < kMostNoted ? seen : Below(seen + 1, Draw(luck, kKept + seen));
    const auto ancestor = static_cast<uint32_t>(seen++);
    if (i >= kMostNoted) return;
    Entrance& e = Place(noted_, i);
    trajectory_.Save(at, &e);
    e.ancestor = ancestor;
    count_ = std::max<size_t>(count_, i + 1);
  };
  listener.on_end = [&](const WaitEnd& wait) {
    if (wait.crossed || !wait.declared_false) return;
    r.by_cause[static_cast<size_t>(wait.cause)] += 1 / static_cast<double>(lives);
  };
  for (int64_t i = 0; i < lives; ++i) LiveOnce(luck, i, level, listener);
  r.entrances = static_cast<int64_t>(seen);
}

// Each wait that was noted gets as many trials as the others, or one less; who gets one more is
// drawn.
template <typename OnTrial>
void Splitter::Try(const RandomSource& luck, uint32_t stage, int64_t trials, Duration level,
                   const OnTrial& on_trial) {
  const uint64_t draws = StageDraws(stage);
  const auto n = static_cast<uint64_t>(trials);
  // In units of 2^-32 of a trial.
  const uint64_t offset = Draw(luck, draws + kOffset) >> 32;
  for (uint64_t t = 0; t < n; ++t) {
    const auto place = static_cast<size_t>((((static_cast<unsigned __int128>(t) << 32) + offset) *
                                            static_cast<uint64_t>(count_) / n) >>
                                           32);
    const Entrance& from = noted_[place];
    on_trial(from, trajectory_.GoOn(from, Draw(luck, draws + t), level));
  }
}

Stage Splitter::GoOn(const RandomSource& luck, uint32_t stage, int64_t trials, Duration level,
                     double weight, Replication& r) {
  Stage s;
  s.trials = trials;
  next_count_ = 0;
  std::vector<uint32_t> ancestors;
  Try(luck, stage, trials, level, [&](const Entrance& from, const WaitEnd& wait) {
    if (ancestors.empty() || ancestors.back() != from.ancestor) ancestors.push_back(from.ancestor);
    if (wait.crossed) {
      ++s.crossed;
      Entrance& e = Place(next_, next_count_++);
      trajectory_.Save(trajectory_.reached(), &e);
      e.ancestor = from.ancestor;
    } else if (wait.declared_false) {
      ++s.declared;
      r.by_cause[static_cast<size_t>(wait.cause)] += weight / static_cast<double>(trials);
    }
  });
  std::sort(ancestors.begin(), ancestors.end());
  s.ancestors = std::unique(ancestors.begin(), ancestors.end()) - ancestors.begin();
  std::swap(noted_, next_);
  count_ = next_count_;
  return s;
}

Replication Splitter::Run(const Levels& levels, const RandomSource& luck) {
  Replication r;
  const uint64_t events = trajectory_.events();
  Live(luck, levels.lives, levels.at.empty() ? kForever : levels.at[0], r);
  double weight = static_cast<double>(r.entrances) / static_cast<double>(r.lives);
  for (size_t j = 0; j < levels.at.size() && count_ > 0; ++j) {
    const Duration next = j + 1 < levels.at.size() ? levels.at[j + 1] : kForever;
    const Stage s = GoOn(luck, static_cast<uint32_t>(j), levels.trials[j], next, weight, r);
    weight *= static_cast<double>(s.crossed) / static_cast<double>(s.trials);
    r.stages.push_back(s);
  }
  for (const double x : r.by_cause) r.per_life += x;
  r.events = trajectory_.events() - events;
  return r;
}

void Splitter::WatchLives(const RandomSource& luck, int64_t first, int64_t n, Waits& waits) {
  Trajectory::Listener listener;
  listener.on_crossing = [](Instant) {};
  listener.on_end = [&](const WaitEnd& wait) { waits.Add(wait.longest); };
  for (int64_t i = first; i < first + n; ++i) LiveOnce(luck, i, kForever, listener);
}

void Splitter::WatchTrials(const RandomSource& luck, uint32_t stage, int64_t n, Waits& waits) {
  Try(luck, stage, n, kForever,
      [&](const Entrance&, const WaitEnd& wait) { waits.Add(wait.longest); });
}

}  // namespace keepsim::rare
