#include "tests/bench/eager_fleet.h"

#include <queue>
#include <vector>

#include "sim/engine/event.h"

namespace keepsim {
namespace {

enum Kind : uint8_t { kStartClient, kClientTimer, kBrokerTimer, kArrivalUp, kArrivalDown };

struct Entry {
  Event event;
  Packet packet;
};
struct Later {
  bool operator()(const Entry& x, const Entry& y) const { return Before(y.event, x.event); }
};

// One attempt to connect; the broker's end may outlive the client's.
struct Attempt {
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
  explicit EagerFleet(const Plan& plan) : plan_(plan), group_(plan.groups[0]) {}

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
            const Packet& packet = {}) {
    queue_.push({{at, EventOrder(c, client + 1, clients_[client].counter++),
                  EventSubject(client, kind), EventObject(attempt)},
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
    }
  }

  void Transmit(uint32_t index, uint32_t attempt, bool up, const Packet& packet) {
    Client& c = clients_[index];
    const Transit t = Send(up ? group_.up : group_.down, c.path[up ? 0 : 1], c.luck,
                           up ? Purpose::kSegmentUp : Purpose::kSegmentDown,
                           up ? Purpose::kBurstUp : Purpose::kBurstDown, /*degrade=*/nullptr, now_);
    if (t.fate != Fate::kDelivered) return;
    Push(index, t.arrives_at, EventClass::kArrival, up ? kArrivalUp : kArrivalDown, attempt,
         packet);
  }

  void ApplyClient(uint32_t index, const Effects& effects) {
    Client& c = clients_[index];
    for (const Effect& e : effects) {
      if (e.kind == Effect::Kind::kOpenTransport) {
        c.attempts.emplace_back();
        ApplyClient(index, OnConnected(c.params, c.session, now_));
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
  std::vector<Client> clients_;
  std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
  Instant now_ = kStart;
  uint64_t events_ = 0;
};

}  // namespace

uint64_t RunEagerFleet(const Plan& plan) { return EagerFleet(plan).Run(); }

}  // namespace keepsim
