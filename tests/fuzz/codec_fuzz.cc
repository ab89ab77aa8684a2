// Whatever the bytes, the codec answers with a packet or an error; and what it decodes, it encodes
// to bytes that say the same again.
//
// The first byte chooses the version; the rest is a stream of packets.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sim/mqtt/codec.h"

namespace {

using keepsim::Decoded;
using keepsim::MqttVersion;
using keepsim::PacketBody;

bool Same(const PacketBody& a, const PacketBody& b) {
  return a.connect == b.connect && a.topic == b.topic && a.payload == b.payload;
}

// What the codec leaves out (properties that it does not know, further topic filters) and what may
// be written in two ways (lengths, 5.0's optional ends) makes the size differ, and nothing else
// may.
void EncodeAndCompare(MqttVersion version, const Decoded& first) {
  keepsim::Packet packet = first.packet;
  packet.size = 0;
  std::string bytes;
  Encode(version, packet, first.body, &bytes);
  auto second = Decode(version, bytes);
  if (!second.ok() || second->consumed != bytes.size()) std::abort();
  if (second->packet.size != bytes.size()) std::abort();
  second->packet.size = 0;
  if (!(second->packet == packet) || !Same(second->body, first.body)) std::abort();
  for (size_t n = 0; n < bytes.size() && n < 64; ++n) {
    const auto part = Decode(version, absl::string_view(bytes).substr(0, n));
    if (!part.ok() || part->consumed != 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const MqttVersion version = data[0] % 2 == 0 ? MqttVersion::kV311 : MqttVersion::kV5;
  // A copy of its own, so that a read past the end is a read past an allocation.
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  absl::string_view rest = bytes;
  while (!rest.empty()) {
    const auto decoded = Decode(version, rest);
    if (!decoded.ok() || decoded->consumed == 0) break;
    if (decoded->consumed > rest.size() || decoded->packet.size != decoded->consumed) std::abort();
    EncodeAndCompare(version, *decoded);
    rest.remove_prefix(decoded->consumed);
  }
  return 0;
}
