#include "sim/live/live_trace.h"

#include <algorithm>

#include "sim/trace/wire_fields.h"

namespace keepsim {

LiveTrace::Counters& LiveTrace::Of(uint32_t entity) {
  if (counters_.size() <= entity) counters_.resize(entity + 1);
  return counters_[entity];
}

void LiveTrace::Outcome(Instant at, uint32_t entity, RecordKind kind, uint16_t code, uint32_t conn,
                        int64_t a, int64_t b) {
  records_.push_back({at, entity, Of(entity).outcome++, kind, code, conn, a, b});
}

void LiveTrace::OfPacket(Instant at, uint32_t entity, Direction direction, const Packet& packet,
                         uint32_t conn) {
  const RecordKind kind = direction == kUp ? RecordKind::kPacketSent : RecordKind::kPacketReceived;
  const PacketFields fields = {.direction = direction,
                               .type = static_cast<uint8_t>(packet.type),
                               .qos = packet.qos,
                               .reason = packet.reason,
                               .flags = packet.flags,
                               .packet_id = packet.packet_id,
                               .value = packet.value,
                               .size = packet.size};
  const auto code = static_cast<uint16_t>(direction << 8 | fields.type);
  records_.push_back({at, entity, Of(entity).packet++, kind, code, conn, PackFields(fields),
                      int64_t{packet.size}});
}

std::vector<TraceRecord> LiveTrace::Sorted() const {
  std::vector<TraceRecord> sorted = records_;
  std::sort(sorted.begin(), sorted.end(), CanonicalLess);
  return sorted;
}

}  // namespace keepsim
