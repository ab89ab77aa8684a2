// Scenarios written by hand, each about one thing.
#ifndef KEEPSIM_TESTS_ORACLE_CASES_H_
#define KEEPSIM_TESTS_ORACLE_CASES_H_

#include <string>
#include <vector>

namespace keepsim::oracle {

struct Case {
  std::string name;
  std::string text;
};

std::vector<Case> Cases();

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_CASES_H_
