// Packets on the wire: connections, both kernels' TCP, the middlebox, the path.
#include <algorithm>
#include <limits>

#include "sim/world/cell.h"

namespace keepsim {
namespace {

// Stream offsets wrap.
constexpr bool AtOrBefore(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) <= 0; }

// SegmentInfo of sim/trace/wire_fields.h.
int64_t PackSegment(const Segment& s, uint16_t number, bool foreign) {
  return static_cast<int64_t>(uint64_t{s.length} << 32 | uint64_t{number} << 16 |
                              uint64_t{s.flags} << 8 | (s.retransmission ? 1u : 0u) |
                              (s.probe ? 2u : 0u) | (foreign ? 4u : 0u));
}

int64_t PackFields(const Packet& p) {
  return static_cast<int64_t>(uint64_t{p.qos} << 48 | uint64_t{p.reason} << 40 |
                              uint64_t{p.flags} << 32 | uint64_t{p.packet_id} << 16 | p.value);
}

uint16_t Code(uint8_t direction, int low) { return static_cast<uint16_t>(direction << 8 | low); }

}  // namespace

const TcpConfig& Cell::ConfigOf(const Host& host, EndIndex at) const {
  return at == kClientEnd ? host.group->tcp : plan_.broker.tcp;
}

Instant Cell::KernelNow(const Host& host, EndIndex at) const {
  return at == kClientEnd ? host.KernelNow(simulator_.now()) : simulator_.now();
}

Instant Cell::KernelGlobal(const Host& host, EndIndex at, Instant local) const {
  return at == kClientEnd ? host.Global(ClockKind::kMonotonic, local) : local;
}

uint32_t Cell::OpenConnection(Host& host) {
  host.last_heard = simulator_.now();
  uint32_t slot;
  if (free_connections_.empty()) {
    slot = connections_.size();
    connections_.Add();
  } else {
    slot = free_connections_.back();
    free_connections_.pop_back();
  }
  Connection& c = connections_[slot];
  for (PacketQueue& q : c.queue) q.Clear();
  for (End& e : c.end) e = End{};
  c.session = BrokerSession{};
  c.session_armed = c.told_deadline = kNever;
  c.middlebox = MiddleboxState{};
  c.accept_queued = c.kill_queued = false;
  c.datagrams_up = 0;
  c.used = true;
  c.host = static_cast<uint32_t>(&host - hosts_.data());
  c.number = ++host.conn_number;
  c.generation = ++generation_;
  c.end[kClientEnd].kernel = c.end[kClientEnd].app = true;
  c.end[kClientEnd].opened = simulator_.now();
  host.connection = slot;
  host.open.push_back(slot);
  Record(host, RecordKind::kConnectAttempt, 0, c.number, host.session.attempt);
  if (host.group->transport == Transport::kTcp) {
    TcpOutput out;
    TcpConnect(host.group->tcp, c.end[kClientEnd].tcp, KernelNow(host, kClientEnd), out);
    Carry(slot, kClientEnd, out);
    ArmTcp(slot, kClientEnd);
  } else {
    c.end[kClientEnd].established = true;
    c.end[kBrokerEnd].kernel = true;
  }
  return slot;
}

void Cell::MaybeRelease(uint32_t connection) {
  Connection& c = connections_[connection];
  // A connection that was reset waits on to be accepted, with what had arrived before.
  if (!c.used || c.accept_queued) return;
  for (const End& e : c.end) {
    if (e.kernel || e.app) return;
  }
  Host& host = HostOf(c);
  for (int d = 0; d < 2; ++d) host.traffic.dropped[d] += c.queue[d].size();
  c.used = false;
  free_connections_.push_back(connection);
  host.open.erase(std::find(host.open.begin(), host.open.end(), connection));
}

void Cell::WritePacket(uint32_t connection, EndIndex from, const Packet& packet) {
  Connection& c = connections_[connection];
  Host& host = HostOf(c);
  const uint8_t direction = DirectionFrom(from);
  Traffic& t = host.traffic;
  const int type = static_cast<int>(packet.type);
  ++t.packets[direction][type];
  t.bytes[direction][type] += packet.size;
  ++t.sent[direction];
  if (host.packets) {
    PacketRecord(host, RecordKind::kPacketSent, Code(direction, type), c.number, PackFields(packet),
                 packet.size);
  }
  if (from == kClientEnd) NoteClientSends(host, packet);
  if (host.group->transport == Transport::kDatagram) {
    return Transmit(connection, direction, nullptr, &packet, packet.size + kDatagramHeaders);
  }
  if (!c.end[from].kernel) {
    ++t.dropped[direction];
    return;
  }
  TcpOutput out;
  const uint32_t end =
      TcpWrite(ConfigOf(host, from), c.end[from].tcp, packet.size, KernelNow(host, from), out);
  c.queue[direction].Push({end, packet, simulator_.now()});
  Carry(connection, from, out);
  ArmTcp(connection, from);
}

void Cell::Carry(uint32_t connection, EndIndex from, const TcpOutput& out) {
  for (int i = 0; i < out.segment_count; ++i) Answer(connection, from, out.segments[i]);
}

void Cell::Answer(uint32_t connection, EndIndex from, const Segment& segment) {
  Transmit(connection, DirectionFrom(from), &segment, nullptr,
           segment.length + (segment.syn() ? kSynHeaders : kSegmentHeaders));
}

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
    if (at == transit.duplicate_at) ++t.sent[d];  // the network made another
  };
  launch(transit.arrives_at);
  if (transit.duplicate_at != kNever) launch(transit.duplicate_at);
}

void Cell::RecordFlight(Host& host, const Flight& flight, RecordKind kind, int low) {
  if (!host.packets) return;
  const Segment& s = flight.segment;
  const int64_t a = flight.datagram ? PackFields(flight.packet)
                                    : static_cast<int64_t>(uint64_t{s.seq} << 32 | s.ack);
  const int64_t b =
      flight.datagram
          ? static_cast<int64_t>(uint64_t{flight.packet.size} << 32 | uint64_t{flight.number} << 16)
          : PackSegment(s, flight.number, flight.foreign);
  PacketRecord(host, kind, Code(flight.direction, low), flight.conn, a, b);
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
    return RecordFlight(host, flight, RecordKind::kSegmentIgnored,
                        static_cast<int>(Fate::kDelivered));
  }
  Connection& c = connections_[flight.connection];
  const EndIndex at = d == kUp ? kBrokerEnd : kClientEnd;
  End& end = c.end[at];
  if (flight.datagram && at == kBrokerEnd) --c.datagrams_up;
  auto ignored = [&](Fate why) {
    if (flight.datagram) DropDatagram(flight.connection, d);
    RecordFlight(host, flight, RecordKind::kSegmentIgnored, static_cast<int>(why));
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
  RecordFlight(host, flight,
               flight.datagram ? RecordKind::kDatagramArrived : RecordKind::kSegmentArrived,
               flight.datagram ? static_cast<int>(flight.packet.type) : 0);

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
        accept_queue_.size() >= static_cast<size_t>(plan_.broker.accept_backlog)) {
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

void Cell::OnTcpOutput(uint32_t connection, EndIndex at, const TcpOutput& out) {
  Carry(connection, at, out);
  Connection& c = connections_[connection];
  const uint32_t generation = c.generation;
  Host& host = HostOf(c);
  End& end = c.end[at];
  if (out.connected) {
    end.established = true;
    if (at == kBrokerEnd) {
      BrokerAccepts(connection);
    } else if (end.app && host.running()) {
      ApplyClient(host, OnConnected(host.params, host.session, host.SessionNow(simulator_.now())));
    }
    // A client that stands still learns of the connection when it goes on: ResumeClient().
  }
  if (!Is(connection, generation)) return;
  if (out.delivered) {
    end.readable_to = out.delivered_to;
    Read(connection, at);
    if (!Is(connection, generation)) return;
  }
  if (end.kernel) TcpDelayAck(ConfigOf(host, at), end.tcp, KernelNow(host, at));
  if (out.reset || out.gave_up || out.finished || end.tcp.state == TcpState::kDone) {
    end.kernel = false;
  }
  if (out.reset) {
    TellClosed(connection, at, end.established ? CloseReason::kReset : CloseReason::kRefused);
  } else if (out.gave_up) {
    TellClosed(connection, at,
               end.established ? CloseReason::kTransportTimeout : CloseReason::kConnectTimeout);
  } else if (out.peer_closed) {
    TellClosed(connection, at, CloseReason::kPeerClosed);
  }
  if (!Is(connection, generation)) return;
  ArmTcp(connection, at);
  MaybeRelease(connection);
}

void Cell::Read(uint32_t connection, EndIndex at) {
  Connection& c = connections_[connection];
  const uint32_t generation = c.generation;
  Host& host = HostOf(c);
  const uint8_t d = DirectionTo(at);
  // A packet read may end the connection, and its place may be taken by another.
  while (c.used && c.generation == generation && c.end[at].app && !c.queue[d].empty() &&
         AtOrBefore(c.queue[d].front().end, c.end[at].readable_to) &&
         (at == kClientEnd ? host.running() : BrokerRuns())) {
    const Packet packet = c.queue[d].front().packet;
    c.queue[d].Pop();
    c.end[Peer(at)].lost = 0;
    if (at == kClientEnd) {
      ClientHears(connection, packet);
    } else {
      BrokerHears(connection, packet);
    }
  }
}

void Cell::TellClosed(uint32_t connection, EndIndex at, CloseReason reason) {
  Connection& c = connections_[connection];
  End& end = c.end[at];
  if (!end.app) {
    // In the accept queue, or its application has left already.
    if (c.accept_queued && end.pending_close == CloseReason::kNone) end.pending_close = reason;
    return;
  }
  Host& host = HostOf(c);
  if (at == kClientEnd ? !host.running() : !BrokerRuns()) {
    if (end.pending_close == CloseReason::kNone) end.pending_close = reason;
    return;
  }
  const uint32_t generation = c.generation;
  if (at == kClientEnd) {
    DetachClient(host, reason);
    ApplyClient(host, OnClosed(host.params, host.session, host.SessionNow(simulator_.now()), reason,
                               BackoffDraw(host)));
  } else {
    Identity& identity = IdentityOf(host);
    const Effects effects = OnClosed(plan_.broker.profile, host.group->peer, c.session,
                                     identity.stored, simulator_.now(), reason);
    DetachBroker(connection, reason);
    ApplyBroker(connection, effects);
  }
  if (Is(connection, generation)) CloseEnd(connection, at, /*abort=*/false);
}

void Cell::CloseEnd(uint32_t connection, EndIndex at, bool abort) {
  Connection& c = connections_[connection];
  End& end = c.end[at];
  if (end.kernel && HostOf(c).group->transport == Transport::kTcp) {
    TcpOutput out;
    const Instant now = KernelNow(HostOf(c), at);
    if (abort) {
      TcpAbort(end.tcp, now, out);
      end.kernel = false;
    } else {
      TcpClose(ConfigOf(HostOf(c), at), end.tcp, now, out);
      if (end.tcp.state == TcpState::kDone || end.tcp.state == TcpState::kClosed) {
        end.kernel = false;
      }
    }
    Carry(connection, at, out);
    ArmTcp(connection, at);
  } else {
    end.kernel = false;
    EndWithPeer(connection, at);
  }
  MaybeRelease(connection);
}

void Cell::LoseEnd(uint32_t connection, EndIndex at) {
  Connection& c = connections_[connection];
  c.end[at].kernel = c.end[at].app = false;
  c.end[at].armed = kNever;
  EndWithPeer(connection, at);
  MaybeRelease(connection);
}

void Cell::ArmTcp(uint32_t connection, EndIndex at) {
  Connection& c = connections_[connection];
  End& end = c.end[at];
  if (!end.kernel) return;
  Host& host = HostOf(c);
  if (host.group->transport != Transport::kTcp) return;
  if (at == kClientEnd && !host.reachable()) return;  // ClientUp() arms again
  if (at == kBrokerEnd && broker_dark_ > 0) return;
  const Instant local = TcpNextDeadline(end.tcp);
  if (local == kNever) return;
  const Instant when = std::max(KernelGlobal(host, at, local), simulator_.now());
  if (end.armed <= when) return;
  end.armed = when;
  Push(host, when, EventClass::kTransportTimer, Kind::kTcpTimer, connection, at, c.generation);
}

void Cell::OnTcpTimer(uint32_t connection, EndIndex at, Instant fired) {
  Connection& c = connections_[connection];
  End& end = c.end[at];
  if (end.armed != fired) return;  // an earlier deadline has overtaken this wake-up
  end.armed = kNever;
  if (!end.kernel) return;
  Host& host = HostOf(c);
  if (at == kClientEnd && !host.reachable()) return;
  const Instant local = KernelNow(host, at);
  if (TcpNextDeadline(end.tcp) > local) return ArmTcp(connection, at);
  Act(host);
  TcpOutput out;
  TcpOnTimer(ConfigOf(host, at), end.tcp, local, out);
  OnTcpOutput(connection, at, out);
}

}  // namespace keepsim
