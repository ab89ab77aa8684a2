#include "sim/mqtt/exchange.h"

#include <algorithm>
#include <limits>

#include "sim/base/check.h"

namespace keepsim {
namespace {

// 5.0 section 2.4: from here on a reason code says that the operation failed.
constexpr uint8_t kFailure = 0x80;

void SendNew(Exchanges& e, Instant now, uint8_t qos, uint32_t size, Effects& effects) {
  Packet packet;
  packet.type = PacketType::kPublish;
  packet.qos = qos;
  packet.size = size;
  if (qos > 0) {
    packet.packet_id = TakePacketId(e);
    if (e.unremembered == 0 && e.out_count < Exchanges::kWindow) {
      const PacketType awaiting = qos == 1 ? PacketType::kPuback : PacketType::kPubrec;
      e.out[e.out_count++] = {packet.packet_id, awaiting, qos, size, now};
    } else {
      ++e.unremembered;
      e.waiting_qos = qos;
      e.waiting_size = size;
    }
  }
  effects.Send(packet);
}

void SendAgain(InFlight& f, Instant now, Effects& effects) {
  f.sent_at = now;
  if (f.awaiting == PacketType::kPubcomp) {
    return effects.Send(SmallPacket(PacketType::kPubrel, f.packet_id));
  }
  Packet packet;
  packet.type = PacketType::kPublish;
  packet.flags = Packet::kDup;  // [MQTT-3.3.1-1] in both versions
  packet.qos = f.qos;
  packet.packet_id = f.packet_id;
  packet.size = f.size;
  effects.Send(packet);
}

}  // namespace

uint16_t TakePacketId(Exchanges& e) {
  for (;;) {
    const uint16_t id = e.next_packet_id;
    e.next_packet_id = id == 65535 ? 1 : static_cast<uint16_t>(id + 1);
    bool used = false;
    for (int i = 0; i < e.out_count; ++i) used |= e.out[i].packet_id == id;
    if (!used) return id;
  }
}

void Queue(Exchanges& e, uint8_t qos, uint32_t size) {
  SIM_CHECK(qos > 0);
  e.waiting_qos = qos;
  e.waiting_size = size;
  if (e.waiting < std::numeric_limits<uint16_t>::max()) ++e.waiting;
}

void SendOrQueue(Exchanges& e, Instant now, uint8_t qos, uint32_t size, Effects& effects) {
  // A message behind others must not overtake them.
  const bool free = e.in_flight() < e.window && e.waiting == 0 && e.resend == 0;
  if (qos == 0 || free) {
    SendNew(e, now, qos, size, effects);
  } else {
    Queue(e, qos, size);
  }
}

void SendMore(Exchanges& e, Instant now, Effects& effects) {
  while (e.resend > 0 && effects.room() > 0) {
    SendAgain(e.out[e.out_count - e.resend], now, effects);
    --e.resend;
  }
  while (e.more_to_send() && effects.room() > 0) {
    --e.waiting;
    SendNew(e, now, e.waiting_qos, e.waiting_size, effects);
  }
}

void TakeUp(Exchanges& e) {
  e.resend = e.out_count;
  // What is not remembered goes again as if it were new.
  e.waiting = static_cast<uint16_t>(
      std::min<uint32_t>(uint32_t{e.waiting} + e.unremembered, Exchanges::kNoWindow));
  e.unremembered = 0;
}

void Forget(Exchanges& e) {
  e.out_count = e.in_count = e.resend = 0;
  e.unremembered = 0;
}

Instant OnAck(Exchanges& e, Instant now, const Packet& packet, Effects& effects) {
  for (int i = 0; i < e.out_count; ++i) {
    InFlight& f = e.out[i];
    if (f.packet_id != packet.packet_id || f.awaiting != packet.type) continue;
    // What is yet to be sent again cannot have been answered on this connection.
    if (i >= e.out_count - e.resend) return kLongAgo;
    const Instant sent_at = f.sent_at;
    if (packet.type == PacketType::kPubrec && packet.reason < kFailure) {
      f.awaiting = PacketType::kPubcomp;
      f.sent_at = now;
      effects.Send(SmallPacket(PacketType::kPubrel, f.packet_id));
      return sent_at;
    }
    for (int j = i + 1; j < e.out_count; ++j) e.out[j - 1] = e.out[j];
    --e.out_count;
    SendMore(e, now, effects);
    return sent_at;
  }
  if (e.unremembered == 0) return kLongAgo;
  if (packet.type == PacketType::kPubrec && packet.reason < kFailure) {
    effects.Send(SmallPacket(PacketType::kPubrel, packet.packet_id));
  } else {
    --e.unremembered;
    SendMore(e, now, effects);
  }
  return kLongAgo;
}

void OnPublish(Exchanges& e, const Packet& packet, Effects& effects) {
  if (packet.qos == 1) effects.Send(SmallPacket(PacketType::kPuback, packet.packet_id));
  if (packet.qos == 2) {
    effects.Send(SmallPacket(PacketType::kPubrec, packet.packet_id));
    for (int i = 0; i < e.in_count; ++i) {
      if (e.in[i] == packet.packet_id) return;
    }
    if (e.in_count < Exchanges::kWindow) e.in[e.in_count++] = packet.packet_id;
  }
  effects.Add({.kind = Effect::Kind::kMessageDelivered, .packet = packet});
}

void OnPubrel(Exchanges& e, const Packet& packet, Effects& effects) {
  for (int i = 0; i < e.in_count; ++i) {
    if (e.in[i] != packet.packet_id) continue;
    e.in[i] = e.in[--e.in_count];
    break;
  }
  effects.Send(SmallPacket(PacketType::kPubcomp, packet.packet_id));
}

}  // namespace keepsim
