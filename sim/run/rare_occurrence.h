// What happens to a client at random and may lead to false declarations: bad spells of its path,
// faults, messages. Lives that never met one say nothing of what it would have done: then all that
// bounds its part of the rate is how seldom it comes.
#ifndef KEEPSIM_SIM_RUN_RARE_OCCURRENCE_H_
#define KEEPSIM_SIM_RUN_RARE_OCCURRENCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/trace/record.h"
#include "sim/world/plan.h"

namespace keepsim::rare {

// Met so often, an occurrence is part of what the replications' spread shows.
constexpr double kAmple = 20;

struct Occurrence {
  std::string name;     // "bad spells"
  std::string often;    // "come once in 3650 d"
  double chance = 0;    // that a life meets one
  double per_life = 0;  // expected number, at most; if chance < 1
  double declared = 0;  // false declarations that one has a part in, expected, at most
  double expected_met(int64_t lives) const { return chance * static_cast<double>(lives); }
  bool Scarce(int64_t lives) const {
    return chance > 0 && chance < 1 && expected_met(lives) < kAmple;
  }
};

// Of a client of `group`, drawn at random. A declaration ends a silence of at least the observer's
// limit, and such silences do not overlap: a spell that lasts for L meets at most 2 + L / limit of
// them. It meets one alone if nothing is heard while it lasts and no connection is made.
std::vector<Occurrence> OccurrencesOf(const Plan& plan, uint32_t group, Observer observer);

// What can happen to the clients in question and hardly happened in the lives that were watched:
// splitting never saw what it does.
struct Scarce {
  std::vector<Occurrence> what;
  double per_life = 0;  // false declarations that they have a part in, expected, at most
  double met = 0;       // expected, of the most frequent one
};

Scarce ScarceOf(const Plan& plan, uint32_t group, Observer observer, int64_t lives);
// "bad spells come once in 3650 d: fewer than one was met in the lives watched; ..."
std::string NoteOn(const Scarce& scarce);

}  // namespace keepsim::rare

#endif  // KEEPSIM_SIM_RUN_RARE_OCCURRENCE_H_
