// A cell of many clients that only their broker's limits join, run as its members: the cells that
// they would be without those limits. A member runs alone, from end to end of what no other can see
// or alter, and skips its quiet stretches; what goes through one of the broker's queues is done in
// the exact order of the whole cell's events. So most of the work is that of cells of one client,
// and is shared among threads (docs/adr/0027).
//
// In turn: Advance() once for each worker, at the same time if they are threads; TakeTurns(), which
// says whether to go on with that.
#ifndef KEEPSIM_SIM_WORLD_COUPLED_CELL_H_
#define KEEPSIM_SIM_WORLD_COUPLED_CELL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/base/time.h"
#include "sim/engine/event.h"
#include "sim/engine/radix_queue.h"
#include "sim/world/cell.h"
#include "sim/world/plan.h"

namespace keepsim {

class CoupledCell {
 public:
  // What runs a share of the members, by one thread at a time. A member's records go to the sink of
  // the worker that it belongs to, whoever runs it.
  struct Worker {
    CellCommon* common = nullptr;
    RecordSink sink;
    uint64_t events = 0;         // simulated, of its members that have ended
    uint64_t engine_events = 0;  // that went through their queues
  };

  // `workers`: at least one; these, the plan and what else is pointed at must outlive it. Up to
  // `until`, which is included, or the horizon, with the records of the run's end. `reached_ns`: is
  // kept at the virtual time reached, on an average over the members.
  CoupledCell(const Plan& plan, std::vector<Worker*> workers, const std::atomic<bool>* cancel,
              std::atomic<int64_t>* reached_ns, Instant until);

  // Runs worker `w`'s share of those that are ready. False if cancelled.
  bool Advance(size_t w);
  // Runs them all, where they are too few to be shared.
  bool AdvanceAll();
  // How many are ready.
  size_t ready() const { return ready_.size(); }
  // What can be done in the members' common order. True: some are ready to be advanced; false: all
  // have ended, or it was cancelled. REQUIRES: no worker is at work, all that were ready have been
  // advanced.
  bool TakeTurns();

 private:
  // Where a member stands.
  enum class State : uint8_t {
    kReady,  // to be advanced
    kTurn,   // its next event waits for its turn
    kIdle,   // nothing of its own is left before the end, but the broker may still come
    kEnded,
  };
  struct Member {
    std::unique_ptr<Cell> cell;  // from its first step to its last
    State state = State::kReady;
    uint32_t turn = 0;  // the number of its last; earlier ones in the queue are void
    Instant told = kStart;
  };
  size_t WorkerOf(uint32_t member) const { return member / kShare % workers_.size(); }
  bool Cancelled() const { return cancel_ != nullptr && cancel_->load(std::memory_order_relaxed); }
  bool TakeUp(uint32_t member, Worker& worker);
  bool End(uint32_t member, Worker& worker);
  Cell::Alone AdvanceOne(uint32_t member, Worker& worker);
  void Tell(uint32_t member, Instant at);
  void Place(uint32_t member, Cell::Alone why);
  void PushTurn(uint32_t member);
  const Event* NextTurn();
  uint64_t BrokerOrder() const;
  void NoteTaken(Instant at, uint64_t order);
  bool BrokerIsBefore(const Event& turn) const;
  void FetchAhead() const;
  // While turns are taken, by the first worker.
  bool PassTurn(uint32_t member);
  Cell* Reach(uint32_t member);
  bool Settle();
  void Leave();
  void EndAll();

  // Neighbours that belong to one worker.
  static constexpr uint32_t kShare = 16;
  static constexpr uint32_t kNobody = ~uint32_t{0};

  const Plan& plan_;
  const std::vector<Worker*> workers_;
  const std::atomic<bool>* const cancel_;
  std::atomic<int64_t>* const reached_ns_;
  const bool whole_;   // up to the horizon
  const Instant end_;  // exclusive
  Cell broker_;
  std::vector<CellRange> ranges_;
  std::vector<Member> members_;
  std::vector<uint32_t> ready_;
  std::vector<Cell::Alone> outcome_;  // of each of ready_
  // Of members, whose number is the event's entity; the turn's is the event's number. Members at
  // one instant may have events of the same order: the broker's faults, which each of them has.
  // They go by the members' numbers.
  RadixQueue turns_{/*sort_at_once=*/512};  // enough ahead for FetchAhead()
  Instant taken_at_ = kNever;               // of the last turn, or event of the broker's own
  uint64_t taken_ = 0;          // the highest order of those at that instant, the broker's included
  uint32_t current_ = kNobody;  // the member that is taken up while turns are taken
  bool moved_ = false;          // it may have other events ahead than it was placed by
  Instant soonest_ = kNever;    // no event of those that have become ready comes before
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_COUPLED_CELL_H_
