// keepsim: run, check and replay scenarios. See docs/quickstart.md.
#include <cstdio>
#include <string>
#include <vector>

#include "sim/base/spelling.h"
#include "sim/trace/engine_version.h"
#include "tools/build_commit.h"
#include "tools/command.h"

namespace keepsim {
namespace {

struct Command {
  const char* name;
  int (*run)(const std::vector<std::string>&);
  const char* usage;
};

constexpr Command kCommands[] = {
    {"run", RunCommand,
     "run SCENARIO [--seed N] [--set PATH=VALUE]... [--threads N] [--out DIR] [--force]\n"
     "      [--format text|json] [--packets GROUP/INDEX,...] [--verify]\n"
     "      [--ties canonical|reversed|shuffled] [--engine auto|events|skip] [--explain-speed]"},
    {"check", CheckCommand, "check SCENARIO [--set PATH=VALUE]... [--print]"},
    {"sweep", SweepCommand,
     "sweep FILE [--out DIR] [--resume] [--shard I/N] [--threads N] | --print POINT\n"
     "  keepsim sweep --digest DIR"},
    {"merge", MergeCommand, "merge DIR... --out DIR"},
    {"compare", CompareCommand, "compare A B [--group NAME] [--format text|json]"},
    {"show", ShowCommand,
     "show TRACE [--client GROUP/INDEX] [--from TIME] [--to TIME] [--allow-damaged]"},
    {"replay", ReplayCommand,
     "replay TRACE [--incident N | --client GROUP/INDEX [--records]] [--from TIME] [--to TIME]\n"
     "      [--threads N] [--engine auto|events|skip] [--allow-damaged]"},
    {"explain", ExplainCommand, "explain TRACE [--incident N] [--allow-damaged]"},
    {"export", ExportCommand,
     "export TRACE --format csv|json|pcapng|perfetto [--client GROUP/INDEX,...] [--out FILE]\n"
     "      [--allow-damaged]"},
    {"diff", DiffCommand, "diff TRACE_A TRACE_B [--allow-damaged]"},
    {"profiles", ProfilesCommand, "profiles [NAME [VERSION]]"},
};

int Usage(std::FILE* to) {
  std::fprintf(to, "keepsim %s: what does this keepAlive do to this fleet?\n\n", kEngineVersion);
  for (const Command& c : kCommands) std::fprintf(to, "  keepsim %s\n", c.usage);
  std::fprintf(to,
               "\nExit codes: 0 done, 1 expectation not met or results differ, 2 bad input, 3 an "
               "invariant of the model was broken.\n");
  return to == stdout ? kExitOk : kExitBadInput;
}

int Main(const std::vector<std::string>& args) {
  if (args.empty()) return Usage(stderr);
  if (args[0] == "help" || args[0] == "--help" || args[0] == "-h") return Usage(stdout);
  if (args[0] == "version" || args[0] == "--version") {
    std::printf("keepsim, engine %s, build %s\n", kEngineVersion,
                kBuildCommit[0] == '\0' ? "not stamped (--stamp)" : kBuildCommit);
    return kExitOk;
  }
  std::vector<std::string> names;
  for (const Command& c : kCommands) {
    if (args[0] == c.name) return c.run({args.begin() + 1, args.end()});
    names.push_back(c.name);
  }
  Fail("unknown command \"" + args[0] + "\"" + DidYouMean(args[0], names));
  return Usage(stderr);
}

}  // namespace
}  // namespace keepsim

int main(int argc, char** argv) { return keepsim::Main({argv + 1, argv + argc}); }
