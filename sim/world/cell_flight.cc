// Transmissions on their way: the path, the middlebox, the arrival.
#include <limits>

#include "sim/world/cell.h"

namespace keepsim {

void Cell::Launch(uint32_t connection, uint8_t direction, const Segment* segment,
                  const Packet* packet, bool foreign, Instant arrives_at) {
  uint32_t slot;
  if (free_flights_.empty()) {
    slot = flights_.size();
    flights_.Add();
  } else {
    slot = free_flights_.back();
    free_flights_.pop_back();
  }
  FillFlight(connection, direction, segment, packet, foreign, flights_[slot]);
  flights_[slot].pending = true;
  flights_[slot].sent = simulator_.now();
  Push(HostOf(connections_[connection]), arrives_at, EventClass::kArrival, Kind::kArrival, slot);
}

void Cell::FillFlight(uint32_t connection, uint8_t direction, const Segment* segment,
                      const Packet* packet, bool foreign, Flight& flight) {
  const Connection& c = connections_[connection];
  flight.connection = connection;
  flight.generation = c.generation;
  flight.host = c.host;
  flight.conn = c.number;
  // Of the transmission that was drawn last.
  flight.number = static_cast<uint16_t>(HostOf(c).path[direction].transmissions - 1);
  flight.direction = direction;
  flight.datagram = packet != nullptr;
  flight.foreign = foreign;
  if (packet != nullptr) {
    flight.packet = *packet;
  } else {
    flight.segment = *segment;
  }
}

void Cell::Transmit(uint32_t connection, uint8_t d, const Segment* segment, const Packet* packet,
                    uint32_t wire_bytes) {
  Connection& c = connections_[connection];
  Host& host = HostOf(c);
  const Instant now = simulator_.now();
  Traffic& t = host.traffic;
  ++t.segments[d];
  t.wire_bytes[d] += wire_bytes;
  if (segment != nullptr && segment->retransmission) ++t.retransmitted[d];
  if (d == kUp) TouchRadio(host);

  const bool up = d == kUp;
  Transit transit = Send(up ? host.group->up : host.group->down, host.path[d], host.luck,
                         up ? Purpose::kSegmentUp : Purpose::kSegmentDown,
                         up ? Purpose::kBurstUp : Purpose::kBurstDown,
                         host.degrades[d].empty() ? nullptr : &host.degrade[d], now);
  bool foreign = false;
  if (host.cut[d] > 0) transit.fate = Fate::kLostOutage;
  if (up && host.group->middlebox.enabled) {
    const bool opens = packet != nullptr ? packet->type == PacketType::kConnect : segment->syn();
    switch (PassOutbound(host.group->middlebox, c.middlebox, now, opens)) {
      case Passage::kPass:
        break;
      case Passage::kNewMapping:
        foreign = true;
        break;
      case Passage::kReset: {
        // The reset is made at the middlebox: it does not pass it again.
        Segment rst;
        if (segment != nullptr && TcpResetFor(*segment, &rst)) {
          Launch(connection, kDown, &rst, nullptr, /*foreign=*/true, now);
        }
        [[fallthrough]];
      }
      case Passage::kDrop:
        transit.fate = Fate::kLostMiddlebox;
        break;
    }
    if (!c.middlebox.mapped || foreign) NoteMappingLost(connection);
  }

  if (host.packets) {
    Flight sent;
    FillFlight(connection, d, segment, packet, foreign, sent);
    RecordFlight(host, sent,
                 packet != nullptr ? RecordKind::kDatagramSent : RecordKind::kSegmentSent,
                 static_cast<int>(transit.fate));
  }
  if (transit.fate != Fate::kDelivered) {
    ++t.lost[d];
    uint16_t& lost = c.end[up ? kClientEnd : kBrokerEnd].lost;
    if (lost < std::numeric_limits<uint16_t>::max()) ++lost;
    if (packet != nullptr) ++t.dropped[d];
    return;
  }
  auto launch = [&](Instant at) {
    Launch(connection, d, segment, packet, foreign, at);
    if (packet == nullptr) return;
    if (up) ++c.datagrams_up;
  };
  launch(transit.arrives_at);
  if (transit.duplicate_at == kNever) return;
  launch(transit.duplicate_at);
  if (packet != nullptr) ++t.sent[d];  // the network made another
}

void Cell::NoteMappingLost(uint32_t connection) {
  Connection& c = connections_[connection];
  MiddleboxState& m = c.middlebox;
  if (m.reported || m.gone_at == kNever) return;
  m.reported = true;
  Record(HostOf(c), RecordKind::kMappingLost, m.flushed ? 1 : 0, c.number, m.gone_at.ns);
}

void Cell::OnArrival(uint32_t slot) {
  flights_[slot].pending = false;
  Arrive(flights_[slot]);
  free_flights_.push_back(slot);
}

void Cell::Arrive(const Flight& flight) {
  const uint8_t d = flight.direction;
  Host& host = hosts_[flight.host];
  if (!Is(flight.connection, flight.generation)) {  // both ends have forgotten it
    if (flight.datagram) ++host.traffic.dropped[d];
    if (d == kDown && host.reachable()) TouchRadio(host);
    if (host.packets) {
      RecordFlight(host, flight, RecordKind::kSegmentIgnored, static_cast<int>(Fate::kDelivered));
    }
    return;
  }
  Connection& c = connections_[flight.connection];
  const EndIndex at = d == kUp ? kBrokerEnd : kClientEnd;
  End& end = c.end[at];
  if (flight.datagram && at == kBrokerEnd) --c.datagrams_up;
  auto ignored = [&](Fate why) {
    if (flight.datagram) DropDatagram(flight.connection, d);
    if (host.packets) {
      RecordFlight(host, flight, RecordKind::kSegmentIgnored, static_cast<int>(why));
    }
  };
  if (at == kBrokerEnd) {
    if (broker_dark_ > 0) return ignored(Fate::kLostHostDown);
  } else {
    if (host.group->middlebox.enabled && !flight.foreign) {
      const Passage passage = PassInbound(host.group->middlebox, c.middlebox, simulator_.now());
      if (passage != Passage::kPass) {
        NoteMappingLost(flight.connection);
        ++host.traffic.lost[d];
        return ignored(Fate::kLostMiddlebox);
      }
    }
    if (!host.reachable()) return ignored(Fate::kLostHostDown);
    TouchRadio(host);
  }
  Act(host);
  if (host.packets) {
    RecordFlight(host, flight,
                 flight.datagram ? RecordKind::kDatagramArrived : RecordKind::kSegmentArrived,
                 flight.datagram ? static_cast<int>(flight.packet.type) : 0);
  }

  if (flight.datagram) return OnDatagram(flight.connection, d, flight.packet);

  const Segment& segment = flight.segment;
  TcpOutput out;
  if (end.kernel && !(flight.foreign && at == kBrokerEnd)) {
    TcpOnSegment(ConfigOf(host, at), end.tcp, segment, KernelNow(host, at), out);
    return OnTcpOutput(flight.connection, at, out);
  }
  // Nobody is there. A SYN opens the broker's end, unless it is full or not running.
  if (at == kBrokerEnd && segment.syn() && !segment.has_ack() && end.opened == kNever &&
      broker_down_ == 0) {
    if (plan_.broker.accept_backlog > 0 &&
        Broker().queues_->accept.size() >= static_cast<size_t>(plan_.broker.accept_backlog)) {
      return ignored(Fate::kDelivered);
    }
    end.kernel = true;
    end.opened = simulator_.now();
    TcpAccept(ConfigOf(host, at), end.tcp, segment, KernelNow(host, at), out);
    return OnTcpOutput(flight.connection, at, out);
  }
  Segment rst;
  if (TcpResetFor(segment, &rst)) Answer(flight.connection, at, rst);
}

}  // namespace keepsim
