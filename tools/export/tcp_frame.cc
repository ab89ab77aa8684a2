#include "tools/export/tcp_frame.h"

#include "sim/base/check.h"

namespace keepsim {
namespace {

constexpr uint32_t kClients = 0x0A000001;  // 10.0.0.1
constexpr uint32_t kBroker = 0xC0000201;   // 192.0.2.1
constexpr uint32_t kTcp = 6;

void Put8(uint32_t v, std::string* out) { out->push_back(static_cast<char>(v & 0xFF)); }
void Put16(uint32_t v, std::string* out) { Put8(v >> 8, out), Put8(v, out); }
void Put32(uint32_t v, std::string* out) { Put16(v >> 16, out), Put16(v, out); }

// A locally administered address that ends with the IPv4 address.
void PutMac(uint32_t address, std::string* out) { Put16(0x0200, out), Put32(address, out); }

// RFC 1071: the sum of 16-bit words before its complement is taken.
uint32_t Sum(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint32_t byte = static_cast<uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8 : byte;
  }
  return sum;
}

uint32_t Checksum(uint32_t sum) {
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return ~sum & 0xFFFF;
}

void Store16(uint32_t v, size_t at, std::string* bytes) {
  (*bytes)[at] = static_cast<char>(v >> 8 & 0xFF);
  (*bytes)[at + 1] = static_cast<char>(v & 0xFF);
}

std::string Tcp(const TcpSegment& s, uint32_t source, uint32_t target) {
  std::string tcp;
  Put16(s.from_client ? s.client_port : s.broker_port, &tcp);
  Put16(s.from_client ? s.broker_port : s.client_port, &tcp);
  Put32(s.seq, &tcp);
  Put32(s.ack, &tcp);
  Put8(5 << 4, &tcp);  // five words of header
  Put8(s.flags, &tcp);
  Put16(65535, &tcp);  // window
  Put16(0, &tcp);      // checksum, below
  Put16(0, &tcp);      // urgent pointer
  tcp.append(s.payload.data(), s.payload.size());

  std::string pseudo_header;
  Put32(source, &pseudo_header);
  Put32(target, &pseudo_header);
  Put16(kTcp, &pseudo_header);
  Put16(static_cast<uint32_t>(tcp.size()), &pseudo_header);
  Store16(Checksum(Sum(pseudo_header) + Sum(tcp)), 16, &tcp);
  return tcp;
}

std::string Ipv4Header(uint32_t source, uint32_t target, size_t payload_size) {
  std::string ip;
  Put8(0x45, &ip);  // version 4, five words of header
  Put8(0, &ip);
  Put16(static_cast<uint32_t>(20 + payload_size), &ip);
  Put16(0, &ip);       // identification: none is needed where nothing is fragmented (RFC 6864)
  Put16(0x4000, &ip);  // don't fragment
  Put8(64, &ip);       // time to live
  Put8(kTcp, &ip);
  Put16(0, &ip);  // checksum, below
  Put32(source, &ip);
  Put32(target, &ip);
  Store16(Checksum(Sum(ip)), 10, &ip);
  return ip;
}

}  // namespace

std::string TcpFrame(const TcpSegment& segment) {
  SIM_CHECK(segment.client < (1u << 24) - 2);
  SIM_CHECK(segment.payload.size() <= kMaxTcpPayload);
  const uint32_t client = kClients + segment.client;
  const uint32_t source = segment.from_client ? client : kBroker;
  const uint32_t target = segment.from_client ? kBroker : client;
  const std::string tcp = Tcp(segment, source, target);
  std::string frame;
  PutMac(target, &frame);
  PutMac(source, &frame);
  Put16(0x0800, &frame);  // IPv4
  frame += Ipv4Header(source, target, tcp.size());
  frame += tcp;
  return frame;
}

void AddSegment(uint32_t interface, Instant at, const TcpSegment& segment,
                absl::string_view comment, PcapngWriter& writer) {
  writer.AddPacket(interface, at, TcpFrame(segment), comment);
}

}  // namespace keepsim
