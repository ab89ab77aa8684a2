// Connections and both kernels' TCP.
#include <algorithm>

#include "sim/world/cell.h"

namespace keepsim {

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
  if (slot < told_tcp_.size()) told_tcp_[slot] = {};
  Connection& c = connections_[slot];
  for (Fifo<UnreadPacket>& q : c.queue) q.Clear();
  for (End& e : c.end) e = End{};
  c.session = BrokerSession{};
  c.session_armed = c.told_deadline = kNever;
  c.middlebox = MiddleboxState{};
  c.accept_queued = c.kill_queued = false;
  c.datagrams_up = 0;
  c.unhandled = 0;
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
  if (host.packets) RecordPacket(host, RecordKind::kPacketSent, direction, c.number, packet);
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
  TellTcpTimers(connection, at, RecordKind::kTcpTimerArmed);
  EndWithPeer(connection, at);
  MaybeRelease(connection);
}

void Cell::ArmTcp(uint32_t connection, EndIndex at) {
  Connection& c = connections_[connection];
  End& end = c.end[at];
  Host& host = HostOf(c);
  if (host.packets) TellTcpTimers(connection, at, RecordKind::kTcpTimerArmed);
  if (!end.kernel) return;
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
  if (host.packets) TellTcpTimers(connection, at, RecordKind::kTcpTimerFired);
  TcpOutput out;
  TcpOnTimer(ConfigOf(host, at), end.tcp, local, out);
  OnTcpOutput(connection, at, out);
}

}  // namespace keepsim
