// What a kernel does with datagrams, which it knows as nothing but datagrams: it keeps them until
// the process reads them.
#include "sim/world/cell.h"

namespace keepsim {

void Cell::OnDatagram(uint32_t connection, uint8_t direction, const Packet& packet) {
  const EndIndex at = direction == kUp ? kBrokerEnd : kClientEnd;
  Connection& c = connections_[connection];
  End& end = c.end[at];
  Host& host = HostOf(c);
  if (at == kBrokerEnd && !end.established && packet.type == PacketType::kConnect &&
      broker_down_ == 0) {
    end.established = true;
    if (BrokerRuns()) {
      AcceptNow(connection);
    } else {
      c.accept_queued = true;
      Broker().AwaitAccept(WaitingOf(connection));
    }
  }
  if (!end.app && !(at == kBrokerEnd && c.accept_queued)) {
    return DropDatagram(connection, direction);
  }
  if (at == kClientEnd ? !host.running() : !BrokerRuns()) {
    // A datagram carries no stream offset.
    c.queue[direction].Push({end.readable_to, packet, simulator_.now()});
    return;
  }
  c.end[Peer(at)].lost = 0;
  return at == kBrokerEnd ? BrokerHears(connection, packet) : ClientHears(connection, packet);
}

// It arrived where nobody will read it. May release the connection.
void Cell::DropDatagram(uint32_t connection, uint8_t direction) {
  Connection& c = connections_[connection];
  ++HostOf(c).traffic.dropped[direction];
  if (direction == kDown || c.end[kClientEnd].kernel) return;
  EndWithPeer(connection, kClientEnd);
  MaybeRelease(connection);
}

// Without a transport that says so, the kernel's part in a datagram exchange ends with the peer's,
// once no CONNECT can come any more and none waits to be read.
void Cell::EndWithPeer(uint32_t connection, EndIndex gone) {
  Connection& c = connections_[connection];
  if (HostOf(c).group->transport != Transport::kDatagram || c.end[Peer(gone)].app) return;
  if (gone == kClientEnd && (c.accept_queued || c.datagrams_up > 0)) return;
  c.end[Peer(gone)].kernel = false;
}

// The process at this end has left: of a datagram exchange nothing else reads what has arrived.
void Cell::DropUnread(uint32_t connection, EndIndex at) {
  Connection& c = connections_[connection];
  Host& host = HostOf(c);
  if (host.group->transport != Transport::kDatagram) return;
  Fifo<UnreadPacket>& unread = c.queue[DirectionTo(at)];
  host.traffic.dropped[DirectionTo(at)] += unread.size();
  unread.Clear();
}

}  // namespace keepsim
