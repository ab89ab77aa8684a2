// The folder that --out names: trace.kst, summary.json, report.html. Files appear whole or not at
// all.
#ifndef KEEPSIM_TOOLS_RESULT_FOLDER_H_
#define KEEPSIM_TOOLS_RESULT_FOLDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keepsim {

// Makes the folder. FailedPrecondition if it is no folder, or holds files that are not an earlier
// result of keepsim's and `force` is not set.
absl::Status PrepareResultFolder(const std::string& dir, bool force);

// By way of a temporary file beside it. Unavailable, with the system's reason, if it cannot be
// written; then what was there before is untouched.
absl::Status WriteWholeFile(const std::string& path, absl::string_view contents);

absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_RESULT_FOLDER_H_
