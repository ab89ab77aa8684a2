// A cell: the smallest set of clients that can influence one another, with their broker. One
// Simulator, one switch over event kinds (cell.cc); the only place where engine, mqtt, net and
// trace meet.
//
// A cell is reused: Run() starts from nothing each time and keeps the memory.
#ifndef KEEPSIM_SIM_WORLD_CELL_H_
#define KEEPSIM_SIM_WORLD_CELL_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/check.h"
#include "sim/engine/simulator.h"
#include "sim/trace/record.h"
#include "sim/world/cell_common.h"
#include "sim/world/connection.h"
#include "sim/world/fifo.h"
#include "sim/world/host.h"
#include "sim/world/plan.h"
#include "sim/world/quiet_stretch.h"
#include "sim/world/silence.h"
#include "sim/world/slab.h"

namespace keepsim {

// Clients [first, last], as entities, that make up one cell.
struct CellRange {
  uint32_t first_entity = 1;
  uint32_t last_entity = 1;
};

// Receives the records of a cell, in canonical order within each call and from call to call of one
// cell.
using RecordSink = std::function<void(const TraceRecord* begin, const TraceRecord* end)>;

class Cell {
 public:
  explicit Cell(const Plan& plan);
  // One of those whose connections wait in `broker`'s queues, by this number. REQUIRES: before all
  // else, Borrow() and BeginMember().
  Cell(const Plan& plan, Cell* broker, uint32_t member);
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  CellCommon& common() { return *common_; }

  // Runs the clients of `range` from start to horizon, or only to `until`, which is included; then
  // the records of the run's end are not made. False if cancelled.
  bool Run(CellRange range, const RecordSink& sink, Instant until = kNever);

  Instant now() const { return simulator_.now(); }
  uint64_t events() const { return events_; }
  uint64_t engine_events() const { return simulator_.popped(); }

  // ---- event by event, for whoever looks in between (cell_step.cc). No records of the run's end.
  // As Run(), up to the first event.
  void Begin(CellRange range, const RecordSink& sink);
  // Of the next event; the horizon if none comes before it.
  Instant NextAt() const;
  // The next event, and its records (cell.cc). REQUIRES: NextAt() is before the horizon.
  void Step();
  // Of the cell's first client and its broker.
  Silence SilenceOf(Observer observer) const;
  Duration Lasted(Observer observer, const Silence& silence, Instant at) const;
  // When it has lasted for `length`, if nothing changes; kNever if it never will.
  Instant Reaches(Observer observer, const Silence& silence, Duration length) const;

  // ---- cell_member.cc: a cell as one of those that a broker's limits join (coupled_cell.h)
  // This cell is the broker of others, its own clients are none; begins. `reach`: the cell that is
  // that member at present, null if it has ended.
  void BeginBroker(std::function<Cell*(uint32_t member)> reach);
  // Begins, with what it has borrowed. False if cancelled.
  bool BeginMember(CellRange range, const RecordSink& sink);
  // Why RunAlone() returns.
  enum class Alone : uint8_t {
    kTurn,  // the next event may meet other members: it is to come in its turn, TakeTurn()
    kSoon,  // `briefly`: it could go on
    kIdle,  // nothing is left before the end, but the broker may come
    kOver,  // nothing is left before the end
    kCancelled,
  };
  // Runs what no other member can see or alter, up to an event that another may, or to `end`.
  // `briefly`: a few events, and no further than to a pause, unless every packet has a turn.
  Alone RunAlone(Instant end, bool briefly);
  // Into the nearest cache: the cell itself, then what it keeps elsewhere, for its next turn.
  void Fetch() const;
  void FetchParts() const;
  // What PassTurn() asks for; then what it writes.
  void FetchTurn() const { __builtin_prefetch(&quiet_turn_), __builtin_prefetch(&turns_); }
  void FetchTurnParts() const { __builtin_prefetch(&turns_.times[turns_.taken]); }
  // Of the next event. REQUIRES: there is one.
  const Event& NextEvent() const {
    return quiet_turn_.at != kNever ? quiet_turn_ : simulator_.pending().Top();
  }
  // By what it takes its turn among those of other members at its instant: its own order, or that
  // of an event of this cell's at this instant which had to come first, and brought it about.
  uint64_t NextOrder() const {
    const Event& next = NextEvent();
    return next.at == dispatched_at_ ? std::max(dispatched_, next.order) : next.order;
  }
  // The next event; the broker's clock goes with it. REQUIRES: nobody comes before it.
  void TakeTurn();
  // Whether the next turn may be passed: then nothing but the broker's queue changes, and the turn
  // after it is the next event. REQUIRES: RunAlone() has come to kTurn.
  bool PassesTurn() const { return turns_.taken + 1 < turns_.count; }
  // Passes it; false: it is to be taken. REQUIRES: as TakeTurn(), but nothing borrowed.
  bool PassTurn();
  // Hands on what is left of the records, of the run's end too if it is `whole`. False if
  // cancelled.
  bool EndMember(bool whole);
  // From now on it uses `common`, until GiveBack(), which hands on what can be of the records and
  // gives back what it has borrowed.
  void Borrow(CellCommon* common);
  void GiveBack();

  // ---- cell_image.cc: the cell as it stands, to go on from again (docs/adr/0015)
  struct Image;  // cell_image.h
  // REQUIRES: Begin() or GoOn() before; all that happens up to `at` has happened.
  void Save(Instant at, Image* image) const;
  // Goes on from `image`, of a cell of this plan, with the same luck.
  void GoOn(const Image& image, const RecordSink& sink);
  // Goes on with other luck, of this key: what is drawn from image.at on is drawn anew, and so is
  // the rest of what is under way, where its law is known. REQUIRES: one client.
  void GoOn(const Image& image, const RecordSink& sink, uint64_t luck_key);

 private:
  static constexpr uint32_t kPollEvery = 4096;
  // Records are handed on when so many have gathered, so that memory does not grow with the
  // horizon.
  static constexpr size_t kFlushAt = 1 << 16;
  // RunAlone() briefly: what a new connection takes; no keep alive is as short.
  static constexpr int kFewEvents = 24;
  static constexpr Duration kPause = Milliseconds(500);

  enum class Kind : uint8_t {
    kClientStart,  // index: host
    kFaultBegins,  // index: fault; entity's host, or the broker if entity is 0
    kFaultEnds,
    kRandomFault,  // index: random fault of the group; arg 1: ends
    kArrival,      // index: flight
    kUplink,       // index: workload
    kDownlink,
    kTcpTimer,  // index: connection; arg: end
    kClientTimer,
    kSessionTimer,  // index: connection (broker's session)
    kStoredTimer,   // index: identity
    kAccept,        // broker takes the next connection of its accept queue
    kHandled,       // broker has handled the packet at the head of its work queue
    kKillSlot,      // next batch of the kill-rate limit
    kWatcher,       // index: will on its way; arg: watcher; number: conn
  };

  // A transmission on its way.
  struct Flight {
    uint32_t connection = 0;
    uint32_t generation = 0;
    uint32_t host = 0;
    uint32_t conn = 0;    // the connection's number, which may have been forgotten on arrival
    uint16_t number = 0;  // of the transmission, in its direction, modulo 2^16
    uint8_t direction = 0;
    bool pending = false;  // in the event queue
    bool datagram = false;
    bool foreign = false;  // came out of a middlebox under another address
    Instant sent;
    Segment segment;
    Packet packet;
  };

  // A connection in one of the broker's queues.
  struct Waiting {
    uint32_t member;  // of a coupled cell; its own number otherwise
    uint32_t connection;
    uint32_t generation;
  };
  struct WorkItem {
    uint32_t connection;
    uint32_t generation;
    uint32_t host;
    Packet packet;
  };

  // What joins clients at one broker.
  struct BrokerQueues {
    Fifo<Waiting> accept;  // for the next slot of the accept rate
    Fifo<Waiting> kill;    // for the next slots of the kill-rate limit
    Instant next_accept = kStart;
    Instant next_kill = kStart;
    Instant work_done = kStart;  // all that members have sent is handled
    bool accept_armed = false;
    bool work_armed = false;
    bool kill_armed = false;

    void Clear();  // keeps the memory
  };

  // ---- cell.cc: life of the cell, the switch
  bool Setup(CellRange range);  // false: cancelled
  bool Cancelled() const {
    return common_->cancel != nullptr && common_->cancel->load(std::memory_order_relaxed);
  }
  // Step `i` of work on all clients within one event. True if the run is to be abandoned, which
  // Run() then does before the next event, whatever has been left undone.
  bool Abandoned(uint32_t i) {
    if (i % kPollEvery != 0 || !Cancelled()) return false;
    until_poll_ = 1;
    return true;
  }
  void Dispatch(const Event& event);
  void NoteOrder(const Event& event) {
    dispatched_ = event.at == dispatched_at_ ? std::max(dispatched_, event.order) : event.order;
    dispatched_at_ = event.at;
  }
  bool FinishRun();  // likewise
  void EmitEnd(Host& host);

  // ---- cell_image.cc: going on
  void TakeUp(const Image& image, const RecordSink& sink);
  void ChangeLuck(Instant at, uint64_t key);
  Instant RestOf(const Event& event, Instant at, uint64_t number) const;

  // ---- cell_support.cc: events, records, clocks
  void Push(Host& host, Instant at, EventClass c, Kind kind, uint32_t index, uint8_t arg = 0,
            uint32_t number = 0) {
    simulator_.Schedule({at, EventOrder(c, host.entity, host.event_counter++),
                         EventSubject(host.entity, static_cast<uint8_t>(kind), arg),
                         EventObject(index, number)});
  }
  void PushBroker(Instant at, EventClass c, Kind kind, uint32_t index, uint8_t arg = 0);
  void Record(Host& host, RecordKind kind, uint16_t code, uint32_t conn, int64_t a = 0,
              int64_t b = 0);
  void PacketRecord(Host& host, RecordKind kind, uint16_t code, uint32_t conn, int64_t a,
                    int64_t b);
  // REQUIRES (these two): host.packets.
  void RecordPacket(Host& host, RecordKind kind, uint8_t direction, uint32_t conn,
                    const Packet& packet);
  void RecordFlight(Host& host, const Flight& flight, RecordKind kind, int low);
  // kTcpTimerArmed: those that have moved since they were told last; kTcpTimerFired: those whose
  // time has come.
  void TellTcpTimers(uint32_t connection, EndIndex at, RecordKind kind);
  void Flush(bool all);
  void HandOn(size_t n);
  void Act(Host& host) { ++host.events, ++events_; }
  void TouchRadio(Host& host);
  Host& HostOf(uint32_t entity) { return hosts_[entity - first_entity_]; }
  Host& HostOf(const Connection& c) { return hosts_[c.host]; }
  // The connections that are open now, to go through while they are ended. Until the next call.
  const std::vector<uint32_t>& OpenOf(const Host& host) { return common_->open = host.open; }
  Identity& IdentityOf(const Host& host) { return identities_[host.identity]; }
  bool Is(uint32_t connection, uint32_t generation) const {
    return connections_[connection].used && connections_[connection].generation == generation;
  }
  bool BrokerRuns() const { return broker_down_ == 0 && broker_stalled_ == 0; }

  // ---- cell_member.cc: the cell as a member of a coupled one
  Waiting WaitingOf(uint32_t connection) const {
    return {member_, connection, connections_[connection].generation};
  }
  Cell* MemberWaiting(const Waiting& w);
  // In whose queues this cell's connections wait.
  Cell& Broker() {
    SIM_CHECK(!alone_);
    return *broker_;
  }
  bool WaitsAtBroker() const;
  bool MayMeetOthers(const Event& event) const;
  bool MayExpire(const Event& event) const;

  // ---- cell_fault.cc: what goes wrong
  void ScheduleFaults(Host& host);
  void ScheduleRandomFault(Host& host, uint32_t number);
  void BeginFault(Host& host, uint32_t fault);
  void EndFault(Host& host, uint32_t fault);
  void BeginBrokerFault(uint32_t fault);
  void EmptyQueues();
  void EndWithBroker(uint32_t connection, bool silent);
  void EndBrokerFault(uint32_t fault);
  void BeginRandomFault(Host& host, uint32_t number);
  void EndRandomFault(Host& host, uint32_t number);
  void ClientDown(Host& host, FailureKind kind);
  void ClientUp(Host& host, FailureKind kind);
  void CutPath(Host& host, uint8_t directions, int64_t fault);
  void HealPath(Host& host, uint8_t directions, int64_t fault);
  void SetDegrades(Host& host, int direction);
  void FlushMiddlebox(Host& host);

  // ---- cell_flight.cc: transmissions on their way
  // One of `segment` and `packet` (a datagram) is null.
  void Transmit(uint32_t connection, uint8_t direction, const Segment* segment,
                const Packet* packet, uint32_t wire_bytes);
  void Launch(uint32_t connection, uint8_t direction, const Segment* segment, const Packet* packet,
              bool foreign, Instant arrives_at);
  void FillFlight(uint32_t connection, uint8_t direction, const Segment* segment,
                  const Packet* packet, bool foreign, Flight& flight);
  void NoteMappingLost(uint32_t connection);
  void OnArrival(uint32_t flight);
  void Arrive(const Flight& flight);

  // ---- cell_transport.cc: connections and both kernels' TCP
  uint32_t OpenConnection(Host& host);
  void MaybeRelease(uint32_t connection);
  void WritePacket(uint32_t connection, EndIndex from, const Packet& packet);
  void Answer(uint32_t connection, EndIndex from, const Segment& segment);
  void Carry(uint32_t connection, EndIndex from, const TcpOutput& out);
  void OnTcpOutput(uint32_t connection, EndIndex at, const TcpOutput& out);
  void Read(uint32_t connection, EndIndex at);
  void TellClosed(uint32_t connection, EndIndex at, CloseReason reason);
  void ArmTcp(uint32_t connection, EndIndex at);
  void OnTcpTimer(uint32_t connection, EndIndex at, Instant fired);
  void CloseEnd(uint32_t connection, EndIndex at, bool abort);
  void LoseEnd(uint32_t connection, EndIndex at);
  const TcpConfig& ConfigOf(const Host& host, EndIndex at) const;
  Instant KernelNow(const Host& host, EndIndex at) const;
  Instant KernelGlobal(const Host& host, EndIndex at, Instant local) const;

  // ---- cell_datagram.cc: datagrams in the kernels
  void OnDatagram(uint32_t connection, uint8_t direction, const Packet& packet);
  void DropDatagram(uint32_t connection, uint8_t direction);
  void EndWithPeer(uint32_t connection, EndIndex gone);
  void DropUnread(uint32_t connection, EndIndex at);

  // ---- cell_client.cc: the client's application
  void StartClient(Host& host);
  void ApplyClient(Host& host, const Effects& effects);
  void DetachClient(Host& host, CloseReason reason);
  void ClientHears(uint32_t connection, const Packet& packet);
  void ArmClient(Host& host);
  void TellDeadline(Host& host, Instant deadline);
  void OnClientTimer(Host& host, Instant fired);
  void ScheduleMessage(Host& host, Direction direction, uint32_t number, bool first);
  void PushMessage(Host& host, Direction direction, uint32_t number);
  void OnUplink(Host& host, uint32_t number);
  void OnDownlink(Host& host, uint32_t number);
  void ResumeClient(Host& host);
  uint64_t BackoffDraw(Host& host);

  // ---- cell_skip.cc: quiet stretches
  size_t GroupOf(const Host& host) const {
    return static_cast<size_t>(host.group - plan_.groups.data());
  }
  bool SkipsMessages(const Host& host) const { return common_->skips_messages[GroupOf(host)]; }
  bool SkipFromMessage(Host& host);
  void PushMessages(Host& host, const uint64_t (&of_stretch)[2]);
  bool SkipQuietStretch(Host& host, Instant acts);
  bool AwaitQuietTurn(Host& host, Connection& c, Instant until);
  bool HandledSoon(Instant heard) const;
  void TakeQuietTurn();
  bool NoteStretch(Host& host, Connection& c, const QuietStretch& s);
  Instant OthersFrom(const Host& host, const Connection& c) const;
  void NoteClientSends(Host& host, const Packet& packet);

  // ---- cell_broker.cc: the broker's application
  void BrokerAccepts(uint32_t connection);
  void AwaitAccept(const Waiting& waiting);
  void AcceptNow(uint32_t connection);
  void OnAcceptSlot();
  void BrokerHears(uint32_t connection, const Packet& packet);
  void HandleAtBroker(uint32_t connection, const Packet& packet);
  void OnHandled();
  void ApplyBroker(uint32_t connection, const Effects& effects);
  void DetachBroker(uint32_t connection, CloseReason reason);
  void ArmAccept();
  void ArmWork();
  Instant HandledAfter(Instant now) const;
  Instant NoteHandled(Instant now);
  void ArmKill();
  void PublishWill(Host& host, uint32_t conn);
  void ArmBroker(uint32_t connection);
  void ArmStored(uint32_t number);
  void OnBrokerTimer(uint32_t connection, Instant fired);
  void OnStoredTimer(uint32_t number, Instant fired);
  void OnKillSlots();
  void KillNow(uint32_t connection);
  void ResumeBroker();
  void ResumeBroker(uint32_t connection);
  // Whether the client's clock explains a declaration: with a right one it would not have been.
  bool ClockAtFault(const Host& host, EndIndex observer, Duration silence) const;
  void Declare(uint32_t connection, EndIndex observer, Duration silence);
  int64_t EvidenceFor(uint32_t connection, EndIndex observer, Duration silence);

  const Plan& plan_;
  std::unique_ptr<CellCommon> own_common_;  // null: it is somebody else's
  CellCommon* common_;
  const RecordSink* sink_ = nullptr;
  bool skips_ = false;  // in this run

  // The cell in whose queues this one's connections wait for the broker, by which of its numbers;
  // in that cell: how to reach those whose connections wait.
  Cell* broker_ = this;
  uint32_t member_ = 0;
  std::function<Cell*(uint32_t member)> reach_;
  bool alone_ = false;              // within RunAlone(): nothing of broker_ may be touched
  Instant alone_until_ = kStart;    // the end of that
  Instant dispatched_at_ = kNever;  // the last event's
  uint64_t dispatched_ = 0;         // the highest order of those at that instant
  Event quiet_turn_{kNever};  // a PINGREQ's arrival, for TakeQuietTurn(); kNever: none is awaited
  QuietTurns turns_;          // that one and what was looked ahead at; none: it alone
  Instant follows_at_ = kNever;  // then LookForTurns() may be asked

  Simulator<> simulator_;
  uint32_t first_entity_ = 1;
  std::vector<Host> hosts_;
  std::vector<Identity> identities_;
  std::vector<uint32_t> identity_owner_;  // host that events of the identity belong to
  Slab<Connection> connections_;          // references stay valid while others open
  std::vector<uint32_t> free_connections_;
  Slab<Flight> flights_;  // an arrival is looked at while others set out
  std::vector<uint32_t> free_flights_;
  std::vector<TraceRecord> records_;
  size_t flush_at_ = kFlushAt;
  uint32_t until_poll_ = kPollEvery;  // events, until cancel_ is asked about
  // At packet level, by connection: deadlines of TCP timers as they were recorded last.
  struct ToldTcp {
    Instant deadline[2][3] = {{kNever, kNever, kNever}, {kNever, kNever, kNever}};
  };
  std::vector<ToldTcp> told_tcp_;

  // The broker.
  std::unique_ptr<BrokerQueues> queues_;  // null: those of broker_
  Fifo<WorkItem> work_;                   // to be handled one after another, of this cell's clients
  uint32_t broker_event_counter_ = 0;
  uint32_t broker_down_ = 0;  // reasons why its process does not run
  uint32_t broker_dark_ = 0;  // reasons why its host does not answer
  uint32_t broker_stalled_ = 0;
  int32_t accept_per_second_ = 0;
  std::vector<uint32_t> limits_;  // faults in force that limit it; the last to begin counts
  std::vector<Instant> wills_;    // publish times of the wills on their way
  std::vector<uint32_t> free_wills_;
  uint32_t generation_ = 0;
  uint64_t events_ = 0;
};

// The cells of the plan, in order of their first entity.
std::vector<CellRange> Partition(const Plan& plan);
// The cells that they would be if the broker had no limits.
std::vector<CellRange> MembersOf(const Plan& plan);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_CELL_H_
