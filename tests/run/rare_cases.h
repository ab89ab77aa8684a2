// Scenarios in which false declarations are rare, for the test of the estimator and for the table
// of docs/rare-events.md.
#ifndef KEEPSIM_TESTS_RUN_RARE_CASES_H_
#define KEEPSIM_TESTS_RUN_RARE_CASES_H_

#include <string>
#include <vector>

#include "sim/trace/record.h"

namespace keepsim {

// Clients that send a PINGREQ every 21 s over datagrams, whatever comes back, to a broker that
// bears 90 s of silence: four in a row have to be lost. Horizon 1 d.
std::string EagerScenario(double loss);
// False declarations by its broker per client-day, in closed form.
double EagerRate(double loss);

// One that a plain run can still count.
struct RareCase {
  const char* name;
  const char* text;  // horizon 1 d, as many clients as a plain run needs
  Observer observer;
};
const std::vector<RareCase>& RareCases();

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_RUN_RARE_CASES_H_
