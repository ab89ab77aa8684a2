#include "sim/mqtt/client_session.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/mqtt/client_deadline.h"

namespace keepsim {
namespace {

// ---- sending ----------------------------------------------------------------------------------

void NoteSent(const ClientProfile& p, ClientSession& s, Instant now, PacketType type) {
  ++s.sends;
  if (p.out_reference == OutReference::kAnyPacket || type == PacketType::kPingreq ||
      type == PacketType::kConnect) {
    s.last_out = now;
  }
}

void NoteAllSent(const ClientProfile& p, ClientSession& s, Instant now, const Effects& effects) {
  for (const Effect& e : effects) {
    if (e.kind == Effect::Kind::kSend) NoteSent(p, s, now, e.packet.type);
  }
}

// Sends on from what is to be sent again and from the queue; what finds no room follows at once.
void SendOn(ClientSession& s, Instant now, Effects& effects) {
  SendMore(s.exchanges, now, effects);
  s.phase_deadline = s.exchanges.more_to_send() ? now : kNever;
}

void SendPing(const ClientProfile& p, ClientSession& s, Instant now, Effects& effects) {
  NoteSent(p, s, now, PacketType::kPingreq);
  if (!s.ping_pending) s.ping_sent = now;
  s.ping_pending = true;
  s.look_from = now + Nanoseconds(1);
  if (p.ping_resets_both) s.last_in = now;
  effects.Send(SmallPacket(PacketType::kPingreq));
}

// ---- the ends of a connection -----------------------------------------------------------------

// Back off, or stop. The delay is not drawn yet.
void Lose(const ClientProfile& p, ClientSession& s, Instant now) {
  const bool stable = p.reconnect.stable_after.ns > 0 && s.connected_at != kLongAgo &&
                      now - s.connected_at >= p.reconnect.stable_after;
  if (stable) s.attempt = 0, s.backoff = kNoBackoff;
  s.ping_pending = false;
  s.connected_at = kLongAgo;
  const bool again = p.reconnect.enabled && (p.reconnect.first_connection || s.ever_connected);
  s.state = again ? ClientState::kBackoff : ClientState::kStopped;
  s.phase_deadline = again ? now : kNever;
  s.backoff_drawn = !again;
  WakeRetries(p.reconnect, s, now);
}

void DrawBackoff(const ClientProfile& p, ClientSession& s, Instant now, uint64_t u) {
  if (s.backoff_drawn) return;
  s.backoff_drawn = true;
  const Duration delay = NextBackoff(p.reconnect, s.backoff, u);
  s.phase_deadline = RetryDeadline(p.reconnect, s, now + delay);
}

void CloseFor(CloseReason reason, const ClientProfile& p, ClientSession& s, Instant now,
              Effects& effects) {
  effects.Add({.kind = Effect::Kind::kClose, .reason = reason});
  Lose(p, s, now);
}

// When a time-out of `limit` from now is over; never if there is none.
Instant TimeOut(Instant now, Duration limit) { return limit >= kForever ? kNever : now + limit; }

// `limit`, or keepAlive in its place where the profile says so and there is one.
Duration LimitOrKeepAlive(const ClientParams& params, Duration limit, bool within_keep_alive) {
  return within_keep_alive && params.keep_alive_s > 0 ? Seconds(params.keep_alive_s) : limit;
}

void OpenTransport(const ClientParams& params, ClientSession& s, Instant now, Effects& effects) {
  const ClientProfile& p = *params.profile;
  s.state = ClientState::kConnecting;
  if (s.attempt < 65535) ++s.attempt;
  s.phase_deadline =
      TimeOut(now, LimitOrKeepAlive(params, p.connect_timeout, p.connect_within_keep_alive));
  effects.Add({.kind = Effect::Kind::kOpenTransport});
}

// ---- receiving --------------------------------------------------------------------------------

bool CountsAsInput(InReference reference, PacketType type) {
  switch (reference) {
    case InReference::kAnyPacket:
      return true;
    case InReference::kAcks:
      return type != PacketType::kPublish;
    case InReference::kPingresp:
      return type == PacketType::kPingresp;
  }
  return true;
}

bool Answers(PingrespBy by, PacketType type, bool input) {
  switch (by) {
    case PingrespBy::kPingresp:
      return type == PacketType::kPingresp;
    case PingrespBy::kAnyPacket:
      return true;
    case PingrespBy::kInput:
      return input;
  }
  return true;
}

// The keep alive in force from now on, and the profile's lengths for it.
void SetKeepAlive(const ClientProfile& p, ClientSession& s, Duration keep_alive) {
  const bool in_as_out = p.ping_after_in == Fixed(Duration{0});
  s.keep_alive = keep_alive;
  // Not 0: time has to pass between two pings.
  s.ping_after = std::max(p.ping_after.Of(keep_alive), Nanoseconds(1));
  s.ping_after_in =
      in_as_out ? s.ping_after : std::max(p.ping_after_in.Of(keep_alive), Nanoseconds(1));
  s.pingresp_wait = std::max(p.pingresp_wait.Of(keep_alive), Duration{0});
  s.tick = std::max(p.TickOf(keep_alive), Duration{0});
}

void OnConnack(const ClientParams& params, ClientSession& s, Instant now, const Packet& packet,
               Effects& effects) {
  const ClientProfile& p = *params.profile;
  s.state = ClientState::kConnected;
  s.ever_connected = true;
  s.connected_at = now;
  WakeLoop(p, s, now);
  WakeRetries(p.reconnect, s, now);
  if (p.reconnect.stable_after.ns == 0) s.attempt = 0, s.backoff = kNoBackoff;
  // 5.0 [MQTT-3.1.2-21]: a Server Keep Alive replaces the client's own.
  const bool told = p.apply_server_keep_alive && packet.has(Packet::kHasServerKeepAlive) &&
                    (packet.value != 0 || p.apply_server_keep_alive_zero);
  SetKeepAlive(p, s, Seconds(told ? packet.value : params.keep_alive_s));
  s.tick_origin = s.look_from = s.last_in = now;
  s.counted = false;
  effects.Add({.kind = Effect::Kind::kConnected, .packet = packet});
  const bool resumed = packet.has(Packet::kSessionPresent) && !params.clean_start;
  if (resumed) {
    TakeUp(s.exchanges);
  } else {  // 5.0 [MQTT-3.2.2-5]: no session there, so none here
    Forget(s.exchanges);
    if (params.subscribe_size > 0) {
      Packet subscribe = SmallPacket(PacketType::kSubscribe, TakePacketId(s.exchanges));
      subscribe.qos = params.subscribe_qos;
      subscribe.size = params.subscribe_size;
      effects.Send(subscribe);
    }
  }
  SendOn(s, now, effects);
}

// Packets of a type that only a client sends, or that come at the wrong time.
bool Illegal(ClientState state, PacketType type) {
  if (state == ClientState::kAwaitConnack) {  // 3.1.1 [MQTT-3.2.0-1]; 5.0 allows AUTH before it
    return type != PacketType::kConnack && type != PacketType::kAuth;
  }
  return type == PacketType::kConnack || type == PacketType::kConnect ||
         type == PacketType::kSubscribe || type == PacketType::kUnsubscribe ||
         type == PacketType::kPingreq;
}

void OnConnectedPacket(const ClientParams& params, ClientSession& s, Instant now,
                       const Packet& packet, Effects& effects) {
  const ClientProfile& p = *params.profile;
  const bool input = CountsAsInput(p.in_reference, packet.type);
  const Instant read = ReadAt(p, s, now);
  if (input) s.last_in = read;
  if (s.ping_pending && Answers(p.pingresp_by, packet.type, input)) {
    s.ping_pending = false;
    s.look_from = read;
  }
  WakeLoop(p, s, read);
  switch (packet.type) {
    case PacketType::kPingresp:
      return;
    case PacketType::kPublish:
      OnPublish(s.exchanges, packet, effects);
      break;
    case PacketType::kPubrel:
      OnPubrel(s.exchanges, packet, effects);
      break;
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubcomp: {
      const Instant sent_at = OnAck(s.exchanges, now, packet, effects);
      if (p.out_reference == OutReference::kAckedOperation) {
        s.last_out = std::max(s.last_out, sent_at);
      }
      s.phase_deadline = s.exchanges.more_to_send() ? now : kNever;
      break;
    }
    case PacketType::kSuback:  // the SUBSCRIBE left with CONNACK
      if (p.out_reference == OutReference::kAckedOperation) {
        s.last_out = std::max(s.last_out, s.connected_at);
      }
      return;
    case PacketType::kDisconnect:  // 5.0
      return CloseFor(CloseReason::kServerDisconnect, p, s, now, effects);
    default:
      return;
  }
  NoteAllSent(p, s, now, effects);
}

// The keep alive conditions in the order in which they are looked at.
void CheckKeepAlive(const ClientProfile& p, ClientSession& s, Instant now, uint64_t u,
                    Effects& effects) {
  const bool gives_up = WaitDeadline(p, s) <= now;
  const bool ping_due = PingDeadline(p, s) <= now;
  NoteLook(p, s, now);
  if (gives_up) {
    effects.Add({.kind = Effect::Kind::kDeclaredDead,
                 .reason = CloseReason::kPingrespTimeout,
                 .silence = now - s.ping_sent});
    CloseFor(CloseReason::kPingrespTimeout, p, s, now, effects);
    DrawBackoff(p, s, now, u);
    return;
  }
  if (!ping_due) return;
  if (!TickedPing(p)) return SendPing(p, s, now, effects);
  s.tick_origin = now;  // the timer is set anew, so a late tick delays all later ones
  // The first tick of a connection always pings: there is no earlier count to compare with.
  const bool moved =
      p.ping_when == PingWhen::kCounterTick && s.counted && s.sends != s.sends_at_tick;
  const bool held = s.ping_pending && p.one_ping_at_a_time;
  if (!moved && !held) SendPing(p, s, now, effects);
  s.sends_at_tick = s.sends;
  s.counted = true;
}

}  // namespace

Effects Start(const ClientParams& params, ClientSession& s, Instant now) {
  Effects effects;
  if (s.state != ClientState::kStopped) return effects;
  s.attempt = 0;
  s.ever_connected = false;
  s.backoff = kNoBackoff;
  s.loop = s.retries = {now, now};
  const int32_t most = params.profile->max_in_flight;
  s.exchanges.window = static_cast<uint16_t>(most > 0 ? most : Exchanges::kNoWindow);
  OpenTransport(params, s, now, effects);
  return effects;
}

Effects OnConnected(const ClientParams& params, ClientSession& s, Instant now) {
  Effects effects;
  if (s.state != ClientState::kConnecting) return effects;
  const ClientProfile& p = *params.profile;
  s.state = ClientState::kAwaitConnack;
  if (!p.connack_within_connect) {
    s.phase_deadline =
        TimeOut(now, LimitOrKeepAlive(params, p.connack_timeout, p.connack_within_keep_alive));
  }
  s.ping_pending = false;
  Packet connect;
  connect.type = PacketType::kConnect;
  connect.value = params.keep_alive_s;
  connect.size = params.connect_size;
  if (params.clean_start) connect.flags = Packet::kCleanStart;
  NoteSent(p, s, now, connect.type);
  effects.Send(connect);
  return effects;
}

Effects OnPacket(const ClientParams& params, ClientSession& s, Instant now, const Packet& packet) {
  Effects effects;
  const ClientProfile& p = *params.profile;
  if (s.state != ClientState::kAwaitConnack && s.state != ClientState::kConnected) return effects;
  if (Illegal(s.state, packet.type)) {
    CloseFor(CloseReason::kProtocolError, p, s, now, effects);
  } else if (s.state == ClientState::kConnected) {
    OnConnectedPacket(params, s, now, packet, effects);
  } else if (packet.type == PacketType::kConnack) {
    if (packet.reason != reason::kSuccess) {
      CloseFor(CloseReason::kRefused, p, s, now, effects);
      return effects;
    }
    OnConnack(params, s, now, packet, effects);
    NoteAllSent(p, s, now, effects);
  }
  return effects;
}

Effects OnClosed(const ClientParams& params, ClientSession& s, Instant now, CloseReason,
                 uint64_t u) {
  const ClientProfile& p = *params.profile;
  const bool was_connected = s.state == ClientState::kConnected;
  switch (s.state) {
    case ClientState::kStopped:
    case ClientState::kBackoff:
      break;
    case ClientState::kConnecting:
    case ClientState::kAwaitConnack:
    case ClientState::kConnected:
      Lose(p, s, now);
      if (was_connected && p.reconnect.at_once_after_close) s.backoff_drawn = true;
      DrawBackoff(p, s, now, u);
      break;
  }
  return Effects();
}

Effects OnDeadline(const ClientParams& params, ClientSession& s, Instant now, uint64_t u) {
  Effects effects;
  if (NextDeadline(params, s) > now) return effects;
  const ClientProfile& p = *params.profile;
  switch (s.state) {
    case ClientState::kStopped:
      break;
    case ClientState::kBackoff:
      if (!s.backoff_drawn) {
        DrawBackoff(p, s, now, u);
      } else {
        if (s.backoff != kNoBackoff) s.retries = {now, now};  // not at once: it was found due
        OpenTransport(params, s, now, effects);
      }
      break;
    case ClientState::kConnecting:
      effects.Add({.kind = Effect::Kind::kAbort, .reason = CloseReason::kConnectTimeout});
      Lose(p, s, now);
      DrawBackoff(p, s, now, u);
      break;
    case ClientState::kAwaitConnack:
      // A plain close(): the FIN queues behind the CONNECT.
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kConnackTimeout});
      Lose(p, s, now);
      DrawBackoff(p, s, now, u);
      break;
    case ClientState::kConnected:
      if (s.phase_deadline <= now) {
        SendOn(s, now, effects);
        NoteAllSent(p, s, now, effects);
      } else {
        CheckKeepAlive(p, s, now, u, effects);
      }
      break;
  }
  return effects;
}

Effects Publish(const ClientParams& params, ClientSession& s, Instant now, uint8_t qos,
                uint32_t size) {
  Effects effects;
  if (s.state == ClientState::kConnected) {
    const ClientProfile& p = *params.profile;
    SendOrQueue(s.exchanges, now, qos, size, effects);
    NoteAllSent(p, s, now, effects);
    if (p.woken_by_sends && !effects.empty()) WakeLoop(p, s, ReadAt(p, s, now));
    WakeRetries(p.reconnect, s, now);
  } else if (qos > 0 && s.state != ClientState::kStopped) {
    Queue(s.exchanges, qos, size);
  }
  return effects;
}

Effects Disconnect(const ClientParams&, ClientSession& s, Instant) {
  Effects effects;
  switch (s.state) {
    case ClientState::kStopped:
      return effects;
    case ClientState::kBackoff:
      break;
    case ClientState::kConnecting:
      effects.Add({.kind = Effect::Kind::kAbort, .reason = CloseReason::kDisconnect});
      break;
    case ClientState::kAwaitConnack:
    case ClientState::kConnected:
      effects.Send(SmallPacket(PacketType::kDisconnect));
      effects.Add({.kind = Effect::Kind::kClose, .reason = CloseReason::kDisconnect});
      break;
  }
  Stop(s);
  return effects;
}

void Stop(ClientSession& s) {
  const uint16_t next_packet_id = s.exchanges.next_packet_id;
  s = ClientSession{};
  s.exchanges.next_packet_id = next_packet_id;
}

void OnClockSet(const ClientParams& params, ClientSession& s, Duration jump) {
  if (params.profile->clock != ClockKind::kWall) return;
  for (LoopState* loop : {&s.loop, &s.retries}) {
    loop->woken += jump;
    loop->looked += jump;
  }
}

Instant NextDeadline(const ClientParams& params, const ClientSession& s) {
  return s.state == ClientState::kConnected ? ConnectedDeadline(*params.profile, s)
                                            : s.phase_deadline;
}

const char* DeadlineName(const ClientParams& params, const ClientSession& s) {
  switch (s.state) {
    case ClientState::kStopped:
      return "none";
    case ClientState::kBackoff:
      return "reconnect";
    case ClientState::kConnecting:
      return "connect timeout";
    case ClientState::kAwaitConnack:
      return "CONNACK timeout";
    case ClientState::kConnected:
      break;
  }
  const ClientProfile& p = *params.profile;
  const Instant at = NextDeadline(params, s);
  if (at == kNever) return "none";
  if (at == s.phase_deadline) return "send on";
  return at == WaitDeadline(p, s) ? "PINGRESP wait" : "PINGREQ due";
}

}  // namespace keepsim
