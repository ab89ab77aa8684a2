#include "sim/run/store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sim/base/quote.h"
#include "sim/base/status_macros.h"
#include "sim/run/sqlite_statement.h"
#include "sim/run/sweep_definition.h"
#include "sim/trace/engine_version.h"

namespace keepsim {
namespace {

constexpr int64_t kApplicationId = 0x4b505357;  // "KPSW"
constexpr char kFormat[] = "1";
// How long one process waits for another's transaction.
constexpr int kBusyMs = 60000;

constexpr char kSchema[] = R"(
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE point (point INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
                    PRIMARY KEY (point, name)) WITHOUT ROWID;
CREATE TABLE run (point INTEGER NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL,
                  error TEXT NOT NULL, digest TEXT NOT NULL, scenario_digest TEXT NOT NULL,
                  engine_version TEXT NOT NULL, PRIMARY KEY (point, seed)) WITHOUT ROWID;
CREATE TABLE metric (metric INTEGER PRIMARY KEY, name TEXT NOT NULL, of_group TEXT NOT NULL,
                     UNIQUE (name, of_group));
CREATE TABLE value (point INTEGER NOT NULL, seed INTEGER NOT NULL, metric INTEGER NOT NULL,
                    value REAL NOT NULL, PRIMARY KEY (point, seed, metric)) WITHOUT ROWID;
)";
// A store of an earlier build has none.
constexpr char kDistributions[] = R"(
CREATE TABLE IF NOT EXISTS distribution (
    point INTEGER NOT NULL, seed INTEGER NOT NULL, name TEXT NOT NULL, value_count TEXT NOT NULL,
    PRIMARY KEY (point, seed, name)) WITHOUT ROWID;
)";

std::map<std::string, std::string> FactsOf(const Sweep& sweep) {
  std::vector<std::string> fields;
  for (const SweepAxis& a : sweep.axes) {
    for (const SweepField& f : a.fields) fields.push_back(f.name);
  }
  std::map<std::string, std::string> facts = {{"format", kFormat},
                                              {"engine_version", kEngineVersion},
                                              {"name", sweep.name},
                                              {"file", sweep.file},
                                              {"definition", DefinitionOf(sweep)},
                                              {"sweep_digest", sweep.digest},
                                              {"base_digest", sweep.base_digest},
                                              {"points_digest", sweep.points_digest},
                                              {"points", absl::StrCat(sweep.points.size())},
                                              {"fields", absl::StrJoin(fields, " ")},
                                              {"first_seed", absl::StrCat(sweep.first_seed)},
                                              {"replications", absl::StrCat(sweep.replications)}};
  if (sweep.command != Sweep().command) facts["command"] = sweep.command;
  if (sweep.until) {
    facts["replications"] = absl::StrCat(sweep.until->least, " to ", sweep.until->most);
    facts["until"] = sweep.until->Text();
  }
  return facts;
}

std::string ValueOf(const std::map<std::string, std::string>& facts, const std::string& name) {
  const auto at = facts.find(name);
  return at == facts.end() ? "" : at->second;
}

// Runs with their point's values as columns, and the same with one row per number.
std::string Views(const std::string& fields) {
  std::string columns;
  for (const absl::string_view f : absl::StrSplit(fields, ' ', absl::SkipEmpty())) {
    absl::StrAppend(&columns, ", (SELECT value FROM point p WHERE p.point = run.point AND name = '",
                    f, "') AS \"", f, "\"");
  }
  return absl::StrCat("CREATE VIEW runs AS SELECT run.*", columns,
                      " FROM run;"
                      "CREATE VIEW results AS SELECT runs.*, m.name AS metric, m.of_group, "
                      "v.value AS result FROM value v JOIN metric m ON m.metric = v.metric "
                      "JOIN runs ON runs.point = v.point AND runs.seed = v.seed;");
}

}  // namespace

absl::Status Store::Error(absl::string_view doing) const {
  const int code = sqlite3_errcode(db_) & 0xff;
  std::string reason = sqlite3_errmsg(db_);
  const bool system = code == SQLITE_CANTOPEN || code == SQLITE_IOERR || code == SQLITE_FULL;
  if (const int number = sqlite3_system_errno(db_); system && number != 0) {
    absl::StrAppend(&reason, ": ", std::strerror(number));
  }
  if (code == SQLITE_NOTADB) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " is no store of a sweep"));
  }
  const std::string text = absl::StrCat(path_, " cannot be ", doing, ": ", reason);
  return code == SQLITE_BUSY ? absl::AbortedError(text) : absl::UnavailableError(text);
}

absl::Status Store::Execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  return Error("written");
}

Store::~Store() { sqlite3_close_v2(db_); }

absl::StatusOr<std::unique_ptr<Store>> Store::OpenFile(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Store> store(new Store(db, path));
  if (code != SQLITE_OK) return store->Error("opened");
  sqlite3_busy_timeout(db, kBusyMs);
  return store;
}

absl::StatusOr<bool> Store::IsStore() {
  Statement id(db_, "PRAGMA application_id");
  if (id.Step() != SQLITE_ROW) return Error("read");
  if (id.Integer(0) == kApplicationId) return true;
  Statement tables(db_, "SELECT count(*) FROM sqlite_schema");
  if (tables.Step() != SQLITE_ROW) return Error("read");
  if (id.Integer(0) == 0 && tables.Integer(0) == 0) return false;
  return absl::FailedPreconditionError(absl::StrCat(path_, " is no store of a sweep"));
}

absl::Status Store::Create(const std::map<std::string, std::string>& facts) {
  KEEPSIM_RETURN_IF_ERROR(
      Execute(absl::StrCat(kSchema, kDistributions, Views(ValueOf(facts, "fields")),
                           "PRAGMA application_id = ", kApplicationId, ";")));
  for (const auto& [name, value] : facts) {
    Statement insert(db_, "INSERT INTO fact VALUES (?, ?)");
    if (insert.Bind(name).Bind(value).Step() != SQLITE_DONE) return Error("written");
  }
  return absl::OkStatus();
}

absl::Status Store::AddPointValue(uint32_t point, const std::string& name,
                                  const std::string& value) {
  Statement insert(db_, "INSERT INTO point VALUES (?, ?, ?)");
  insert.Bind(int64_t{point}).Bind(name).Bind(value);
  return insert.Step() == SQLITE_DONE ? absl::OkStatus() : Error("written");
}

absl::Status Store::ReadFacts() {
  Statement read(db_, "SELECT name, value FROM fact");
  int step;
  while ((step = read.Step()) == SQLITE_ROW) facts_[read.Text(0)] = read.Text(1);
  if (step != SQLITE_DONE) return Error("read");
  if (facts_["format"] != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(path_, " has format ", facts_["format"],
                                                      "; this keepsim reads format ", kFormat));
  }
  return absl::OkStatus();
}

absl::Status Store::CheckFacts(const std::map<std::string, std::string>& facts) const {
  const auto mine = [&](const char* name) { return ValueOf(facts_, name); };
  const auto theirs = [&](const char* name) { return ValueOf(facts, name); };
  const auto differs = [&](const char* name) { return mine(name) != theirs(name); };
  std::string why;
  bool takes_over = false;  // runs of the one may be runs of the other
  if (differs("engine_version")) {
    why = absl::StrCat("it is of engine version ", mine("engine_version"), ", not of ",
                       theirs("engine_version"));
  } else if (differs("base_digest")) {
    why = "the base scenario is another one";
  } else if (differs("points_digest")) {
    why = "the axes or filters are others";
    takes_over = true;
  } else if (differs("first_seed") || differs("replications")) {
    why = absl::StrCat("it has ", mine("replications"), " seeds from ", mine("first_seed"),
                       " on, not ", theirs("replications"), " from ", theirs("first_seed"), " on");
    takes_over = true;
  } else if (differs("until")) {
    why = absl::StrCat("it stops at ", mine("until"), ", not at ", theirs("until"));
    takes_over = true;
  } else if (differs("sweep_digest")) {
    why = "the reported metrics of lists are others";
  } else {
    return absl::OkStatus();
  }
  std::string text = absl::StrCat(path_, " does not fit: ", why, "; choose another folder");
  if (takes_over && mine("command").empty() && theirs("command").empty()) {
    const std::string dir = path_.substr(0, path_.rfind('/'));
    absl::StrAppend(&text, ". Runs that both sweeps have need not be run again: keepsim merge ",
                    ShellWord(dir), " --sweep ", ShellWord(theirs("file")),
                    " --out NEW, then keepsim sweep ", ShellWord(theirs("file")), " --out NEW");
  }
  return absl::FailedPreconditionError(text);
}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenOnce(const std::string& path,
                                                       const Sweep& sweep) {
  KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                           OpenFile(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  sqlite3_busy_timeout(store->db_, 0);
  // Before anything is changed: it may be somebody else's.
  KEEPSIM_RETURN_IF_ERROR(store->IsStore().status());
  // Readers and a writer do not wait for one another, and a commit is one write. Where the file
  // system cannot do it, SQLite stays with its journal.
  KEEPSIM_RETURN_IF_ERROR(
      store->Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE;"));
  const std::map<std::string, std::string> facts = FactsOf(sweep);
  KEEPSIM_ASSIGN_OR_RETURN(const bool is_store, store->IsStore());
  if (!is_store) {
    KEEPSIM_RETURN_IF_ERROR(store->Create(facts));
    for (uint32_t p = 0; p < sweep.points.size(); ++p) {
      for (const auto& [name, value] : sweep.Values(p)) {
        KEEPSIM_RETURN_IF_ERROR(store->AddPointValue(p, name, value));
      }
    }
  } else {
    KEEPSIM_RETURN_IF_ERROR(store->Execute(kDistributions));
  }
  KEEPSIM_RETURN_IF_ERROR(store->Execute("COMMIT;"));
  sqlite3_busy_timeout(store->db_, kBusyMs);
  KEEPSIM_RETURN_IF_ERROR(store->ReadFacts());
  KEEPSIM_RETURN_IF_ERROR(store->CheckFacts(facts));
  KEEPSIM_RETURN_IF_ERROR(store->KeepDefinition(facts));
  return store;
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& path, const Sweep& sweep) {
  // SQLite does not wait for the lock that a change of the journal takes.
  constexpr int kPauseMs = 10;
  auto store = OpenOnce(path, sweep);
  for (int ms = 0; absl::IsAborted(store.status()) && ms < kBusyMs; ms += kPauseMs) {
    sqlite3_sleep(kPauseMs);
    store = OpenOnce(path, sweep);
  }
  return store;
}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenToRead(const std::string& path) {
  KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenFile(path, SQLITE_OPEN_READONLY));
  KEEPSIM_ASSIGN_OR_RETURN(const bool is_store, store->IsStore());
  if (!is_store) return absl::FailedPreconditionError(absl::StrCat(path, " is empty"));
  KEEPSIM_RETURN_IF_ERROR(store->ReadFacts());
  return store;
}

absl::Status Store::Finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Another process that still writes keeps its log.
  sqlite3_busy_timeout(db_, 0);
  absl::Status finished = Execute("PRAGMA journal_mode = DELETE;");
  sqlite3_busy_timeout(db_, kBusyMs);
  return finished;
}

size_t Store::ExpectedRuns() const {
  if (facts_.count("until") > 0) return 0;
  size_t points = 0;
  size_t replications = 0;
  (void)absl::SimpleAtoi(ValueOf(facts_, "points"), &points);
  (void)absl::SimpleAtoi(ValueOf(facts_, "replications"), &replications);
  return points * replications;
}

absl::Status Store::MergeFrom(const std::vector<std::unique_ptr<Store>>& sources) {
  // What may differ between them is what the sweep file says beside its digests, and its path: of
  // each the least, whoever came first.
  std::map<std::string, std::string> facts = sources[0]->facts();
  for (const auto& source : sources) {
    for (const auto& [name, value] : source->facts()) {
      std::string& mine = facts.try_emplace(name, value).first->second;
      mine = std::min(mine, value);
    }
  }
  KEEPSIM_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE;"));
  KEEPSIM_RETURN_IF_ERROR(Create(facts));
  KEEPSIM_RETURN_IF_ERROR(ReadFacts());
  {
    Statement read(sources[0]->db_, "SELECT point, name, value FROM point ORDER BY point, name");
    int step;
    while ((step = read.Step()) == SQLITE_ROW) {
      KEEPSIM_RETURN_IF_ERROR(
          AddPointValue(static_cast<uint32_t>(read.Integer(0)), read.Text(1), read.Text(2)));
    }
    if (step != SQLITE_DONE) return sources[0]->Error("read");
  }
  std::map<RunKey, std::vector<Store*>> holders;
  std::set<std::pair<std::string, std::string>> metrics;
  for (const auto& source : sources) {
    KEEPSIM_ASSIGN_OR_RETURN(const std::set<RunKey> keys, source->Done());
    for (const RunKey& key : keys) holders[key].push_back(source.get());
    Statement read(source->db_, "SELECT name, of_group FROM metric");
    int step;
    while ((step = read.Step()) == SQLITE_ROW) metrics.emplace(read.Text(0), read.Text(1));
    if (step != SQLITE_DONE) return source->Error("read");
  }
  // In order of their names, so that the numbers say nothing of who came first.
  for (const auto& [metric, group] : metrics) {
    KEEPSIM_RETURN_IF_ERROR(MetricId(metric, group).status());
  }
  for (const auto& [key, stores] : holders) {
    KEEPSIM_ASSIGN_OR_RETURN(const StoredRun run, stores[0]->Fetch(key, true));
    for (size_t i = 1; i < stores.size(); ++i) {
      KEEPSIM_ASSIGN_OR_RETURN(const StoredRun other, stores[i]->Fetch(key, true));
      if (other == run) continue;
      return absl::FailedPreconditionError(
          absl::StrCat(stores[0]->path_, " and ", stores[i]->path_, " differ about point ",
                       key.first, ", seed ", key.second, "; one of the two is damaged"));
    }
    KEEPSIM_RETURN_IF_ERROR(Insert(run));
  }
  return Execute("COMMIT;");
}

absl::Status Store::Merge(const std::vector<std::string>& paths, const std::string& out) {
  std::vector<std::unique_ptr<Store>> sources;
  for (const std::string& path : paths) {
    KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> source, OpenToRead(path));
    sources.push_back(std::move(source));
    KEEPSIM_RETURN_IF_ERROR(sources.back()->CheckFacts(sources[0]->facts()));
  }
  const std::string temporary = out + ".tmp";
  std::remove(temporary.c_str());
  const absl::Cleanup remove = [&] { std::remove(temporary.c_str()); };
  {
    KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<Store> merged,
                             OpenFile(temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    // Nobody else knows the file; a merge that is cut short is thrown away.
    KEEPSIM_RETURN_IF_ERROR(merged->Execute("PRAGMA journal_mode = MEMORY;"));
    KEEPSIM_RETURN_IF_ERROR(merged->MergeFrom(sources));
  }
  if (std::rename(temporary.c_str(), out.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat(out, " cannot be written: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace keepsim
