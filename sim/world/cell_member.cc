// A cell as one of those that their broker's limits join.
#include <utility>

#include "sim/world/cell.h"

namespace keepsim {

void Cell::BeginBroker(std::function<Cell*(uint32_t)> reach) {
  static const RecordSink kNoRecords = [](const TraceRecord*, const TraceRecord*) {};
  reach_ = std::move(reach);
  Begin({1, 0}, kNoRecords);
}

namespace {

template <typename T>
void FetchAll(const T& what) {
  const char* const at = reinterpret_cast<const char*>(&what);
  for (size_t i = 0; i < sizeof(T); i += 64) __builtin_prefetch(at + i);
  // Or the compiler takes whoever calls this for a function without effect, and leaves it out.
  asm volatile("");
}

}  // namespace

void Cell::Fetch() const { FetchAll(*this); }

void Cell::FetchParts() const {
  FetchAll(hosts_[0]);
  if (connections_.size() > 0) FetchAll(connections_[0]);
  for (size_t i = 0; i < flights_.size(); ++i) FetchAll(flights_[i]);
}

void Cell::Borrow(CellCommon* common) {
  common_ = common;
  common_->draws.Clear();
  common_->records.assign(records_.begin(), records_.end());
  records_.swap(common_->records);
}

void Cell::GiveBack() {
  // Whether more may come at this instant that belongs before.
  Flush(hosts_.size() == 1 && !hosts_[0].packets);
  // What is left is kept in no more room than it takes.
  std::vector<TraceRecord> left(records_.begin(), records_.end());
  records_.clear();
  common_->records.swap(records_);
  records_.swap(left);
}

bool Cell::BeginMember(CellRange range, const RecordSink& sink) {
  sink_ = &sink;
  return Setup(range);
}

// The cell in which `w` waits, at the broker's instant; null if that connection is no more.
Cell* Cell::MemberWaiting(const Waiting& w) {
  Cell* const cell = reach_ ? reach_(w.member) : this;
  if (cell == nullptr || !cell->Is(w.connection, w.generation)) return nullptr;
  // One that does not wait has run ahead, and is only looked at.
  if (cell != this && cell->WaitsAtBroker()) cell->simulator_.MoveTo(simulator_.now());
  return cell;
}

// Then what the broker does next may be with this cell.
bool Cell::WaitsAtBroker() const {
  for (const Host& host : hosts_) {
    for (const uint32_t i : host.open) {
      const Connection& c = connections_[i];
      if (c.accept_queued || (c.kill_queued && c.end[kBrokerEnd].app)) return true;
    }
  }
  return false;
}

// Whether `event`, the next, may enter one of the broker's queues, or ask for its length.
bool Cell::MayMeetOthers(const Event& event) const {
  switch (static_cast<Kind>(event.kind())) {
    case Kind::kArrival: {
      const Flight& flight = flights_[event.index()];
      if (flight.direction != kUp || !Is(flight.connection, flight.generation)) return false;
      const End& end = connections_[flight.connection].end[kBrokerEnd];
      // What brings a packet joins those that wait to be handled.
      if (plan_.broker.handling.ns > 0 && (flight.datagram || flight.segment.length > 0))
        return true;
      // Accepted, and perhaps left again.
      if (end.established) return false;
      return accept_per_second_ > 0 || !BrokerRuns() || plan_.broker.accept_backlog > 0;
    }
    case Kind::kSessionTimer:
      return plan_.broker.profile.kill_batch > 0 && MayExpire(event);
    default:
      return false;
  }
}

// Whether the broker's session, whose timer this is, may be found silent for too long.
bool Cell::MayExpire(const Event& event) const {
  const uint32_t connection = event.index();
  if (!Is(connection, event.number())) return false;
  const Connection& c = connections_[connection];
  if (c.session_armed != event.at || !c.end[kBrokerEnd].app || !BrokerRuns()) return false;
  const BrokerProfile& profile = plan_.broker.profile;
  if (NextDeadline(profile, c.session) > event.at) return false;
  if (c.session.state != BrokerState::kConnected) return false;
  BrokerSession session = c.session;
  return Check(profile, session, event.at);
}

bool Cell::EndMember(bool whole) {
  if (whole && !FinishRun()) return false;
  Flush(true);
  common_->records.swap(records_);
  return true;
}

}  // namespace keepsim
