#include "sim/trace/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace keepsim::trace_internal {
namespace {

class FileSource : public ByteSource {
 public:
  FileSource(int fd, uint64_t size, std::string name)
      : fd_(fd), size_(size), name_(std::move(name)) {}
  ~FileSource() override { close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  uint64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }

  absl::Status ReadAt(uint64_t offset, size_t n, std::string* to) override {
    to->resize(n);
    size_t done = 0;
    while (done < n) {
      const ssize_t got =
          pread(fd_, to->data() + done, n - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) {
        return absl::UnavailableError(
            absl::StrCat(name_, ": cannot read at byte ", offset + done, ": ", strerror(errno)));
      }
      if (got == 0) return DamagedAt(*this, offset + done, "the file has become shorter");
      done += static_cast<size_t>(got);
    }
    return absl::OkStatus();
  }

 private:
  const int fd_;
  const uint64_t size_;
  const std::string name_;
};

class StringSource : public ByteSource {
 public:
  StringSource(std::string bytes, absl::string_view name) : bytes_(std::move(bytes)), name_(name) {}
  uint64_t size() const override { return bytes_.size(); }
  const std::string& name() const override { return name_; }
  absl::Status ReadAt(uint64_t offset, size_t n, std::string* to) override {
    to->assign(bytes_, offset, n);
    return absl::OkStatus();
  }

 private:
  const std::string bytes_;
  const std::string name_;
};

uint32_t Crc(absl::string_view length, char type, absl::string_view payload) {
  auto add = [](uLong crc, const char* data, size_t n) {
    return crc32_z(crc, reinterpret_cast<const Bytef*>(data), n);
  };
  uLong crc = crc32_z(0, nullptr, 0);
  crc = add(crc, length.data(), length.size());
  crc = add(crc, &type, 1);
  if (!payload.empty()) crc = add(crc, payload.data(), payload.size());
  return static_cast<uint32_t>(crc);
}

}  // namespace

void PutUint32(uint32_t value, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

void PutUint64(uint64_t value, char* to) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

uint32_t GetUint32(const char* from) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= uint32_t{static_cast<uint8_t>(from[i])} << (8 * i);
  return value;
}

uint64_t GetUint64(const char* from) {
  return GetUint32(from) | uint64_t{GetUint32(from + 4)} << 32;
}

std::string FrameHeader(FrameType type, absl::string_view payload) {
  std::string bytes(kFrameHeaderSize, '\0');
  PutUint32(static_cast<uint32_t>(payload.size()), bytes.data());
  bytes[8] = static_cast<char>(type);
  PutUint32(Crc(absl::string_view(bytes.data(), 4), bytes[8], payload), bytes.data() + 4);
  return bytes;
}

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileSource(absl::string_view path) {
  const std::string name(path);
  // A pipe without a writer would not open.
  const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const std::string message = absl::StrCat(name, ": cannot open: ", strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(message) : absl::PermissionDeniedError(message);
  }
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat(name, ": not a regular file"));
  }
  return std::make_unique<FileSource>(fd, static_cast<uint64_t>(info.st_size), name);
}

std::unique_ptr<ByteSource> MakeStringSource(std::string bytes, absl::string_view name) {
  return std::make_unique<StringSource>(std::move(bytes), name);
}

absl::Status DamagedAt(const ByteSource& source, uint64_t offset, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat(source.name(), ": damaged at byte ", offset, " of ", source.size(), ": ", what));
}

absl::Status ReadFrame(ByteSource& source, uint64_t offset, Frame* frame) {
  if (offset > source.size() || source.size() - offset < kFrameHeaderSize) {
    return DamagedAt(source, offset, "the file ends where a frame should begin");
  }
  std::string header;
  if (absl::Status status = source.ReadAt(offset, kFrameHeaderSize, &header); !status.ok()) {
    return status;
  }
  const uint32_t length = GetUint32(header.data());
  const uint8_t type = static_cast<uint8_t>(header[8]);
  if (type < static_cast<uint8_t>(FrameType::kHeader) ||
      type > static_cast<uint8_t>(FrameType::kClients)) {
    return DamagedAt(source, offset, absl::StrCat("no frame has type ", type));
  }
  if (length > kMaxPayload) {
    return DamagedAt(source, offset, absl::StrCat("a frame of ", length, " bytes is too long"));
  }
  if (source.size() - offset - kFrameHeaderSize < length) {
    return DamagedAt(source, offset,
                     absl::StrCat("the file ends within a frame of ", length, " bytes"));
  }
  if (absl::Status status = source.ReadAt(offset + kFrameHeaderSize, length, &frame->payload);
      !status.ok()) {
    return status;
  }
  if (Crc(absl::string_view(header.data(), 4), header[8], frame->payload) !=
      GetUint32(header.data() + 4)) {
    return DamagedAt(source, offset, "the frame's checksum does not match its bytes");
  }
  frame->offset = offset;
  frame->next = offset + kFrameHeaderSize + length;
  frame->type = static_cast<FrameType>(type);
  return absl::OkStatus();
}

}  // namespace keepsim::trace_internal
