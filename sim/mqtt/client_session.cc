#include "sim/mqtt/client_session.h"

#include <algorithm>

#include "sim/base/check.h"

namespace keepsim {
namespace {

constexpr Duration kSecond = Seconds(1);

// Profiles that keep time in whole seconds see every instant truncated.
Instant Seen(const ClientProfile& p, Instant t) {
  if (!p.whole_seconds || t == kNever || t == kLongAgo) return t;
  const int64_t rest = ((t.ns % kSecond.ns) + kSecond.ns) % kSecond.ns;
  return Instant{t.ns - rest};
}

// The first instant at or after `t` at which this profile looks at its conditions.
Instant NextLook(const ClientProfile& p, const ClientSession& s, Instant t) {
  if (t == kNever) return t;
  if (p.whole_seconds) {
    // Truncated now reaches truncated t exactly when now reaches t, t being whole already.
    t = Seen(p, t);
  }
  const Duration tick = p.tick.Of(s.keep_alive);
  if (tick.ns <= 0) return t;
  const int64_t since = (t - s.tick_origin).ns;
  const int64_t n = since <= 0 ? 1 : (since + tick.ns - 1) / tick.ns;
  return s.tick_origin + tick * n;
}

Duration InLimit(const ClientProfile& p, Duration keep_alive) {
  const bool as_out = p.ping_after_in.num == 0 && p.ping_after_in.offset.ns == 0;
  return (as_out ? p.ping_after : p.ping_after_in).Of(keep_alive);
}

// When the silence that makes a PINGREQ due is complete, by the references; kNever if off.
Instant PingDue(const ClientProfile& p, const ClientSession& s) {
  if (s.keep_alive.ns == 0) return kNever;
  const Duration after = p.ping_after.Of(s.keep_alive);
  switch (p.ping_when) {
    case PingWhen::kOutSilent:
      return Seen(p, s.last_out) + after;
    case PingWhen::kInSilent:
      return Seen(p, s.last_in) + after;
    case PingWhen::kEitherSilent:
      return std::min(Seen(p, s.last_out) + after, Seen(p, s.last_in) + InLimit(p, s.keep_alive));
    case PingWhen::kAlways:
    case PingWhen::kCounterTick:
      // `tick_origin` moves along with every look.
      return s.tick_origin + after;
  }
  return kNever;
}

// When a missing PINGRESP is noticed; kNever if none is awaited.
Instant WaitDue(const ClientProfile& p, const ClientSession& s) {
  if (!s.ping_pending) return kNever;
  switch (p.wait_rule) {
    case WaitRule::kAfterPing:
      return Seen(p, s.ping_sent) + p.pingresp_wait.Of(s.keep_alive);
    case WaitRule::kAfterPingAndLast:
      return std::max(Seen(p, s.ping_sent), Seen(p, s.last_in)) + p.pingresp_wait.Of(s.keep_alive);
    case WaitRule::kAtNextPing:
    case WaitRule::kAtNextStale:
      return PingDue(p, s);
    case WaitRule::kIgnored:
      return kNever;
  }
  return kNever;
}

bool TickedPing(const ClientProfile& p) {
  return p.ping_when == PingWhen::kAlways || p.ping_when == PingWhen::kCounterTick;
}

void NoteSent(const ClientProfile& p, ClientSession& s, Instant now, PacketType type) {
  ++s.sends;
  if (p.out_reference == OutReference::kAnyPacket || type == PacketType::kPingreq ||
      type == PacketType::kConnect) {
    s.last_out = now;
  }
}

Packet Small(PacketType type, uint16_t id = 0) {
  Packet packet;
  packet.type = type;
  packet.packet_id = id;
  packet.size = id != 0 ? 4 : 2;
  return packet;
}

void SendPublish(const ClientParams& params, ClientSession& s, Instant now, uint8_t qos,
                 uint32_t size, Effects& effects) {
  Packet packet;
  packet.type = PacketType::kPublish;
  packet.qos = qos;
  packet.size = size;
  if (qos > 0) {
    packet.packet_id = s.next_packet_id;
    s.next_packet_id = s.next_packet_id == 65535 ? 1 : static_cast<uint16_t>(s.next_packet_id + 1);
    SIM_CHECK(s.in_flight_count < ClientSession::kWindow);
    s.out[s.in_flight_count++] = {
        packet.packet_id, qos == 1 ? PacketType::kPuback : PacketType::kPubrec, qos, size, now};
  }
  NoteSent(*params.profile, s, now, packet.type);
  effects.Send(packet);
}

// Sends what waits behind the window, as far as the window and the list of effects allow.
void SendWaiting(const ClientParams& params, ClientSession& s, Instant now, Effects& effects) {
  while (s.waiting > 0 && s.in_flight_count < ClientSession::kWindow &&
         effects.size() < Effects::kMax - 2) {
    --s.waiting;
    SendPublish(params, s, now, s.waiting_qos, s.waiting_size, effects);
  }
}

// The uniform draw u scaled to [0, d], in integers.
Duration Share(Duration d, uint64_t u) {
  return {static_cast<int64_t>(
      (static_cast<unsigned __int128>(u) * (static_cast<uint64_t>(d.ns) + 1)) >> 64)};
}

Duration BackoffDelay(const ReconnectPolicy& r, ClientSession& s, uint64_t u) {
  Duration base;
  if (s.attempt == 0 || s.backoff.ns == 0) {
    base = r.first;
  } else {
    base = {
        static_cast<int64_t>(static_cast<__int128>(s.backoff.ns) * r.growth_num / r.growth_den)};
    base = std::clamp(base, r.min, r.max);
  }
  Duration delay = base;
  switch (r.jitter) {
    case JitterKind::kNone:
      break;
    case JitterKind::kPlusMinus: {
      const Duration span = {
          static_cast<int64_t>(static_cast<__int128>(base.ns) * r.jitter_permille / 1000)};
      delay = base - span + Share(span * 2, u);
      break;
    }
    case JitterKind::kFull:
      delay = Share(base, u);
      break;
    case JitterKind::kDecorrelated: {
      const Duration high = std::max(r.min, s.backoff * 3);
      base = delay = std::min(r.max, r.min + Share(high - r.min, u));
      break;
    }
  }
  s.backoff = base;
  if (r.evaluated_every.ns > 0) {
    const int64_t n = (delay.ns + r.evaluated_every.ns - 1) / r.evaluated_every.ns;
    delay = r.evaluated_every * std::max<int64_t>(n, 1);
  }
  return delay;
}

// After any end of the connection: back off, or stop.
void BackOff(const ClientParams& params, ClientSession& s, Instant now, uint64_t u) {
  const ReconnectPolicy& r = params.profile->reconnect;
  s.ping_pending = false;
  if (r.stable_after.ns > 0 && s.connected_at != kLongAgo &&
      now - s.connected_at >= r.stable_after) {
    s.attempt = 0;
  }
  s.connected_at = kLongAgo;
  if (!r.enabled) {
    s.state = ClientState::kStopped;
    s.phase_deadline = kNever;
    return;
  }
  s.state = ClientState::kBackoff;
  s.phase_deadline = now + BackoffDelay(r, s, u);
}

void OpenTransport(const ClientParams& params, ClientSession& s, Instant now, Effects& effects) {
  s.state = ClientState::kConnecting;
  if (s.attempt < 65535) ++s.attempt;
  s.phase_deadline = now + params.profile->connect_timeout;
  effects.Add({.kind = Effect::Kind::kOpenTransport});
}

bool CountsAsInput(InReference reference, PacketType type) {
  switch (reference) {
    case InReference::kAnyPacket:
      return true;
    case InReference::kAcks:
      return type != PacketType::kPublish;
    case InReference::kPingresp:
      return type == PacketType::kConnack || type == PacketType::kPingresp;
  }
  return true;
}

void OnConnack(const ClientParams& params, ClientSession& s, Instant now, const Packet& packet,
               Effects& effects) {
  const ClientProfile& p = *params.profile;
  s.state = ClientState::kConnected;
  s.phase_deadline = kNever;
  s.connected_at = now;
  if (p.reconnect.stable_after.ns == 0) s.attempt = 0, s.backoff = Duration{0};
  s.keep_alive = Seconds(params.keep_alive_s);
  // 5.0 [MQTT-3.1.2-21]: a Server Keep Alive replaces the client's own.
  if (p.apply_server_keep_alive && packet.has(Packet::kHasServerKeepAlive)) {
    s.keep_alive = Seconds(packet.value);
  }
  s.tick_origin = TickedPing(p) ? s.last_out : now;
  s.last_in = now;
  s.sends_at_tick = 0;  // the CONNECT does not count: emqtt's first tick always pings
  s.sends = 0;
  effects.Add({.kind = Effect::Kind::kConnected, .packet = packet});
  // 3.1.1 section 3.1.2.4 / 5.0 section 4.4: unfinished QoS 1 and 2 exchanges are taken up again
  // if the broker kept the session, and forgotten otherwise.
  if (!packet.has(Packet::kSessionPresent)) {
    // Messages not known to be delivered are published anew.
    for (int i = 0; i < s.in_flight_count; ++i) {
      if (s.out[i].awaiting != PacketType::kPubcomp && s.waiting < 65535) {
        ++s.waiting;
        s.waiting_qos = s.out[i].qos;
        s.waiting_size = s.out[i].size;
      }
    }
    s.in_flight_count = 0;
    s.incoming_count = 0;
  }
  if (params.subscribe_size > 0 && !packet.has(Packet::kSessionPresent)) {
    Packet subscribe;
    subscribe.type = PacketType::kSubscribe;
    subscribe.qos = params.subscribe_qos;
    subscribe.packet_id = s.next_packet_id;
    s.next_packet_id = s.next_packet_id == 65535 ? 1 : static_cast<uint16_t>(s.next_packet_id + 1);
    subscribe.size = params.subscribe_size;
    NoteSent(p, s, now, subscribe.type);
    effects.Send(subscribe);
  }
  for (int i = 0; i < s.in_flight_count && effects.size() < Effects::kMax - 1; ++i) {
    Packet again;
    if (s.out[i].awaiting == PacketType::kPubcomp) {
      again = Small(PacketType::kPubrel, s.out[i].packet_id);
    } else {
      again.type = PacketType::kPublish;
      again.flags = Packet::kDup;
      again.qos = s.out[i].qos;
      again.packet_id = s.out[i].packet_id;
      again.size = s.out[i].size;
    }
    s.out[i].sent_at = now;
    NoteSent(p, s, now, again.type);
    effects.Send(again);
  }
  SendWaiting(params, s, now, effects);
}

void OnAck(const ClientParams& params, ClientSession& s, Instant now, const Packet& packet,
           Effects& effects) {
  const ClientProfile& p = *params.profile;
  for (int i = 0; i < s.in_flight_count; ++i) {
    InFlight& f = s.out[i];
    if (f.packet_id != packet.packet_id || f.awaiting != packet.type) continue;
    if (p.out_reference == OutReference::kAckedOperation) {
      s.last_out = std::max(s.last_out, f.sent_at);
    }
    if (packet.type == PacketType::kPubrec) {
      f.awaiting = PacketType::kPubcomp;
      f.sent_at = now;
      NoteSent(p, s, now, PacketType::kPubrel);
      effects.Send(Small(PacketType::kPubrel, f.packet_id));
      return;
    }
    for (int j = i + 1; j < s.in_flight_count; ++j) s.out[j - 1] = s.out[j];
    --s.in_flight_count;
    SendWaiting(params, s, now, effects);
    return;
  }
}

void OnPublish(const ClientProfile& p, ClientSession& s, Instant now, const Packet& packet,
               Effects& effects) {
  const auto reply = [&](PacketType type) {
    NoteSent(p, s, now, type);
    effects.Send(Small(type, packet.packet_id));
  };
  if (packet.qos == 1) reply(PacketType::kPuback);
  if (packet.qos == 2) {
    reply(PacketType::kPubrec);
    for (int i = 0; i < s.incoming_count; ++i) {
      if (s.in[i] == packet.packet_id) return;  // known already: delivered once
    }
    if (s.incoming_count < ClientSession::kWindow) s.in[s.incoming_count++] = packet.packet_id;
  }
  effects.Add({.kind = Effect::Kind::kMessageDelivered, .packet = packet});
}

void SendPing(const ClientProfile& p, ClientSession& s, Instant now, Effects& effects) {
  NoteSent(p, s, now, PacketType::kPingreq);
  s.ping_sent = s.ping_pending && !p.one_ping_at_a_time ? s.ping_sent : now;
  s.ping_pending = true;
  if (p.ping_resets_both) s.last_in = now;
  effects.Send(Small(PacketType::kPingreq));
}

// The keep alive conditions in the order in which they are looked at.
void CheckKeepAlive(const ClientParams& params, ClientSession& s, Instant now, uint64_t u,
                    Effects& effects) {
  const ClientProfile& p = *params.profile;
  const Instant seen = Seen(p, now);
  if (WaitDue(p, s) <= seen) {
    effects.Add({.kind = Effect::Kind::kDeclaredDead,
                 .reason = CloseReason::kPingrespTimeout,
                 .silence = now - s.ping_sent});
    effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kPingrespTimeout});
    BackOff(params, s, now, u);
    return;
  }
  if (PingDue(p, s) > seen) return;
  if (TickedPing(p)) {
    const bool moved = p.ping_when == PingWhen::kCounterTick && s.sends != s.sends_at_tick;
    s.tick_origin = PingDue(p, s);
    if (!moved) SendPing(p, s, now, effects);
    s.sends_at_tick = s.sends;
    return;
  }
  if (s.ping_pending && p.one_ping_at_a_time) return;
  SendPing(p, s, now, effects);
}

}  // namespace

Effects Start(const ClientParams& params, ClientSession& s, Instant now) {
  Effects effects;
  if (s.state != ClientState::kStopped) return effects;
  s.attempt = 0;
  s.backoff = Duration{0};
  OpenTransport(params, s, now, effects);
  return effects;
}

Effects OnConnected(const ClientParams& params, ClientSession& s, Instant now) {
  Effects effects;
  if (s.state != ClientState::kConnecting) return effects;
  s.state = ClientState::kAwaitConnack;
  s.phase_deadline = now + params.profile->connack_timeout;
  s.ping_pending = false;
  Packet connect;
  connect.type = PacketType::kConnect;
  connect.value = params.keep_alive_s;
  connect.size = params.connect_size;
  if (params.clean_start) {
    connect.flags = Packet::kCleanStart;
    // Clean session: what was in flight is not taken up again.
    s.incoming_count = 0;
  }
  NoteSent(*params.profile, s, now, connect.type);
  effects.Send(connect);
  return effects;
}

Effects OnPacket(const ClientParams& params, ClientSession& s, Instant now, const Packet& packet) {
  Effects effects;
  const ClientProfile& p = *params.profile;
  if (s.state == ClientState::kAwaitConnack) {
    if (packet.type != PacketType::kConnack) return effects;
    if (packet.reason != reason::kSuccess) {
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kRefused});
      BackOff(params, s, now, uint64_t{1} << 63);
      return effects;
    }
    OnConnack(params, s, now, packet, effects);
    return effects;
  }
  if (s.state != ClientState::kConnected) return effects;
  if (CountsAsInput(p.in_reference, packet.type)) s.last_in = now;
  if (p.pingresp_by == PingrespBy::kAnyPacket) s.ping_pending = false;
  switch (packet.type) {
    case PacketType::kPingresp:
      s.ping_pending = false;
      break;
    case PacketType::kPublish:
      OnPublish(p, s, now, packet, effects);
      break;
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubcomp:
      OnAck(params, s, now, packet, effects);
      break;
    case PacketType::kPubrel:
      for (int i = 0; i < s.incoming_count; ++i) {
        if (s.in[i] != packet.packet_id) continue;
        s.in[i] = s.in[--s.incoming_count];
        break;
      }
      NoteSent(p, s, now, PacketType::kPubcomp);
      effects.Send(Small(PacketType::kPubcomp, packet.packet_id));
      break;
    case PacketType::kDisconnect:  // 5.0 only
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kServerDisconnect});
      BackOff(params, s, now, uint64_t{1} << 63);
      break;
    default:
      break;
  }
  return effects;
}

Effects OnClosed(const ClientParams& params, ClientSession& s, Instant now, CloseReason,
                 uint64_t u) {
  Effects effects;
  switch (s.state) {
    case ClientState::kStopped:
    case ClientState::kBackoff:
      break;
    case ClientState::kClosing:
      Stop(s);
      break;
    case ClientState::kConnecting:
    case ClientState::kAwaitConnack:
    case ClientState::kConnected:
      BackOff(params, s, now, u);
      break;
  }
  return effects;
}

Effects OnDeadline(const ClientParams& params, ClientSession& s, Instant now, uint64_t u) {
  Effects effects;
  if (NextDeadline(params, s) > now) return effects;
  switch (s.state) {
    case ClientState::kStopped:
    case ClientState::kClosing:
      break;
    case ClientState::kBackoff:
      OpenTransport(params, s, now, effects);
      break;
    case ClientState::kConnecting:
    case ClientState::kAwaitConnack: {
      const CloseReason why = s.state == ClientState::kConnecting ? CloseReason::kConnectTimeout
                                                                  : CloseReason::kConnackTimeout;
      effects.Add({.kind = Effect::Kind::kAbort, .reason = why});
      BackOff(params, s, now, u);
      break;
    }
    case ClientState::kConnected:
      CheckKeepAlive(params, s, now, u, effects);
      break;
  }
  return effects;
}

Effects Publish(const ClientParams& params, ClientSession& s, Instant now, uint8_t qos,
                uint32_t size) {
  Effects effects;
  if (qos == 0) {
    if (s.state == ClientState::kConnected) SendPublish(params, s, now, qos, size, effects);
    return effects;
  }
  if (s.state == ClientState::kConnected && s.in_flight_count < ClientSession::kWindow &&
      s.waiting == 0) {
    SendPublish(params, s, now, qos, size, effects);
  } else if (s.waiting < 65535) {
    ++s.waiting;
    s.waiting_qos = qos;
    s.waiting_size = size;
  }
  return effects;
}

Effects Disconnect(const ClientParams& params, ClientSession& s, Instant now) {
  Effects effects;
  switch (s.state) {
    case ClientState::kStopped:
    case ClientState::kClosing:
      return effects;
    case ClientState::kBackoff:
      break;
    case ClientState::kConnected:
    case ClientState::kAwaitConnack:
      NoteSent(*params.profile, s, now, PacketType::kDisconnect);
      effects.Send(Small(PacketType::kDisconnect));
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kDisconnect});
      break;
    case ClientState::kConnecting:
      effects.Add({.kind = Effect::Kind::kAbort, .reason = CloseReason::kDisconnect});
      break;
  }
  Stop(s);
  return effects;
}

void Stop(ClientSession& s) {
  const uint16_t next_packet_id = s.next_packet_id;
  s = ClientSession{};
  s.next_packet_id = next_packet_id;
}

Instant NextDeadline(const ClientParams& params, const ClientSession& s) {
  const ClientProfile& p = *params.profile;
  switch (s.state) {
    case ClientState::kStopped:
    case ClientState::kClosing:
      return kNever;
    case ClientState::kBackoff:
    case ClientState::kConnecting:
    case ClientState::kAwaitConnack:
      return s.phase_deadline;
    case ClientState::kConnected:
      break;
  }
  if (TickedPing(p)) return std::min(PingDue(p, s), WaitDue(p, s));
  Instant due = WaitDue(p, s);
  if (!s.ping_pending || !p.one_ping_at_a_time) due = std::min(due, PingDue(p, s));
  return NextLook(p, s, due);
}

const char* DeadlineName(const ClientParams& params, const ClientSession& s) {
  switch (s.state) {
    case ClientState::kStopped:
    case ClientState::kClosing:
      return "none";
    case ClientState::kBackoff:
      return "reconnect";
    case ClientState::kConnecting:
      return "connect timeout";
    case ClientState::kAwaitConnack:
      return "CONNACK timeout";
    case ClientState::kConnected:
      return s.ping_pending && WaitDue(*params.profile, s) <= PingDue(*params.profile, s)
                 ? "PINGRESP wait"
                 : "PINGREQ due";
  }
  return "none";
}

}  // namespace keepsim
