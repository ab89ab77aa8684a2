// Bytes to packets and back, MQTT 3.1.1 and 5.0. Bytes come from an untrusted peer: decoding never
// reads past the input and reports errors as Status.
#ifndef KEEPSIM_SIM_MQTT_CODEC_H_
#define KEEPSIM_SIM_MQTT_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/mqtt/connect_options.h"
#include "sim/mqtt/packet.h"

namespace keepsim {

// The parts of a packet beside Packet that have bytes of their own.
struct PacketBody {
  ConnectOptions connect;  // CONNECT
  std::string topic;       // PUBLISH, SUBSCRIBE (filter)
  std::string payload;     // PUBLISH
};

// Appends the packet to `out`. The payload of a PUBLISH is padded with zero bytes until the packet
// is `packet.size` bytes long, or one byte less where no length gives that size.
// REQUIRES: the fields are in range (checked).
void Encode(MqttVersion version, const Packet& packet, const PacketBody& body, std::string* out);

struct Decoded {
  Packet packet;
  PacketBody body;
  size_t consumed = 0;  // bytes; 0: the input ends before the packet does
};
// Decodes the first packet of `bytes`. InvalidArgument on malformed bytes, with the offset.
// CONNECT says its own version; for all others `version` is the connection's.
absl::StatusOr<Decoded> Decode(MqttVersion version, absl::string_view bytes);

// Size on the wire of the small packets the sessions make.
uint32_t PacketSize(MqttVersion version, const Packet& packet);
uint32_t PublishSize(MqttVersion version, size_t topic_length, size_t payload_length, uint8_t qos);
uint32_t SubscribeSize(MqttVersion version, size_t filter_length);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_CODEC_H_
