// Where an export goes, piece by piece: a file that appears whole or not at all, or stdout.
#ifndef KEEPSIM_TOOLS_OUTPUT_FILE_H_
#define KEEPSIM_TOOLS_OUTPUT_FILE_H_

#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keepsim {

class OutputFile {
 public:
  // "-": stdout. A file is written under a temporary name beside it until Finish(); a device or a
  // pipe (/dev/stdout) as it comes.
  explicit OutputFile(const std::string& path);
  ~OutputFile();  // without Finish(): removes the temporary file
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // What "path" is called until then.
  static std::string TemporaryName(const std::string& path) { return path + ".tmp"; }

  // The first error, also before Finish().
  const absl::Status& status() const { return status_; }
  // After an error further calls do nothing; Finish() returns the first.
  void Write(absl::string_view bytes);
  absl::Status Finish();

 private:
  void Failed(const char* what);

  const std::string path_;
  std::string temporary_;  // "": stdout
  bool in_place_ = false;
  std::FILE* file_ = nullptr;
  absl::Status status_;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_OUTPUT_FILE_H_
