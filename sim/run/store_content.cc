// What a store holds beside numbers: distributions, what the sweep file says; and a digest of all.
#include <bit>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "sim/base/digest.h"
#include "sim/base/status_macros.h"
#include "sim/run/sqlite_statement.h"
#include "sim/run/store.h"

namespace keepsim {
namespace {

// As JSON: [[30.1,4],[30.4,2]].
std::string TextOf(const StoredDistribution& d) {
  std::string text = "[";
  for (const auto& [value, count] : d.values) {
    absl::StrAppendFormat(&text, "%s[%.6g,%d]", text.size() > 1 ? "," : "", value, count);
  }
  return text + "]";
}

// False if it is no such text.
bool ParseDistribution(absl::string_view text, StoredDistribution* d) {
  for (const absl::string_view part : absl::StrSplit(text, absl::ByAnyChar("[]"))) {
    if (part.empty() || part == ",") continue;
    const std::vector<absl::string_view> pair = absl::StrSplit(part, ',');
    double value = 0;
    int64_t count = 0;
    if (pair.size() != 2 || !absl::SimpleAtod(pair[0], &value) ||
        !absl::SimpleAtoi(pair[1], &count)) {
      return false;
    }
    d->values.emplace_back(value, count);
  }
  return true;
}

}  // namespace

absl::StatusOr<bool> Store::HasTable(absl::string_view name) {
  Statement find(db_, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  const int step = find.Bind(name).Step();
  if (step != SQLITE_ROW && step != SQLITE_DONE) return Error("read");
  return step == SQLITE_ROW;
}

absl::Status Store::KeepDefinition(const std::map<std::string, std::string>& facts) {
  std::map<std::string, std::string> news;
  for (const char* name : {"file", "definition"}) {
    const auto kept = facts_.find(name);
    if (kept == facts_.end() || kept->second != facts.at(name)) news[name] = facts.at(name);
  }
  if (news.empty()) return absl::OkStatus();
  // Both or neither: the one says what the other is.
  KEEPSIM_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE;"));
  absl::Status status;
  for (const auto& [name, value] : news) {
    Statement keep(db_, "INSERT OR REPLACE INTO fact VALUES (?, ?)");
    if (keep.Bind(name).Bind(value).Step() != SQLITE_DONE) status.Update(Error("written"));
  }
  if (status.ok()) status = Execute("COMMIT;");
  if (!status.ok()) {
    (void)Execute("ROLLBACK;");
    return status;
  }
  for (auto& [name, value] : news) facts_[name] = std::move(value);
  return absl::OkStatus();
}

absl::Status Store::InsertDistributions(const StoredRun& run) {
  if (run.distributions.empty()) return absl::OkStatus();
  Statement insert(db_, "INSERT OR IGNORE INTO distribution VALUES (?, ?, ?, ?)");
  for (const StoredDistribution& d : run.distributions) {
    insert.Reset();
    insert.Bind(int64_t{run.point}).Bind(static_cast<int64_t>(run.seed)).Bind(d.name);
    if (insert.Bind(TextOf(d)).Step() != SQLITE_DONE) return Error("written");
  }
  return absl::OkStatus();
}

absl::Status Store::FetchDistributions(StoredRun& run) {
  KEEPSIM_ASSIGN_OR_RETURN(const bool has, HasTable("distribution"));
  if (!has) return absl::OkStatus();
  Statement read(db_,
                 "SELECT name, value_count FROM distribution WHERE point = ? AND seed = ? "
                 "ORDER BY name");
  read.Bind(int64_t{run.point}).Bind(static_cast<int64_t>(run.seed));
  int step;
  while ((step = read.Step()) == SQLITE_ROW) {
    run.distributions.push_back({read.Text(0), {}});
    if (ParseDistribution(read.Text(1), &run.distributions.back())) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        path_, " is damaged: a distribution of point ", run.point, ", seed ", run.seed));
  }
  return step == SQLITE_DONE ? absl::OkStatus() : Error("read");
}

absl::StatusOr<std::vector<Store::PointDistribution>> Store::Distributions(absl::string_view name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PointDistribution> out;
  KEEPSIM_ASSIGN_OR_RETURN(const bool has, HasTable("distribution"));
  if (!has) return out;
  Statement read(db_,
                 "SELECT point, value_count FROM distribution WHERE name = ? ORDER BY point, seed");
  read.Bind(name);
  int step;
  while ((step = read.Step()) == SQLITE_ROW) {
    out.push_back({static_cast<uint32_t>(read.Integer(0)), {std::string(name), {}}});
    if (ParseDistribution(read.Text(1), &out.back().distribution)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(path_, " is damaged: a distribution of point ", out.back().point));
  }
  if (step != SQLITE_DONE) return Error("read");
  return out;
}

absl::StatusOr<std::vector<std::map<std::string, std::string>>> Store::PointValues() {
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t points = 0;
  (void)absl::SimpleAtoi(facts_["points"], &points);
  std::vector<std::map<std::string, std::string>> out(points);
  Statement read(db_, "SELECT point, name, value FROM point");
  int step;
  while ((step = read.Step()) == SQLITE_ROW) {
    const auto point = static_cast<size_t>(read.Integer(0));
    if (point < points) out[point][read.Text(1)] = read.Text(2);
  }
  if (step != SQLITE_DONE) return Error("read");
  return out;
}

absl::StatusOr<std::string> Store::ContentDigest() {
  KEEPSIM_ASSIGN_OR_RETURN(const std::set<RunKey> keys, Done());
  Digest digest =
      DigestOfBytes(absl::StrCat(facts_["engine_version"], " ", facts_["sweep_digest"]));
  for (const RunKey& key : keys) {
    KEEPSIM_ASSIGN_OR_RETURN(const StoredRun run, Fetch(key, true));
    std::string text = absl::StrCat(run.point, " ", run.seed, " ", RunStatusName(run.status), "\n",
                                    run.digest, " ", run.scenario_digest, "\n", run.error);
    for (const Measurement& m : run.metrics) {
      absl::StrAppend(&text, "\n", m.metric, " ", m.group, " ",
                      absl::Hex(std::bit_cast<uint64_t>(m.value)));
    }
    for (const StoredDistribution& d : run.distributions) {
      absl::StrAppend(&text, "\n", d.name, " ", TextOf(d));
    }
    digest.Merge(DigestOfBytes(text));
  }
  return digest.Hex();
}

}  // namespace keepsim
