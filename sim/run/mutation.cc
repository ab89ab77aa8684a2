#include "sim/run/mutation.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "sim/base/duration_text.h"
#include "sim/base/random.h"
#include "sim/run/round_values.h"
#include "sim/scenario/compile_profile.h"

namespace keepsim {
namespace {

// Not among those of simulations: a hunt's draws are no client's.
constexpr auto kMutationPurpose = static_cast<Purpose>(8192);
constexpr uint64_t kDrawsPerAttempt = uint64_t{1} << 16;
constexpr uint64_t kAttemptsPerRun = uint64_t{1} << 6;
constexpr size_t kMostDimensions = 10000;

class Luck {
 public:
  Luck(uint64_t hunt_seed, uint64_t run, uint32_t attempt)
      : source_(GroupKey(hunt_seed, "hunt"), 0),
        next_((run * kAttemptsPerRun + attempt) * kDrawsPerAttempt) {}
  uint64_t Below(uint64_t n) { return source_.Draw64(kMutationPurpose, next_++) % n; }

 private:
  RandomSource source_;
  uint64_t next_;
};

std::vector<std::string> Between(absl::string_view low, absl::string_view high) {
  return RoundValues(low, high).value();
}

// A latency of each law, with its scale from 1 ms to 5 s.
std::vector<std::string> Latencies() {
  std::vector<std::string> texts;
  for (const std::string& d : Between("1ms", "5s")) {
    texts.push_back(absl::StrCat("{ constant: \"", d, "\" }"));
    texts.push_back(absl::StrCat("{ exponential { mean: \"", d, "\" } }"));
    for (const char* sigma : {"0.3", "0.7", "1.2"}) {
      texts.push_back(absl::StrCat("{ lognormal { median: \"", d, "\" sigma: ", sigma, " } }"));
    }
    texts.push_back(absl::StrCat("{ pareto { scale: \"", d, "\" shape: 1.5 } max: \"2m\" }"));
  }
  return texts;
}

std::vector<std::string> BurstValues() {
  std::vector<std::string> texts = {kNoValue};
  for (const char* good : {"1m", "10m", "1h"}) {
    for (const std::string& bad : Between("100ms", "2m")) {
      texts.push_back(absl::StrCat("{ mean_good: \"", good, "\" mean_bad: \"", bad, "\" }"));
    }
  }
  return texts;
}

// At a thirteenth of the horizon, two thirteenths, ..., to whole milliseconds.
std::vector<std::string> TimesWithin(Duration horizon) {
  constexpr int64_t kParts = 13;
  std::vector<std::string> texts;
  for (int64_t i = 1; i < kParts; ++i) {
    const Duration at = horizon / kParts * i;
    const Duration unit = horizon >= Seconds(100 * kParts) ? Seconds(1) : Milliseconds(1);
    texts.push_back(FormatDuration(at - at % unit));
  }
  return texts;
}

std::vector<std::string> FaultLengths(Duration horizon) {
  return Between("100ms", FormatDuration(std::max(Milliseconds(200), horizon / 4)));
}

std::vector<std::string> NewFaults(Duration horizon) {
  constexpr const char* kWhat[] = {"client: CRASH",
                                   "client: KILL",
                                   "client: FREEZE",
                                   "client: SLEEP",
                                   "client: MIDDLEBOX_FLUSH",
                                   "partition { directions: BOTH }",
                                   "partition { directions: UP }",
                                   "partition { directions: DOWN }",
                                   "degrade { loss: 0.5 }",
                                   "degrade { extra_latency: \"5s\" }",
                                   "broker_stall {}",
                                   "broker_down {}"};
  std::vector<std::string> texts;
  for (const char* what : kWhat) {
    for (const std::string& at : TimesWithin(horizon)) {
      for (const std::string& length : FaultLengths(horizon)) {
        texts.push_back(absl::StrCat("{ at: \"", at, "\" duration: \"", length, "\" ", what, " }"));
      }
    }
  }
  return texts;
}

void AddGroup(const pb::Group& group, int index, std::vector<Dimension>& all) {
  const std::string name = absl::StrCat("groups[", index, "]");
  all.push_back({name + ".keep_alive", Between("5s", "20m")});
  all.push_back({name + ".client", BuiltInProfiles(true)});
  std::vector<std::string> sides;
  if (group.path().has_both() || (!group.path().has_up() && !group.path().has_down())) {
    sides.push_back("both");
  }
  if (group.path().has_up()) sides.push_back("up");
  if (group.path().has_down()) sides.push_back("down");
  for (const std::string& side : sides) {
    const std::string path = absl::StrCat(name, ".path.", side);
    all.push_back({path + ".latency", Latencies()});
    all.push_back({path + ".loss", Between("0", "0.3")});
    all.push_back({path + ".bursts", BurstValues()});
  }
  if (group.path().has_middlebox()) {
    all.push_back({name + ".path.middlebox", {kNoValue}});
    all.push_back({name + ".path.middlebox.idle_timeout", Between("10s", "2h")});
  }
  for (int i = 0; i < group.random_faults_size(); ++i) {
    all.push_back({absl::StrCat(name, ".random_faults[", i, "]"), {kNoValue}});
  }
}

// Each [*] of the path replaced by every index that there is.
void ExpandPath(const std::string& path, const pb::Scenario& scenario,
                std::vector<std::string>& paths) {
  const size_t star = path.find("[*]");
  if (star == std::string::npos) {
    paths.push_back(path);
    return;
  }
  const int n = ElementCount(path.substr(0, star), scenario);
  for (int i = 0; i < n; ++i) {
    ExpandPath(absl::StrCat(path.substr(0, star), "[", i, "]", path.substr(star + 3)), scenario,
               paths);
  }
}

absl::StatusOr<std::vector<std::string>> ValuesOf(const pb::Bound& bound) {
  const bool range = !bound.low().empty() || !bound.high().empty();
  if (range == (bound.values_size() > 0)) {
    return absl::InvalidArgumentError("needs either `values` or `low` and `high`");
  }
  if (range) return RoundValues(bound.low(), bound.high());
  std::vector<std::string> values;
  for (const std::string& v : bound.values()) {
    const bool client = absl::EndsWith(bound.path(), ".client");
    if (v == "*" && (client || bound.path() == "broker.profile")) {
      const std::vector<std::string> names = BuiltInProfiles(client);
      values.insert(values.end(), names.begin(), names.end());
    } else {
      values.push_back(v);
    }
  }
  return values;
}

// Applies one change. False, with a reason: the path or the value does not fit the schema.
bool Apply(const std::string& path, const std::string& value, LoadedScenario& scenario,
           std::string* why) {
  Diagnostics found;
  if (value == kNoValue) {
    ApplyRemoval(path, scenario, found);
  } else {
    ApplyOverride(absl::StrCat(path, "=", value), scenario, found);
  }
  if (!found.ok()) *why = found.items().front().message;
  return found.ok();
}

}  // namespace

std::vector<Dimension> DimensionsOf(const pb::HuntBounds& bounds, const LoadedScenario& scenario,
                                    const std::string& file, Diagnostics& diagnostics) {
  std::vector<Dimension> all;
  for (int b = 0; b < bounds.bounds_size(); ++b) {
    const pb::Bound& bound = bounds.bounds(b);
    const auto fail = [&](absl::string_view why) {
      diagnostics.Add({false, file, 0, 0, absl::StrCat("bounds[", b, "] (", bound.path(), ")"),
                       std::string(why)});
    };
    const auto values = ValuesOf(bound);
    if (!values.ok()) {
      fail(values.status().message());
      continue;
    }
    std::vector<std::string> paths;
    ExpandPath(bound.path(), scenario.proto, paths);
    if (paths.empty()) fail("the scenario has no such element");
    for (const std::string& path : paths) {
      if (path == "seed") {
        fail("every run has a seed of its own already");
        continue;
      }
      for (const std::string& value : *values) {
        LoadedScenario copy = scenario;
        std::string why;
        if (Apply(path, value, copy, &why)) continue;
        fail(absl::StrCat("\"", value, "\": ", why));
        break;
      }
      all.push_back({path, *values});
    }
  }
  if (all.size() > kMostDimensions) {
    diagnostics.Add({false, file, 0, 0, "bounds",
                     absl::StrCat(all.size(), " fields may change; at most ", kMostDimensions)});
  }
  return all;
}

std::vector<Dimension> DefaultDimensions(const pb::Scenario& scenario) {
  const absl::StatusOr<Duration> parsed = ParseDuration(scenario.horizon());
  const Duration horizon = parsed.ok() ? *parsed : Seconds(3600);
  std::vector<Dimension> all;
  for (int g = 0; g < scenario.groups_size(); ++g) AddGroup(scenario.groups(g), g, all);
  all.push_back({"broker.profile", BuiltInProfiles(false)});
  for (int f = 0; f < scenario.faults_size(); ++f) {
    const std::string name = absl::StrCat("faults[", f, "]");
    all.push_back({name, {kNoValue}});
    all.push_back({name + ".at", TimesWithin(horizon)});
    all.push_back({name + ".duration", FaultLengths(horizon)});
  }
  all.push_back({"faults", NewFaults(horizon)});
  return all;
}

bool ParseBound(const std::string& text, pb::Bound* bound) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return false;
  bound->set_path(text.substr(0, equals));
  const std::string rest = text.substr(equals + 1);
  const size_t dots = rest.find("..");
  if (dots != std::string::npos && rest[0] != '{') {
    bound->set_low(rest.substr(0, dots));
    bound->set_high(rest.substr(dots + 2));
  } else if (rest[0] == '{') {  // one message, which may hold commas
    bound->add_values(rest);
  } else {
    for (const absl::string_view value : absl::StrSplit(rest, ',')) {
      bound->add_values(std::string(value));
    }
  }
  return true;
}

Mutant MutantOf(const LoadedScenario& scenario, const std::vector<Dimension>& dimensions,
                uint64_t hunt_seed, uint64_t run, uint32_t attempt) {
  Mutant mutant;
  mutant.scenario = scenario;
  mutant.scenario.places = {};
  const uint64_t seed = scenario.proto.seed() == 0 ? 1 : scenario.proto.seed();
  mutant.scenario.proto.set_seed(seed + run == 0 ? 1 : seed + run);
  if (run == 0 || attempt + 1 >= kAttemptsPerRun || dimensions.empty()) return mutant;
  Luck luck(hunt_seed, run, attempt);
  const uint64_t rarity = luck.Below(4);  // 0: nothing but the seed
  if (rarity == 0) return mutant;
  std::vector<size_t> chosen;
  for (size_t d = 0; d < dimensions.size(); ++d) {
    if (luck.Below(uint64_t{1} << rarity) == 0) chosen.push_back(d);
  }
  if (chosen.empty()) chosen.push_back(luck.Below(dimensions.size()));
  // What takes elements away comes last, from the back: the paths of the others still hold.
  std::vector<std::string> removals;
  std::string ignored;
  for (const size_t d : chosen) {
    const std::string& value = dimensions[d].values[luck.Below(dimensions[d].values.size())];
    if (value == kNoValue) {
      removals.push_back(dimensions[d].path);
    } else if (Apply(dimensions[d].path, value, mutant.scenario, &ignored)) {
      mutant.changes.push_back(absl::StrCat(dimensions[d].path, "=", value));
    }
  }
  for (auto path = removals.rbegin(); path != removals.rend(); ++path) {
    if (Apply(*path, kNoValue, mutant.scenario, &ignored)) {
      mutant.changes.push_back(absl::StrCat(*path, "=", kNoValue));
    }
  }
  mutant.scenario.overrides = scenario.overrides;
  return mutant;
}

}  // namespace keepsim
