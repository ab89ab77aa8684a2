// keepsim: run, check and replay scenarios. See docs/quickstart.md.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "google/protobuf/stubs/logging.h"
#include "sim/base/memory_limit.h"
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
     "run SCENARIO [--seed N] [--set PATH=VALUE]... [--threads N] [--out DIR [--fleet] [--force]]\n"
     "      [--format text|json] [--packets GROUP/INDEX,...] [--verify]\n"
     "      [--ties canonical|reversed|shuffled] [--engine auto|events|skip] [--explain-speed]"},
    {"check", CheckCommand, "check SCENARIO [--set PATH=VALUE]... [--print]"},
    {"sweep", SweepCommand,
     "sweep FILE [--out DIR] [--resume] [--shard I/N|auto] [--threads N] [--engine auto|events]\n"
     "  keepsim sweep FILE --print POINT | --split N --out DIR\n"
     "  keepsim sweep --digest DIR"},
    {"tune", TuneCommand,
     "tune FILE [--out DIR] [--resume] [--threads N] [--engine auto|events]\n"
     "      [--format text|json|csv]\n"
     "  keepsim tune FILE --print POINT"},
    {"merge", MergeCommand, "merge DIR... --out DIR [--sweep FILE]"},
    {"slurm", SlurmCommand,
     "slurm FILE --shards N --out DIR [--submit] [--sbatch FLAG]... [--keepsim PROGRAM]"},
    {"report", ReportCommand, "report DIR [--out FILE]"},
    {"compare", CompareCommand,
     "compare A B [--group NAME] [--format text|json|csv]\n"
     "  keepsim compare DIR[@POINT] DIR[@POINT] | DIR --axis NAME [--against VALUE]\n"
     "      [--metric PATH]... [--group NAME] [--format text|json|csv]"},
    {"show", ShowCommand,
     "show TRACE [--client GROUP/INDEX] [--from TIME] [--to TIME] [--allow-damaged]"},
    {"replay", ReplayCommand,
     "replay TRACE [--threads N] [--engine auto|events|skip] [--allow-damaged]\n"
     "  keepsim replay TRACE --incident N | --client GROUP/INDEX [--records] [--from TIME] [--to "
     "TIME]\n"
     "      [--step] [--allow-damaged]"},
    {"explain", ExplainCommand,
     "explain TRACE [--incident N [--page FILE] | --expect SIGNATURE... --expect-not "
     "SIGNATURE...]\n"
     "      [--allow-damaged]"},
    {"fleet", FleetCommand, "fleet TRACE [--out FILE] [--time-lines N] [--allow-damaged]"},
    {"export", ExportCommand,
     "export TRACE --format csv|json|jsonl|sqlite|pcapng|perfetto [--client GROUP/INDEX,...]\n"
     "      [--out FILE] [--allow-damaged]"},
    {"rare", RareCommand,
     "rare SCENARIO [--group NAME] [--replications N] [--trials N] [--seed N]\n"
     "      [--set PATH=VALUE]... [--threads N] [--format text|json]"},
    {"hunt", HuntCommand,
     "hunt SCENARIO [--for SIGNATURE]... [--runs N] [--for-time TIME] [--out DIR] [--seed N]\n"
     "      [--vary PATH=LOW..HIGH]... [--vary PATH=VALUE,...]... [--bounds FILE] [--seeds-only]\n"
     "      [--hunt-seed N] [--set PATH=VALUE]... [--threads N] [--format text|json] [--print]\n"
     "      [--run N]"},
    {"shrink", ShrinkCommand,
     "shrink TRACE|SCENARIO [--incident N] [--for SIGNATURE] [--out FILE] [--runs N] [--threads "
     "N]\n"
     "      [--allow-damaged]"},
    {"diff", DiffCommand, "diff TRACE_A TRACE_B [--allow-damaged]"},
    {"probe", ProbeCommand,
     "probe --broker HOST:PORT [--keep-alive S] [--clients N] [--silent N] [--dropped N] [--for "
     "T]\n"
     "      [--mqtt 3.1.1|5] [--client PROFILE] [--client-id-prefix TEXT] [--no-publish]\n"
     "      [--user NAME] [--password TEXT | --password-file FILE]\n"
     "      [--tls [--ca FILE] [--cert FILE [--key FILE]] [--insecure]]\n"
     "      [--out FILE.textproto|DIR] [--trace FILE] [--format text|json] [--force]"},
    {"profiles", ProfilesCommand, "profiles [NAME [VERSION]]"},
};

int Usage(std::FILE* to) {
  std::fprintf(to, "keepsim %s: what does this keepAlive do to this fleet?\n\n", kEngineVersion);
  for (const Command& c : kCommands) std::fprintf(to, "  keepsim %s\n", c.usage);
  std::fprintf(
      to,
      "\nExit codes: 0 done, 1 expectation not met, results differ or a probe is partial, 2 bad "
      "input, 3 an invariant of the model was broken, 4 runs are missing in a store, 130 "
      "stopped.\n");
  return to == stdout ? kExitOk : kExitBadInput;
}

bool IsHelp(const std::string& arg) { return arg == "--help" || arg == "-h"; }

int UsageOf(const Command& command) {
  std::printf("keepsim %s\n", command.usage);
  return kExitOk;
}

int Unknown(const std::string& command) {
  std::vector<std::string> names;
  for (const Command& c : kCommands) names.push_back(c.name);
  Fail("unknown command \"" + command + "\"" + DidYouMean(command, names));
  return Usage(stderr);
}

int Main(const std::vector<std::string>& args) {
  if (args.empty()) return Usage(stderr);
  if (args[0] == "help" || IsHelp(args[0])) {
    for (const Command& c : kCommands) {
      if (args.size() > 1 && args[1] == c.name) return UsageOf(c);
    }
    const bool none = args.size() == 1 || args[1] == "help" || args[1] == "version" ||
                      absl::StartsWith(args[1], "-");
    return none ? Usage(stdout) : Unknown(args[1]);
  }
  if (args[0] == "version" || args[0] == "--version") {
    std::printf("keepsim, engine %s, build %s\n", kEngineVersion,
                kBuildCommit[0] == '\0' ? "not stamped (--stamp)" : kBuildCommit);
    return kExitOk;
  }
  for (const Command& c : kCommands) {
    if (args[0] != c.name) continue;
    if (std::any_of(args.begin() + 1, args.end(), IsHelp)) return UsageOf(c);
    return c.run({args.begin() + 1, args.end()});
  }
  return Unknown(args[0]);
}

}  // namespace
}  // namespace keepsim

int main(int argc, char** argv) {
  google::protobuf::SetLogHandler(nullptr);  // what it has to say is in our own messages
  int code = 0;
  const absl::Status status = keepsim::WithinMemory([&] {
    code = keepsim::Main({argv + 1, argv + argc});
    return absl::OkStatus();
  });
  if (!status.ok()) return keepsim::Fail(status);
  // A full disk behind stdout must not look like success.
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return keepsim::Fail(std::string("the output cannot be written: ") + std::strerror(errno));
}
