// Closed forms to hold a run against, for groups simple enough to have one: idle clients, the
// specification's kind of rule, one loss law. Chen, Toueg, Aguilera (2002) for the notation.
#ifndef KEEPSIM_SIM_RUN_THEORY_H_
#define KEEPSIM_SIM_RUN_THEORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/metrics/tally.h"
#include "sim/world/plan.h"

namespace keepsim {

struct TheoreticalFigure {
  std::string group;
  std::string quantity;  // in words, with its unit
  std::string formula;
  double expected = 0;
  double simulated = 0;
  double standard_error = 0;  // of the simulated figure, by the theory
  int64_t samples = 0;

  // How many standard errors the simulation is off.
  double z() const { return (simulated - expected) / standard_error; }
};

// Of every group that fits a closed form and has at least ten samples for it. `tallies` are by
// group, in the plan's order.
std::vector<TheoreticalFigure> TheoryOf(const Plan& plan, const std::vector<Tally>& tallies);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_THEORY_H_
