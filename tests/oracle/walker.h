// The walk itself: one object per run. Nothing is called from outside but Walk().
#ifndef KEEPSIM_TESTS_ORACLE_WALKER_H_
#define KEEPSIM_TESTS_ORACLE_WALKER_H_

#include <string>
#include <vector>

#include "sim/mqtt/effects.h"
#include "sim/world/plan.h"
#include "tests/oracle/fleet.h"
#include "tests/oracle/walk.h"

namespace keepsim::oracle {

class Walker {
 public:
  explicit Walker(const Plan& plan);
  Outcome Walk();

 private:
  // ---- one instant (walk.cc). Each does at most one thing and says whether it did.
  bool SomethingHappens();
  bool GroundTruthChanges();
  bool AFaultChanges(bool of_broker);
  bool AClientStarts();
  bool SomethingArrives();
  bool SomethingIsWanted();
  bool SomethingIsDue();

  // ---- faults (fault.cc)
  bool Strikes(const ScheduledFault& fault, const Client& c) const;
  void Begin(size_t number);
  void End(size_t number);
  void BeginAt(Client& c, const ScheduledFault& fault, size_t number);
  void EndAt(Client& c, const ScheduledFault& fault, size_t number);
  void GoDown(Client& c, FailureKind why);
  void BrokerGoesDown(FailureKind why);

  // ---- the client's process (client_side.cc)
  void Connect(Client& c);
  void SayConnect(Client& c);
  void ClientReads(Client& c, const Flight& flight);
  bool ClientLooksAtItsClock(Client& c);
  void TurnsEnd(Client& c);
  void WakeLoop(Client& c);
  void ClientLeaves(Client& c, CloseReason reason);
  Duration BackOff(Client& c);

  // ---- the broker's process (broker_side.cc)
  void BrokerReads(Client& c, const Flight& flight);
  bool BrokerLooksAtItsClock(Client& c);
  void BrokerLeaves(Client& c, BrokerEnd& end, CloseReason reason);
  BrokerEnd* EndOf(Client& c, uint32_t conn);

  // ---- the path and both kernels (path.cc)
  void Send(Client& c, Direction direction, uint32_t conn, PacketType type, uint32_t size);
  void SendUnit(Client& c, Direction direction, uint32_t conn, Unit unit);
  void Fly(Client& c, Flight flight);
  void ArriveAtClient(Client& c, const Flight& flight);
  void ArriveAtBroker(Client& c, const Flight& flight);
  bool BrokerWillRead(Client& c, const Flight& flight);
  void Finish(Client& c);

  const Plan& plan_;
  Instant now_ = kStart;
  std::vector<Client> clients_;
  Ledger run_{0};
  std::vector<bool> begun_, ended_;  // faults, by number
  int stalls_ = 0;                   // in force
  bool broker_up_ = true;
  std::string out_of_scope_;
};

}  // namespace keepsim::oracle

#endif  // KEEPSIM_TESTS_ORACLE_WALKER_H_
