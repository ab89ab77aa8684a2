// An Ethernet frame with IPv4 and TCP in it, as a capture at either end of a path would hold it.
#ifndef KEEPSIM_TOOLS_EXPORT_TCP_FRAME_H_
#define KEEPSIM_TOOLS_EXPORT_TCP_FRAME_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "sim/base/time.h"
#include "tools/export/pcapng.h"

namespace keepsim {

struct TcpSegment {
  // Bits of the TCP header (RFC 9293, section 3.1).
  static constexpr uint8_t kFin = 0x01;
  static constexpr uint8_t kSyn = 0x02;
  static constexpr uint8_t kRst = 0x04;
  static constexpr uint8_t kPsh = 0x08;
  static constexpr uint8_t kAck = 0x10;

  bool from_client = true;
  uint32_t client = 0;  // its address is 10.0.0.1 plus this; below 2^24 - 2
  uint16_t client_port = 0;
  uint16_t broker_port = 1883;  // the broker's address is 192.0.2.1 (RFC 5737)
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint8_t flags = 0;
  absl::string_view payload;  // at most kMaxTcpPayload bytes
};

// What fits into one IPv4 packet; more is for the caller to split.
inline constexpr size_t kMaxTcpPayload = 65535 - 20 - 20;

// With right IPv4 and TCP checksums.
std::string TcpFrame(const TcpSegment& segment);

// As seen at `interface` at that time.
void AddSegment(uint32_t interface, Instant at, const TcpSegment& segment,
                absl::string_view comment, PcapngWriter& writer);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_TCP_FRAME_H_
