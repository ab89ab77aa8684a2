// The client's application: its session, its workload, its clock.
#include <algorithm>

#include "sim/world/cell.h"

namespace keepsim {
void Cell::StartClient(Host& host) {
  if (!host.started) {
    host.started = true;
    for (const Direction d : {kUp, kDown}) {
      for (uint32_t n = 0; n < host.Messages(d).size(); ++n) {
        ScheduleMessage(host, d, n, /*first=*/true);
      }
    }
  }
  if (host.frozen > 0 || host.asleep > 0) return;  // ResumeClient() starts it
  ApplyClient(host, Start(host.params, host.session, host.SessionNow(simulator_.now())));
}

uint64_t Cell::BackoffDraw(Host& host) {
  return host.luck.Draw64(Purpose::kBackoff, host.backoff_draws++);
}

void Cell::ApplyClient(Host& host, const Effects& effects) {
  for (const Effect& e : effects) {
    const uint32_t slot = host.connection;
    switch (e.kind) {
      case Effect::Kind::kOpenTransport: {
        OpenConnection(host);
        if (host.group->transport == Transport::kDatagram) {
          ApplyClient(host,
                      OnConnected(host.params, host.session, host.SessionNow(simulator_.now())));
        }
        break;
      }
      case Effect::Kind::kSend:
        if (slot != kNoConnection) WritePacket(slot, kClientEnd, e.packet);
        break;
      case Effect::Kind::kClose:
      case Effect::Kind::kAbort:
        if (slot == kNoConnection) break;
        DetachClient(host, e.reason);
        CloseEnd(slot, kClientEnd, e.kind == Effect::Kind::kAbort);
        break;
      case Effect::Kind::kConnected:
        if (slot == kNoConnection) break;
        host.connected_since = simulator_.now();
        // Keep alive is monitored from CONNACK on (3.1.1 section 3.1.4, step 4).
        host.last_packet_out = host.SessionNow(simulator_.now());
        Record(host, RecordKind::kConnected, 0, connections_[slot].number,
               (simulator_.now() - connections_[slot].end[kClientEnd].opened).ns);
        break;
      case Effect::Kind::kDeclaredDead:
        if (slot == kNoConnection) break;
        Declare(slot, kClientEnd, simulator_.now() - host.last_heard);
        break;
      case Effect::Kind::kMessageDelivered:
        break;
      case Effect::Kind::kSessionOpened:
      case Effect::Kind::kWillPublish:
        SIM_CHECK(false);  // the broker's
    }
  }
  ArmClient(host);
}

void Cell::DetachClient(Host& host, CloseReason reason) {
  const uint32_t slot = host.connection;
  if (slot == kNoConnection) return;
  Connection& c = connections_[slot];
  const Instant now = simulator_.now();
  c.end[kClientEnd].app = false;
  c.end[kClientEnd].pending_close = CloseReason::kNone;
  DropUnread(slot, kClientEnd);
  host.connection = kNoConnection;
  host.last_packet_out = kLongAgo;
  host.ping_out = kNever;
  if (host.connected_since != kNever) {
    host.connected_total += now - host.connected_since;
    host.connected_since = kNever;
  }
  Record(host, RecordKind::kClosed, ClosedCode(Observer::kClient, reason), c.number,
         (now - c.end[kClientEnd].opened).ns);
}

void Cell::ClientHears(uint32_t connection, const Packet& packet) {
  Connection& c = connections_[connection];
  Host& host = HostOf(c);
  const Instant now = simulator_.now();
  ++host.traffic.delivered[kDown];
  host.last_heard = now;
  if (host.packets) RecordPacket(host, RecordKind::kPacketReceived, kDown, c.number, packet);
  if (packet.type == PacketType::kPingresp && host.ping_out != kNever) {
    ++host.ping_count;
    host.ping_rtt_sum += now - host.ping_out;
    host.ping_out = kNever;
  }
  ApplyClient(host, OnPacket(host.params, host.session, host.SessionNow(now), packet));
}

void Cell::NoteClientSends(Host& host, const Packet& packet) {
  if (packet.type == PacketType::kPingreq) host.ping_out = simulator_.now();
  if (packet.type == PacketType::kConnect) return;  // silence is judged from CONNACK on
  const Instant local = host.SessionNow(simulator_.now());
  if (host.last_packet_out != kLongAgo) {
    host.longest_silence = std::max(host.longest_silence, local - host.last_packet_out);
  }
  host.last_packet_out = local;
}

void Cell::ArmClient(Host& host) {
  if (!host.running()) return;  // ResumeClient(), StartClient() arm again
  const Instant local = NextDeadline(host.params, host.session);
  if (host.packets) TellDeadline(host, host.Global(host.group->profile.clock, local));
  if (local == kNever) return;
  Instant when = host.Global(host.group->profile.clock, local);
  if (when == kNever) return;
  if (host.group->profile.loop_delay_max.ns > 0) {
    when += UniformUpTo(host.group->profile.loop_delay_max, host.LoopDraw());
  }
  when = std::max(when, simulator_.now());
  if (host.armed <= when) return;
  host.armed = when;
  Push(host, when, EventClass::kSessionTimer, Kind::kClientTimer, host.index);
}

void Cell::TellDeadline(Host& host, Instant deadline) {
  if (host.told_deadline == deadline) return;
  host.told_deadline = deadline;
  const ClientSession& s = host.session;
  PacketRecord(host, RecordKind::kTimerArmed, 0,
               host.connection == kNoConnection ? 0 : connections_[host.connection].number,
               deadline.ns, static_cast<int64_t>(s.state) << 8 | (s.ping_pending ? 1 : 0));
}

void Cell::OnClientTimer(Host& host, Instant fired) {
  if (host.armed != fired) return;  // an earlier deadline has overtaken this wake-up
  host.armed = kNever;
  if (!host.running()) return;
  const Instant local = host.SessionNow(simulator_.now());
  const Instant deadline = NextDeadline(host.params, host.session);
  if (deadline > local) return ArmClient(host);
  if (host.group->profile.loop_delay_max.ns > 0) {
    // The deadline may have moved since this wake-up was armed with its delay.
    const Instant due = host.Global(host.group->profile.clock, deadline) +
                        UniformUpTo(host.group->profile.loop_delay_max, host.LoopDraw());
    if (due > simulator_.now()) return ArmClient(host);
  }
  if (skips_ && SkipQuietStretch(host, simulator_.now())) return;
  if (host.group->profile.loop_delay_max.ns > 0) ++host.loop_draws;
  Act(host);
  if (host.packets) {
    PacketRecord(host, RecordKind::kTimerFired, 0,
                 host.connection == kNoConnection ? 0 : connections_[host.connection].number,
                 deadline.ns, 0);
  }
  // The draw has its number whether it is made or not.
  uint64_t u = 0;
  if (MayBackOff(host.session)) {
    u = BackoffDraw(host);
  } else {
    ++host.backoff_draws;
  }
  ApplyClient(host, OnDeadline(host.params, host.session, local, u));
}

void Cell::ResumeClient(Host& host) {
  if (!host.running()) return;
  const Instant now = simulator_.now();
  if (host.session.state == ClientState::kStopped) {
    // Started, or restarted, while it stood still.
    ApplyClient(host, Start(host.params, host.session, host.SessionNow(now)));
    return;
  }
  // What the kernel has received meanwhile comes first: an arrival before a deadline.
  const uint32_t slot = host.connection;
  if (slot != kNoConnection) {
    Connection& c = connections_[slot];
    const uint32_t generation = c.generation;
    if (c.end[kClientEnd].established && host.session.state == ClientState::kConnecting) {
      ApplyClient(host, OnConnected(host.params, host.session, host.SessionNow(now)));
    }
    if (Is(slot, generation) && c.end[kClientEnd].app) Read(slot, kClientEnd);
    if (Is(slot, generation) && c.end[kClientEnd].app &&
        c.end[kClientEnd].pending_close != CloseReason::kNone) {
      TellClosed(slot, kClientEnd, c.end[kClientEnd].pending_close);
    }
  }
  host.armed = kNever;
  ArmClient(host);
}

void Cell::ScheduleMessage(Host& host, Direction direction, uint32_t number, bool first) {
  const Workload& w = host.group->Messages(direction)[number];
  WorkloadState& s = host.Messages(direction)[number];
  const Purpose purpose = MessagePurpose(direction, number);
  if (first) {
    FirstMessage(w, host.luck, purpose, simulator_.now(), s);
  } else {
    NextMessage(w, host.luck, purpose, s);
  }
  PushMessage(host, direction, number);
}

void Cell::PushMessage(Host& host, Direction direction, uint32_t number) {
  const Instant next = host.Messages(direction)[number].next;
  if (next >= kStart + plan_.horizon) return;
  Push(host, next, EventClass::kWanted, direction == kUp ? Kind::kUplink : Kind::kDownlink, number);
}

void Cell::OnUplink(Host& host, uint32_t number) {
  const Instant now = simulator_.now();
  if (host.uplink[number].next != now) return;  // a quiet stretch has run through this message
  if (SkipFromMessage(host)) return;
  if (host.running()) {
    Act(host);
    ApplyClient(host, Publish(host.params, host.session, host.SessionNow(now),
                              host.group->uplink[number].qos, host.uplink[number].size));
  }
  ScheduleMessage(host, kUp, number, /*first=*/false);
}

void Cell::OnDownlink(Host& host, uint32_t number) {
  const Instant now = simulator_.now();
  if (host.downlink[number].next != now) return;  // likewise
  if (SkipFromMessage(host)) return;
  const Workload& w = host.group->downlink[number];
  Identity& identity = IdentityOf(host);
  const uint32_t slot = identity.connection;
  if (!BrokerRuns()) {
    // Whoever published it is not answered either, and keeps it: not this client's traffic.
  } else if (slot != kNoConnection && connections_[slot].end[kBrokerEnd].app) {
    Act(host);
    ApplyBroker(slot, Deliver(plan_.broker.profile, connections_[slot].session, now, w.qos,
                              host.downlink[number].size));
  } else if (DeliverLater(identity.stored, w.qos, host.downlink[number].size)) {
    Act(host);
  }
  ScheduleMessage(host, kDown, number, /*first=*/false);
}

}  // namespace keepsim
