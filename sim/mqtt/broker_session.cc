#include "sim/mqtt/broker_session.h"

#include <algorithm>

namespace keepsim {
namespace {

constexpr uint32_t kNeverExpires = 0xFFFFFFFF;
constexpr Duration kSecond = Seconds(1);

// ---- the check --------------------------------------------------------------------------------

Instant Seen(const BrokerProfile& p, Instant t) {
  return p.whole_seconds ? Instant{t.ns - t.ns % kSecond.ns} : t;
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

// Not 0: time has to pass between two ticks.
Duration PeriodOf(const BrokerProfile& p, Duration keep_alive) {
  return std::max(p.period.Of(keep_alive), Milliseconds(1));
}

void StartCheck(const BrokerProfile& p, BrokerSession& s, Duration keep_alive, Instant now) {
  s.keep_alive = keep_alive;
  s.limit = LimitOf(p, keep_alive);
  s.last_in = now;
  s.idle = 0;
  s.active_since_tick =
      p.mechanism == CheckMechanism::kAccumulatedTicks && !p.pingreq_restarts_tick;
  s.next_tick = kNever;
  if (keep_alive.ns == 0 || p.mechanism == CheckMechanism::kExactTimer) return;
  s.period = PeriodOf(p, keep_alive);
  s.next_tick = p.mechanism == CheckMechanism::kScan ? NextOnGrid(s.period, now) : now + s.period;
}

}  // namespace

Instant FirstExcess(const BrokerProfile& p, const BrokerSession& s) {
  const Instant reached = Seen(p, s.last_in) + s.limit;
  if (!p.whole_seconds) return p.strict ? reached + Nanoseconds(1) : reached;
  const Duration to_next = kSecond - Nanoseconds(1);
  return p.strict ? Seen(p, reached) + kSecond : Seen(p, reached + to_next);
}

void NoteActivity(const BrokerProfile& p, BrokerSession& s, Instant now, PacketType type) {
  s.last_in = now;
  s.active_since_tick = true;
  if (type == PacketType::kPingreq && p.mechanism == CheckMechanism::kAccumulatedTicks &&
      p.pingreq_restarts_tick && s.keep_alive.ns != 0) {
    s.idle = 0;
    s.active_since_tick = false;
    s.next_tick = now + s.period;
  }
}

bool Check(const BrokerProfile& p, BrokerSession& s, Instant now) {
  if (p.mechanism == CheckMechanism::kExactTimer) return Exceeds(p, s, now);
  s.next_tick = p.mechanism == CheckMechanism::kScan ? NextOnGrid(s.period, now) : now + s.period;
  if (p.mechanism == CheckMechanism::kScan || p.mechanism == CheckMechanism::kTickCompare) {
    return Exceeds(p, s, now);
  }
  s.idle = s.active_since_tick ? 0 : s.idle + 1;
  s.active_since_tick = false;
  if (p.mechanism == CheckMechanism::kIdleTicks) {
    return s.idle >= static_cast<uint32_t>(p.idle_ticks);
  }
  const Duration idle = s.period * s.idle;
  return p.strict ? idle > s.limit : idle >= s.limit;
}

namespace {

// When the wait for CONNECT is over, or is found over.
Instant ConnectDeadline(const BrokerProfile& p, Instant accepted) {
  if (!p.connect_on_scan || p.mechanism != CheckMechanism::kScan) {
    return accepted + p.connect_timeout;
  }
  BrokerSession silent;
  silent.last_in = accepted;
  silent.limit = p.connect_timeout;
  // A scan whose period goes by keepAlive has none to go by yet.
  const Duration period = PeriodOf(p, Duration{0});
  return NextOnGrid(period, FirstExcess(p, silent) - Nanoseconds(1));
}

// ---- the ends of a connection -----------------------------------------------------------------

// The broker's word before it closes, which only 5.0 has.
void SendDisconnect(const PeerParams& peer, uint8_t why, Effects& effects) {
  if (peer.version != MqttVersion::kV5) return;
  Packet disconnect = SmallPacket(PacketType::kDisconnect);
  disconnect.reason = why;
  disconnect.size = 4;
  effects.Send(disconnect);
}

// The session state is kept for the client's return, or ends with the connection.
void Store(const PeerParams& peer, BrokerSession& s, StoredSession& stored, Instant now) {
  stored.connected = false;
  stored.exists = peer.session_expiry_s > 0;
  stored.expires_at = kNever;
  if (!stored.exists) return;
  stored.exchanges = s.exchanges;
  if (peer.session_expiry_s != kNeverExpires) {
    stored.expires_at = now + Seconds(peer.session_expiry_s);
  }
}

// The session's connection has ended. `abnormal`: the will is due.
void EndConnection(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                   StoredSession& stored, Instant now, bool abnormal, Effects& effects) {
  const bool had_session = s.state == BrokerState::kConnected;
  s.state = BrokerState::kClosed;
  s.expired = false;
  if (!had_session) return;
  Store(peer, s, stored, now);
  if (!abnormal || !peer.has_will) return;
  // 5.0 [MQTT-3.1.3-9]: after the Will Delay, or when the session ends, whichever is first.
  const uint32_t delay_s = std::min(peer.will_delay_s, peer.session_expiry_s);
  if (peer.version != MqttVersion::kV5 || delay_s == 0) {
    effects.Add({.kind = Effect::Kind::kWillPublish});
    return;
  }
  stored.will_pending = true;
  stored.will_at = now + Seconds(delay_s);
  if (p.will_granularity.ns > 0) {
    stored.will_at = NextOnGrid(p.will_granularity, stored.will_at - Nanoseconds(1));
  }
}

void DeclareDead(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
                 StoredSession& stored, Instant now, Effects& effects) {
  effects.Add({.kind = Effect::Kind::kDeclaredDead,
               .reason = CloseReason::kKeepAliveTimeout,
               .silence = now - s.last_in});
  if (p.recovers) {
    s.suspects = true;
    return;
  }
  SendDisconnect(peer, reason::kKeepAliveTimeout, effects);
  effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kKeepAliveTimeout});
  EndConnection(p, peer, s, stored, now, /*abnormal=*/true, effects);
}

// A client that is held for dead has spoken: its session begins anew, with nothing closed.
void TrustAgain(const BrokerProfile& p, BrokerSession& s, Instant now, Effects& effects) {
  s.suspects = false;
  StartCheck(p, s, s.keep_alive, now);
  Packet opened;
  opened.value = static_cast<uint16_t>(s.keep_alive / kSecond);
  effects.Add({.kind = Effect::Kind::kSessionOpened, .packet = opened});
}

bool WillOnTakeover(const BrokerProfile& p, const PeerParams& peer, bool clean_start) {
  const bool v5 = peer.version == MqttVersion::kV5;
  if (!peer.has_will || (!v5 && !p.will_on_takeover)) return false;
  switch (p.takeover_will) {
    case TakeoverWill::kSpec:
      return !v5 || clean_start || peer.will_delay_s == 0;
    case TakeoverWill::kIfSessionEnds:
      return clean_start || peer.session_expiry_s == 0;
    case TakeoverWill::kIfNoDelay:
      return !v5 || peer.will_delay_s == 0;
  }
  return true;
}

// ---- CONNECT ----------------------------------------------------------------------------------

Packet Connack(MqttVersion version) {
  Packet connack = SmallPacket(PacketType::kConnack);
  connack.size = version == MqttVersion::kV5 ? 5 : 4;
  return connack;
}

void Refuse(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s, Effects& effects) {
  const bool v5 = peer.version == MqttVersion::kV5;
  Packet connack = Connack(peer.version);
  connack.reason = v5 ? reason::kUnspecifiedError : p.refusal_code;
  effects.Send(connack);
  effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kRefused});
  s.state = BrokerState::kClosed;
}

// Sends on from what is to be sent again and from the queue; what finds no room follows at once.
void SendOn(BrokerSession& s, Instant now, Effects& effects) {
  SendMore(s.exchanges, now, effects);
  s.send_on_at = s.exchanges.more_to_send() ? now : kNever;
}

void OnConnect(const BrokerProfile& p, const PeerParams& peer, BrokerSession& s,
               StoredSession& stored, Instant now, const Packet& packet, Effects& effects) {
  const KeepAliveVerdict verdict = JudgeKeepAlive(p, peer.version, packet.value);
  if (verdict.refused) return Refuse(p, peer, s, effects);
  const uint16_t k = static_cast<uint16_t>(verdict.keep_alive_s);
  s.state = BrokerState::kConnected;
  StartCheck(p, s, Seconds(k), now);

  const bool clean = packet.has(Packet::kCleanStart);
  const bool present = stored.exists && !clean;
  // 5.0 [MQTT-3.1.3-9]: a new connection before the delay has passed: the will is not sent, unless
  // the clean start ends the old session, whose end sends it.
  if (stored.will_pending && clean) effects.Add({.kind = Effect::Kind::kWillPublish});
  s.exchanges = present ? stored.exchanges : Exchanges{};
  stored = StoredSession{};
  stored.exists = stored.connected = true;

  Packet connack = Connack(peer.version);
  if (present) connack.flags |= Packet::kSessionPresent;
  if (verdict.told) {
    connack.flags |= Packet::kHasServerKeepAlive;
    connack.value = k;
    connack.size += 3;
  }
  Packet opened;
  opened.value = k;
  effects.Add({.kind = Effect::Kind::kSessionOpened, .packet = opened});
  effects.Send(connack);
  TakeUp(s.exchanges);
  SendOn(s, now, effects);
}

}  // namespace

KeepAliveVerdict JudgeKeepAlive(const BrokerProfile& p, MqttVersion version, int32_t k) {
  if (k == 0 && p.refuse_zero_keep_alive) return {.refused = true};
  const bool v5 = version == MqttVersion::kV5;
  const bool limited = p.keep_alive_max_s < 65535;
  if (v5 && limited && p.limit_reply == KeepAliveLimitReply::kReplaceV5) {
    return {.told = true, .keep_alive_s = p.keep_alive_max_s};
  }
  if (k == 0 && p.zero_keep_alive_is_max) k = p.keep_alive_max_s;
  const bool too_long =
      k > p.keep_alive_max_s || (k == 0 && (limited || p.zero_keep_alive_exceeds));
  const bool too_short = k != 0 && k < p.keep_alive_min_s;
  if (!too_long && !too_short) return {.keep_alive_s = k};
  const int32_t limit = too_long ? p.keep_alive_max_s : p.keep_alive_min_s;
  switch (p.limit_reply) {
    case KeepAliveLimitReply::kNone:
      break;
    case KeepAliveLimitReply::kServerKeepAlive:
      return {.refused = !v5, .told = true, .keep_alive_s = limit};
    case KeepAliveLimitReply::kSilentClamp:
      return {.keep_alive_s = limit};
    case KeepAliveLimitReply::kServerKeepAliveV5:
    case KeepAliveLimitReply::kReplaceV5:
      return {.told = v5, .keep_alive_s = v5 ? limit : k};
    case KeepAliveLimitReply::kRefuse:
      return {.refused = true};
  }
  return {.keep_alive_s = k};
}

Duration LimitOf(const BrokerProfile& p, Duration keep_alive) {
  if (keep_alive.ns == 0) return Duration{0};
  // Such a broker counts ticks and knows no other limit.
  if (p.mechanism == CheckMechanism::kIdleTicks) return PeriodOf(p, keep_alive) * p.idle_ticks;
  const __int128 exact = static_cast<__int128>(keep_alive.ns) * p.grace_num / p.grace_den;
  Duration limit = {static_cast<int64_t>(std::min<__int128>(exact, kForever.ns))};
  if (p.rounding == LimitRounding::kFloorSeconds) limit = kSecond * (limit / kSecond);
  if (p.rounding == LimitRounding::kRoundSeconds)
    limit = kSecond * ((limit + kSecond / 2) / kSecond);
  if (p.wrap_16_bit) limit = limit % Seconds(65536);
  return std::max(limit + p.grace_extra, Nanoseconds(1));  // 0 would be never
}

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
    } else {  // [MQTT-3.1.0-1] in both versions: the first packet must be CONNECT
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kProtocolError});
      s.state = BrokerState::kClosed;
    }
    return effects;
  }
  if (s.state != BrokerState::kConnected) return effects;
  // A session that waits for its kill slot is not looked at again.
  if (!s.expired) NoteActivity(p, s, now, packet.type);
  if (s.suspects) TrustAgain(p, s, now, effects);
  const bool v5 = peer.version == MqttVersion::kV5;
  switch (packet.type) {
    case PacketType::kPingreq:
      effects.Send(SmallPacket(PacketType::kPingresp));
      break;
    case PacketType::kPublish:
      OnPublish(s.exchanges, packet, effects);
      break;
    case PacketType::kPubrel:
      OnPubrel(s.exchanges, packet, effects);
      break;
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubcomp:
      OnAck(s.exchanges, now, packet, effects);
      s.send_on_at = s.exchanges.more_to_send() ? now : kNever;
      break;
    case PacketType::kSubscribe: {
      Packet suback = SmallPacket(PacketType::kSuback, packet.packet_id);
      suback.size = v5 ? 6 : 5;
      suback.reason = packet.qos;
      effects.Send(suback);
      break;
    }
    case PacketType::kUnsubscribe: {
      Packet unsuback = SmallPacket(PacketType::kUnsuback, packet.packet_id);
      if (v5) unsuback.size = 6;
      effects.Send(unsuback);
      break;
    }
    case PacketType::kDisconnect: {
      // 3.1.1 [MQTT-3.1.2-10]: discards the will. 5.0 [MQTT-3.14.4-3]: only with reason 0x00.
      const bool abnormal = v5 && packet.reason != reason::kSuccess;
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kDisconnect});
      EndConnection(p, peer, s, stored, now, abnormal, effects);
      break;
    }
    default:  // a second CONNECT ([MQTT-3.1.0-2]), or what only a server sends
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
                   StoredSession& stored, Instant now, bool clean_start) {
  Effects effects;
  if (s.state != BrokerState::kConnected) return effects;
  SendDisconnect(peer, reason::kSessionTakenOver, effects);
  effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kTakeover});
  EndConnection(p, peer, s, stored, now, /*abnormal=*/false, effects);
  if (WillOnTakeover(p, peer, clean_start)) effects.Add({.kind = Effect::Kind::kWillPublish});
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
  if (s.send_on_at <= now) {
    SendOn(s, now, effects);
  } else if (Check(p, s, now)) {
    if (p.kill_batch > 0) {
      s.expired = true;
    } else {
      DeclareDead(p, peer, s, stored, now, effects);
    }
  }
  return effects;
}

Effects OnStoredDeadline(const BrokerProfile&, StoredSession& stored, Instant now) {
  Effects effects;
  if (NextDeadline(stored) > now) return effects;
  if (stored.will_pending && stored.will_at <= now) {
    stored.will_pending = false;
    stored.will_at = kNever;
    effects.Add({.kind = Effect::Kind::kWillPublish});
  }
  if (stored.exists && !stored.connected && stored.expires_at <= now) {
    stored.exists = false;
    stored.expires_at = kNever;
    stored.exchanges = Exchanges{};
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
  SendOrQueue(s.exchanges, now, qos, size, effects);
  if (p.outgoing_counts && !s.expired && !effects.empty()) {
    NoteActivity(p, s, now, PacketType::kPublish);
  }
  return effects;
}

bool DeliverLater(StoredSession& stored, uint8_t qos, uint32_t size) {
  if (!stored.exists || stored.connected || qos == 0) return false;
  Queue(stored.exchanges, qos, size);
  return true;
}

Instant NextDeadline(const BrokerProfile& p, const BrokerSession& s) {
  if (s.state == BrokerState::kClosed) return kNever;
  if (s.state == BrokerState::kAwaitConnect) {
    return s.accepted_at == kLongAgo ? kNever : ConnectDeadline(p, s.accepted_at);
  }
  if (s.keep_alive.ns == 0 || s.expired || s.suspects) return s.send_on_at;
  const Instant look = p.mechanism == CheckMechanism::kExactTimer ? FirstExcess(p, s) : s.next_tick;
  return std::min(s.send_on_at, look);
}

Instant NextDeadline(const StoredSession& stored) {
  Instant at = stored.will_pending ? stored.will_at : kNever;
  if (stored.exists && !stored.connected) at = std::min(at, stored.expires_at);
  return at;
}

}  // namespace keepsim
