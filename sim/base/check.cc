#include "sim/base/check.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace keepsim {
namespace {

thread_local std::string repro_line;

}  // namespace

void SetReproLine(std::string line) { repro_line = std::move(line); }

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "keepsim: %s:%d: internal check failed: %s\n", file, line, condition);
  if (!repro_line.empty()) {
    std::fprintf(stderr, "keepsim: this is a bug in KeepSim; it can be seen again with:\n  %s\n",
                 repro_line.c_str());
  }
  std::abort();
}

}  // namespace keepsim
