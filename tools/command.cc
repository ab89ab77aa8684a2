#include "tools/command.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/spelling.h"
#include "sim/run/run_summary.h"
#include "sim/scenario/compile.h"

namespace keepsim {

bool Arguments::Parse(const std::vector<std::string>& args, const std::vector<std::string>& valued,
                      const std::vector<std::string>& switches) {
  const auto known = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (size_t i = 0; i < args.size(); ++i) {
    if (!absl::StartsWith(args[i], "--")) {
      if (args[i].size() > 1 && args[i][0] == '-') {
        Fail(absl::StrCat("unknown flag ", args[i], "; a file of that name: ./", args[i]));
        return false;
      }
      positional_.push_back(args[i]);
      continue;
    }
    std::string name = args[i].substr(2);
    const size_t equals = name.find('=');
    std::string value;
    const bool given = equals != std::string::npos;
    if (given) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    if (known(switches, name) && !given) {
      flags_.emplace_back(name, "");
    } else if (known(valued, name)) {
      if (!given && ++i == args.size()) {
        Fail(absl::StrCat("--", name, " needs a value"));
        return false;
      }
      flags_.emplace_back(name, given ? value : args[i]);
    } else if (known(switches, name)) {
      Fail(absl::StrCat("--", name, " takes no value"));
      return false;
    } else {
      std::vector<std::string> all = valued;
      all.insert(all.end(), switches.begin(), switches.end());
      Fail(absl::StrCat("unknown flag --", name, DidYouMean(name, all)));
      return false;
    }
  }
  return true;
}

bool Arguments::Has(const std::string& name) const {
  return std::any_of(flags_.begin(), flags_.end(), [&](const auto& f) { return f.first == name; });
}

std::string Arguments::Get(const std::string& name, const std::string& fallback) const {
  std::string value = fallback;
  for (const auto& [flag, v] : flags_) {
    if (flag == name) value = v;
  }
  return value;
}

std::vector<std::string> Arguments::All(const std::string& name) const {
  std::vector<std::string> values;
  for (const auto& [flag, v] : flags_) {
    if (flag == name) values.push_back(v);
  }
  return values;
}

std::string UserPath(const std::string& path) {
  const char* user = std::getenv("BUILD_WORKING_DIRECTORY");
  if (user == nullptr || path.empty() || path[0] == '/') return path;
  return absl::StrCat(user, "/", path);
}

std::string DifferenceText(const Replayed& replayed, const RecordText& text,
                           const std::string& first, const std::string& second) {
  const auto line = [&](const std::optional<TraceRecord>& r) {
    return r.has_value() ? text.Line(*r) : std::string("(ended)");
  };
  const size_t width = std::max(first.size(), second.size());
  const auto name = [&](const std::string& n) { return n + std::string(width - n.size(), ' '); };
  return absl::StrCat("different after ", replayed.met, " records:\n  ", name(first), "  ",
                      line(replayed.stored), "\n  ", name(second), "  ", line(replayed.simulated),
                      "\n");
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "keepsim: %s\n", message.c_str());
  return kExitBadInput;
}

int Fail(const absl::Status& status) { return Fail(std::string(status.message())); }

bool ReadThreads(const Arguments& arguments, int* threads) {
  return ReadNumber(arguments, "threads", 1, 1024, threads);
}

bool ReadWord(const Arguments& arguments, const std::string& flag,
              const std::vector<std::string>& words, std::string* word) {
  *word = arguments.Get(flag, words[0]);
  if (std::find(words.begin(), words.end(), *word) != words.end()) return true;
  const std::vector<std::string> but_last(words.begin(), words.end() - 1);
  Fail(absl::StrCat("--", flag, " must be ", absl::StrJoin(but_last, ", "), " or ", words.back(),
                    ", not \"", *word, "\""));
  return false;
}

namespace {

// What a client takes while its cell runs, as measured with a million of them.
constexpr int64_t kClientBytes = 4800;
constexpr int64_t kMuch = int64_t{1} << 30;

void WarnOfMemory(const Plan& plan) {
  const int64_t bytes = plan.client_count() * kClientBytes;
  if (!IsCoupled(plan) || bytes < kMuch) return;
  std::fprintf(stderr,
               "keepsim: warning: a shared limit (accept rate, handling time, kill rate) joins all "
               "%u clients into one cell: about %lld GiB of memory\n",
               plan.client_count(), static_cast<long long>(bytes / kMuch));
}

}  // namespace

Prepared PrepareLoaded(LoadedScenario scenario, const Arguments& arguments, bool warn) {
  Prepared p;
  Diagnostics diagnostics;
  for (const std::string& text : arguments.All("set")) {
    ApplyOverride(text, scenario, diagnostics);
  }
  if (arguments.Has("seed")) {
    uint64_t seed = 0;
    if (!absl::SimpleAtoi(arguments.Get("seed"), &seed) || seed == 0) {
      diagnostics.Add({false, "--seed", 0, 0, "",
                       absl::StrCat("\"", arguments.Get("seed"),
                                    "\" is not a seed; give a number from 1 to 2^64 - 1")});
    }
    scenario.proto.set_seed(seed);
  }
  auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  CheckExpectations(scenario, diagnostics);
  if (warn || !diagnostics.ok()) std::fputs(diagnostics.Render().c_str(), stderr);
  p.scenario = std::move(scenario);
  if (!diagnostics.ok()) return p;
  if (warn) WarnOfMemory(*plan);
  plan->Link();
  p.plan = std::move(plan);
  return p;
}

Prepared Prepare(const std::string& path, const Arguments& arguments) {
  Diagnostics diagnostics;
  LoadedScenario scenario = Load(UserPath(path), diagnostics);
  scenario.file = path;
  if (diagnostics.ok()) return PrepareLoaded(std::move(scenario), arguments, /*warn=*/true);
  // What could be read is checked as well, so that all errors are shown at once.
  const bool readable = scenario.places.tree != nullptr;
  if (readable) {
    (void)Compile(scenario, diagnostics);
    CheckExpectations(scenario, diagnostics);
  }
  std::fputs(diagnostics.Render().c_str(), stderr);
  return {};
}

}  // namespace keepsim
