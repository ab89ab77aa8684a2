// Assertions about our own code: a failure aborts with file, line and the run's repro line.
// User input never comes here (it gets absl::Status), nor does the simulated peer (a record).
#ifndef KEEPSIM_SIM_BASE_CHECK_H_
#define KEEPSIM_SIM_BASE_CHECK_H_

#include <string>

namespace keepsim {

// What the failure message ends with, per thread: seed, scenario and the command that reproduces.
void SetReproLine(std::string line);

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace keepsim

#define SIM_CHECK(condition)                                                                  \
  (__builtin_expect(!(condition), 0) ? ::keepsim::CheckFailed(__FILE__, __LINE__, #condition) \
                                     : void())

#ifndef NDEBUG
#define SIM_DCHECK(condition) SIM_CHECK(condition)
#else
#define SIM_DCHECK(condition) (true ? void() : void(condition))
#endif

#endif  // KEEPSIM_SIM_BASE_CHECK_H_
