// Writes a capture of conversations whose MQTT bytes are the codec's own, for codec_tshark_test.
//
//   codec_capture FILE
//
// Every packet is decoded again, alone and in its stream; a difference is told and ends it with 1.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/mqtt/codec.h"
#include "tools/export/pcapng.h"
#include "tools/export/tcp_frame.h"

namespace keepsim {
namespace {

bool failed = false;

struct Message {
  Packet packet;
  PacketBody body;
  size_t padding = 0;  // zero bytes that the codec adds to the payload
};

bool Same(const Message& sent, const Decoded& read) {
  return read.packet == sent.packet && read.body.topic == sent.body.topic &&
         read.body.payload == sent.body.payload && read.body.connect == sent.body.connect;
}

// One TCP connection, each segment a millisecond and a nanosecond after the one before.
class Conversation {
 public:
  Conversation(MqttVersion version, uint32_t client, absl::string_view name, PcapngWriter* writer)
      : version_(version), writer_(writer), now_(kStart + Seconds(client)) {
    interface_ = writer->AddInterface(name, "MQTT bytes of the codec");
    client_.seq = 1000;
    broker_.seq = 9000;
    segment_.client = client;
    segment_.client_port = static_cast<uint16_t>(40000 + client);
    Segment(true, TcpSegment::kSyn, "");
    Segment(false, TcpSegment::kSyn | TcpSegment::kAck, "");
    Segment(true, TcpSegment::kAck, "");
  }

  // Both ends hang up; each stream is read again as a whole.
  void Close() {
    Segment(true, TcpSegment::kFin | TcpSegment::kAck, "");
    Segment(false, TcpSegment::kFin | TcpSegment::kAck, "");
    Segment(true, TcpSegment::kAck, "");
    for (const Side* side : {&client_, &broker_}) {
      absl::string_view rest = side->stream;
      for (const Message& m : side->messages) {
        const auto read = Decode(version_, rest);
        if (!read.ok() || !Same(m, *read)) return Fail(m, "is another one in its stream");
        rest.remove_prefix(read->consumed);
      }
    }
  }

  void Say(bool from_client, const Message& m) { Send(from_client, Bytes(from_client, m)); }

  // In one segment.
  void SayAtOnce(bool from_client, const std::vector<Message>& messages) {
    std::string bytes;
    for (const Message& m : messages) bytes += Bytes(from_client, m);
    Send(from_client, bytes);
  }

  // In segments that end after each of `cuts` bytes and at the end.
  void SayInPieces(bool from_client, const std::vector<Message>& messages,
                   const std::vector<size_t>& cuts) {
    std::string bytes;
    for (const Message& m : messages) bytes += Bytes(from_client, m);
    size_t at = 0;
    for (const size_t cut : cuts) {
      Send(from_client, absl::string_view(bytes).substr(at, cut - at));
      at = cut;
    }
    Send(from_client, absl::string_view(bytes).substr(at));
  }

 private:
  struct Side {
    uint32_t seq = 0;
    std::string stream;
    std::vector<Message> messages;
  };

  static void Fail(const Message& m, const char* what) {
    std::fprintf(stderr, "%s %s\n", PacketTypeName(m.packet.type), what);
    failed = true;
  }

  std::string Bytes(bool from_client, Message m) {
    std::string bytes;
    Encode(version_, m.packet, m.body, &bytes);
    m.body.payload.append(m.padding, '\0');
    m.packet.size = static_cast<uint32_t>(bytes.size());
    const auto read = Decode(version_, bytes);
    if (!read.ok() || !Same(m, *read)) Fail(m, "is another one once it is decoded");
    Side& side = from_client ? client_ : broker_;
    side.stream += bytes;
    side.messages.push_back(std::move(m));
    return bytes;
  }

  void Send(bool from_client, absl::string_view bytes) {
    Segment(from_client, TcpSegment::kPsh | TcpSegment::kAck, bytes);
  }

  void Segment(bool from_client, uint8_t flags, absl::string_view payload) {
    Side& from = from_client ? client_ : broker_;
    segment_.from_client = from_client;
    segment_.flags = flags;
    segment_.seq = from.seq;
    segment_.ack = (flags & TcpSegment::kAck) == 0 ? 0 : (from_client ? broker_ : client_).seq;
    segment_.payload = payload;
    AddSegment(interface_, now_, segment_, from_client ? "to broker" : "to client", *writer_);
    from.seq += static_cast<uint32_t>(payload.size());
    if ((flags & (TcpSegment::kSyn | TcpSegment::kFin)) != 0) ++from.seq;
    now_ += Nanoseconds(1000001);
  }

  MqttVersion version_;
  PcapngWriter* writer_;
  uint32_t interface_;
  Instant now_;
  Side client_;
  Side broker_;
  TcpSegment segment_;
};

Message Small(PacketType type, uint16_t packet_id = 0, uint8_t reason = 0) {
  Message m;
  m.packet = SmallPacket(type, packet_id);
  m.packet.reason = reason;
  return m;
}

Message ConnectWith(const ConnectOptions& options) {
  Message m = Small(PacketType::kConnect);
  m.packet.value = options.keep_alive_s;
  if (options.clean_start) m.packet.flags |= Packet::kCleanStart;
  m.body.connect = options;
  return m;
}

Message Connack(uint8_t reason, bool session_present, uint16_t server_keep_alive_s = 0) {
  Message m = Small(PacketType::kConnack, 0, reason);
  if (session_present) m.packet.flags |= Packet::kSessionPresent;
  if (server_keep_alive_s != 0) m.packet.flags |= Packet::kHasServerKeepAlive;
  m.packet.value = server_keep_alive_s;
  return m;
}

Message Publish(std::string topic, std::string payload, uint8_t qos, uint16_t packet_id,
                uint8_t flags) {
  Message m = Small(PacketType::kPublish, packet_id);
  m.packet.qos = qos;
  m.packet.flags = flags;
  m.body.topic = std::move(topic);
  m.body.payload = std::move(payload);
  return m;
}

// As the simulator knows it: by its size alone.
Message PaddedPublish(MqttVersion version, size_t payload_size) {
  Message m = Publish("t", "", 0, 0, 0);
  m.packet.size = PublishSize(version, 1, payload_size, 0);
  m.padding = payload_size;
  return m;
}

Message Subscribe(uint16_t packet_id, std::string filter, uint8_t qos) {
  Message m = Small(PacketType::kSubscribe, packet_id);
  m.body.topic = std::move(filter);
  m.packet.qos = qos;
  return m;
}

Message Unsubscribe(uint16_t packet_id, std::string filter) {
  Message m = Small(PacketType::kUnsubscribe, packet_id);
  m.body.topic = std::move(filter);
  return m;
}

ConnectOptions FullConnect(MqttVersion version) {
  ConnectOptions o;
  o.version = version;
  o.client_id = "client-1";
  o.keep_alive_s = 60;
  o.has_user_name = true;
  o.user_name = "toby";
  o.has_password = true;
  o.password = "secret";
  o.has_will = true;
  o.will = {"/hans/will", "unexpected exit", 2, false, 0};
  if (version == MqttVersion::kV5) {
    o.clean_start = false;
    o.will.retain = true;
    o.will.delay_s = 5;
    o.session_expiry_s = 3600;
    o.receive_maximum = 10;
    o.maximum_packet_size = 100000;
    o.topic_alias_maximum = 7;
    o.request_response_information = true;
    o.request_problem_information = false;
    o.user_properties = {{"site", "north"}, {"rack", "4"}};
  }
  return o;
}

// Every packet type with every field that the codec knows.
void Everything(MqttVersion version, uint32_t client, absl::string_view name,
                PcapngWriter* writer) {
  const bool v5 = version == MqttVersion::kV5;
  const auto in_v5 = [&](uint8_t reason) -> uint8_t { return v5 ? reason : 0; };
  constexpr uint8_t kDup = Packet::kDup;
  constexpr uint8_t kRetain = Packet::kRetain;
  Conversation c(version, client, name, writer);
  c.Say(true, ConnectWith(FullConnect(version)));
  c.Say(false, v5 ? Connack(0, true, 45) : Connack(0, false));
  for (const uint8_t qos : {0, 1, 2}) {
    const uint16_t id = 1 + qos;
    c.Say(true, Subscribe(id, qos == 0 ? "/hans/#" : "a/+/b", qos));
    c.Say(false, Small(PacketType::kSuback, id, qos == 2 ? 0x80 : qos));
  }
  c.Say(true, Publish("sensors/1", "21.5", 0, 0, 0));
  c.Say(true, Publish("sensors/1", "21.6", 0, 0, kRetain));
  c.Say(true, Publish("sensors/2", "on", 1, 10, kRetain));
  c.Say(false, Small(PacketType::kPuback, 10));
  c.Say(true, Publish("sensors/2", "off", 1, 11, kDup));
  c.Say(false, Small(PacketType::kPuback, 11, in_v5(0x10)));
  c.Say(false, Publish("doors/3", "shut", 2, 65535, kDup | kRetain));
  c.Say(true, Small(PacketType::kPubrec, 65535));
  c.Say(false, Small(PacketType::kPubrel, 65535));
  c.Say(true, Small(PacketType::kPubcomp, 65535));
  c.Say(true, Publish("doors/4", "", 2, 12, 0));
  c.Say(false, Small(PacketType::kPubrec, 12, in_v5(0x10)));
  c.Say(true, Small(PacketType::kPubrel, 12, in_v5(0x92)));
  c.Say(false, Small(PacketType::kPubcomp, 12, in_v5(0x92)));
  c.Say(true, Small(PacketType::kPingreq));
  c.Say(false, Small(PacketType::kPingresp));
  c.Say(true, Unsubscribe(20, "/hans/#"));
  c.Say(false, Small(PacketType::kUnsuback, 20, in_v5(0x11)));
  if (v5) c.Say(true, Small(PacketType::kAuth, 0, 0x18));
  c.SayAtOnce(
      true, {Publish("x", "1", 0, 0, 0), Publish("y", "2", 1, 30, 0), Small(PacketType::kPingreq)});
  c.SayAtOnce(false, {Small(PacketType::kPuback, 30), Small(PacketType::kPingresp)});
  c.SayInPieces(true, {Publish("long", std::string(300, 'z'), 1, 31, 0)}, {150});
  // The first segment ends within the second packet, the second begins there.
  c.SayInPieces(false,
                {Small(PacketType::kPuback, 31), Publish("cut", "in two", 0, 0, 0),
                 Small(PacketType::kPingresp)},
                {10});
  c.Say(false, PaddedPublish(version, 96));
  c.SayInPieces(false, {PaddedPublish(version, 20000)}, {1460, 8000});
  c.Say(true, Small(PacketType::kDisconnect, 0, in_v5(0x04)));
  c.Close();
}

void Short(const ConnectOptions& options, const Message& connack, const Message* disconnect,
           bool disconnect_from_client, uint32_t client, absl::string_view name,
           PcapngWriter* writer) {
  Conversation c(options.version, client, name, writer);
  c.Say(true, ConnectWith(options));
  c.Say(false, connack);
  if (disconnect != nullptr) c.Say(disconnect_from_client, *disconnect);
  c.Close();
}

std::string Capture() {
  std::string bytes;
  PcapngWriter writer("codec_capture", &bytes);
  Everything(MqttVersion::kV311, 0, "everything-3.1.1", &writer);
  Everything(MqttVersion::kV5, 1, "everything-5.0", &writer);
  ConnectOptions o;
  o.client_id = "old";
  o.clean_start = false;
  o.keep_alive_s = 65535;
  o.has_user_name = true;
  const Message leave = Small(PacketType::kDisconnect);
  Short(o, Connack(0, true), &leave, true, 2, "resumed-3.1.1", &writer);
  o = ConnectOptions{};
  o.keep_alive_s = 0;
  o.has_will = true;
  o.will = {"w", "", 1, true, 0};
  Short(o, Connack(reason::kIdentifierRejectedV3, false), nullptr, false, 3, "refused-3.1.1",
        &writer);
  o = ConnectOptions{};
  o.version = MqttVersion::kV5;
  o.client_id = "new";
  o.session_expiry_s = 0xFFFFFFFF;
  const Message timeout = Small(PacketType::kDisconnect, 0, reason::kKeepAliveTimeout);
  Short(o, Connack(0, false), &timeout, false, 4, "thrown-out-5.0", &writer);
  o.session_expiry_s = 0;
  Short(o, Connack(reason::kServerUnavailable, false), nullptr, false, 5, "refused-5.0", &writer);
  Short(o, Connack(0, false), &leave, true, 6, "left-5.0", &writer);
  return bytes;
}

}  // namespace
}  // namespace keepsim

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: codec_capture FILE\n");
    return 2;
  }
  const std::string bytes = keepsim::Capture();
  std::FILE* file = std::fopen(argv[1], "wb");
  if (file == nullptr) return 2;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written && !keepsim::failed ? 0 : 1;
}
