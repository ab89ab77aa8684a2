#include "sim/run/sweep_split.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "sim/base/check.h"
#include "sim/base/status_macros.h"
#include "sim/run/replications.h"
#include "sim/run/store.h"
#include "sim/run/sweep_definition.h"
#include "sim/scenario/load.h"

namespace keepsim {
namespace {

// What SQLite may leave beside a file.
constexpr const char* kBeside[] = {"", "-wal", "-shm", "-journal"};

void RemoveStore(const std::string& path) {
  for (const char* suffix : kBeside) std::remove((path + suffix).c_str());
}

}  // namespace

std::string SplitText(const Sweep& sweep, uint32_t index, uint32_t count) {
  SIM_CHECK(index < count && count <= sweep.points.size());
  pb::Sweep part;
  part.set_name(sweep.name);
  *part.mutable_inline_scenario() = sweep.base.proto;
  part.set_seed(sweep.first_seed);
  if (!sweep.until) part.set_replications(sweep.replications);
  part.set_judge_expectations(sweep.judge_expectations);
  part.set_part(true);
  // The points one by one: all fields change together.
  if (!sweep.axes.empty()) {
    pb::Axis* axis = part.add_axes();
    for (size_t a = 0; a < sweep.axes.size(); ++a) {
      for (const SweepField& f : sweep.axes[a].fields) {
        pb::AxisField* field = axis->add_fields();
        field->set_name(f.name);
        for (const std::string& path : f.paths) field->add_path(path);
        for (size_t p = index; p < sweep.points.size(); p += count) {
          field->add_values(f.values[sweep.points[p].index[a]]);
        }
      }
    }
  }
  AddCommonFields(sweep, &part);
  std::string text;
  SIM_CHECK(google::protobuf::TextFormat::PrintToString(part, &text));
  return text;
}

absl::StatusOr<size_t> CollectRuns(const Sweep& sweep, const std::vector<std::string>& paths,
                                   const std::string& out) {
  const std::string temporary = out + ".tmp";
  RemoveStore(temporary);
  const absl::Cleanup remove = [&] { RemoveStore(temporary); };
  size_t found = 0;
  {
    KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> collected, Store::Open(temporary, sweep));
    // What there is, by the digest of its scenario.
    std::vector<std::unique_ptr<Store>> sources;
    std::map<std::string, std::pair<Store*, RunKey>> kept;
    for (const std::string& path : paths) {
      KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> source, Store::OpenToRead(path));
      const std::string& version = source->facts().at("engine_version");
      if (version != collected->facts().at("engine_version")) {
        return absl::FailedPreconditionError(absl::StrCat(path, " is of engine version ", version,
                                                          ", not of ",
                                                          collected->facts().at("engine_version")));
      }
      KEEPSIM_ASSIGN_OR_RETURN(const std::vector<StoredRun> runs, source->Runs(false));
      for (const StoredRun& run : runs) {
        // The same run, if an earlier store has it too.
        kept.try_emplace(run.scenario_digest, source.get(), RunKey(run.point, run.seed));
      }
      sources.push_back(std::move(source));
    }
    for (uint32_t p = 0; p < sweep.points.size(); ++p) {
      PointReplications replications(sweep);
      for (uint32_t r = 0; r < replications.wanted(); ++r) {
        const uint64_t seed = sweep.first_seed + r;
        const auto at = kept.find(ScenarioDigest(sweep.Scenario(p, seed).proto));
        if (at == kept.end()) continue;
        KEEPSIM_ASSIGN_OR_RETURN(StoredRun run, at->second.first->Fetch(at->second.second, true));
        run.point = p;
        run.seed = seed;
        KEEPSIM_RETURN_IF_ERROR(collected->Add(run));
        replications.Add(run);
        ++found;
      }
    }
    KEEPSIM_RETURN_IF_ERROR(collected->Finish());
  }
  if (std::rename(temporary.c_str(), out.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat(out, " cannot be written: ", std::strerror(errno)));
  }
  return found;
}

}  // namespace keepsim
