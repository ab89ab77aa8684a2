#include "tools/result_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace keepsim {

namespace fs = std::filesystem;

namespace {
constexpr const char* kTemporary = ".tmp";
}  // namespace

absl::Status MakeFolder(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("--out ", dir, " cannot be made: ", error.message()));
}

absl::Status PrepareResultFolder(const std::string& dir, bool force) {
  std::error_code error;
  if (fs::exists(dir, error) && !fs::is_directory(dir, error)) {
    return absl::FailedPreconditionError(absl::StrCat("--out ", dir, " is not a folder"));
  }
  if (absl::Status s = MakeFolder(dir); !s.ok()) return s;
  const auto foreign = [&] {
    for (const auto& entry : fs::directory_iterator(dir, error)) {
      std::string name = entry.path().filename().string();
      if (absl::EndsWith(name, kTemporary)) name.resize(name.size() - std::strlen(kTemporary));
      // What a killed run left behind is ours too.
      if (name != "trace.kst" && name != "summary.json" && name != "report.html" &&
          name != "fleet.html") {
        return true;
      }
    }
    return false;
  };
  const std::string summary = (fs::path(dir) / "summary.json").string();
  const auto ours = [&] {
    if (!fs::exists(summary, error)) return true;
    const auto json = ReadWholeFile(summary);
    return json.ok() && absl::StrContains(*json, "\"engine_version\"");
  };
  if (!force && (foreign() || !ours())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--out ", dir,
        " holds other files; choose another folder, or add --force to write beside them"));
  }
  return absl::OkStatus();
}

absl::StatusOr<StagedFile> StagedFile::Write(const std::string& path, absl::string_view contents) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
    // A device or a pipe must not be replaced.
    return absl::UnavailableError(absl::StrCat(path, " cannot be written: it is not a file"));
  }
  StagedFile file(path);  // removes what there is of it if this fails
  const std::string temporary = path + kTemporary;
  std::FILE* f = std::fopen(temporary.c_str(), "wb");
  bool ok = f != nullptr && std::fwrite(contents.data(), 1, contents.size(), f) == contents.size();
  int reason = ok ? 0 : errno;
  if (f != nullptr && std::fclose(f) != 0 && ok) {
    ok = false;
    reason = errno;
  }
  if (ok) return file;
  return absl::UnavailableError(absl::StrCat(path, " cannot be written: ", std::strerror(reason)));
}

StagedFile::~StagedFile() {
  if (!path_.empty()) std::remove((path_ + kTemporary).c_str());
}

absl::Status StagedFile::Publish() {
  if (std::rename((path_ + kTemporary).c_str(), path_.c_str()) != 0) {
    return absl::UnavailableError(
        absl::StrCat(path_, " cannot be written: ", std::strerror(errno)));
  }
  path_.clear();
  return absl::OkStatus();
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

absl::Status WriteWholeFile(const std::string& path, absl::string_view contents) {
  auto file = StagedFile::Write(path, contents);
  return file.ok() ? file->Publish() : file.status();
}

}  // namespace keepsim
