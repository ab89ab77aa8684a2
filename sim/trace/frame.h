// The container of a trace file (docs/trace-format.md); inside sim/trace only.
//
//   file    = magic version frame* trailer
//   magic   = "KEEPSIM\n"            version = uint32
//   frame   = length crc type payload
//   length  = uint32, of the payload
//   crc     = uint32, zlib's crc32 of length, type and payload
//   type    = uint8
//   trailer = uint64 offset of the footer's frame, "KEEPEND\n"
//
// All integers are little-endian.
#ifndef KEEPSIM_SIM_TRACE_FRAME_H_
#define KEEPSIM_SIM_TRACE_FRAME_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keepsim::trace_internal {

inline constexpr absl::string_view kMagic = "KEEPSIM\n";
inline constexpr absl::string_view kEndMagic = "KEEPEND\n";
inline constexpr uint32_t kFormatVersion = 2;
inline constexpr uint32_t kOldFormatVersion = 1;  // without directories; is read as well
inline constexpr uint64_t kPreambleSize = 12;
inline constexpr uint64_t kFrameHeaderSize = 9;
inline constexpr uint64_t kTrailerSize = 16;
inline constexpr uint32_t kMaxPayload = 64u << 20;
inline constexpr uint32_t kBlockRecords = 2048;
inline constexpr uint32_t kDirectoryBlocks = 1024;

enum class FrameType : uint8_t {
  kHeader = 1,
  kBlock = 2,
  kIndex = 3,
  kFooter = 4,
  kDirectory = 5,
  kClients = 6,
};

void PutUint32(uint32_t value, char* to);
void PutUint64(uint64_t value, char* to);
uint32_t GetUint32(const char* from);
uint64_t GetUint64(const char* from);

// The bytes of a frame before its payload.
std::string FrameHeader(FrameType type, absl::string_view payload);

// Bytes at rest: a file or a string.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // REQUIRES: offset + n <= size(). DataLoss if the file has become shorter meanwhile.
  virtual absl::Status ReadAt(uint64_t offset, size_t n, std::string* to) = 0;
  virtual const std::string& name() const = 0;
};

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileSource(absl::string_view path);
std::unique_ptr<ByteSource> MakeStringSource(std::string bytes, absl::string_view name);

struct Frame {
  uint64_t offset = 0;
  uint64_t next = 0;  // offset after it
  FrameType type = FrameType::kHeader;
  std::string payload;
};

// DataLoss with the offset if the bytes at `offset` are not a whole, unaltered frame. Memory is
// taken only for bytes that are there.
absl::Status ReadFrame(ByteSource& source, uint64_t offset, Frame* frame);

absl::Status DamagedAt(const ByteSource& source, uint64_t offset, absl::string_view what);

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_FRAME_H_
