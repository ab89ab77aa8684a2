// The QoS 1 and 2 exchanges of one end of a session, in both directions (MQTT 3.1.1 and 5.0,
// sections 4.3 and 4.4). A client's half and a broker's half are the same: a window of outgoing
// messages, a queue behind it, and the incoming QoS 2 messages whose PUBREL is yet to come.
//
// Rules:
//  1. A message keeps its packet identifier until its last acknowledgement; out[] is in the order
//     of first sending, and so is what is sent again ([MQTT-4.6.0-1] in both versions).
//  2. The queue is a count: of queued messages only the QoS and size asked for last are known. So
//     are messages in flight beyond the first kWindow: those are numbered, but not remembered.
//  3. Nothing here knows the time: `now` is noted, never compared.
#ifndef KEEPSIM_SIM_MQTT_EXCHANGE_H_
#define KEEPSIM_SIM_MQTT_EXCHANGE_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/mqtt/effects.h"
#include "sim/mqtt/packet.h"

namespace keepsim {

// One outgoing QoS 1 or 2 message on its way.
struct InFlight {
  uint16_t packet_id = 0;
  PacketType awaiting = PacketType::kPuback;  // PUBACK, PUBREC or PUBCOMP
  uint8_t qos = 0;
  uint32_t size = 0;
  Instant sent_at;  // of the packet that `awaiting` answers
};

struct Exchanges {
  static constexpr int kWindow = 8;  // messages in flight that are remembered one by one
  static constexpr uint16_t kNoWindow = 65535;

  uint8_t out_count = 0;
  uint8_t in_count = 0;
  uint8_t resend = 0;  // the last `resend` of out[] are to be sent again
  uint8_t waiting_qos = 0;
  uint16_t next_packet_id = 1;
  uint16_t window = kWindow;  // QoS 1/2 messages in flight at once; further ones wait
  uint16_t unremembered = 0;  // messages in flight that out[] had no room for, all later than those
  uint16_t waiting = 0;       // messages behind the window; further ones than 65535 are dropped
  uint32_t waiting_size = 0;
  InFlight out[kWindow];  // oldest first
  uint16_t in[kWindow];   // incoming QoS 2 awaiting PUBREL; beyond these a repetition is not
                          // recognised

  // Something could be sent at once, but for the room in a list of effects.
  bool more_to_send() const { return resend > 0 || (waiting > 0 && in_flight() < window); }
  int in_flight() const { return out_count + unremembered; }
};

// A packet identifier that is not in use.
uint16_t TakePacketId(Exchanges& e);

// Queues a QoS 1 or 2 message behind the window.
void Queue(Exchanges& e, uint8_t qos, uint32_t size);
// Sends a PUBLISH, or queues it: QoS 0 is always sent.
void SendOrQueue(Exchanges& e, Instant now, uint8_t qos, uint32_t size, Effects& effects);
// Sends what is to be sent again (PUBLISH with DUP, PUBREL), then from the queue, as far as window
// and room go.
void SendMore(Exchanges& e, Instant now, Effects& effects);

// The connection is new. The peer kept the session: all unfinished exchanges are taken up again
// (3.1.1 [MQTT-4.4.0-1], 5.0 the same). It did not: they are forgotten; the queue stays.
void TakeUp(Exchanges& e);
void Forget(Exchanges& e);

// PUBACK, PUBREC or PUBCOMP. Returns when the acknowledged packet was sent; kLongAgo if that is not
// remembered, or if it acknowledges nothing of ours (and changes nothing).
Instant OnAck(Exchanges& e, Instant now, const Packet& packet, Effects& effects);
// A PUBLISH was received: acknowledges it, and delivers it, but a QoS 2 message only once.
void OnPublish(Exchanges& e, const Packet& packet, Effects& effects);
void OnPubrel(Exchanges& e, const Packet& packet, Effects& effects);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_EXCHANGE_H_
