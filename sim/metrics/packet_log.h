// One client's records at packet level, joined: which transmissions carried an MQTT packet, what
// became of each, when the packet was read at the other end. What is past can be forgotten, so that
// a long life fits into little memory.
#ifndef KEEPSIM_SIM_METRICS_PACKET_LOG_H_
#define KEEPSIM_SIM_METRICS_PACKET_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "sim/base/time.h"
#include "sim/trace/record.h"
#include "sim/trace/wire_fields.h"

namespace keepsim {

// A segment or datagram on its way.
struct Transmission {
  uint64_t id = 0;  // ascending, from 1
  uint32_t conn = 0;
  SegmentFields segment;          // with the fate decided on sending
  Instant sent = kNever;          // kNever: a middlebox made it
  Instant arrived = kNever;       // and was taken
  Instant ignored = kNever;       // arrived, and was not taken
  uint8_t why_ignored = 0;        // Fate of sim/net; 0: the connection is forgotten there
  std::vector<uint64_t> packets;  // at least in part on board
  bool lost() const { return segment.fate != 0; }
};

// An MQTT packet that an end has written.
struct LoggedPacket {
  uint64_t id = 0;  // ascending, from 1
  uint32_t conn = 0;
  PacketFields fields;
  Instant written;
  Instant received = kNever;  // read by the other end
  uint32_t begin = 0;         // sequence numbers of its bytes: [begin, end)
  uint32_t end = 0;
  std::vector<uint64_t> transmissions;  // that carried some of it, in order
};

// A record with what it is about; 0: nothing.
struct LogEntry {
  TraceRecord record;
  uint64_t packet = 0;
  uint64_t transmission = 0;
};

class PacketLog {
 public:
  // REQUIRES: the run's and one client's records, of either level, in canonical order.
  void Add(const TraceRecord& r);
  // Drops entries before `t`, and packets and transmissions that were done with by then.
  void Forget(Instant t);

  const std::deque<LogEntry>& entries() const { return entries_; }
  // As they came about: of one instant, faults and arrivals before what follows from them.
  std::vector<LogEntry> InOrder() const;
  // Null if forgotten.
  const LoggedPacket* Packet(uint64_t id) const;
  const Transmission* Sent(uint64_t id) const;
  const std::deque<LoggedPacket>& packets() const { return packets_; }
  // When that end last read a packet, among what was forgotten; kLongAgo: never.
  Instant HeardBefore(Observer end) const { return heard_[end == Observer::kClient ? 1 : 0]; }

 private:
  // One direction of a connection.
  struct Stream {
    uint32_t next = 1;             // sequence number of the next byte written
    std::deque<uint64_t> packets;  // ids
    std::deque<uint64_t> unread;
    std::deque<uint64_t> on_way;  // ids of transmissions
  };
  Stream& StreamOf(uint32_t conn, Direction d) { return streams_[{conn, d}]; }
  void OnPacketSent(LogEntry& e);
  void OnPacketReceived(LogEntry& e);
  void OnTransmitted(LogEntry& e);
  void OnArrival(LogEntry& e);

  std::deque<LogEntry> entries_;
  std::deque<LoggedPacket> packets_;
  std::deque<Transmission> transmissions_;
  std::map<std::pair<uint32_t, Direction>, Stream> streams_;
  uint64_t last_packet_ = 0;
  uint64_t last_transmission_ = 0;
  uint32_t newest_conn_ = 0;
  bool datagrams_ = false;
  Instant heard_[2] = {kLongAgo, kLongAgo};  // by the broker, by the client
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_PACKET_LOG_H_
