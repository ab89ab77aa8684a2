#include "sim/base/digest.h"

#include "absl/strings/str_format.h"

namespace keepsim {

std::string Digest::Hex() const { return absl::StrFormat("%016x%016x", hi_, lo_); }

Digest DigestOfBytes(absl::string_view bytes) {
  Digest digest;
  for (size_t at = 0; at <= bytes.size(); at += 32) {
    uint64_t w[4] = {0, 0, 0, 0};
    for (size_t i = 0; i < 32 && at + i < bytes.size(); ++i) {
      w[i / 8] |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (i % 8 * 8);
    }
    digest.Add(at ^ (uint64_t{bytes.size()} << 32), w[0], w[1], w[2], w[3]);
  }
  return digest;
}

}  // namespace keepsim
