// What the oracle writes down of one client: its records as they happen and the counts for its end.
#ifndef KEEPSIM_TESTS_ORACLE_LEDGER_H_
#define KEEPSIM_TESTS_ORACLE_LEDGER_H_

#include <cstdint>
#include <vector>

#include "sim/base/time.h"
#include "sim/mqtt/packet.h"
#include "sim/trace/record.h"

namespace keepsim::oracle {

class Ledger {
 public:
  explicit Ledger(uint32_t entity) : entity_(entity) {}

  void Note(Instant at, RecordKind kind, uint16_t code = 0, uint32_t conn = 0, int64_t a = 0,
            int64_t b = 0);

  void Sent(Direction direction, PacketType type, uint32_t size);
  void Delivered(Direction direction) { ++count_[direction].delivered; }
  void Dropped(Direction direction) { ++count_[direction].dropped; }
  void InFlight(Direction direction) { ++count_[direction].in_flight; }
  // A datagram, with the headers of IP and UDP.
  void Datagram(Direction direction, uint32_t size, bool lost);
  void RadioUsed(Instant at);
  void WasConnectedFor(Duration d) { connected_ += d; }
  void PingAnswered(Duration round_trip);

  // The records of the end of the run.
  void Finish(Instant at, uint16_t end_state, bool datagrams);

  const std::vector<TraceRecord>& records() const { return records_; }

 private:
  struct PerType {
    int64_t packets = 0;
    int64_t bytes = 0;
  };
  struct PerDirection {
    PerType types[kPacketTypes];
    int64_t sent = 0;
    int64_t delivered = 0;
    int64_t dropped = 0;
    int64_t in_flight = 0;
    int64_t datagrams = 0;
    int64_t datagram_bytes = 0;
    int64_t lost = 0;
  };

  uint32_t entity_;
  uint32_t next_counter_ = 0;
  std::vector<TraceRecord> records_;
  PerDirection count_[2];
  Instant radio_used_ = kLongAgo;
  int64_t wake_ups_ = 0;
  Duration connected_{0};
  int64_t answers_ = 0;
  Duration round_trips_{0};
};

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_LEDGER_H_
