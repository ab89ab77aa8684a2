// Levels of silence for splitting: how they are chosen from waits that were seen, and how many
// trials each deserves.
#ifndef KEEPSIM_SIM_RUN_RARE_LEVELS_H_
#define KEEPSIM_SIM_RUN_RARE_LEVELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/base/time.h"

namespace keepsim::rare {

// About this share of the waits that reach a level shall reach the next one: near e^-2, which is
// best for equal steps (L'Ecuyer, Demers, Tuffin, TOMACS 17(2), 2007, section 3).
inline constexpr double kShare = 0.2;

// What a fixed set of levels asks of each replication.
struct Levels {
  // Ascending; the first is reached by natural luck. Empty: waits are only watched.
  std::vector<Duration> at;
  // By level: trials of one replication that go on from it.
  std::vector<int64_t> trials;
  // By level: which share of them reached the next level or, from the last, was declared dead, when
  // the levels were chosen. What the estimates rest on is measured anew.
  std::vector<double> share;
  int64_t lives = 1;  // whole lives of natural luck of one replication
};

// The longest unfounded silence of each of many waits; kForever: it ended in a false declaration.
// Of very many only the longest are kept.
class Waits {
 public:
  void Add(Duration longest);
  int64_t count() const { return count_; }
  int64_t declared() const { return declared_; }

  struct Choice {
    Duration level{0};
    int64_t beyond = 0;  // waits that last longer than that, declarations included
  };
  // The smallest length seen that at most `allowed` waits exceed, or the longest seen. If there are
  // more declarations than `allowed`, the longest of the other waits. REQUIRES: count() > 0.
  Choice Choose(int64_t allowed) const;

 private:
  static constexpr size_t kMost = size_t{1} << 20;
  std::vector<Duration> longest_;  // but of declarations
  int64_t count_ = 0;
  int64_t declared_ = 0;
};

// Trials from a level of which `share` reach the next, if `base` of them are right for kShare: for
// independent trials the variance of a product of shares is least, at a given cost, where each gets
// trials in proportion to the root of (1 - share) / share. Up to 16 times `base`.
int64_t TrialsFor(double share, int64_t base);

}  // namespace keepsim::rare

#endif  // KEEPSIM_SIM_RUN_RARE_LEVELS_H_
