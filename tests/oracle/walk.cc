#include "tests/oracle/walk.h"

#include <algorithm>

#include "tests/oracle/scope.h"
#include "tests/oracle/walker.h"

namespace keepsim::oracle {
namespace {

constexpr Duration kStep = Milliseconds(1);

bool IsPacketFor(const Workload& w, const Client& c, size_t index, Instant now) {
  if (w.kind == Workload::Kind::kTimes) {
    return index < w.times.size() && now == kStart + w.times[index];
  }
  return now == kStart + c.group->start_at + w.period * (static_cast<int64_t>(index) + 1);
}

bool IsOfBroker(const ScheduledFault& f) {
  return f.action == ScheduledFault::Action::kBrokerStall ||
         f.action == ScheduledFault::Action::kBrokerDown;
}

}  // namespace

Walker::Walker(const Plan& plan)
    : plan_(plan), begun_(plan.faults.size()), ended_(plan.faults.size()) {
  for (const GroupPlan& g : plan.groups) {
    for (uint32_t i = 0; i < g.count; ++i) {
      Client c;
      c.group = &g;
      c.index = i;
      c.ledger = Ledger(g.first_entity + i);
      c.published.resize(g.uplink.size());
      clients_.push_back(std::move(c));
    }
  }
}

Outcome Walker::Walk() {
  for (now_ = kStart; now_ < kStart + plan_.horizon; now_ += kStep) {
    while (SomethingHappens()) {
    }
  }
  now_ = kStart + plan_.horizon;
  Outcome outcome;
  outcome.out_of_scope = out_of_scope_;
  outcome.records = run_.records();
  for (Client& c : clients_) {
    Finish(c);
    outcome.records.insert(outcome.records.end(), c.ledger.records().begin(),
                           c.ledger.records().end());
  }
  std::sort(outcome.records.begin(), outcome.records.end(), CanonicalLess);
  return outcome;
}

// Ties: ground truth, then arrivals, then what is wanted, then deadlines; after each the question
// is asked anew, since with no latency an answer arrives at the same instant.
bool Walker::SomethingHappens() {
  return GroundTruthChanges() || SomethingArrives() || SomethingIsWanted() || SomethingIsDue();
}

// Those of the whole run come before those of a client.
bool Walker::GroundTruthChanges() {
  return AFaultChanges(/*of_broker=*/true) || AFaultChanges(/*of_broker=*/false) || AClientStarts();
}

bool Walker::AFaultChanges(bool of_broker) {
  for (size_t i = 0; i < plan_.faults.size(); ++i) {
    const ScheduledFault& f = plan_.faults[i];
    if (IsOfBroker(f) != of_broker) continue;
    if (!begun_[i] && now_ == f.at) {
      begun_[i] = true;
      Begin(i);
      return true;
    }
    if (begun_[i] && !ended_[i] && f.length != kForever && now_ == f.at + f.length) {
      ended_[i] = true;
      End(i);
      return true;
    }
  }
  return false;
}

bool Walker::AClientStarts() {
  for (Client& c : clients_) {
    if (c.started || now_ != kStart + c.group->start_at) continue;
    c.started = true;
    c.alive = true;
    c.ledger.Note(now_, RecordKind::kHostUp);
    Connect(c);
    return true;
  }
  return false;
}

bool Walker::SomethingArrives() {
  for (Client& c : clients_) {
    for (size_t i = 0; i < c.flights.size(); ++i) {
      if (c.flights[i].arrives_at != now_) continue;
      const Flight flight = c.flights[i];
      c.flights.erase(c.flights.begin() + static_cast<std::ptrdiff_t>(i));
      if (flight.direction == kUp) {
        ArriveAtBroker(c, flight);
      } else {
        ArriveAtClient(c, flight);
      }
      return true;
    }
  }
  return false;
}

bool Walker::SomethingIsWanted() {
  for (Client& c : clients_) {
    for (size_t w = 0; w < c.group->uplink.size(); ++w) {
      const Workload& workload = c.group->uplink[w];
      if (!IsPacketFor(workload, c, c.published[w], now_)) continue;
      ++c.published[w];
      const bool can = c.alive && !c.frozen && c.doing == Doing::kConnected;
      if (can) {
        c.last_out = now_;
        Send(c, kUp, c.conn, PacketType::kPublish, SizeFor(workload.size, c.index));
        if (c.group->profile.woken_by_sends) WakeLoop(c);
      }
      return true;
    }
  }
  return false;
}

bool Walker::SomethingIsDue() {
  for (Client& c : clients_) {
    if (ClientLooksAtItsClock(c) || BrokerLooksAtItsClock(c)) return true;
  }
  return false;
}

Outcome WalkThroughTime(const Plan& plan) {
  if (std::string why = BeyondScope(plan); !why.empty()) return {why, {}};
  return Walker(plan).Walk();
}

}  // namespace keepsim::oracle
