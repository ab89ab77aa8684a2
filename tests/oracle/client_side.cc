// The specification's client: PINGREQ after keepAlive without sending anything, PINGRESP awaited
// for half of keepAlive, and the back-off of sim/mqtt/profile.h without jitter. It looks all the
// time, or has a main loop, which is walked through turn by turn.
#include <algorithm>

#include "tests/oracle/walker.h"

namespace keepsim::oracle {
namespace {

Duration KeepAlive(const Client& c) { return Seconds(c.group->params.keep_alive_s); }

uint16_t ClosedCode(CloseReason reason) {
  return static_cast<uint16_t>(static_cast<int>(Observer::kClient) << 8 | static_cast<int>(reason));
}

}  // namespace

void Walker::Connect(Client& c) {
  ++c.conn;
  ++c.attempt;
  c.opened_at = c.last_heard = now_;
  c.ledger.Note(now_, RecordKind::kConnectAttempt, 0, c.conn, c.attempt);
  if (c.group->transport == Transport::kDatagram) {
    SayConnect(c);
  } else {
    c.doing = Doing::kConnecting;
    c.shaken = false;
    SendUnit(c, kUp, c.conn, Unit::kSyn);
  }
}

void Walker::SayConnect(Client& c) {
  c.doing = Doing::kAwaitingConnack;
  c.connect_sent_at = now_;
  c.last_out = now_;
  c.ping_pending = false;
  Send(c, kUp, c.conn, PacketType::kConnect, SizeFor(c.group->connect_size, c.index));
}

void Walker::ClientReads(Client& c, const Flight& flight) {
  if (!HasTransport(c) || flight.conn != c.conn) {
    if (flight.unit == Unit::kPacket) c.ledger.Dropped(kDown);
    return;
  }
  switch (flight.unit) {
    case Unit::kSynAck:
      if (c.doing == Doing::kConnecting) SayConnect(c);
      return;
    case Unit::kFin:
      return ClientLeaves(c, CloseReason::kPeerClosed);
    case Unit::kRst:
      return ClientLeaves(
          c, c.doing == Doing::kConnecting ? CloseReason::kRefused : CloseReason::kReset);
    case Unit::kSyn:
    case Unit::kHandshakeAck:
      return;
    case Unit::kPacket:
      break;
  }
  c.ledger.Delivered(kDown);
  c.last_heard = now_;
  WakeLoop(c);
  if (flight.type == PacketType::kConnack && c.doing == Doing::kAwaitingConnack) {
    c.doing = Doing::kConnected;
    c.connected_at = now_;
    c.attempt = 0;
    c.delay = Duration{0};
    c.ledger.Note(now_, RecordKind::kConnected, 0, c.conn, (now_ - c.opened_at).ns);
  } else if (flight.type == PacketType::kPingresp && c.ping_pending) {
    c.ping_pending = false;
    c.ledger.PingAnswered(now_ - c.ping_sent_at);
  }
}

// What ends while the process is frozen has ended when it goes on.
void Walker::TurnsEnd(Client& c) {
  const Duration turn = c.group->profile.loop_wait;
  if (turn.ns == 0) c.looked_at = now_;
  while (turn.ns > 0 && c.turn_began + turn <= now_) c.looked_at = c.turn_began += turn;
}

void Walker::WakeLoop(Client& c) { c.turn_began = c.looked_at = now_; }

bool Walker::ClientLooksAtItsClock(Client& c) {
  TurnsEnd(c);
  if (!c.alive || c.frozen) return false;
  switch (c.doing) {
    case Doing::kNothing:
      return false;
    case Doing::kBackingOff:
      if (now_ < c.retry_at) return false;
      Connect(c);
      return true;
    case Doing::kConnecting:
      if (now_ - c.opened_at < c.group->profile.connect_timeout) return false;
      ClientLeaves(c, CloseReason::kConnectTimeout);
      return true;
    case Doing::kAwaitingConnack:
      if (now_ - c.connect_sent_at < c.group->profile.connack_timeout) return false;
      ClientLeaves(c, CloseReason::kConnackTimeout);
      return true;
    case Doing::kConnected:
      break;
  }
  if (c.ping_pending) {
    if (c.looked_at - c.ping_sent_at < KeepAlive(c) / 2) return false;
    c.ledger.Note(now_, RecordKind::kDeclared, static_cast<uint16_t>(Observer::kClient), c.conn,
                  (now_ - c.last_heard).ns);
    ClientLeaves(c, CloseReason::kPingrespTimeout);
    return true;
  }
  if (c.looked_at - c.last_out < KeepAlive(c)) return false;
  WakeLoop(c);
  c.ping_pending = true;
  c.ping_sent_at = now_;
  c.last_out = now_;
  Send(c, kUp, c.conn, PacketType::kPingreq, 2);
  return true;
}

// This end is done with its connection, and will come back unless the process is ending.
void Walker::ClientLeaves(Client& c, CloseReason reason) {
  if (c.doing == Doing::kConnected) c.ledger.WasConnectedFor(now_ - c.connected_at);
  c.ledger.Note(now_, RecordKind::kClosed, ClosedCode(reason), c.conn, (now_ - c.opened_at).ns);
  if (c.group->transport == Transport::kTcp && c.host_up && c.shaken) {
    const bool gives_up = reason == CloseReason::kConnectTimeout;
    SendUnit(c, kUp, c.conn, gives_up ? Unit::kRst : Unit::kFin);
  }
  c.doing = Doing::kBackingOff;
  c.retry_at = now_ + BackOff(c);
}

Duration Walker::BackOff(Client& c) {
  const ReconnectPolicy& r = c.group->profile.reconnect;
  c.delay =
      c.delay.ns == 0 ? r.first : std::clamp(c.delay * r.growth_num / r.growth_den, r.min, r.max);
  return c.delay;
}

}  // namespace keepsim::oracle
