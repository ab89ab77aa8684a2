#include "sim/run/rare_pilot.h"

#include <algorithm>
#include <cmath>

namespace keepsim::rare {
namespace {

// Lives are watched until so many waits have been seen, or so many events; again and again four
// times as many while too few waits stand out.
constexpr int64_t kWaits = 20000;
constexpr uint64_t kEvents = 1 << 20;
constexpr int64_t kMostEvents = 1 << 16;  // times base
// Of the lives of one replication.
constexpr double kLifeEvents = 200;  // times base
constexpr double kMostLifeEvents = 4e6;
constexpr double kFewestEntrances = 20;

// A share is known well enough for a pilot once so many have gone on.
constexpr int64_t kEnough = 20;
constexpr int64_t kMostTrials = 32;  // times base
constexpr size_t kMostLevels = 100;
// Trials whose waits are only watched have luck of their own.
constexpr uint32_t kWatching = 1 << 10;

class LevelSearch {
 public:
  LevelSearch(Splitter& splitter, const RandomSource& luck, int64_t base,
              const std::atomic<bool>* cancel)
      : splitter_(splitter), luck_(luck), base_(base), cancel_(cancel) {}

  Pilot Run() {
    if (FirstLevel()) {
      while (levels().at.size() < kMostLevels && NextLevel()) {
      }
    }
    for (const double share : levels().share) levels().trials.push_back(TrialsFor(share, base_));
    pilot_.events = splitter_.events();
    return pilot_;
  }

 private:
  Levels& levels() { return pilot_.levels; }
  bool Stopped() const { return cancel_ != nullptr && *cancel_; }

  void WatchLives(int64_t waits, uint64_t events) {
    int64_t batch = 1;
    while (!Stopped() && splitter_.events() < events &&
           (waits_.count() < waits || pilot_.lives < 4)) {
      splitter_.WatchLives(luck_, pilot_.lives, batch, waits_);
      pilot_.lives += batch;
      batch = std::min<int64_t>(batch * 2, 64);
    }
    pilot_.waits = waits_.count();
    pilot_.events_of_lives = static_cast<double>(splitter_.events());
  }

  // How many lives a replication needs to show `wanted` of what these lives showed `seen` times.
  int64_t LivesFor(double wanted, int64_t seen) const {
    return std::lround(std::ceil(wanted * static_cast<double>(pilot_.lives) /
                                 static_cast<double>(std::max<int64_t>(seen, 1))));
  }

  // False if there is nothing to split.
  bool FirstLevel() {
    Waits::Choice c;
    int64_t waits = kWaits;
    const auto most = static_cast<uint64_t>(kMostEvents * base_);
    for (uint64_t events = std::min(kEvents, most); events <= most; events *= 4, waits *= 4) {
      WatchLives(waits, events);
      if (Stopped() || waits_.count() == 0) return false;
      const double per_life =
          static_cast<double>(splitter_.events()) / static_cast<double>(pilot_.lives);
      levels().lives =
          std::max<int64_t>(1, std::lround(kLifeEvents * static_cast<double>(base_) / per_life));
      most_lives_ = std::max<int64_t>(1, std::lround(kMostLifeEvents / per_life));
      const double wanted = static_cast<double>(base_) * static_cast<double>(pilot_.lives) /
                            static_cast<double>(levels().lives);
      c = waits_.Choose(
          std::lround(std::min(wanted, kShare * static_cast<double>(waits_.count()))));
      if (c.beyond >= kEnough) break;
    }
    levels().lives =
        std::min(most_lives_, std::max(levels().lives, LivesFor(kFewestEntrances, c.beyond)));
    if (c.beyond == 0 || c.beyond == waits_.declared()) return false;
    levels().at.push_back(c.level);
    Replication unused;
    splitter_.Live(luck_, levels().lives, c.level, unused);
    return splitter_.noted() > 0;
  }

  // From the waits that were noted at the last level. False if that is all.
  bool NextLevel() {
    const auto stage = static_cast<uint32_t>(levels().at.size());
    Waits waits;
    Waits::Choice c;
    for (int64_t n = 2 * base_, part = 0; n <= kMostTrials * base_; n *= 4, ++part) {
      const auto watching = kWatching * static_cast<uint32_t>(part + 1) + stage;
      splitter_.WatchTrials(luck_, watching, n - waits.count(), waits);
      if (Stopped()) return false;
      c = waits.Choose(static_cast<int64_t>(kShare * static_cast<double>(waits.count())));
      if (c.beyond >= kEnough) break;
    }
    levels().share.push_back(static_cast<double>(c.beyond) / static_cast<double>(waits.count()));
    if (c.beyond == 0 || c.beyond == waits.declared()) return false;
    Replication unused;
    splitter_.GoOn(luck_, stage, 2 * TrialsFor(levels().share.back(), base_), c.level, 0, unused);
    if (splitter_.noted() == 0) return false;
    levels().at.push_back(c.level);
    return true;
  }

  Splitter& splitter_;
  const RandomSource luck_;
  const int64_t base_;
  const std::atomic<bool>* const cancel_;
  Waits waits_;
  int64_t most_lives_ = 1;
  Pilot pilot_;
};

}  // namespace

Pilot ChooseLevels(Splitter& splitter, const RandomSource& luck, int64_t base,
                   const std::atomic<bool>* cancel) {
  return LevelSearch(splitter, luck, base, cancel).Run();
}

}  // namespace keepsim::rare
