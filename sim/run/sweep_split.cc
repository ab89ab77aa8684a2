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
#include "sim/run/store.h"
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
  part.set_replications(sweep.replications);
  part.set_judge_expectations(sweep.judge_expectations);
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
  for (const SweepMetric& m : sweep.metrics) {
    pb::ReportedMetric* metric = part.add_metrics();
    metric->set_metric(m.metric);
    metric->set_group(m.group);
    metric->set_better(m.better);
  }
  std::string text;
  SIM_CHECK(google::protobuf::TextFormat::PrintToString(part, &text));
  return text;
}

absl::StatusOr<size_t> CollectRuns(const Sweep& sweep, const std::vector<std::string>& paths,
                                   const std::string& out) {
  std::map<std::string, std::vector<RunKey>> wanted;
  for (uint32_t p = 0; p < sweep.points.size(); ++p) {
    for (uint32_t r = 0; r < sweep.replications; ++r) {
      const uint64_t seed = sweep.first_seed + r;
      wanted[ScenarioDigest(sweep.Scenario(p, seed).proto)].push_back({p, seed});
    }
  }
  const std::string temporary = out + ".tmp";
  RemoveStore(temporary);
  const absl::Cleanup remove = [&] { RemoveStore(temporary); };
  size_t found = 0;
  {
    KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> collected, Store::Open(temporary, sweep));
    for (const std::string& path : paths) {
      KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> source, Store::OpenToRead(path));
      const std::string& version = source->facts().at("engine_version");
      if (version != collected->facts().at("engine_version")) {
        return absl::FailedPreconditionError(absl::StrCat(path, " is of engine version ", version,
                                                          ", not of ",
                                                          collected->facts().at("engine_version")));
      }
      KEEPSIM_ASSIGN_OR_RETURN(std::vector<StoredRun> runs, source->Runs(true));
      for (StoredRun& run : runs) {
        for (const RunKey& key : wanted[run.scenario_digest]) {
          run.point = key.first;
          run.seed = key.second;
          KEEPSIM_RETURN_IF_ERROR(collected->Add(run));
          ++found;
        }
        wanted.erase(run.scenario_digest);  // the same run, if another store has it too
      }
    }
    collected->Finish();
  }
  if (std::rename(temporary.c_str(), out.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat(out, " cannot be written: ", std::strerror(errno)));
  }
  return found;
}

}  // namespace keepsim
