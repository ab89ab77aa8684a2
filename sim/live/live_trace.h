// What real clients did, as the records that the simulator makes too. What only the broker or the
// network knows is missing; instants are those of the probe's clock.
#ifndef KEEPSIM_SIM_LIVE_LIVE_TRACE_H_
#define KEEPSIM_SIM_LIVE_LIVE_TRACE_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"
#include "sim/mqtt/packet.h"
#include "sim/trace/record.h"

namespace keepsim {

class LiveTrace {
 public:
  // For RecordKind below kFirstPacketKind.
  void Outcome(Instant at, uint32_t entity, RecordKind kind, uint16_t code, uint32_t conn,
               int64_t a, int64_t b = 0);
  // kPacketSent (up) or kPacketReceived (down), at the client.
  void OfPacket(Instant at, uint32_t entity, Direction direction, const Packet& packet,
                uint32_t conn);
  // In canonical order.
  std::vector<TraceRecord> Sorted() const;

 private:
  struct Counters {
    uint32_t outcome = 0;
    uint32_t packet = 0;
  };
  Counters& Of(uint32_t entity);

  std::vector<TraceRecord> records_;
  std::vector<Counters> counters_;  // by entity
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_LIVE_TRACE_H_
