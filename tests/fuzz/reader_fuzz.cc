// Whatever the bytes, the reader answers with records in canonical order or with an error.
//
// A first byte 0: the rest is a file as it is. Any other: the rest is frames, each as type, length
// (two bytes) and payload, which are put into a file with right checksums, so that what is behind
// the checksums is reached.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sim/trace/frame.h"
#include "sim/trace/reader.h"

namespace {

using keepsim::trace_internal::FrameType;

std::string FileOfFrames(const char* data, size_t size) {
  std::string file(keepsim::trace_internal::kMagic);
  file.resize(keepsim::trace_internal::kPreambleSize);
  keepsim::trace_internal::PutUint32(keepsim::trace_internal::kFormatVersion, file.data() + 8);
  uint64_t last = file.size();
  for (size_t i = 0; i + 3 <= size;) {
    const auto type = static_cast<FrameType>(1 + (static_cast<uint8_t>(data[i]) % 6));
    const size_t length = static_cast<uint8_t>(data[i + 1]) | static_cast<uint8_t>(data[i + 2])
                                                                  << 8;
    const std::string payload(data + i + 3, std::min(length, size - i - 3));
    last = file.size();
    file += keepsim::trace_internal::FrameHeader(type, payload) + payload;
    i += 3 + payload.size();
  }
  std::string trailer(8, '\0');
  keepsim::trace_internal::PutUint64(last, trailer.data());
  return file + trailer + std::string(keepsim::trace_internal::kEndMagic);
}

void Read(const std::string& bytes, bool allow_damaged) {
  auto reader = keepsim::TraceReader::OpenBytes(bytes, "input", {allow_damaged});
  if (!reader.ok()) return;
  keepsim::TraceRecord last, record;
  bool any = false;
  while (true) {
    const auto more = (*reader)->Next(&record);
    if (!more.ok() && allow_damaged) std::abort();
    if (!more.ok() || !*more) break;
    if (any && !keepsim::CanonicalLess(last, record)) std::abort();
    any = true;
    last = record;
  }
  (void)(*reader)->Seek(keepsim::Instant{1000000000});
  (void)(*reader)->Next(&record);
  // Directories are used: what is selected is within the selection, and in order.
  const keepsim::TraceSelection selection{
      keepsim::Instant{0}, keepsim::Instant{1000000000000}, {{0, 0}, {3, 7}}};
  (void)(*reader)->Select(selection);
  any = false;
  while (true) {
    const auto more = (*reader)->Next(&record);
    if (!more.ok() && allow_damaged) std::abort();
    if (!more.ok() || !*more) break;
    if (any && !keepsim::CanonicalLess(last, record)) std::abort();
    if (record.entity != 0 && (record.entity < 3 || record.entity > 7)) std::abort();
    any = true;
    last = record;
  }
  const int64_t declarations = (*reader)->declaration_count();
  if (declarations > 0) {
    const auto first = (*reader)->Declaration(1);
    if (first.ok() && first->kind != keepsim::RecordKind::kDeclared) std::abort();
    (void)(*reader)->Declaration(declarations);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const char* rest = reinterpret_cast<const char*>(data) + 1;
  const std::string file =
      data[0] == 0 ? std::string(rest, size - 1) : FileOfFrames(rest, size - 1);
  Read(file, false);
  Read(file, true);
  return 0;
}
