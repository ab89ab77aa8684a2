// Packet-level records as a capture: real MQTT bytes in TCP segments, seen at each client's end and
// at the broker's end of the path.
//
// Each client's end is an interface of its own, the broker's end another. The two ends see a
// connection under different client ports, as if a NAT lay between them; otherwise a dissector
// would take what one end sees for repetitions of what the other has seen. Sequence numbers are the
// simulator's: each direction begins at 0.
#ifndef KEEPSIM_TOOLS_EXPORT_CAPTURE_H_
#define KEEPSIM_TOOLS_EXPORT_CAPTURE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "sim/mqtt/connect_options.h"
#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"
#include "sim/trace/wire_fields.h"
#include "tools/export/pcapng.h"

namespace keepsim {

// What a group's clients say, for the bytes that records do not hold.
struct CaptureGroup {
  struct Topic {
    std::string name;  // {group} and {index} are replaced
    uint8_t qos = 0;
    uint32_t payload_bytes = 0;
    bool up = true;
  };
  ConnectOptions connect;  // texts as in Topic
  std::string subscribe_filter;
  std::vector<Topic> topics;
};

class Capture {
 public:
  // By group, as in `header`, which must outlive it, as `writer` must.
  Capture(const TraceHeader& header, std::vector<CaptureGroup> groups, PcapngWriter& writer);
  // REQUIRES: canonical order, clients interleaved at will. Outcome records have no effect.
  // Unimplemented for datagrams; Internal if bytes do not come out as long as they were.
  absl::Status Add(const TraceRecord& r);

 private:
  struct Stream {
    uint32_t begin = 1;  // sequence number of the first byte kept
    std::string bytes;
  };
  struct Connection {
    Stream stream[2];                           // by direction
    std::map<uint16_t, std::string> on_way[2];  // payloads by number of the transmission
    Instant foreign_at = kLongAgo;              // when a segment came under another address
  };
  struct Client {
    uint32_t group = 0;
    uint32_t index = 0;
    uint32_t interface = 0;
    std::map<uint32_t, Connection> connections;
  };

  Client& ClientOf(uint32_t entity);
  Connection& ConnectionOf(Client& client, uint32_t number);
  absl::Status OnPacket(const TraceRecord& r, const Client& client, Connection& c);
  absl::Status Bytes(const PacketFields& p, const Client& client, std::string* out) const;
  void OnSent(const TraceRecord& r, const Client& client, Connection& c);
  void OnArrival(const TraceRecord& r, const Client& client, Connection& c);
  void Frame(const TraceRecord& r, const SegmentFields& s, const Client& client,
             const Connection& c, bool at_broker, absl::string_view payload,
             absl::string_view comment);

  const TraceHeader& header_;
  const std::vector<CaptureGroup> groups_;
  PcapngWriter& writer_;
  const uint32_t broker_;
  std::map<uint32_t, Client> clients_;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_CAPTURE_H_
