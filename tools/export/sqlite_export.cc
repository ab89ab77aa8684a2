#include "tools/export/sqlite_export.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"
#include "sim/metrics/incident_reader.h"
#include "sim/run/signature.h"
#include "sim/run/sqlite_statement.h"

namespace keepsim {
namespace {

constexpr char kSchema[] = R"sql(
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE groups (
  group_id INTEGER PRIMARY KEY, name TEXT NOT NULL, first_entity INTEGER NOT NULL,
  clients INTEGER NOT NULL);
CREATE TABLE clients (
  entity INTEGER PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES groups, client INTEGER NOT NULL,
  records INTEGER NOT NULL, incidents INTEGER NOT NULL);
CREATE TABLE incidents (
  incident INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES clients,
  observer TEXT NOT NULL, verdict TEXT NOT NULL, cause TEXT NOT NULL, failure TEXT,
  signature TEXT NOT NULL, conn INTEGER NOT NULL, onset_ns INTEGER, declared_ns INTEGER NOT NULL,
  silence_ns INTEGER NOT NULL, latency_ns INTEGER);
CREATE TABLE records (
  record INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, entity INTEGER NOT NULL,
  counter INTEGER NOT NULL, kind TEXT NOT NULL, code INTEGER NOT NULL, conn INTEGER NOT NULL,
  a INTEGER NOT NULL, b INTEGER NOT NULL);
)sql";

constexpr char kIndexes[] = R"sql(
CREATE INDEX incidents_entity ON incidents (entity, declared_ns);
CREATE INDEX records_entity ON records (entity, at_ns);
CREATE VIEW incident_list AS
  SELECT incident, name AS "group", client, observer, verdict, cause, failure, signature,
         onset_ns / 1e9 AS onset_s, declared_ns / 1e9 AS declared_s, silence_ns / 1e9 AS silence_s,
         latency_ns / 1e9 AS latency_s
  FROM incidents JOIN clients USING (entity) JOIN groups USING (group_id);
)sql";

// A database under a temporary name, until it is given its own.
class Database {
 public:
  explicit Database(const std::string& path) : path_(path), temporary_(path + ".tmp") {
    std::remove(temporary_.c_str());
    (void)sqlite3_open(temporary_.c_str(), &db_);
    // Nobody else sees the file before it is whole.
    Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;");
  }
  ~Database() {
    sqlite3_close(db_);
    if (!temporary_.empty()) std::remove(temporary_.c_str());
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  sqlite3* get() { return db_; }
  void Execute(const char* sql) {
    if (status_.ok() && sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) Failed();
  }
  // A row goes in.
  void Insert(Statement& statement) {
    if (status_.ok() && statement.Step() != SQLITE_DONE) Failed();
    statement.Reset();
  }
  const absl::Status& status() const { return status_; }

  absl::Status Publish() {
    Execute("COMMIT;");
    if (status_.ok() && sqlite3_close(db_) != SQLITE_OK) Failed();
    if (!status_.ok()) return status_;
    db_ = nullptr;
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      return absl::UnavailableError(
          absl::StrCat(path_, " cannot be written: ", std::strerror(errno)));
    }
    temporary_.clear();
    return absl::OkStatus();
  }

 private:
  void Failed() {
    status_.Update(
        absl::UnavailableError(absl::StrCat(path_, " cannot be written: ", sqlite3_errmsg(db_))));
  }

  const std::string path_;
  std::string temporary_;
  sqlite3* db_ = nullptr;
  absl::Status status_;
};

struct Counts {
  int64_t records = 0;
  int64_t incidents = 0;
};

class Exporter {
 public:
  Exporter(TraceReader& reader, const std::function<bool(uint32_t)>& wants, Database& db)
      : reader_(reader), wants_(wants), db_(db) {
    for (const TraceGroup& g : reader.header().groups) {
      entities_ = std::max(entities_, g.first_entity + g.count);
    }
    counts_.resize(entities_);
  }

  absl::Status Run() {
    db_.Execute(kSchema);
    KEEPSIM_RETURN_IF_ERROR(db_.status());
    KEEPSIM_RETURN_IF_ERROR(Records());
    KEEPSIM_RETURN_IF_ERROR(Incidents());
    Clients();
    RunFacts();
    db_.Execute(kIndexes);
    return db_.status();
  }

 private:
  Counts* CountsOf(uint32_t entity) { return entity < entities_ ? &counts_[entity] : nullptr; }

  absl::Status Records() {
    Statement insert(db_.get(), "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    TraceRecord r;
    for (int64_t number = 1;; ++number) {
      const absl::StatusOr<bool> more = reader_.Next(&r);
      if (!more.ok()) return more.status();
      if (!*more) return db_.status();
      if (r.entity != 0 && !wants_(r.entity)) continue;
      if (Counts* c = CountsOf(r.entity)) ++c->records;
      insert.Bind(number).Bind(r.at.ns).Bind(int64_t{r.entity}).Bind(int64_t{r.counter});
      insert.Bind(absl::string_view(RecordKindName(r.kind))).Bind(int64_t{r.code});
      insert.Bind(int64_t{r.conn}).Bind(r.a).Bind(r.b);
      db_.Insert(insert);
      KEEPSIM_RETURN_IF_ERROR(db_.status());
    }
  }

  absl::Status Incidents() {
    Statement insert(db_.get(),
                     "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, nullif(?, 'none'), ?, ?, "
                     "nullif(?, -1), ?, ?, nullif(?, -1))");
    KEEPSIM_RETURN_IF_ERROR(ReadIncidents(reader_, [&](const Incident& i) {
      if (!wants_(i.entity)) return true;
      if (Counts* c = CountsOf(i.entity)) ++c->incidents;
      const bool onset = i.onset != kNever;
      insert.Bind(i.number)
          .Bind(int64_t{i.entity})
          .Bind(absl::string_view(ObserverName(i.observer)));
      insert.Bind(absl::string_view(VerdictName(i.verdict)));
      insert.Bind(absl::string_view(CauseName(i.cause)));
      insert.Bind(
          absl::string_view(i.failure == FailureKind::kNone ? "none" : FailureKindName(i.failure)));
      insert.Bind(absl::string_view(SignatureOf(i))).Bind(int64_t{i.conn});
      insert.Bind(onset ? i.onset.ns : int64_t{-1}).Bind(i.declared.ns).Bind(i.silence.ns);
      insert.Bind(onset ? i.latency.ns : int64_t{-1});
      db_.Insert(insert);
      return db_.status().ok();
    }));
    return db_.status();
  }

  void Clients() {
    Statement group(db_.get(), "INSERT INTO groups VALUES (?, ?, ?, ?)");
    Statement client(db_.get(), "INSERT INTO clients VALUES (?, ?, ?, ?, ?)");
    int64_t number = 0;
    for (const TraceGroup& g : reader_.header().groups) {
      group.Bind(number).Bind(absl::string_view(g.name)).Bind(int64_t{g.first_entity});
      group.Bind(int64_t{g.count});
      db_.Insert(group);
      for (uint32_t i = 0; i < g.count && db_.status().ok(); ++i) {
        const uint32_t entity = g.first_entity + i;
        if (!wants_(entity)) continue;
        client.Bind(int64_t{entity}).Bind(number).Bind(int64_t{i});
        client.Bind(counts_[entity].records).Bind(counts_[entity].incidents);
        db_.Insert(client);
      }
      ++number;
    }
  }

  void RunFacts() {
    const TraceHeader& h = reader_.header();
    Statement insert(db_.get(), "INSERT INTO run VALUES (?, ?)");
    const auto add = [&](absl::string_view key, absl::string_view value) {
      insert.Bind(key).Bind(value);
      db_.Insert(insert);
    };
    add("schema_version", absl::StrCat(kSqliteSchemaVersion));
    add("scenario", h.scenario_name);
    add("scenario_digest", h.scenario_digest);
    add("seed", absl::StrCat(h.seed));
    add("engine_version", h.engine_version);
    add("build_commit", h.build_commit);
    add("horizon_ns", absl::StrCat(h.horizon.ns));
    if (reader_.footer().has_value()) {
      add("digest", reader_.footer()->digest.Hex());
      add("summary_json", reader_.footer()->summary_json);
    }
  }

  TraceReader& reader_;
  const std::function<bool(uint32_t)>& wants_;
  Database& db_;
  uint32_t entities_ = 1;
  std::vector<Counts> counts_;  // by entity
};

}  // namespace

absl::Status ExportSqlite(TraceReader& reader, const std::function<bool(uint32_t)>& wants,
                          const std::string& path) {
  // A device or a pipe is no place for a database, and must not be replaced by one.
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a file"));
  }
  Database db(path);
  KEEPSIM_RETURN_IF_ERROR(db.status());
  KEEPSIM_RETURN_IF_ERROR(Exporter(reader, wants, db).Run());
  return db.Publish();
}

}  // namespace keepsim
