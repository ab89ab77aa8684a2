#include "sim/mqtt/broker_session.h"

#include <algorithm>

#include "sim/base/check.h"

namespace keepsim {
namespace {

constexpr uint32_t kNeverExpires = 0xFFFFFFFF;

Instant Seen(const BrokerProfile& p, Instant t) {
  if (!p.whole_seconds || t == kNever || t == kLongAgo) return t;
  return Instant{t.ns - t.ns % Seconds(1).ns};
}

Duration LimitFor(const BrokerProfile& p, Duration keep_alive) {
  if (keep_alive.ns == 0) return Duration{0};
  Duration limit = {
      static_cast<int64_t>(static_cast<__int128>(keep_alive.ns) * p.grace_num / p.grace_den)};
  const Duration second = Seconds(1);
  if (p.rounding == LimitRounding::kFloorSeconds) limit = limit / second * second;
  if (p.rounding == LimitRounding::kRoundSeconds) limit = (limit + second / 2) / second * second;
  if (p.wrap_16_bit) limit = limit % Seconds(65536);
  return limit + p.grace_extra;
}

// The silence at `t`, as this profile computes it, calls for a close.
bool Exceeds(const BrokerProfile& p, const BrokerSession& s, Instant t) {
  const Duration silence = Seen(p, t) - Seen(p, s.last_in);
  return p.strict ? silence > s.limit : silence >= s.limit;
}

// First multiple of `period` after `t` on the broker's own grid, which starts at time 0.
Instant NextOnGrid(Duration period, Instant t) {
  return Instant{(t.ns / period.ns + 1) * period.ns};
}

void NoteActivity(const BrokerProfile& p, BrokerSession& s, Instant now, PacketType type) {
  s.last_in = now;
  s.active_since_tick = true;
  if (s.keep_alive.ns == 0) return;
  if (p.mechanism == CheckMechanism::kAccumulatedTicks) {
    s.idle = 0;
    if (type == PacketType::kPingreq) s.next_tick = now + p.period.Of(s.keep_alive);
  }
}

Packet Small(PacketType type, uint16_t id = 0) {
  Packet packet;
  packet.type = type;
  packet.packet_id = id;
  packet.size = id != 0 ? 4 : 2;
  return packet;
}

// The session's connection has ended. `abnormal`: the will is due.
void EndConnection(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now, bool abnormal, Effects& effects) {
  const bool had_session = s.state == BrokerState::kConnected;
  s.state = BrokerState::kClosed;
  if (!had_session) return;
  stored.connected = false;
  stored.expires_at =
      peer.session_expiry_s == kNeverExpires ? kNever : now + Seconds(peer.session_expiry_s);
  if (peer.session_expiry_s == 0) {
    stored.exists = false;
    stored.expires_at = kNever;
  }
  if (!abnormal || !peer.has_will) return;
  // 5.0 [MQTT-3.1.3-9]: after the Will Delay, or when the session ends, whichever is first.
  const Duration delay = Seconds(std::min(peer.will_delay_s, peer.session_expiry_s));
  if (peer.version == MqttVersion::kV5 && delay.ns > 0) {
    Instant at = now + delay;
    if (p.will_granularity.ns > 0) at = NextOnGrid(p.will_granularity, at - Nanoseconds(1));
    stored.will_pending = true;
    stored.will_at = at;
    return;
  }
  effects.Add({.kind = Effect::Kind::kWillPublish});
}

void DeclareDead(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                 StoredSession& stored, Instant now, Effects& effects) {
  s.expired = false;
  effects.Add({.kind = Effect::Kind::kDeclaredDead,
               .reason = CloseReason::kKeepAliveTimeout,
               .silence = now - s.last_in});
  if (peer.version == MqttVersion::kV5) {
    Packet disconnect = Small(PacketType::kDisconnect);
    disconnect.reason = reason::kKeepAliveTimeout;
    disconnect.size = 4;
    effects.Send(disconnect);
  }
  effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kKeepAliveTimeout});
  EndConnection(p, peer, s, stored, now, /*abnormal=*/true, effects);
}

void Refuse(const PeerParams& peer, BrokerSession& s, uint8_t code_v3, uint8_t code_v5,
            Effects& effects) {
  Packet connack;
  connack.type = PacketType::kConnack;
  connack.reason = peer.version == MqttVersion::kV5 ? code_v5 : code_v3;
  connack.size = peer.version == MqttVersion::kV5 ? 5 : 4;
  effects.Send(connack);
  effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kRefused});
  s.state = BrokerState::kClosed;
}

void OnConnect(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
               StoredSession& stored, Instant now, const Packet& packet, Effects& effects) {
  int32_t k = packet.value;
  bool tell = false;
  if (k == 0 && p.refuse_zero_keep_alive) {
    return Refuse(peer, s, reason::kIdentifierRejectedV3, reason::kUnspecifiedError, effects);
  }
  if (k == 0 && p.zero_keep_alive_is_max) k = p.keep_alive_max_s;
  const bool too_long = k > p.keep_alive_max_s || (k == 0 && p.keep_alive_max_s < 65535);
  const bool too_short = k != 0 && k < p.keep_alive_min_s;
  if ((too_long || too_short) && p.limit_reply != KeepAliveLimitReply::kNone) {
    if (p.limit_reply == KeepAliveLimitReply::kServerKeepAlive &&
        peer.version == MqttVersion::kV311) {
      return Refuse(peer, s, reason::kIdentifierRejectedV3, reason::kUnspecifiedError, effects);
    }
    k = too_long ? p.keep_alive_max_s : p.keep_alive_min_s;
    tell = p.limit_reply == KeepAliveLimitReply::kServerKeepAlive;
  }
  s.state = BrokerState::kConnected;
  s.keep_alive = Seconds(k);
  s.limit = LimitFor(p, s.keep_alive);
  s.last_in = now;
  s.idle = 0;
  s.active_since_tick = false;
  if (k != 0) {
    switch (p.mechanism) {
      case CheckMechanism::kExactTimer:
        break;
      case CheckMechanism::kScan:
        s.next_tick = NextOnGrid(p.period.Of(s.keep_alive), now);
        break;
      case CheckMechanism::kIdleTicks:
      case CheckMechanism::kAccumulatedTicks:
      case CheckMechanism::kTickCompare:
        s.next_tick = now + p.period.Of(s.keep_alive);
        break;
    }
  }
  const bool clean = packet.has(Packet::kCleanStart);
  const bool present = stored.exists && !clean;
  // 5.0 [MQTT-3.1.3-9]: a new connection before the delay has passed: the will is not sent, unless
  // the clean start ended the old session, whose end sends it.
  if (stored.will_pending) {
    if (clean) effects.Add({.kind = Effect::Kind::kWillPublish});
    stored.will_pending = false;
    stored.will_at = kNever;
  }
  stored.exists = true;
  stored.connected = true;
  stored.expires_at = kNever;
  Packet connack;
  connack.type = PacketType::kConnack;
  connack.size = peer.version == MqttVersion::kV5 ? 5 : 4;
  if (present) connack.flags |= Packet::kSessionPresent;
  if (tell) {
    connack.flags |= Packet::kHasServerKeepAlive;
    connack.value = static_cast<uint16_t>(k);
    connack.size += 3;
  }
  Packet opened;
  opened.value = static_cast<uint16_t>(k);
  effects.Add({.kind = Effect::Kind::kSessionOpened, .packet = opened});
  effects.Send(connack);
}

void SendPublish(BrokerSession& s, Instant now, uint8_t qos, uint32_t size, Effects& effects) {
  Packet packet;
  packet.type = PacketType::kPublish;
  packet.qos = qos;
  packet.size = size;
  if (qos > 0) {
    packet.packet_id = s.next_packet_id;
    s.next_packet_id = s.next_packet_id == 65535 ? 1 : static_cast<uint16_t>(s.next_packet_id + 1);
    s.out[s.in_flight_count++] = {
        packet.packet_id, qos == 1 ? PacketType::kPuback : PacketType::kPubrec, qos, size, now};
  }
  effects.Send(packet);
}

void OnAck(BrokerSession& s, Instant now, const Packet& packet, Effects& effects) {
  for (int i = 0; i < s.in_flight_count; ++i) {
    InFlight& f = s.out[i];
    if (f.packet_id != packet.packet_id || f.awaiting != packet.type) continue;
    if (packet.type == PacketType::kPubrec) {
      f.awaiting = PacketType::kPubcomp;
      effects.Send(Small(PacketType::kPubrel, f.packet_id));
      return;
    }
    for (int j = i + 1; j < s.in_flight_count; ++j) s.out[j - 1] = s.out[j];
    --s.in_flight_count;
    if (s.waiting > 0) {
      --s.waiting;
      SendPublish(s, now, s.waiting_qos, s.waiting_size, effects);
    }
    return;
  }
}

void OnPublish(BrokerSession& s, const Packet& packet, Effects& effects) {
  if (packet.qos == 1) effects.Send(Small(PacketType::kPuback, packet.packet_id));
  if (packet.qos == 2) {
    effects.Send(Small(PacketType::kPubrec, packet.packet_id));
    for (int i = 0; i < s.incoming_count; ++i) {
      if (s.in[i] == packet.packet_id) return;
    }
    if (s.incoming_count < BrokerSession::kWindow) s.in[s.incoming_count++] = packet.packet_id;
  }
  effects.Add({.kind = Effect::Kind::kMessageDelivered, .packet = packet});
}

}  // namespace

void OnAccepted(const BrokerProfile&, BrokerSession& s, Instant now) {
  s = BrokerSession{};
  s.accepted_at = now;
}

Effects OnPacket(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                 StoredSession& stored, Instant now, const Packet& packet) {
  Effects effects;
  if (s.state == BrokerState::kAwaitConnect) {
    if (packet.type == PacketType::kConnect) {
      OnConnect(p, peer, s, stored, now, packet, effects);
    } else {  // 3.1.1 [MQTT-3.1.0-1]: the first packet must be CONNECT
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kProtocolError});
      s.state = BrokerState::kClosed;
    }
    return effects;
  }
  if (s.state != BrokerState::kConnected) return effects;
  // A session that waits for its kill slot is not looked at again.
  if (!s.expired) NoteActivity(p, s, now, packet.type);
  switch (packet.type) {
    case PacketType::kPingreq:
      effects.Send(Small(PacketType::kPingresp));
      break;
    case PacketType::kPublish:
      OnPublish(s, packet, effects);
      break;
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubcomp:
      OnAck(s, now, packet, effects);
      break;
    case PacketType::kPubrel:
      for (int i = 0; i < s.incoming_count; ++i) {
        if (s.in[i] != packet.packet_id) continue;
        s.in[i] = s.in[--s.incoming_count];
        break;
      }
      effects.Send(Small(PacketType::kPubcomp, packet.packet_id));
      break;
    case PacketType::kSubscribe: {
      Packet suback = Small(PacketType::kSuback, packet.packet_id);
      suback.size = peer.version == MqttVersion::kV5 ? 6 : 5;
      suback.reason = packet.qos;
      effects.Send(suback);
      break;
    }
    case PacketType::kUnsubscribe: {
      Packet unsuback = Small(PacketType::kUnsuback, packet.packet_id);
      if (peer.version == MqttVersion::kV5) unsuback.size = 6;
      effects.Send(unsuback);
      break;
    }
    case PacketType::kDisconnect: {
      // 0x00 discards the will [MQTT-3.1.2-10]; 5.0's 0x04 asks for it.
      const bool with_will = packet.reason == reason::kDisconnectWithWill;
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kDisconnect});
      EndConnection(p, peer, s, stored, now, with_will, effects);
      break;
    }
    default:
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kProtocolError});
      EndConnection(p, peer, s, stored, now, /*abnormal=*/true, effects);
      break;
  }
  return effects;
}

Effects OnClosed(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                 StoredSession& stored, Instant now, CloseReason) {
  Effects effects;
  EndConnection(p, peer, s, stored, now, /*abnormal=*/true, effects);
  return effects;
}

Effects OnTakeover(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant, bool clean_start) {
  Effects effects;
  if (s.state != BrokerState::kConnected) return effects;
  bool will = peer.has_will;
  if (peer.version == MqttVersion::kV5) {
    Packet disconnect = Small(PacketType::kDisconnect);
    disconnect.reason = reason::kSessionTakenOver;
    disconnect.size = 4;
    effects.Send(disconnect);
    // 5.0 section 3.1.3.2.2: not sent if the session goes on and the delay had yet to run.
    if (!clean_start && peer.will_delay_s > 0) will = false;
  } else if (!p.will_on_takeover) {
    will = false;
  }
  effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kTakeover});
  const bool existed = stored.exists;
  s.state = BrokerState::kClosed;
  s.expired = false;
  stored.connected = false;
  stored.exists = existed && peer.session_expiry_s > 0;
  if (will) effects.Add({.kind = Effect::Kind::kWillPublish});
  return effects;
}

Effects OnDeadline(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now) {
  Effects effects;
  if (NextDeadline(p, s) > now) return effects;
  if (s.state == BrokerState::kAwaitConnect) {
    effects.Add({.kind = Effect::Kind::kAbort, .reason = CloseReason::kConnectTimeout});
    s.state = BrokerState::kClosed;
    return effects;
  }
  if (s.state != BrokerState::kConnected || s.expired) return effects;
  bool dead = false;
  switch (p.mechanism) {
    case CheckMechanism::kExactTimer:
      dead = Exceeds(p, s, now);
      break;
    case CheckMechanism::kScan:
      s.next_tick = NextOnGrid(p.period.Of(s.keep_alive), now);
      dead = Exceeds(p, s, now);
      break;
    case CheckMechanism::kTickCompare:
      s.next_tick = now + p.period.Of(s.keep_alive);
      dead = Exceeds(p, s, now);
      break;
    case CheckMechanism::kIdleTicks:
      s.next_tick = now + p.period.Of(s.keep_alive);
      s.idle = s.active_since_tick ? 0 : static_cast<uint8_t>(s.idle + 1);
      s.active_since_tick = false;
      dead = s.idle >= p.idle_ticks;
      break;
    case CheckMechanism::kAccumulatedTicks: {
      const Duration tick = p.period.Of(s.keep_alive);
      s.next_tick = now + tick;
      s.idle = s.active_since_tick && s.last_in > now - tick
                   ? 0
                   : static_cast<uint8_t>(std::min(s.idle + 1, 255));
      s.active_since_tick = false;
      dead = tick * s.idle >= s.limit;
      break;
    }
  }
  if (!dead) return effects;
  if (p.kill_batch > 0) {
    s.expired = true;
    return effects;
  }
  DeclareDead(p, peer, s, stored, now, effects);
  return effects;
}

Effects OnStoredDeadline(const BrokerProfile&, StoredSession& stored, Instant now) {
  Effects effects;
  if (stored.will_pending && stored.will_at <= now) {
    stored.will_pending = false;
    stored.will_at = kNever;
    effects.Add({.kind = Effect::Kind::kWillPublish});
  }
  if (stored.exists && !stored.connected && stored.expires_at <= now) {
    stored.exists = false;
    stored.expires_at = kNever;
  }
  return effects;
}

Effects OnKillSlot(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now) {
  Effects effects;
  if (s.state == BrokerState::kConnected && s.expired) {
    DeclareDead(p, peer, s, stored, now, effects);
  }
  return effects;
}

Effects Deliver(const BrokerProfile& p, BrokerSession& s, Instant now, uint8_t qos, uint32_t size) {
  Effects effects;
  if (s.state != BrokerState::kConnected) return effects;
  if (p.outgoing_counts) NoteActivity(p, s, now, PacketType::kPublish);
  if (qos == 0 || (s.in_flight_count < BrokerSession::kWindow && s.waiting == 0)) {
    SendPublish(s, now, qos, size, effects);
  } else if (s.waiting < 65535) {
    ++s.waiting;
    s.waiting_qos = qos;
    s.waiting_size = size;
  }
  return effects;
}

Instant NextDeadline(const BrokerProfile& p, const BrokerSession& s) {
  switch (s.state) {
    case BrokerState::kClosed:
      return kNever;
    case BrokerState::kAwaitConnect:
      return s.accepted_at == kLongAgo ? kNever : s.accepted_at + p.connect_timeout;
    case BrokerState::kConnected:
      break;
  }
  if (s.keep_alive.ns == 0 || s.expired) return kNever;
  if (p.mechanism != CheckMechanism::kExactTimer) return s.next_tick;
  Instant at = Seen(p, s.last_in) + s.limit;
  if (p.strict) at += p.whole_seconds ? Seconds(1) : Nanoseconds(1);
  return at;
}

Instant NextDeadline(const StoredSession& stored) {
  Instant at = stored.will_pending ? stored.will_at : kNever;
  if (stored.exists && !stored.connected) at = std::min(at, stored.expires_at);
  return at;
}

}  // namespace keepsim
