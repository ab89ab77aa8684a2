// The specification's broker: closes at one and a half times keepAlive without a packet.
#include "tests/oracle/walker.h"

namespace keepsim::oracle {
namespace {

constexpr Duration kConnectTimeout = Seconds(30);

Duration Limit(const Client& c) { return Seconds(c.group->params.keep_alive_s) * 3 / 2; }

}  // namespace

BrokerEnd* Walker::EndOf(Client& c, uint32_t conn) {
  for (BrokerEnd& end : c.ends) {
    if (end.conn == conn && end.open) return &end;
  }
  return nullptr;
}

void Walker::BrokerReads(Client& c, const Flight& flight) {
  BrokerEnd* end = EndOf(c, flight.conn);
  if (flight.unit == Unit::kFin || flight.unit == Unit::kRst) {
    if (end == nullptr) return;
    return BrokerLeaves(c, *end,
                        flight.unit == Unit::kFin ? CloseReason::kPeerClosed : CloseReason::kReset);
  }
  const bool datagram = c.group->transport == Transport::kDatagram;
  if (end == nullptr && datagram && flight.type == PacketType::kConnect) {
    c.ends.push_back({.conn = flight.conn,
                      .accepted = true,
                      .opened_at = now_,
                      .accepted_at = now_,
                      .last_in = now_});
    end = &c.ends.back();
  }
  if (end != nullptr && flight.unit == Unit::kHandshakeAck) {
    end->accepted = true;
    end->accepted_at = now_;
    return;
  }
  if (end == nullptr) return c.ledger.Dropped(kUp);
  c.ledger.Delivered(kUp);
  end->last_in = now_;
  switch (flight.type) {
    case PacketType::kConnect:
      for (BrokerEnd& other : c.ends) {
        if (&other != end && other.open && other.has_session) {
          BrokerLeaves(c, other, CloseReason::kTakeover);
        }
      }
      end->has_session = true;
      c.ledger.Note(now_, RecordKind::kSessionOpened, 0, end->conn, c.group->params.keep_alive_s,
                    Limit(c).ns);
      return Send(c, kDown, end->conn, PacketType::kConnack, 4);
    case PacketType::kPingreq:
      return Send(c, kDown, end->conn, PacketType::kPingresp, 2);
    case PacketType::kDisconnect:
      return BrokerLeaves(c, *end, CloseReason::kDisconnect);
    default:
      return;
  }
}

bool Walker::BrokerLooksAtItsClock(Client& c) {
  if (!broker_up_ || stalls_ > 0) return false;
  for (BrokerEnd& end : c.ends) {
    if (!end.open || !end.accepted) continue;
    const Duration silence = now_ - end.last_in;
    if (!end.has_session) {
      if (now_ - end.accepted_at < kConnectTimeout) continue;
      BrokerLeaves(c, end, CloseReason::kConnectTimeout);
      return true;
    }
    if (silence < Limit(c)) continue;
    c.ledger.Note(now_, RecordKind::kDeclared, static_cast<uint16_t>(Observer::kBroker), end.conn,
                  silence.ns);
    BrokerLeaves(c, end, CloseReason::kKeepAliveTimeout);
    return true;
  }
  return false;
}

void Walker::BrokerLeaves(Client& c, BrokerEnd& end, CloseReason reason) {
  c.ledger.Note(
      now_, RecordKind::kClosed,
      static_cast<uint16_t>(static_cast<int>(Observer::kBroker) << 8 | static_cast<int>(reason)),
      end.conn, (now_ - end.opened_at).ns);
  end.open = false;
  if (c.group->transport == Transport::kTcp && broker_up_) {
    SendUnit(c, kDown, end.conn, Unit::kFin);
  }
}

}  // namespace keepsim::oracle
