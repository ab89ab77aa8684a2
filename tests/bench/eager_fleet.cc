#include "tests/bench/eager_fleet.h"

#include <memory>
#include <queue>
#include <vector>

#include "sim/base/check.h"
#include "sim/engine/event.h"
#include "sim/net/tcp.h"
#include "sim/world/connection.h"
#include "sim/world/fifo.h"

namespace keepsim {
namespace {

enum Kind : uint8_t {
  kStartClient,
  kClientTimer,
  kBrokerTimer,
  kArrivalUp,  // of a packet
  kArrivalDown,
  kSegmentUp,  // the event's number: its place among those on their way
  kSegmentDown,
  kTcpTimer,  // the event's number: the end
};

struct Entry {
  Event event;
  Packet packet;
};
struct Later {
  bool operator()(const Entry& x, const Entry& y) const { return Before(y.event, x.event); }
};

// Both kernels of a connection.
struct Tcp {
  TcpEndpoint end[2];
  Instant armed[2] = {kNever, kNever};
  uint32_t readable_to[2] = {0, 0};
  Fifo<UnreadPacket> queue[2];  // by direction
};

// One attempt to connect; the broker's end may outlive the client's.
struct Attempt {
  std::unique_ptr<Tcp> tcp;  // null: datagrams
  BrokerSession session;
  Instant armed = kNever;
  bool client_app = true;
  bool broker_app = false;
  bool heard = false;  // the broker has had its CONNECT
};

struct Client {
  RandomSource luck;
  ClientParams params;
  ClientSession session;
  StoredSession stored;
  DirectionState path[2];
  Instant armed = kNever;
  uint64_t backoff_draws = 0;
  uint32_t counter = 0;
  std::vector<Attempt> attempts;
};

class EagerFleet {
 public:
  explicit EagerFleet(const Plan& plan)
      : plan_(plan), group_(plan.groups[0]), tcp_(group_.transport == Transport::kTcp) {}

  uint64_t Run() {
    clients_.resize(group_.count);
    for (uint32_t i = 0; i < group_.count; ++i) {
      Client& c = clients_[i];
      c.luck = RandomSource(group_.key, i);
      c.params = group_.params;
      c.params.connect_size = SizeFor(group_.connect_size, i);
      Duration start = group_.start_at;
      if (group_.start_spread.ns > 0) {
        start += UniformUpTo(group_.start_spread, c.luck.Draw64(Purpose::kStartOffset, 0));
      }
      Push(i, kStart + start, EventClass::kTruth, kStartClient, 0);
    }
    const Instant end = kStart + plan_.horizon;
    while (!queue_.empty() && queue_.top().event.at < end) {
      const Entry entry = queue_.top();
      queue_.pop();
      now_ = entry.event.at;
      Handle(entry);
    }
    return events_;
  }

 private:
  void Push(uint32_t client, Instant at, EventClass c, Kind kind, uint32_t attempt,
            const Packet& packet = {}, uint32_t number = 0) {
    queue_.push({{at, EventOrder(c, client + 1, clients_[client].counter++),
                  EventSubject(client, kind), EventObject(attempt, number)},
                 packet});
  }

  void Handle(const Entry& entry) {
    const uint32_t index = entry.event.entity();
    const uint32_t attempt = entry.event.index();
    Client& c = clients_[index];
    switch (entry.event.kind()) {
      case kStartClient:
        ++events_;
        return ApplyClient(index, Start(c.params, c.session, now_));
      case kClientTimer:
        if (c.armed != now_) return;  // moved since
        ++events_;
        c.armed = kNever;
        return ApplyClient(index, OnDeadline(c.params, c.session, now_,
                                             c.luck.Draw64(Purpose::kBackoff, c.backoff_draws++)));
      case kBrokerTimer: {
        Attempt& a = c.attempts[attempt];
        if (a.armed != now_ || !a.broker_app) return;
        ++events_;
        a.armed = kNever;
        return ApplyBroker(
            index, attempt,
            OnDeadline(plan_.broker.profile, group_.peer, a.session, c.stored, now_));
      }
      case kArrivalUp: {
        if (!c.attempts[attempt].client_app && !c.attempts[attempt].broker_app) return;
        ++events_;
        return BrokerHears(index, attempt, entry.packet);
      }
      case kArrivalDown:
        if (!c.attempts[attempt].client_app && !c.attempts[attempt].broker_app) return;
        ++events_;
        if (!c.attempts[attempt].client_app) return;
        return ApplyClient(index, OnPacket(c.params, c.session, now_, entry.packet));
      case kSegmentUp:
        return OnSegment(index, attempt, kBrokerEnd, entry.event.number());
      case kSegmentDown:
        return OnSegment(index, attempt, kClientEnd, entry.event.number());
      case kTcpTimer:
        return OnTcpTimer(index, attempt, static_cast<EndIndex>(entry.event.number()));
    }
  }

  // ---- TCP
  const TcpConfig& Config(EndIndex at) const {
    return at == kClientEnd ? group_.tcp : plan_.broker.tcp;
  }
  Tcp& TcpOf(uint32_t index, uint32_t attempt) { return *clients_[index].attempts[attempt].tcp; }

  void OnSegment(uint32_t index, uint32_t attempt, EndIndex at, uint32_t place) {
    ++events_;
    const Segment segment = segments_[place];
    free_.push_back(place);
    TcpEndpoint& e = TcpOf(index, attempt).end[at];
    TcpOutput out;
    if (e.state == TcpState::kClosed) {
      SIM_CHECK(at == kBrokerEnd && segment.syn());
      TcpAccept(Config(at), e, segment, now_, out);
    } else {
      TcpOnSegment(Config(at), e, segment, now_, out);
    }
    OnOutput(index, attempt, at, out);
  }

  void OnTcpTimer(uint32_t index, uint32_t attempt, EndIndex at) {
    Tcp& t = TcpOf(index, attempt);
    if (t.armed[at] != now_) return;  // moved since
    ++events_;
    t.armed[at] = kNever;
    TcpOutput out;
    TcpOnTimer(Config(at), t.end[at], now_, out);
    OnOutput(index, attempt, at, out);
  }

  void OnOutput(uint32_t index, uint32_t attempt, EndIndex at, const TcpOutput& out) {
    SIM_CHECK(!out.reset && !out.gave_up && !out.peer_closed && !out.finished);
    Carry(index, attempt, at, out);
    if (out.connected && at == kClientEnd) {
      Client& c = clients_[index];
      ApplyClient(index, OnConnected(c.params, c.session, now_));
    } else if (out.connected) {
      Attempt& a = clients_[index].attempts[attempt];
      a.broker_app = true;
      OnAccepted(plan_.broker.profile, a.session, now_);
      Read(index, attempt, at);
    }
    Tcp& t = TcpOf(index, attempt);
    if (out.delivered) {
      t.readable_to[at] = out.delivered_to;
      Read(index, attempt, at);
    }
    TcpDelayAck(Config(at), t.end[at], now_);
    ArmTcp(index, attempt, at);
  }

  void Read(uint32_t index, uint32_t attempt, EndIndex at) {
    Tcp& t = TcpOf(index, attempt);
    Fifo<UnreadPacket>& queue = t.queue[DirectionTo(at)];
    while (!queue.empty() && AtOrBefore(queue.front().end, t.readable_to[at])) {
      if (at == kBrokerEnd && !clients_[index].attempts[attempt].broker_app) return;
      const Packet packet = queue.front().packet;
      queue.Pop();
      Client& c = clients_[index];
      if (at == kClientEnd) {
        ApplyClient(index, OnPacket(c.params, c.session, now_, packet));
      } else {
        ApplyBroker(index, attempt,
                    OnPacket(plan_.broker.profile, group_.peer, c.attempts[attempt].session,
                             c.stored, now_, packet));
      }
    }
  }

  void Write(uint32_t index, uint32_t attempt, EndIndex from, const Packet& packet) {
    Tcp& t = TcpOf(index, attempt);
    TcpOutput out;
    const uint32_t end = TcpWrite(Config(from), t.end[from], packet.size, now_, out);
    t.queue[DirectionFrom(from)].Push({end, packet, now_});
    Carry(index, attempt, from, out);
    ArmTcp(index, attempt, from);
  }

  void Carry(uint32_t index, uint32_t attempt, EndIndex from, const TcpOutput& out) {
    const bool up = from == kClientEnd;
    for (int i = 0; i < out.segment_count; ++i) {
      const Transit t = Sent(index, up);
      if (t.fate != Fate::kDelivered) continue;
      uint32_t place = static_cast<uint32_t>(segments_.size());
      if (free_.empty()) {
        segments_.push_back(out.segments[i]);
      } else {
        place = free_.back();
        free_.pop_back();
        segments_[place] = out.segments[i];
      }
      Push(index, t.arrives_at, EventClass::kArrival, up ? kSegmentUp : kSegmentDown, attempt, {},
           place);
    }
  }

  void ArmTcp(uint32_t index, uint32_t attempt, EndIndex at) {
    Tcp& t = TcpOf(index, attempt);
    const Instant deadline = TcpNextDeadline(t.end[at]);
    const Instant when = deadline == kNever ? kNever : std::max(deadline, now_);
    if (when == t.armed[at]) return;
    t.armed[at] = when;
    if (when == kNever) return;
    Push(index, when, EventClass::kTransportTimer, kTcpTimer, attempt, {}, at);
  }

  Transit Sent(uint32_t index, bool up) {
    Client& c = clients_[index];
    return Send(up ? group_.up : group_.down, c.path[up ? 0 : 1], c.luck,
                up ? Purpose::kSegmentUp : Purpose::kSegmentDown,
                up ? Purpose::kBurstUp : Purpose::kBurstDown, /*degrade=*/nullptr, now_);
  }

  void Transmit(uint32_t index, uint32_t attempt, bool up, const Packet& packet) {
    if (tcp_) return Write(index, attempt, up ? kClientEnd : kBrokerEnd, packet);
    const Transit t = Sent(index, up);
    if (t.fate != Fate::kDelivered) return;
    Push(index, t.arrives_at, EventClass::kArrival, up ? kArrivalUp : kArrivalDown, attempt,
         packet);
  }

  void ApplyClient(uint32_t index, const Effects& effects) {
    Client& c = clients_[index];
    for (const Effect& e : effects) {
      if (e.kind == Effect::Kind::kOpenTransport) {
        c.attempts.emplace_back();
        if (tcp_) {
          SIM_CHECK(c.attempts.size() == 1);
          c.attempts[0].tcp = std::make_unique<Tcp>();
          TcpOutput out;
          TcpConnect(group_.tcp, c.attempts[0].tcp->end[kClientEnd], now_, out);
          Carry(index, 0, kClientEnd, out);
          ArmTcp(index, 0, kClientEnd);
        } else {
          ApplyClient(index, OnConnected(c.params, c.session, now_));
        }
      } else if (e.kind == Effect::Kind::kSend) {
        Transmit(index, static_cast<uint32_t>(c.attempts.size()) - 1, true, e.packet);
      } else if (e.kind == Effect::Kind::kClose || e.kind == Effect::Kind::kAbort) {
        c.attempts.back().client_app = false;
      }
    }
    const Instant deadline = NextDeadline(c.params, c.session);
    if (deadline == c.armed) return;
    c.armed = deadline;
    if (deadline != kNever) {
      Push(index, std::max(deadline, now_), EventClass::kSessionTimer, kClientTimer, 0);
      c.armed = std::max(deadline, now_);
    }
  }

  void BrokerHears(uint32_t index, uint32_t attempt, const Packet& packet) {
    Client& c = clients_[index];
    const BrokerProfile& profile = plan_.broker.profile;
    if (packet.type == PacketType::kConnect && !c.attempts[attempt].heard) {
      c.attempts[attempt].heard = c.attempts[attempt].broker_app = true;
      OnAccepted(profile, c.attempts[attempt].session, now_);
      if (c.stored.connected) {
        for (uint32_t old = 0; old < attempt; ++old) {
          if (!c.attempts[old].broker_app) continue;
          ApplyBroker(index, old,
                      OnTakeover(profile, group_.peer, c.attempts[old].session, c.stored, now_,
                                 packet.has(Packet::kCleanStart)));
        }
      }
    }
    if (!c.attempts[attempt].broker_app) return;
    ApplyBroker(
        index, attempt,
        OnPacket(profile, group_.peer, c.attempts[attempt].session, c.stored, now_, packet));
  }

  void ApplyBroker(uint32_t index, uint32_t attempt, const Effects& effects) {
    Attempt& a = clients_[index].attempts[attempt];
    for (const Effect& e : effects) {
      if (e.kind == Effect::Kind::kSend) {
        Transmit(index, attempt, false, e.packet);
      } else if (e.kind == Effect::Kind::kClose || e.kind == Effect::Kind::kAbort) {
        a.broker_app = false;
      }
    }
    if (!a.broker_app) return;
    const Instant deadline = NextDeadline(plan_.broker.profile, a.session);
    if (deadline == a.armed || deadline == kNever) return;
    a.armed = std::max(deadline, now_);
    Push(index, a.armed, EventClass::kSessionTimer, kBrokerTimer, attempt);
  }

  const Plan& plan_;
  const GroupPlan& group_;
  const bool tcp_;
  std::vector<Client> clients_;
  std::vector<Segment> segments_;  // on their way, and free places
  std::vector<uint32_t> free_;
  std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
  Instant now_ = kStart;
  uint64_t events_ = 0;
};

}  // namespace

uint64_t RunEagerFleet(const Plan& plan) { return EagerFleet(plan).Run(); }

}  // namespace keepsim
