// The folder that --out names: trace.kst, summary.json, report.html, fleet.html. Files appear whole
// or not at all.
#ifndef KEEPSIM_TOOLS_RESULT_FOLDER_H_
#define KEEPSIM_TOOLS_RESULT_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keepsim {

// Unavailable, with the system's reason, if it cannot be made.
absl::Status MakeFolder(const std::string& dir);

// Makes the folder. FailedPrecondition if it is no folder, or holds files that are not an earlier
// result of keepsim's and `force` is not set.
absl::Status PrepareResultFolder(const std::string& dir, bool force);

// A file that stands beside its name, whole, until it is given it.
class StagedFile {
 public:
  // Unavailable, with the system's reason, if it cannot be written.
  static absl::StatusOr<StagedFile> Write(const std::string& path, absl::string_view contents);
  StagedFile(StagedFile&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  StagedFile& operator=(StagedFile&&) = delete;
  ~StagedFile();  // without Publish(): removes it, and what bore the name before is untouched

  absl::Status Publish();

 private:
  explicit StagedFile(std::string path) : path_(std::move(path)) {}
  std::string path_;  // "": published, or moved from
};

absl::StatusOr<std::string> ReadWholeFile(const std::string& path);
// StagedFile::Write() and Publish() in one.
absl::Status WriteWholeFile(const std::string& path, absl::string_view contents);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_RESULT_FOLDER_H_
