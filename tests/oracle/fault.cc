// Faults of the scenario's time line.
#include <algorithm>

#include "tests/oracle/walker.h"

namespace keepsim::oracle {
namespace {

constexpr Duration kOldSegments = Seconds(1);  // round trip and delayed acknowledgement
constexpr Direction kDirections[] = {kUp, kDown};

uint16_t DirectionsCut(const Client& c) {
  return static_cast<uint16_t>((c.cuts[kUp] > 0 ? 1 : 0) | (c.cuts[kDown] > 0 ? 2 : 0));
}

uint16_t BrokerDownCode(FailureKind why) { return why == FailureKind::kBrokerCrash ? 2 : 1; }

}  // namespace

bool Walker::Strikes(const ScheduledFault& fault, const Client& c) const {
  const auto group = static_cast<uint32_t>(c.group - plan_.groups.data());
  const bool listed = fault.groups.empty() || std::find(fault.groups.begin(), fault.groups.end(),
                                                        group) != fault.groups.end();
  const bool in_region = fault.region.empty() || fault.region == c.group->region;
  return listed && in_region && c.index >= fault.first && c.index <= fault.last;
}

void Walker::Begin(size_t number) {
  const ScheduledFault& fault = plan_.faults[number];
  const auto a = static_cast<int64_t>(number);
  if (fault.action == ScheduledFault::Action::kBrokerStall) {
    if (++stalls_ == 1) run_.Note(now_, RecordKind::kBrokerStalled, 0, 0, a);
  } else if (fault.action == ScheduledFault::Action::kBrokerDown) {
    run_.Note(now_, RecordKind::kBrokerDown, BrokerDownCode(fault.failure), 0, a);
    BrokerGoesDown(fault.failure);
  } else {
    for (Client& c : clients_) {
      if (Strikes(fault, c)) BeginAt(c, fault, number);
    }
  }
}

void Walker::End(size_t number) {
  const ScheduledFault& fault = plan_.faults[number];
  const auto a = static_cast<int64_t>(number);
  if (fault.action == ScheduledFault::Action::kBrokerStall) {
    if (--stalls_ > 0) return;
    run_.Note(now_, RecordKind::kBrokerResumed, 0, 0, a);
    for (Client& c : clients_) {
      const std::vector<Flight> unread = std::move(c.unread_at_broker);
      c.unread_at_broker.clear();
      for (const Flight& flight : unread) BrokerReads(c, flight);
    }
  } else if (fault.action == ScheduledFault::Action::kBrokerDown) {
    broker_up_ = true;
    run_.Note(now_, RecordKind::kBrokerUp, BrokerDownCode(fault.failure), 0, a);
  } else {
    for (Client& c : clients_) {
      if (Strikes(fault, c)) EndAt(c, fault, number);
    }
  }
}

void Walker::BeginAt(Client& c, const ScheduledFault& fault, size_t number) {
  if (fault.action == ScheduledFault::Action::kPathCut) {
    const uint16_t before = DirectionsCut(c);
    for (const Direction d : kDirections) c.cuts[d] += fault.directions >> d & 1;
    if (DirectionsCut(c) == before) return;
    c.ledger.Note(now_, RecordKind::kPathDown, DirectionsCut(c), 0, static_cast<int64_t>(number));
  } else if (fault.failure == FailureKind::kFreeze) {
    c.frozen = true;
    c.ledger.Note(now_, RecordKind::kFrozen);
  } else {
    GoDown(c, fault.failure);
  }
}

void Walker::EndAt(Client& c, const ScheduledFault& fault, size_t number) {
  if (fault.action == ScheduledFault::Action::kPathCut) {
    const uint16_t before = DirectionsCut(c);
    for (const Direction d : kDirections) c.cuts[d] -= fault.directions >> d & 1;
    if (DirectionsCut(c) == before) return;
    c.ledger.Note(now_, RecordKind::kPathUp, DirectionsCut(c), 0, static_cast<int64_t>(number));
  } else if (fault.failure == FailureKind::kFreeze) {
    c.frozen = false;
    c.ledger.Note(now_, RecordKind::kThawed);
    const std::vector<Flight> unread = std::move(c.unread);
    c.unread.clear();
    if (c.alive && c.doing == Doing::kNothing) Connect(c);  // it was started frozen
    for (const Flight& flight : unread) ClientReads(c, flight);
  } else {
    const bool tcp = c.group->transport == Transport::kTcp;
    if (tcp && !c.host_up && fault.length < kOldSegments) {
      out_of_scope_ = "a host that is back while old segments are on their way resets by them";
    }
    c.alive = c.host_up = true;
    c.ledger.Note(now_, RecordKind::kHostUp, static_cast<uint16_t>(fault.failure));
    if (!c.frozen) Connect(c);
  }
}

// The process ends: without a word (crash), with its kernel's FIN (kill), or cleanly (stop).
void Walker::GoDown(Client& c, FailureKind why) {
  const bool has_transport = HasTransport(c);
  const bool says_goodbye = c.doing == Doing::kAwaitingConnack || c.doing == Doing::kConnected;
  if (why == FailureKind::kStop && !c.frozen) {
    if (says_goodbye) Send(c, kUp, c.conn, PacketType::kDisconnect, 2);
    if (has_transport) ClientLeaves(c, CloseReason::kDisconnect);
    c.ledger.Note(now_, RecordKind::kHostDown, static_cast<uint16_t>(why));
    c.alive = false;
  } else {
    c.ledger.Note(now_, RecordKind::kHostDown, static_cast<uint16_t>(why));
    c.host_up = why != FailureKind::kCrash;
    if (has_transport) ClientLeaves(c, CloseReason::kLocalStop);
    c.alive = false;
  }
  for (const Flight& flight : c.unread) {
    if (flight.unit == Unit::kPacket) c.ledger.Dropped(kDown);
  }
  c.unread.clear();
  c.doing = Doing::kNothing;
  c.attempt = 0;
  c.delay = Duration{0};
  c.ping_pending = false;
}

void Walker::BrokerGoesDown(FailureKind why) {
  const bool silent = why == FailureKind::kBrokerCrash;
  for (Client& c : clients_) {
    if (silent) broker_up_ = false;
    for (BrokerEnd& end : c.ends) {
      if (end.open && end.accepted) BrokerLeaves(c, end, CloseReason::kShutdown);
      // Resets what waits to be accepted; forgets half a handshake without a word.
      if (end.open && end.shaken && !silent) SendUnit(c, kDown, end.conn, Unit::kRst);
      end.open = false;
    }
    if (silent && c.group->transport == Transport::kTcp) out_of_scope_ = "TCP to a lost host";
    for (const Flight& flight : c.unread_at_broker) {
      if (flight.unit == Unit::kPacket) c.ledger.Dropped(kUp);
    }
    c.unread_at_broker.clear();
  }
  broker_up_ = false;
}

}  // namespace keepsim::oracle
