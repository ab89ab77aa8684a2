// What theory says of a simple failure detector: heartbeats every eta, each lost with probability p
// or delayed by independent draws of one law that do not overtake one another; suspects after a
// time-out without an arrival, trusts again at the next. (Chen, Toueg and Aguilera, IEEE ToC 51(5),
// 2002, for the quantities; the sums follow from the run lengths of losses.)
#ifndef KEEPSIM_SIM_RUN_DETECTOR_THEORY_H_
#define KEEPSIM_SIM_RUN_DETECTOR_THEORY_H_

#include <vector>

namespace keepsim {

struct DetectorTheory {
  double mistakes_per_s = 0;     // lambda_M
  double duration_s = 0;         // E(T_M); 0 if there are no mistakes
  double duration_variance = 0;  // of T_M, s^2
  double accuracy = 1;           // P_A
};

// `delays_s`: equally likely ones, ascending. REQUIRES: loss in [0, 1), timeout_s > 0.
DetectorTheory SimpleDetector(double eta_s, double timeout_s, double loss,
                              const std::vector<double>& delays_s);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_DETECTOR_THEORY_H_
