// Reads a scenario: text format (.textproto, .txtpb, anything else), binary (.binpb, .pb), JSON
// (.json). Input is untrusted.
#ifndef KEEPSIM_SIM_SCENARIO_LOAD_H_
#define KEEPSIM_SIM_SCENARIO_LOAD_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/field_places.h"
#include "sim/scenario/scenario.pb.h"

namespace keepsim {

struct LoadedScenario {
  pb::Scenario proto;  // with the overrides applied
  std::string file;
  FieldPlaces places;                  // none for binary
  std::vector<std::string> overrides;  // "path=value", as given
};

enum class ScenarioFormat { kText, kBinary, kJson };

ScenarioFormat FormatOf(absl::string_view path);
// Reads the file; on errors adds to `diagnostics` and returns what could be read.
LoadedScenario Load(const std::string& path, Diagnostics& diagnostics);
LoadedScenario LoadText(absl::string_view contents, ScenarioFormat format, std::string file,
                        Diagnostics& diagnostics);

// `--set path=value`: "groups[0].count=1000", "groups[fleet].keep_alive=30s",
// "broker.grace_factor=2", "horizon=1h", "watchers={name: \"w\"}" (appends where repeated).
// What is in brackets is an index if it is a number, also where an element has that name.
void ApplyOverride(const std::string& text, LoadedScenario& scenario, Diagnostics& diagnostics);
// Takes a field or an element of a list away: "groups[0].path.middlebox", "faults[1]".
void ApplyRemoval(const std::string& path, LoadedScenario& scenario, Diagnostics& diagnostics);
// Elements of the list at `path`; -1 if there is no such list.
int ElementCount(const std::string& path, const pb::Scenario& scenario);

// The effective scenario as text, with defaults left out.
std::string ToText(const pb::Scenario& scenario);
// 32 hex digits over the deterministic serialisation: independent of comments and format.
std::string ScenarioDigest(const pb::Scenario& scenario);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_LOAD_H_
