// What the subcommands of keepsim share: arguments, exit codes, loading.
#ifndef KEEPSIM_TOOLS_COMMAND_H_
#define KEEPSIM_TOOLS_COMMAND_H_

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/run/replay.h"
#include "sim/scenario/load.h"
#include "sim/trace/text.h"
#include "sim/world/plan.h"

namespace keepsim {

inline constexpr int kExitOk = 0;
inline constexpr int kExitNotMet = 1;  // expectations not met, or results differ
inline constexpr int kExitBadInput = 2;
inline constexpr int kExitViolation = 3;  // the model broke an invariant of its own
inline constexpr int kExitMissing =
    4;  // runs are missing in a store: out of memory, or other shards
inline constexpr int kExitStopped = 130;  // Ctrl-C

// Flags of one command: "--name value", "--name=value", switches; the rest are positional.
class Arguments {
 public:
  // `valued` and `switches`: names without dashes. Prints a message and returns false on an
  // unknown flag or a missing value.
  bool Parse(const std::vector<std::string>& args, const std::vector<std::string>& valued,
             const std::vector<std::string>& switches);
  bool Has(const std::string& name) const;
  // The last value given; `fallback` if none.
  std::string Get(const std::string& name, const std::string& fallback = "") const;
  std::vector<std::string> All(const std::string& name) const;
  const std::vector<std::string>& positional() const { return positional_; }

 private:
  std::vector<std::pair<std::string, std::string>> flags_;
  std::vector<std::string> positional_;
};

// Relative paths are the user's, also under `bazel run`, which changes the folder.
std::string UserPath(const std::string& path);

struct Prepared {
  LoadedScenario scenario;
  std::unique_ptr<Plan> plan;
};
// Loads, overrides (--set, --seed) and compiles; prints errors, and warnings if `warn`, to stderr.
// Null plan: errors.
Prepared Prepare(const std::string& path, const Arguments& arguments);
Prepared PrepareLoaded(LoadedScenario scenario, const Arguments& arguments, bool warn);

// The first record that differs, on both sides, under these names.
std::string DifferenceText(const Replayed& replayed, const RecordText& text,
                           const std::string& first, const std::string& second);

// report.html beside the store of the sweep in `dir`.
absl::Status WriteSweepReport(const std::string& dir);

// Print "keepsim: message" and return kExitBadInput.
int Fail(const std::string& message);
int Fail(const absl::Status& status);

// ---- values of flags; false, with a message printed, if they are none of what is allowed
// Without the flag `number` stays what it is.
template <typename Int>
bool ReadNumber(const Arguments& arguments, const std::string& flag, std::type_identity_t<Int> low,
                std::type_identity_t<Int> high, Int* number) {
  if (!arguments.Has(flag)) return true;
  const std::string text = arguments.Get(flag);
  if (absl::SimpleAtoi(text, number) && *number >= low && *number <= high) return true;
  Fail(absl::StrCat("--", flag, " must be a number from ", low, " to ", high, ", not \"", text,
                    "\""));
  return false;
}
bool ReadThreads(const Arguments& arguments, int* threads);
// Without the flag: the first of `words`.
bool ReadWord(const Arguments& arguments, const std::string& flag,
              const std::vector<std::string>& words, std::string* word);

// ---- the commands
int RunCommand(const std::vector<std::string>& args);
int CheckCommand(const std::vector<std::string>& args);
int CompareCommand(const std::vector<std::string>& args);
int ShowCommand(const std::vector<std::string>& args);
int ReplayCommand(const std::vector<std::string>& args);
int SweepCommand(const std::vector<std::string>& args);
int TuneCommand(const std::vector<std::string>& args);
int MergeCommand(const std::vector<std::string>& args);
int SlurmCommand(const std::vector<std::string>& args);
int ReportCommand(const std::vector<std::string>& args);
int ProfilesCommand(const std::vector<std::string>& args);
int ExplainCommand(const std::vector<std::string>& args);
int FleetCommand(const std::vector<std::string>& args);
int ExportCommand(const std::vector<std::string>& args);
int HuntCommand(const std::vector<std::string>& args);
int ShrinkCommand(const std::vector<std::string>& args);
int RareCommand(const std::vector<std::string>& args);
int ProbeCommand(const std::vector<std::string>& args);
int DiffCommand(const std::vector<std::string>& args);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_COMMAND_H_
