#include "tools/output_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace keepsim {

OutputFile::OutputFile(const std::string& path) : path_(path) {
  if (path == "-") {
    file_ = stdout;
    return;
  }
  // A device or a pipe is written to and never replaced.
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  using Type = std::filesystem::file_type;
  in_place_ = type != Type::not_found && type != Type::regular && type != Type::directory;
  temporary_ = in_place_ ? path : TemporaryName(path);
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) Failed("cannot be written");
}

OutputFile::~OutputFile() {
  if (temporary_.empty() || file_ == nullptr) return;
  std::fclose(file_);
  if (!in_place_) std::remove(temporary_.c_str());
}

void OutputFile::Failed(const char* what) {
  if (!status_.ok()) return;
  status_ = absl::UnavailableError(absl::StrCat(path_, " ", what, ": ", std::strerror(errno)));
}

void OutputFile::Write(absl::string_view bytes) {
  if (!status_.ok() || bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
    Failed("cannot be written");
}

absl::Status OutputFile::Finish() {
  if (file_ != nullptr && std::fflush(file_) != 0) Failed("cannot be written");
  if (temporary_.empty() || file_ == nullptr) return status_;
  if (std::fclose(file_) != 0) Failed("cannot be written");
  file_ = nullptr;
  if (in_place_) return status_;
  if (status_.ok() && std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    Failed("cannot be renamed");
  }
  if (!status_.ok()) std::remove(temporary_.c_str());
  return status_;
}

}  // namespace keepsim
