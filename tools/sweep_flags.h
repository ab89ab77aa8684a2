// What commands that run many scenarios into one store have in common: flags, folder, signals.
#ifndef KEEPSIM_TOOLS_SWEEP_FLAGS_H_
#define KEEPSIM_TOOLS_SWEEP_FLAGS_H_

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sim/run/runner.h"
#include "tools/command.h"

namespace keepsim {

struct SweepFlags {
  std::string file;
  std::string out;  // "": nothing is kept
  int threads = 0;
  Engine engine = Engine::kAuto;
};

// One positional file, --out, --resume, --threads, --engine. False, with a message printed, if they
// make no sense. `command`: for messages.
bool ParseSweepFlags(const Arguments& a, absl::string_view command, SweepFlags* flags);

// The store in a folder.
std::string StorePath(const std::string& dir);
// What is said once it is set; the exit code.
int Stopped(const SweepFlags& flags);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_SWEEP_FLAGS_H_
