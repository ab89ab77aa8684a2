#include "tools/result_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace keepsim {

namespace fs = std::filesystem;

absl::Status PrepareResultFolder(const std::string& dir, bool force) {
  std::error_code error;
  if (fs::exists(dir, error) && !fs::is_directory(dir, error)) {
    return absl::FailedPreconditionError(absl::StrCat("--out ", dir, " is not a folder"));
  }
  fs::create_directories(dir, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("--out ", dir, " cannot be made: ", error.message()));
  }
  if (!force && !fs::is_empty(dir, error) && !fs::exists(fs::path(dir) / "summary.json", error)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--out ", dir,
        " holds other files; choose another folder, or add --force to write beside them"));
  }
  return absl::OkStatus();
}

absl::Status WriteWholeFile(const std::string& path, absl::string_view contents) {
  const std::string temporary = path + ".tmp";
  int reason = 0;
  std::FILE* f = std::fopen(temporary.c_str(), "wb");
  bool ok = f != nullptr;
  if (!ok) reason = errno;
  if (ok && std::fwrite(contents.data(), 1, contents.size(), f) != contents.size()) {
    ok = false;
    reason = errno;
  }
  if (f != nullptr && std::fclose(f) != 0 && ok) {
    ok = false;
    reason = errno;
  }
  std::error_code error;
  if (ok) {
    fs::rename(temporary, path, error);
    if (!error) return absl::OkStatus();
    reason = error.value();
  }
  fs::remove(temporary, error);
  return absl::UnavailableError(absl::StrCat(path, " cannot be written: ", std::strerror(reason)));
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, " is a folder, not a file"));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::ostringstream contents;
  contents << in.rdbuf();
  if (in.bad()) return absl::UnavailableError(absl::StrCat(path, " cannot be read to its end"));
  return std::move(contents).str();
}

}  // namespace keepsim
