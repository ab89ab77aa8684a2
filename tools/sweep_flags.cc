#include "tools/sweep_flags.h"

#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "sim/run/store.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

}  // namespace

bool ParseSweepFlags(const Arguments& a, absl::string_view command, SweepFlags* flags) {
  const auto bad = [](const std::string& message) { return Fail(message) == kExitOk; };
  if (a.positional().size() != 1) {
    return bad(absl::StrCat(command, " needs one ", command, " file"));
  }
  flags->file = a.positional()[0];
  if (a.Has("out")) flags->out = UserPath(a.Get("out"));
  if (a.Has("out") && flags->out.empty()) return bad("--out needs the name of a folder");
  if (!ReadThreads(a, &flags->threads)) return false;
  std::string engine;
  if (!ReadWord(a, "engine", {"auto", "events"}, &engine)) return false;
  flags->engine = engine == "events" ? Engine::kEvents : Engine::kAuto;
  std::error_code error;
  if (a.Has("resume") && flags->out.empty()) {
    return bad("--resume needs --out DIR, the folder to go on with");
  }
  if (a.Has("resume") && !fs::exists(StorePath(flags->out), error)) {
    return bad(absl::StrCat(StorePath(flags->out), " is not there: there is nothing to resume"));
  }
  return true;
}

std::string StorePath(const std::string& dir) { return absl::StrCat(dir, "/", Store::kFileName); }

int Stopped(const SweepFlags& flags) {
  std::fprintf(
      stderr, "keepsim: stopped; %s\n",
      flags.out.empty() ? "nothing was written" : "the same command goes on where this one ended");
  return kExitStopped;
}

}  // namespace keepsim
