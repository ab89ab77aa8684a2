#include "sim/world/coupled_cell.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/engine/event.h"

namespace keepsim {

CoupledCell::CoupledCell(const Plan& plan, std::vector<Worker*> workers,
                         const std::atomic<bool>* cancel, std::atomic<int64_t>* reached_ns,
                         Instant until)
    : plan_(plan),
      workers_(std::move(workers)),
      cancel_(cancel),
      reached_ns_(reached_ns),
      whole_(until >= kStart + plan.horizon),
      end_(whole_ ? kStart + plan.horizon : until + Nanoseconds(1)),
      broker_(plan),
      ranges_(MembersOf(plan)),
      members_(ranges_.size()) {
  broker_.BeginBroker([this](uint32_t member) { return Reach(member); });
  ready_.resize(members_.size());
  for (uint32_t i = 0; i < ready_.size(); ++i) ready_[i] = i;
  outcome_.resize(ready_.size());
}

// `member` runs with what `worker` has from now on. False if cancelled.
bool CoupledCell::TakeUp(uint32_t member, Worker& worker) {
  std::unique_ptr<Cell>& cell = members_[member].cell;
  if (cell != nullptr) return cell->Borrow(worker.common), true;
  cell = std::make_unique<Cell>(plan_, &broker_, member);
  cell->Borrow(worker.common);
  return cell->BeginMember(ranges_[member], workers_[WorkerOf(member)]->sink);
}

bool CoupledCell::End(uint32_t member, Worker& worker) {
  std::unique_ptr<Cell> cell = std::move(members_[member].cell);
  if (!cell->EndMember(whole_)) return false;
  worker.events += cell->events();
  worker.engine_events += cell->engine_events();
  return true;
}

Cell::Alone CoupledCell::AdvanceOne(uint32_t member, Worker& worker) {
  if (Cancelled() || !TakeUp(member, worker)) return Cell::Alone::kCancelled;
  const std::unique_ptr<Cell>& cell = members_[member].cell;
  const Cell::Alone why = cell->RunAlone(end_, /*briefly=*/false);
  Tell(member, why == Cell::Alone::kOver ? end_ : cell->now());
  if (why != Cell::Alone::kOver) {
    cell->GiveBack();
  } else if (!End(member, worker)) {
    return Cell::Alone::kCancelled;
  }
  return why;
}

// For progress: `member` has come to this time.
void CoupledCell::Tell(uint32_t member, Instant at) {
  const Instant before = std::exchange(members_[member].told, at);
  reached_ns_->fetch_add((at - before).ns / static_cast<int64_t>(members_.size()),
                         std::memory_order_relaxed);
}

bool CoupledCell::Advance(size_t w) {
  for (size_t i = 0; i < ready_.size(); ++i) {
    if (WorkerOf(ready_[i]) != w) continue;
    outcome_[i] = AdvanceOne(ready_[i], *workers_[w]);
    if (outcome_[i] == Cell::Alone::kCancelled) return false;
  }
  return true;
}

bool CoupledCell::AdvanceAll() {
  for (size_t i = 0; i < ready_.size(); ++i) {
    outcome_[i] = AdvanceOne(ready_[i], *workers_[0]);
    if (outcome_[i] == Cell::Alone::kCancelled) return false;
  }
  return true;
}

// Where `member` goes after it has run alone.
void CoupledCell::Place(uint32_t member, Cell::Alone why) {
  Member& m = members_[member];
  ++m.turn;
  switch (why) {
    case Cell::Alone::kTurn:
      m.state = State::kTurn;
      return PushTurn(member);
    case Cell::Alone::kSoon:
      m.state = State::kReady;
      ready_.push_back(member);
      soonest_ = std::min(soonest_, m.cell->NextEvent().at);
      return;
    case Cell::Alone::kIdle:
      m.state = State::kIdle;
      return;
    case Cell::Alone::kOver:
      m.state = State::kEnded;
      return;
    case Cell::Alone::kCancelled:
      return;
  }
}

void CoupledCell::PushTurn(uint32_t member) {
  const Member& m = members_[member];
  turns_.Push({m.cell->NextEvent().at, m.cell->NextOrder(), member, EventObject(0, m.turn)});
}

const Event* CoupledCell::NextTurn() {
  while (!turns_.empty() && turns_.Top().number() != members_[turns_.Top().entity()].turn) {
    turns_.Pop();
  }
  return turns_.empty() ? nullptr : &turns_.Top();
}

// Those whose turns come soon lie anywhere in memory: each step finds there what the next one is
// about.
void CoupledCell::FetchAhead() const {
  constexpr size_t kMember = 12, kTurn = 8, kCell = 4, kParts = 2;  // turns ahead
  const auto cell = [this](size_t ahead) -> const Cell* {
    const Event* const turn = turns_.Ahead(ahead);
    return turn != nullptr ? members_[turn->entity()].cell.get() : nullptr;
  };
  if (const Event* const turn = turns_.Ahead(kMember)) {
    __builtin_prefetch(&members_[turn->entity()]);
  }
  if (const Cell* const c = cell(kTurn)) c->FetchTurn();
  if (const Cell* const c = cell(kCell)) {
    if (c->PassesTurn()) {
      c->FetchTurnParts();
    } else {
      c->Fetch();
    }
  }
  if (const Cell* const c = cell(kParts)) {
    if (!c->PassesTurn()) c->FetchParts();
  }
}

// By what the broker's next event is taken, as Cell::NextOrder(): if a turn at this instant brought
// it about, it comes with that. (What was there before, and comes before that, has been taken.)
uint64_t CoupledCell::BrokerOrder() const {
  const Event& next = broker_.NextEvent();
  return next.at == taken_at_ ? std::max(taken_, next.order) : next.order;
}

void CoupledCell::NoteTaken(Instant at, uint64_t order) {
  taken_ = at == taken_at_ ? std::max(taken_, order) : order;
  taken_at_ = at;
}

bool CoupledCell::BrokerIsBefore(const Event& turn) const {
  if (broker_.NextAt() != turn.at) return broker_.NextAt() < turn.at;
  const uint64_t order = BrokerOrder();
  if (order != turn.order) return order < turn.order;
  // Both have come with one event of that member's.
  return broker_.NextEvent().order <= members_[turn.entity()].cell->NextEvent().order;
}

bool CoupledCell::TakeTurns() {
  const std::vector<uint32_t> advanced = std::exchange(ready_, {});
  for (size_t i = 0; i < advanced.size(); ++i) Place(advanced[i], outcome_[i]);
  soonest_ = kNever;
  while (true) {
    if (Cancelled()) return false;
    const Event* const turn = NextTurn();
    const bool brokers = broker_.NextAt() < end_;
    if (turn == nullptr && !brokers) break;
    const bool broker_first = brokers && (turn == nullptr || BrokerIsBefore(*turn));
    if ((broker_first ? broker_.NextAt() : turn->at) >= soonest_) break;
    if (broker_first) {
      NoteTaken(broker_.NextAt(), BrokerOrder());
      broker_.Step();
    } else {
      NoteTaken(turn->at, turn->order);
      const uint32_t member = turn->entity();
      turns_.Pop();
      FetchAhead();
      if (PassTurn(member)) continue;
      Reach(member)->TakeTurn();
    }
    if (!Settle()) return false;
  }
  Leave();
  if (ready_.empty()) {
    EndAll();
    return false;
  }
  std::sort(ready_.begin(), ready_.end());  // as they lie in memory
  outcome_.resize(ready_.size());
  return true;
}

// True if the turn of `member` is no more than its place in the broker's queue.
bool CoupledCell::PassTurn(uint32_t member) {
  if (!members_[member].cell->PassTurn()) return false;
  PushTurn(member);
  return true;
}

// The cell that is `member`; null if that has ended.
Cell* CoupledCell::Reach(uint32_t member) {
  const Member& m = members_[member];
  if (m.state == State::kEnded) return nullptr;
  if (current_ != member) {
    (void)Settle();  // whoever cancels is heard before the next turn
    Leave();
    SIM_CHECK(TakeUp(member, *workers_[0]));  // it began in the first round
    current_ = member;
  }
  // One that is ready has nothing to do with the broker: it only is looked at.
  moved_ = m.state != State::kReady;
  return m.cell.get();
}

// Runs the present member on to where it waits for its turn, or to a pause. False if cancelled.
bool CoupledCell::Settle() {
  if (current_ == kNobody || !std::exchange(moved_, false)) return true;
  const Cell::Alone why = members_[current_].cell->RunAlone(end_, /*briefly=*/true);
  if (why == Cell::Alone::kCancelled) return false;
  Place(current_, why);
  Tell(current_, why == Cell::Alone::kOver ? end_ : members_[current_].cell->now());
  if (members_[current_].state != State::kEnded) return true;
  return End(std::exchange(current_, kNobody), *workers_[0]);
}

void CoupledCell::Leave() {
  if (current_ != kNobody) members_[std::exchange(current_, kNobody)].cell->GiveBack();
}

// Those for whom the broker might have come until now.
void CoupledCell::EndAll() {
  for (uint32_t i = 0; i < members_.size(); ++i) {
    if (members_[i].state == State::kEnded) continue;
    if (Cancelled() || !TakeUp(i, *workers_[0]) || !End(i, *workers_[0])) return;
    Tell(i, end_);
    members_[i].state = State::kEnded;
  }
  workers_[0]->engine_events += broker_.engine_events();
}

}  // namespace keepsim
