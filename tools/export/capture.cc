#include "tools/export/capture.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/mqtt/codec.h"
#include "tools/export/tcp_frame.h"
#include "tools/time_line.h"

namespace keepsim {
namespace {

// Three ranges of 4096 ports: what the client's end sees, what the broker's end sees, and what it
// sees of a connection whose mapping was made anew.
constexpr uint16_t kClientPorts = 49152;
constexpr uint16_t kBrokerPorts = 53248;
constexpr uint16_t kForeignPorts = 57344;
constexpr uint16_t kPorts = 4096;

// Older ones have nothing on its way any more.
constexpr uint32_t kKeptConnections = 8;

uint8_t TcpFlags(const SegmentFields& s) {
  uint8_t flags = 0;
  if (s.flags & SegmentFields::kSyn) flags |= TcpSegment::kSyn;
  if (s.flags & SegmentFields::kAck) flags |= TcpSegment::kAck;
  if (s.flags & SegmentFields::kFin) flags |= TcpSegment::kFin;
  if (s.flags & SegmentFields::kRst) flags |= TcpSegment::kRst;
  if (s.length > 0) flags |= TcpSegment::kPsh;
  return flags;
}

}  // namespace

Capture::Capture(const TraceHeader& header, std::vector<CaptureGroup> groups, PcapngWriter& writer)
    : header_(header),
      groups_(std::move(groups)),
      writer_(writer),
      broker_(writer.AddInterface("broker", "the broker's end of the path")) {}

Capture::Client& Capture::ClientOf(uint32_t entity) {
  const auto [at, added] = clients_.try_emplace(entity);
  Client& client = at->second;
  if (!added) return client;
  for (uint32_t g = 0; g < header_.groups.size(); ++g) {
    const TraceGroup& group = header_.groups[g];
    if (entity < group.first_entity || entity - group.first_entity >= group.count) continue;
    client.group = g;
    client.index = entity - group.first_entity;
    const std::string name = absl::StrCat(group.name, "/", client.index);
    client.interface = writer_.AddInterface(name, absl::StrCat(name, "'s end of the path"));
  }
  return client;
}

Capture::Connection& Capture::ConnectionOf(Client& client, uint32_t number) {
  if (client.connections.size() > kKeptConnections) {
    client.connections.erase(client.connections.begin());
  }
  return client.connections[number];
}

absl::Status Capture::Add(const TraceRecord& r) {
  switch (r.kind) {
    case RecordKind::kPacketSent:
    case RecordKind::kSegmentSent:
    case RecordKind::kSegmentArrived:
    case RecordKind::kSegmentIgnored:
      break;
    case RecordKind::kDatagramSent:
      return absl::UnimplementedError("a capture of datagrams cannot be made: there is no TCP");
    default:
      return absl::OkStatus();
  }
  Client& client = ClientOf(r.entity);
  Connection& c = ConnectionOf(client, r.conn);
  if (r.kind == RecordKind::kPacketSent) return OnPacket(r, client, c);
  if (r.kind == RecordKind::kSegmentSent) {
    OnSent(r, client, c);
  } else {
    OnArrival(r, client, c);
  }
  return absl::OkStatus();
}

absl::Status Capture::OnPacket(const TraceRecord& r, const Client& client, Connection& c) {
  const PacketFields p = PacketFieldsOf(r);
  std::string bytes;
  if (absl::Status s = Bytes(p, client, &bytes); !s.ok()) return s;
  if (bytes.size() != p.size) {
    return absl::InternalError(
        absl::StrCat("a ", PacketName(p), " of ", p.size, " bytes comes out with ", bytes.size()));
  }
  c.stream[p.direction].bytes += bytes;
  return absl::OkStatus();
}

absl::Status Capture::Bytes(const PacketFields& p, const Client& client, std::string* out) const {
  const CaptureGroup& group = groups_[client.group];
  const std::string& name = header_.groups[client.group].name;
  const MqttVersion version = group.connect.version;
  Packet packet;
  packet.type = static_cast<PacketType>(p.type);
  packet.qos = p.qos;
  packet.reason = p.reason;
  packet.flags = p.flags;
  packet.packet_id = p.packet_id;
  packet.value = p.value;
  packet.size = p.size;
  PacketBody body;
  if (packet.type == PacketType::kConnect) {
    body.connect = ForClient(group.connect, name, client.index);
  } else if (packet.type == PacketType::kSubscribe) {
    body.topic = ForClient(group.subscribe_filter, name, client.index);
  } else if (packet.type == PacketType::kPublish) {
    for (const CaptureGroup::Topic& t : group.topics) {
      const std::string topic = ForClient(t.name, name, client.index);
      if (t.up != (p.direction == kUp) || t.qos != p.qos ||
          PublishSize(version, topic.size(), t.payload_bytes, t.qos) != p.size) {
        continue;
      }
      body.topic = topic;
      break;
    }
    if (body.topic.empty()) {
      return absl::InternalError(absl::StrCat("nobody publishes a message of ", p.size,
                                              " bytes with QoS ", static_cast<int>(p.qos)));
    }
  }
  Encode(version, packet, body, out);
  return absl::OkStatus();
}

void Capture::OnSent(const TraceRecord& r, const Client& client, Connection& c) {
  const SegmentFields s = SegmentFieldsOf(r);
  const Stream& stream = c.stream[s.direction];
  std::string payload;
  const uint32_t from = s.seq - stream.begin;
  if (s.length > 0 && from < stream.bytes.size()) payload = stream.bytes.substr(from, s.length);
  std::string comment;
  if (s.probe) comment = "tail loss probe";
  if (s.retransmission && !s.probe) comment = "retransmission";
  if (s.fate != 0) {
    absl::StrAppend(&comment, comment.empty() ? "" : "; ", "lost on the way: ", LossName(s.fate));
  }
  Frame(r, s, client, c, s.direction == kDown, payload, comment);
  if (s.fate == 0 && !payload.empty()) c.on_way[s.direction][s.number] = std::move(payload);
}

void Capture::OnArrival(const TraceRecord& r, const Client& client, Connection& c) {
  const SegmentFields s = SegmentFieldsOf(r);
  const bool made = s.foreign && s.direction == kDown;
  std::string payload;
  const auto found = c.on_way[s.direction].find(s.number);
  if (!made && found != c.on_way[s.direction].end()) {
    payload = std::move(found->second);
    c.on_way[s.direction].erase(found);
  }
  std::string comment = made ? "made by the middlebox" : "";
  if (r.kind == RecordKind::kSegmentIgnored) {
    const int why = r.code & 0xFF;
    comment = absl::StrCat("ignored: ", why == 0 ? "nobody there" : LossName(why));
  }
  if (s.foreign && s.direction == kUp) c.foreign_at = r.at;
  Frame(r, s, client, c, s.direction == kUp, payload, comment);
  // What is acknowledged is never sent again.
  if ((s.flags & SegmentFields::kAck) == 0 || r.kind != RecordKind::kSegmentArrived || made) return;
  Stream& acked = c.stream[s.direction == kUp ? kDown : kUp];
  const uint32_t n = s.ack - acked.begin;
  if (static_cast<int32_t>(n) <= 0) return;
  const size_t drop = std::min<size_t>(n, acked.bytes.size());
  acked.bytes.erase(0, drop);
  acked.begin += static_cast<uint32_t>(drop);
}

void Capture::Frame(const TraceRecord& r, const SegmentFields& s, const Client& client,
                    const Connection& c, bool at_broker, absl::string_view payload,
                    absl::string_view comment) {
  const uint16_t port = static_cast<uint16_t>(r.conn % kPorts);
  // A broker's RST answers what came under the other address.
  const bool answers = (s.flags & SegmentFields::kRst) != 0 && c.foreign_at == r.at;
  const bool foreign = at_broker && (s.direction == kUp ? s.foreign : answers);
  TcpSegment t;
  t.from_client = s.direction == kUp;
  t.client = r.entity - 1;
  t.client_port = static_cast<uint16_t>(port + (foreign     ? kForeignPorts
                                                : at_broker ? kBrokerPorts
                                                            : kClientPorts));
  t.seq = s.seq;
  t.ack = (s.flags & SegmentFields::kAck) != 0 ? s.ack : 0;
  t.flags = TcpFlags(s);
  t.payload = payload;
  AddSegment(at_broker ? broker_ : client.interface, r.at, t, comment, writer_);
}

}  // namespace keepsim
