// Packets to bytes, and how many they are.
#include "sim/base/check.h"
#include "sim/mqtt/codec.h"

namespace keepsim {
namespace {

constexpr uint32_t kMaxRemaining = 268435455;  // 3.1.1 section 2.2.3

void Put8(std::string* out, uint32_t v) { out->push_back(static_cast<char>(v & 0xFF)); }
void Put16(std::string* out, uint32_t v) { Put8(out, v >> 8), Put8(out, v); }
void Put32(std::string* out, uint32_t v) { Put16(out, v >> 16), Put16(out, v); }
void PutText(std::string* out, absl::string_view s) {
  SIM_CHECK(s.size() <= 65535);
  Put16(out, static_cast<uint32_t>(s.size()));
  out->append(s.data(), s.size());
}
void PutVarint(std::string* out, uint32_t v) {
  SIM_CHECK(v <= kMaxRemaining);
  do {
    const uint32_t digit = v & 127;
    v >>= 7;
    Put8(out, digit | (v != 0 ? 128 : 0));
  } while (v != 0);
}

std::string ConnectProperties(const ConnectOptions& o) {
  std::string p;
  if (o.session_expiry_s != 0) Put8(&p, 0x11), Put32(&p, o.session_expiry_s);
  if (o.receive_maximum != 65535) Put8(&p, 0x21), Put16(&p, o.receive_maximum);
  if (o.maximum_packet_size != 0) Put8(&p, 0x27), Put32(&p, o.maximum_packet_size);
  if (o.topic_alias_maximum != 0) Put8(&p, 0x22), Put16(&p, o.topic_alias_maximum);
  if (o.request_response_information) Put8(&p, 0x19), Put8(&p, 1);
  if (!o.request_problem_information) Put8(&p, 0x17), Put8(&p, 0);
  for (const auto& [key, value] : o.user_properties) {
    Put8(&p, 0x26), PutText(&p, key), PutText(&p, value);
  }
  return p;
}

std::string ConnectRemainder(const ConnectOptions& o) {
  std::string b;
  PutText(&b, "MQTT");
  Put8(&b, static_cast<uint32_t>(o.version));
  uint32_t flags = o.clean_start ? 2 : 0;
  if (o.has_will) flags |= 4u | uint32_t{o.will.qos} << 3 | (o.will.retain ? 32u : 0u);
  if (o.has_password) flags |= 64;
  if (o.has_user_name) flags |= 128;
  Put8(&b, flags);
  Put16(&b, o.keep_alive_s);
  if (o.version == MqttVersion::kV5) {
    const std::string properties = ConnectProperties(o);
    PutVarint(&b, static_cast<uint32_t>(properties.size()));
    b += properties;
  }
  PutText(&b, o.client_id);
  if (o.has_will) {
    if (o.version == MqttVersion::kV5) {
      std::string p;
      if (o.will.delay_s != 0) Put8(&p, 0x18), Put32(&p, o.will.delay_s);
      PutVarint(&b, static_cast<uint32_t>(p.size()));
      b += p;
    }
    PutText(&b, o.will.topic);
    PutText(&b, o.will.payload);
  }
  if (o.has_user_name) PutText(&b, o.user_name);
  if (o.has_password) PutText(&b, o.password);
  return b;
}

std::string Remainder(MqttVersion version, const Packet& p, const PacketBody& body) {
  const bool v5 = version == MqttVersion::kV5;
  std::string b;
  switch (p.type) {
    case PacketType::kConnect:
      return ConnectRemainder(body.connect);
    case PacketType::kConnack:
      Put8(&b, p.has(Packet::kSessionPresent) ? 1 : 0);
      Put8(&b, p.reason);
      if (v5) {
        if (p.has(Packet::kHasServerKeepAlive)) {
          PutVarint(&b, 3), Put8(&b, 0x13), Put16(&b, p.value);
        } else {
          PutVarint(&b, 0);
        }
      }
      break;
    case PacketType::kPublish:
      PutText(&b, body.topic);
      if (p.qos > 0) Put16(&b, p.packet_id);
      if (v5) PutVarint(&b, 0);
      b += body.payload;
      break;
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
      Put16(&b, p.packet_id);
      if (v5 && p.reason != 0) Put8(&b, p.reason);
      break;
    case PacketType::kSubscribe:
      Put16(&b, p.packet_id);
      if (v5) PutVarint(&b, 0);
      PutText(&b, body.topic);
      Put8(&b, p.qos);
      break;
    case PacketType::kUnsubscribe:
      Put16(&b, p.packet_id);
      if (v5) PutVarint(&b, 0);
      PutText(&b, body.topic);
      break;
    case PacketType::kSuback:
      Put16(&b, p.packet_id);
      if (v5) PutVarint(&b, 0);
      Put8(&b, p.reason);
      break;
    case PacketType::kUnsuback:
      Put16(&b, p.packet_id);
      if (v5) PutVarint(&b, 0), Put8(&b, p.reason);
      break;
    case PacketType::kPingreq:
    case PacketType::kPingresp:
      break;
    case PacketType::kDisconnect:
    case PacketType::kAuth:
      if (v5 && p.reason != 0) Put8(&b, p.reason), PutVarint(&b, 0);
      break;
  }
  return b;
}

uint32_t VarintSize(uint32_t v) { return v < 128 ? 1 : v < 16384 ? 2 : v < 2097152 ? 3 : 4; }
uint32_t Framed(size_t remainder) {
  const uint32_t n = static_cast<uint32_t>(remainder);
  return 1 + VarintSize(n) + n;
}

}  // namespace

void Encode(MqttVersion version, const Packet& packet, const PacketBody& body, std::string* out) {
  std::string remainder = Remainder(version, packet, body);
  if (packet.type == PacketType::kPublish) {
    // The simulator knows a PUBLISH by its size alone.
    const uint32_t least = Framed(remainder.size());
    if (least < packet.size) remainder.append(packet.size - least, '\0');
    // The length may have grown too.
    while (least < packet.size && Framed(remainder.size()) > packet.size) remainder.pop_back();
  }
  uint32_t header = static_cast<uint32_t>(packet.type) << 4;
  if (packet.type == PacketType::kPublish) {
    header |= (packet.has(Packet::kDup) ? 8u : 0u) | uint32_t{packet.qos} << 1 |
              (packet.has(Packet::kRetain) ? 1u : 0u);
  } else if (packet.type == PacketType::kPubrel || packet.type == PacketType::kSubscribe ||
             packet.type == PacketType::kUnsubscribe) {
    header |= 2;
  }
  Put8(out, header);
  PutVarint(out, static_cast<uint32_t>(remainder.size()));
  *out += remainder;
}

uint32_t ConnectSize(const ConnectOptions& options) {
  return Framed(ConnectRemainder(options).size());
}

uint32_t PacketSize(MqttVersion version, const Packet& packet) {
  return Framed(Remainder(version, packet, PacketBody{}).size());
}

uint32_t PublishSize(MqttVersion version, size_t topic_length, size_t payload_length, uint8_t qos) {
  return Framed(2 + topic_length + (qos > 0 ? 2 : 0) + (version == MqttVersion::kV5 ? 1 : 0) +
                payload_length);
}

uint32_t SubscribeSize(MqttVersion version, size_t filter_length) {
  return Framed(2 + (version == MqttVersion::kV5 ? 1 : 0) + 2 + filter_length + 1);
}

}  // namespace keepsim
