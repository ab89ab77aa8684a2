#include "tools/export/pcapng.h"

#include "sim/base/check.h"

namespace keepsim {
namespace {

constexpr uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kEnhancedPacket = 6;

constexpr uint32_t kEndOfOptions = 0;
constexpr uint32_t kComment = 1;
constexpr uint32_t kInterfaceName = 2;
constexpr uint32_t kApplication = 4;
constexpr uint32_t kInterfaceDescriptionText = 3;
constexpr uint32_t kTimeResolution = 9;

void Put16(uint32_t v, std::string* out) {
  out->push_back(static_cast<char>(v & 0xFF));
  out->push_back(static_cast<char>(v >> 8 & 0xFF));
}
void Put32(uint32_t v, std::string* out) { Put16(v & 0xFFFF, out), Put16(v >> 16, out); }

void PutPadded(absl::string_view bytes, std::string* out) {
  out->append(bytes.data(), bytes.size());
  out->append((4 - bytes.size() % 4) % 4, '\0');
}

void PutOption(uint32_t code, absl::string_view value, std::string* out) {
  Put16(code, out);
  Put16(static_cast<uint32_t>(value.size()), out);
  PutPadded(value, out);
}

// An option's length has 16 bits; a character is not cut in two.
absl::string_view Fitting(absl::string_view text) {
  if (text.size() <= 65535) return text;
  size_t n = 65535;
  while (n > 0 && (static_cast<uint8_t>(text[n]) & 0xC0) == 0x80) --n;
  return text.substr(0, n);
}

void PutText(uint32_t code, absl::string_view text, std::string* out) {
  if (!text.empty()) PutOption(code, Fitting(text), out);
}

void PutBlock(uint32_t type, absl::string_view body, std::string* out) {
  const auto length = static_cast<uint32_t>(body.size() + 12);
  Put32(type, out);
  Put32(length, out);
  out->append(body.data(), body.size());
  Put32(length, out);
}

}  // namespace

PcapngWriter::PcapngWriter(absl::string_view application, std::string* out) : out_(out) {
  std::string body;
  Put32(0x1A2B3C4D, &body);  // byte order
  Put16(1, &body);           // version 1.0
  Put16(0, &body);
  body.append(8, '\xFF');  // length of the section: not given
  PutText(kApplication, application, &body);
  PutOption(kEndOfOptions, "", &body);
  PutBlock(kSectionHeader, body, out_);
}

uint32_t PcapngWriter::AddInterface(absl::string_view name, absl::string_view description) {
  std::string body;
  Put16(1, &body);  // Ethernet
  Put16(0, &body);
  Put32(0, &body);  // packets are never cut short
  PutText(kInterfaceName, name, &body);
  PutText(kInterfaceDescriptionText, description, &body);
  PutOption(kTimeResolution, "\x09", &body);  // 10^-9 s
  PutOption(kEndOfOptions, "", &body);
  PutBlock(kInterfaceDescription, body, out_);
  return interfaces_++;
}

void PcapngWriter::AddPacket(uint32_t interface, Instant at, absl::string_view frame,
                             absl::string_view comment) {
  SIM_CHECK(interface < interfaces_);
  SIM_CHECK(at >= kStart);
  const auto ns = static_cast<uint64_t>(at.ns);
  const auto length = static_cast<uint32_t>(frame.size());
  std::string body;
  Put32(interface, &body);
  Put32(static_cast<uint32_t>(ns >> 32), &body);
  Put32(static_cast<uint32_t>(ns), &body);
  Put32(length, &body);  // captured
  Put32(length, &body);  // on the wire
  PutPadded(frame, &body);
  if (!comment.empty()) {
    PutText(kComment, comment, &body);
    PutOption(kEndOfOptions, "", &body);
  }
  PutBlock(kEnhancedPacket, body, out_);
}

}  // namespace keepsim
