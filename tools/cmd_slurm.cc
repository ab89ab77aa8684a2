// keepsim slurm: a sweep as a job array of Slurm and a job that merges what the array gave.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "sim/base/quote.h"
#include "sim/run/store.h"
#include "sim/run/sweep.h"
#include "sim/run/sweep_runner.h"
#include "tools/command.h"
#include "tools/result_folder.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

// MaxArraySize - 1 of a Slurm that is not told otherwise.
constexpr uint32_t kMostShards = 1000;

struct Job {
  std::string file;     // the sweep file; like all paths here, absolute
  std::string out;      // what the merge writes
  std::string folder;   // scripts and logs
  std::string program;  // keepsim, on the nodes
  uint32_t shards = 0;
  std::vector<std::string> flags;  // for sbatch, both jobs
};

std::string Head(const Job& job, absl::string_view name, absl::string_view log) {
  // %-signs of a path are not Slurm's.
  const std::string folder = absl::StrReplaceAll(job.folder, {{"%", "%%"}});
  std::string text = absl::StrCat("#!/bin/bash\n#SBATCH --job-name=", name, "\n#SBATCH --output=\"",
                                  folder, "/", log,
                                  "\"\n"
                                  "# A job that lost its node begins again where it was.\n"
                                  "#SBATCH --requeue\n#SBATCH --open-mode=append\n");
  for (const std::string& flag : job.flags) absl::StrAppend(&text, "#SBATCH ", flag, "\n");
  return text;
}

std::string ShardScript(const Job& job, const std::string& name) {
  return absl::StrCat(
      Head(job, name, "shard-%a.log"), "#SBATCH --ntasks=1\n#SBATCH --array=1-", job.shards,
      "\nset -u\ntrap : TERM\n", ShellWord(job.program), " sweep ", ShellWord(job.file),
      // Not what Slurm says of the array: `sbatch --array=3` does one again, as an array of one.
      " --shard \"$SLURM_ARRAY_TASK_ID/", job.shards,
      "\" --threads \"${SLURM_CPUS_PER_TASK:-1}\" \\\n  --out ", ShellWord(job.out + "/shards"),
      "/\"$SLURM_ARRAY_TASK_ID\" > /dev/null\ncode=$?\n"
      "# Asked to stop: what it has is kept. A task that ends by itself while it is\n"
      "# requeued has failed for Slurm, which then cancels the merge job; one that is\n"
      "# killed (after KillWait) has not.\n"
      "[ $code != 130 ] || sleep 300\n"
      "# Failed runs (1, 3) are in the store, and the merge lists them.\n"
      "[ $code = 1 ] || [ $code = 3 ] || exit $code\n");
}

std::string MergeScript(const Job& job, const std::string& name) {
  return absl::StrCat(Head(job, name + "-merge", "merge.log"),
                      "#SBATCH --ntasks=1\nset -u\n"
                      "# Done before this job was begun again.\n[ -e ",
                      ShellWord(absl::StrCat(job.out, "/", Store::kFileName)),
                      " ] && exit 0\nexec ", ShellWord(job.program), " merge ",
                      ShellWord(job.out + "/shards"), "/{1..", job.shards, "} --out ",
                      ShellWord(job.out), "\n");
}

std::string SubmitScript(const Job& job) {
  return absl::StrCat(
      "#!/bin/bash\n# Submits both jobs; again, once more: what is done stays done.\nset -eu\n"
      "cd ",
      ShellWord(job.folder),
      "\nshards=$(sbatch --parsable shards.sbatch)\n"
      "merge=$(sbatch --parsable --dependency=\"afterok:${shards%%;*}\" "
      "--kill-on-invalid-dep=yes merge.sbatch)\n"
      "echo \"job array ${shards%%;*}, then merge job ${merge%%;*}\"\n");
}

// Letters of a name that Slurm's tables show well.
std::string JobName(const std::string& name) {
  std::string out = name;
  for (char& c : out) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') c = '_';
  }
  return out.empty() ? "sweep" : out;
}

absl::Status WriteScripts(const Job& job, const std::string& name) {
  if (absl::Status s = MakeFolder(job.folder); !s.ok()) return s;
  std::error_code error;
  const std::pair<const char*, std::string> files[] = {{"shards.sbatch", ShardScript(job, name)},
                                                       {"merge.sbatch", MergeScript(job, name)},
                                                       {"submit", SubmitScript(job)}};
  for (const auto& [file, text] : files) {
    absl::Status s = WriteWholeFile(absl::StrCat(job.folder, "/", file), text);
    if (!s.ok()) return s;
  }
  fs::permissions(job.folder + "/submit", fs::perms::owner_exec | fs::perms::group_exec,
                  fs::perm_options::add, error);
  return absl::OkStatus();
}

// False, with a message printed, if the flags make no sense.
bool ParseJob(const Arguments& a, Job* job) {
  const auto bad = [](const std::string& message) { return Fail(message) == kExitOk; };
  if (a.positional().size() != 1) return bad("slurm needs one sweep file");
  if (!a.Has("shards")) return bad(absl::StrCat("slurm needs --shards N, 1 to ", kMostShards));
  if (!ReadNumber(a, "shards", 1, kMostShards, &job->shards)) return false;
  if (a.Get("out").empty()) {
    return bad("slurm needs --out DIR, a folder that all nodes see under this name");
  }
  job->flags = a.All("sbatch");
  for (const std::string& flag : job->flags) {
    if (flag.empty() || flag[0] != '-' || flag.find('\n') != std::string::npos) {
      return bad(absl::StrCat(
          "--sbatch takes a flag of sbatch, such as --sbatch=--time=2:00:00, not \"", flag, "\""));
    }
  }
  std::error_code error;
  job->file = fs::absolute(UserPath(a.positional()[0]), error).lexically_normal();
  job->out = fs::absolute(UserPath(a.Get("out")), error).lexically_normal();
  while (job->out.size() > 1 && job->out.back() == '/') job->out.pop_back();
  job->folder = job->out + "/slurm";
  job->program =
      a.Has("keepsim") ? a.Get("keepsim") : fs::read_symlink("/proc/self/exe", error).string();
  return true;
}

}  // namespace

int SlurmCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"shards", "out", "sbatch", "keepsim"}, {"submit"})) return kExitBadInput;
  Job job;
  if (!ParseJob(a, &job)) return kExitBadInput;
  Diagnostics diagnostics;
  const Sweep sweep = LoadSweep(job.file, a.positional()[0], diagnostics);
  std::fputs(diagnostics.Render().c_str(), stderr);
  if (!diagnostics.ok()) return kExitBadInput;
  const std::vector<SweepJob> runs = JobsOf(sweep);
  if (job.shards > runs.size()) {
    return Fail(absl::StrCat("--shards ", job.shards, ": the sweep has only ", runs.size(),
                             sweep.until ? " points" : " runs"));
  }
  if (std::error_code error; fs::exists(absl::StrCat(job.out, "/", Store::kFileName), error)) {
    return Fail(
        absl::StrCat(job.out, "/", Store::kFileName, " is there already; choose another folder"));
  }
  if (const absl::Status s = WriteScripts(job, JobName(sweep.name)); !s.ok()) {
    return Fail(s);
  }
  double most = 0;
  double total = 0;
  for (uint32_t i = 0; i < job.shards; ++i) {
    double cost = 0;
    for (const SweepJob& run : ShardOf(runs, i, job.shards)) cost += run.cost;
    most = std::max(most, cost);
    total += cost;
  }
  std::printf("%zu %s in %u shards; the largest has %.3g times the mean's work\n", runs.size(),
              sweep.until ? "points" : "runs", job.shards,
              total > 0 ? most * job.shards / total : 1.0);
  std::fflush(stdout);
  const std::string submit = ShellWord(job.folder + "/submit");
  if (!a.Has("submit")) {
    std::printf("submit with: %s\n", submit.c_str());
    return kExitOk;
  }
  if (std::system(submit.c_str()) == 0) return kExitOk;
  return Fail(absl::StrCat("sbatch did not take the jobs; once it does: ", submit));
}

}  // namespace keepsim
