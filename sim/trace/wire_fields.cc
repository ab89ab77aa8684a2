#include "sim/trace/wire_fields.h"

#include <algorithm>

namespace keepsim {
namespace {

// Of the number that holds an RTO; the back-off stands above.
constexpr int kRtoBits = 48;
constexpr int64_t kMostRto = (int64_t{1} << kRtoBits) - 1;

}  // namespace

PacketFields PacketFieldsOf(const TraceRecord& r) {
  const uint64_t a = static_cast<uint64_t>(r.a);
  const bool datagram =
      r.kind == RecordKind::kDatagramSent || r.kind == RecordKind::kDatagramArrived;
  PacketFields p;
  p.direction = static_cast<Direction>(r.code >> 8 & 1);
  // The code of a kDatagramSent holds its fate.
  if (r.kind != RecordKind::kDatagramSent) p.type = r.code & 15;
  p.qos = static_cast<uint8_t>(a >> 48);
  p.reason = static_cast<uint8_t>(a >> 40);
  p.flags = static_cast<uint8_t>(a >> 32);
  p.packet_id = static_cast<uint16_t>(a >> 16);
  p.value = static_cast<uint16_t>(a);
  p.size = static_cast<uint32_t>(datagram ? static_cast<uint64_t>(r.b) >> 32
                                          : static_cast<uint64_t>(r.b));
  return p;
}

int64_t PackFields(const PacketFields& p) {
  return static_cast<int64_t>(uint64_t{p.qos} << 48 | uint64_t{p.reason} << 40 |
                              uint64_t{p.flags} << 32 | uint64_t{p.packet_id} << 16 | p.value);
}

SegmentFields SegmentFieldsOf(const TraceRecord& r) {
  const uint64_t a = static_cast<uint64_t>(r.a);
  const uint64_t b = static_cast<uint64_t>(r.b);
  SegmentFields s;
  s.direction = static_cast<Direction>(r.code >> 8 & 1);
  s.datagram = r.kind == RecordKind::kDatagramSent || r.kind == RecordKind::kDatagramArrived;
  if (r.kind != RecordKind::kDatagramArrived) s.fate = static_cast<uint8_t>(r.code);
  s.number = static_cast<uint16_t>(b >> 16);
  s.length = static_cast<uint32_t>(b >> 32);
  if (s.datagram) return s;
  s.seq = static_cast<uint32_t>(a >> 32);
  s.ack = static_cast<uint32_t>(a);
  s.flags = static_cast<uint8_t>(b >> 8);
  s.retransmission = (b & 1) != 0;
  s.probe = (b & 2) != 0;
  s.foreign = (b & 4) != 0;
  return s;
}

TcpTimerFields TcpTimerFieldsOf(const TraceRecord& r) {
  TcpTimerFields t;
  t.broker = r.code >> 8 != 0;
  t.name = static_cast<TcpTimerName>(r.code & 0xFF);
  t.deadline = Instant{r.a};
  t.rto = Duration{r.b & kMostRto};
  t.backoff = static_cast<uint8_t>(r.b >> kRtoBits);
  return t;
}

uint16_t TcpTimerCode(const TcpTimerFields& t) {
  return static_cast<uint16_t>((t.broker ? 1 : 0) << 8 | static_cast<int>(t.name));
}

int64_t PackRto(const TcpTimerFields& t) {
  return int64_t{t.backoff} << kRtoBits | std::min(t.rto.ns, kMostRto);
}

}  // namespace keepsim
