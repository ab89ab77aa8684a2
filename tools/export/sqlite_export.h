// A trace as a SQLite database: run, groups, clients, incidents, records. The schema is that of
// docs/explaining.md; the same trace gives the same contents.
#ifndef KEEPSIM_TOOLS_EXPORT_SQLITE_EXPORT_H_
#define KEEPSIM_TOOLS_EXPORT_SQLITE_EXPORT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "sim/trace/reader.h"

namespace keepsim {

// `run.schema_version`. It changes when a column changes its meaning or goes away.
inline constexpr int kSqliteSchemaVersion = 1;

// Writes to `path`, which appears whole or not at all. `wants` says which clients are exported (the
// whole run, entity 0, always is). Memory: a few bytes per client. An error names the file.
absl::Status ExportSqlite(TraceReader& reader, const std::function<bool(uint32_t entity)>& wants,
                          const std::string& path);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_SQLITE_EXPORT_H_
