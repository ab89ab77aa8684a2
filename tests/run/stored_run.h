// A scenario's run with its trace, for tests of what is done with stored traces.
#ifndef KEEPSIM_TESTS_RUN_STORED_RUN_H_
#define KEEPSIM_TESTS_RUN_STORED_RUN_H_

#include <memory>
#include <string>

#include "sim/trace/reader.h"
#include "sim/world/plan.h"

namespace keepsim {

struct StoredRun {
  std::string path;  // of the trace
  std::unique_ptr<Plan> plan;
  std::unique_ptr<TraceReader> trace;
};

// REQUIRES: the text is a valid scenario. Aborts otherwise, and where the trace cannot be written.
StoredRun Store(const std::string& scenario);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_RUN_STORED_RUN_H_
