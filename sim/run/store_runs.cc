// The runs of a store: added in one transaction each, and read again.
#include <algorithm>
#include <utility>

#include "sim/base/memory_limit.h"
#include "sim/base/status_macros.h"
#include "sim/run/sqlite_statement.h"
#include "sim/run/store.h"

namespace keepsim {
namespace {

constexpr RunStatus kStatuses[] = {RunStatus::kOk, RunStatus::kNotMet, RunStatus::kError,
                                   RunStatus::kViolation};

}  // namespace

absl::string_view RunStatusName(RunStatus status) {
  switch (status) {
    case RunStatus::kOk:
      return "ok";
    case RunStatus::kNotMet:
      return "not met";
    case RunStatus::kError:
      return "error";
    case RunStatus::kViolation:
      return "violation";
  }
  return "";
}

absl::StatusOr<int64_t> Store::MetricId(const std::string& metric, const std::string& group) {
  const auto [at, fresh] = metric_ids_.try_emplace({metric, group}, 0);
  if (!fresh) return at->second;
  Statement find(db_, "SELECT metric FROM metric WHERE name = ? AND of_group = ?");
  const int step = find.Bind(metric).Bind(group).Step();
  if (step == SQLITE_ROW) return at->second = find.Integer(0);
  if (step != SQLITE_DONE) return Error("read");
  Statement insert(db_, "INSERT INTO metric (name, of_group) VALUES (?, ?)");
  if (insert.Bind(metric).Bind(group).Step() != SQLITE_DONE) return Error("written");
  return at->second = sqlite3_last_insert_rowid(db_);
}

absl::Status Store::Insert(const StoredRun& run) {
  Statement insert(db_, "INSERT OR IGNORE INTO run VALUES (?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(int64_t{run.point}).Bind(static_cast<int64_t>(run.seed));
  insert.Bind(RunStatusName(run.status)).Bind(run.error).Bind(run.digest);
  insert.Bind(run.scenario_digest).Bind(absl::string_view(facts_["engine_version"]));
  if (insert.Step() != SQLITE_DONE) return Error("written");
  if (sqlite3_changes(db_) == 0) return absl::OkStatus();  // another process was first
  Statement value(db_, "INSERT OR IGNORE INTO value VALUES (?, ?, ?, ?)");
  for (const Measurement& m : run.metrics) {
    KEEPSIM_ASSIGN_OR_RETURN(const int64_t id, MetricId(m.metric, m.group));
    value.Reset();
    value.Bind(int64_t{run.point}).Bind(static_cast<int64_t>(run.seed)).Bind(id).Bind(m.value);
    if (value.Step() != SQLITE_DONE) return Error("written");
  }
  return InsertDistributions(run);
}

absl::Status Store::Add(const StoredRun& run) {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::Status status = Execute("BEGIN IMMEDIATE;");
  if (status.ok()) status = WithinMemory([&] { return Insert(run); });
  if (status.ok()) status = Execute("COMMIT;");
  if (!status.ok()) {
    metric_ids_.clear();
    (void)Execute("ROLLBACK;");
  }
  return status;
}

absl::StatusOr<std::set<RunKey>> Store::Done() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Statement read(db_, "SELECT point, seed FROM run");
  std::set<RunKey> keys;
  int step;
  while ((step = read.Step()) == SQLITE_ROW) {
    keys.emplace_hint(keys.end(), static_cast<uint32_t>(read.Integer(0)),
                      static_cast<uint64_t>(read.Integer(1)));
  }
  if (step != SQLITE_DONE) return Error("read");
  return keys;
}

absl::StatusOr<StoredRun> Store::Fetch(RunKey key, bool with_metrics) {
  const std::lock_guard<std::mutex> lock(mutex_);
  StoredRun run;
  run.point = key.first;
  run.seed = key.second;
  const auto point = int64_t{key.first};
  const auto seed = static_cast<int64_t>(key.second);
  Statement read(db_,
                 "SELECT status, error, digest, scenario_digest FROM run "
                 "WHERE point = ? AND seed = ?");
  if (read.Bind(point).Bind(seed).Step() != SQLITE_ROW) return Error("read");
  for (const RunStatus s : kStatuses) {
    if (RunStatusName(s) == read.Text(0)) run.status = s;
  }
  run.error = read.Text(1);
  run.digest = read.Text(2);
  run.scenario_digest = read.Text(3);
  if (!with_metrics) return run;
  Statement values(db_,
                   "SELECT name, of_group, value FROM value JOIN metric USING (metric) "
                   "WHERE point = ? AND seed = ?");
  values.Bind(point).Bind(seed);
  int step;
  while ((step = values.Step()) == SQLITE_ROW) {
    run.metrics.push_back({values.Text(0), values.Text(1), values.Real(2)});
  }
  if (step != SQLITE_DONE) return Error("read");
  std::sort(run.metrics.begin(), run.metrics.end());
  KEEPSIM_RETURN_IF_ERROR(FetchDistributions(run));
  return run;
}

absl::StatusOr<std::vector<StoredRun>> Store::Runs(bool with_metrics) {
  KEEPSIM_ASSIGN_OR_RETURN(const std::set<RunKey> keys, Done());
  std::vector<StoredRun> runs;
  for (const RunKey& key : keys) {
    KEEPSIM_ASSIGN_OR_RETURN(StoredRun run, Fetch(key, with_metrics));
    runs.push_back(std::move(run));
  }
  return runs;
}

absl::StatusOr<std::vector<std::string>> Store::Groups() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Statement read(db_,
                 "SELECT DISTINCT of_group FROM metric WHERE of_group <> '' ORDER BY of_group");
  std::vector<std::string> groups;
  int step;
  while ((step = read.Step()) == SQLITE_ROW) groups.push_back(read.Text(0));
  if (step != SQLITE_DONE) return Error("read");
  return groups;
}

absl::StatusOr<std::vector<Store::Value>> Store::Values(absl::string_view metric,
                                                        absl::string_view group) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Statement read(db_,
                 // A look-up per run; to go through all values would take far longer.
                 "SELECT point, seed, value FROM run CROSS JOIN value USING (point, seed) "
                 "WHERE metric = (SELECT metric FROM metric WHERE name = ? AND of_group = ?) "
                 "ORDER BY point, seed");
  read.Bind(metric).Bind(group);
  std::vector<Value> values;
  int step;
  while ((step = read.Step()) == SQLITE_ROW) {
    values.push_back({static_cast<uint32_t>(read.Integer(0)),
                      static_cast<uint64_t>(read.Integer(1)), read.Real(2)});
  }
  if (step != SQLITE_DONE) return Error("read");
  return values;
}

}  // namespace keepsim
