// A control packet as the sessions and the simulator see it: type, size and the few fields that
// keep alive logic reads. The bytes are made by codec.h, only where a byte is looked at (export,
// live sockets). MQTT 3.1.1 (OASIS 2014) and 5.0 (OASIS 2019), section 2.1 and 3.
#ifndef KEEPSIM_SIM_MQTT_PACKET_H_
#define KEEPSIM_SIM_MQTT_PACKET_H_

#include <cstdint>

namespace keepsim {

enum class MqttVersion : uint8_t { kV311 = 4, kV5 = 5 };  // protocol level on the wire

// Values are those of the fixed header's high nibble (MQTT 2.2.1).
enum class PacketType : uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kUnsubscribe = 10,
  kUnsuback = 11,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
  kAuth = 15,
};
inline constexpr int kPacketTypes = 16;

const char* PacketTypeName(PacketType type);  // "PINGREQ"

struct Packet {
  PacketType type = PacketType::kPingreq;
  uint8_t qos = 0;         // PUBLISH: 0..2; SUBSCRIBE: the QoS asked for
  uint8_t reason = 0;      // CONNACK, DISCONNECT, acknowledgements: return or reason code
  uint8_t flags = 0;       // see below
  uint16_t packet_id = 0;  // 0: none
  uint16_t value = 0;      // CONNECT: keepAlive (s); CONNACK: Server Keep Alive (s) if flagged
  uint32_t size = 2;       // bytes on the wire, fixed header included

  static constexpr uint8_t kDup = 1;
  static constexpr uint8_t kRetain = 2;
  static constexpr uint8_t kSessionPresent = 4;      // CONNACK
  static constexpr uint8_t kHasServerKeepAlive = 8;  // CONNACK, 5.0
  static constexpr uint8_t kCleanStart = 16;         // CONNECT
  static constexpr uint8_t kWill = 32;               // PUBLISH that is a will

  bool has(uint8_t flag) const { return (flags & flag) != 0; }
  friend bool operator==(const Packet&, const Packet&) = default;
};
static_assert(sizeof(Packet) == 12);

// A packet that is no more than its type and, if not 0, its packet identifier.
constexpr Packet SmallPacket(PacketType type, uint16_t packet_id = 0) {
  Packet packet;
  packet.type = type;
  packet.packet_id = packet_id;
  packet.size = packet_id != 0 ? 4 : 2;
  return packet;
}

// Return and reason codes that the sessions use (3.1.1 table 3.1; 5.0 section 2.4).
namespace reason {
inline constexpr uint8_t kSuccess = 0x00;
inline constexpr uint8_t kIdentifierRejectedV3 = 0x02;
inline constexpr uint8_t kServerUnavailableV3 = 0x03;
inline constexpr uint8_t kDisconnectWithWill = 0x04;
inline constexpr uint8_t kUnspecifiedError = 0x80;
inline constexpr uint8_t kServerUnavailable = 0x88;
inline constexpr uint8_t kServerShuttingDown = 0x8B;
inline constexpr uint8_t kKeepAliveTimeout = 0x8D;
inline constexpr uint8_t kSessionTakenOver = 0x8E;
}  // namespace reason

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_PACKET_H_
