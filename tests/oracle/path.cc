// The path and what the two kernels do by themselves.
#include "tests/oracle/walker.h"

namespace keepsim::oracle {

void Walker::Send(Client& c, Direction direction, uint32_t conn, PacketType type, uint32_t size) {
  c.ledger.Sent(direction, type, size);
  Fly(c, {.direction = direction, .conn = conn, .type = type, .size = size});
}

void Walker::SendUnit(Client& c, Direction direction, uint32_t conn, Unit unit) {
  Fly(c, {.direction = direction, .conn = conn, .unit = unit});
}

// Lost if the path is cut when it is sent; what is on its way when a path is cut arrives.
void Walker::Fly(Client& c, Flight flight) {
  const Direction d = flight.direction;
  if (d == kUp) c.ledger.RadioUsed(now_);
  const bool lost = c.cuts[d] > 0;
  if (c.group->transport == Transport::kDatagram) c.ledger.Datagram(d, flight.size, lost);
  if (lost) {
    c.ledger.Dropped(d);
    if (c.group->transport == Transport::kTcp) out_of_scope_ = "TCP over a path that is cut";
    return;
  }
  flight.arrives_at = now_ + (d == kUp ? c.group->up : c.group->down).latency.min();
  c.flights.push_back(flight);
}

void Walker::ArriveAtClient(Client& c, const Flight& flight) {
  if (c.host_up) c.ledger.RadioUsed(now_);
  const bool tcp = c.group->transport == Transport::kTcp;
  if (!c.host_up && tcp && flight.unit == Unit::kPacket) {
    out_of_scope_ = "TCP repeats what a lost host did not acknowledge";
  }
  if (!c.alive) {
    if (flight.unit == Unit::kPacket) c.ledger.Dropped(kDown);
    return;
  }
  const bool is_expected = c.doing == Doing::kConnecting && flight.conn == c.conn;
  if (flight.unit == Unit::kSynAck && is_expected) {
    c.shaken = true;
    SendUnit(c, kUp, c.conn, Unit::kHandshakeAck);
  }
  // A frozen process will read what is for it; of the rest nothing is kept.
  if (c.frozen && HasTransport(c) && flight.conn == c.conn) {
    c.unread.push_back(flight);
  } else {
    ClientReads(c, flight);
  }
}

void Walker::ArriveAtBroker(Client& c, const Flight& flight) {
  const bool tcp = c.group->transport == Transport::kTcp;
  if (!broker_up_ && !tcp) return c.ledger.Dropped(kUp);
  if (flight.unit == Unit::kSyn && broker_up_) {
    c.ends.push_back({.conn = flight.conn, .opened_at = now_});
    return SendUnit(c, kDown, flight.conn, Unit::kSynAck);
  }
  BrokerEnd* end = EndOf(c, flight.conn);
  if (flight.unit == Unit::kHandshakeAck && end != nullptr) end->shaken = true;
  if (tcp && end == nullptr) {
    if (flight.unit == Unit::kPacket) c.ledger.Dropped(kUp);
    if (flight.unit != Unit::kFin && flight.unit != Unit::kRst)
      SendUnit(c, kDown, flight.conn, Unit::kRst);
    return;
  }
  if (stalls_ > 0 && !BrokerWillRead(c, flight)) {
    c.ledger.Dropped(kUp);
  } else if (stalls_ > 0) {
    c.unread_at_broker.push_back(flight);
  } else {
    BrokerReads(c, flight);
  }
}

// Of a datagram from a stranger nothing is kept for a broker that stands still.
bool Walker::BrokerWillRead(Client& c, const Flight& flight) {
  if (c.group->transport == Transport::kTcp || flight.type == PacketType::kConnect) return true;
  if (EndOf(c, flight.conn) != nullptr) return true;
  for (const Flight& unread : c.unread_at_broker) {
    if (unread.conn == flight.conn) return true;
  }
  return false;
}

void Walker::Finish(Client& c) {
  if (c.doing == Doing::kConnected) c.ledger.WasConnectedFor(now_ - c.connected_at);
  for (const std::vector<Flight>* where : {&c.flights, &c.unread, &c.unread_at_broker}) {
    for (const Flight& flight : *where) {
      if (flight.unit == Unit::kPacket) c.ledger.InFlight(flight.direction);
    }
  }
  uint16_t state = 0;
  if (c.alive) state |= end_state::kAlive;
  if (c.alive && !c.frozen) state |= end_state::kRunning;
  if (c.cuts[kUp] == 0 && c.cuts[kDown] == 0) state |= end_state::kPathUp;
  if (c.doing != Doing::kNothing) state |= end_state::kWantsConnection;
  if (c.doing == Doing::kConnected) state |= end_state::kConnected;
  for (const BrokerEnd& end : c.ends) {
    if (end.open && end.has_session) state |= end_state::kBrokerSession;
  }
  c.ledger.Finish(now_, state, c.group->transport == Transport::kDatagram);
}

}  // namespace keepsim::oracle
