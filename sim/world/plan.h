// A run as plain structs: what the scenario compiles to, validated once. Nothing below this line
// of the architecture sees a protobuf.
#ifndef KEEPSIM_SIM_WORLD_PLAN_H_
#define KEEPSIM_SIM_WORLD_PLAN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/quantile_table.h"
#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/connect_options.h"
#include "sim/mqtt/profile.h"
#include "sim/net/middlebox.h"
#include "sim/net/path.h"
#include "sim/net/tcp.h"
#include "sim/net/timeline.h"
#include "sim/trace/record.h"

namespace keepsim {

enum class Transport : uint8_t { kTcp, kDatagram };

// The size on the wire of a packet whose texts may hold the client's index in its group, by the
// number of that index's digits less one.
using SizeByDigits = std::array<uint32_t, 10>;
inline uint32_t SizeFor(const SizeByDigits& sizes, uint32_t index) {
  size_t digits = 0;
  while (index >= 10) index /= 10, ++digits;
  return sizes[digits];
}

// When messages are published by a client (uplink) or sent to it (downlink).
struct Workload {
  enum class Kind : uint8_t {
    kPeriodic,  // every `period`, first at a uniform draw in [0, period) after the start (phased)
    kPoisson,   // gaps drawn from `gap` (exponential)
    kBursts,    // `burst_size` messages `burst_spacing` apart, bursts' starts drawn as gaps
    kTimes,     // at the recorded `times` since the start of the run, in order
  };
  Kind kind = Kind::kPeriodic;
  Duration period{0};
  bool phased = true;  // kPeriodic: random phase; false: first message at one period
  QuantileTable gap;
  int32_t burst_size = 1;
  Duration burst_spacing{0};
  std::vector<Duration> times;
  uint8_t qos = 0;
  SizeByDigits size{};  // PUBLISH
};

// A fault that strikes a client again and again (random process), or a path of its.
struct RandomFault {
  FailureKind kind = FailureKind::kCrash;  // kCrash kKill kStop kFreeze kSleep kPathCut kMiddlebox
  uint8_t directions = 3;                  // kPathCut: 1 up, 2 down, 3 both
  RenewalSpec renewal;                     // gap, length
};

// Faults with a time on the scenario's time line. Faults strike the clients they select.
struct ScheduledFault {
  enum class Action : uint8_t {
    kClientDown,  // failure: crash, kill, stop, freeze, sleep; back after `length`
    kPathCut,     // directions
    kDegrade,     // directions, degrade
    kMiddleboxFlush,
    kClockJump,     // by
    kClockDrift,    // drift_ppb, for `length`
    kBrokerStall,   // whole broker
    kBrokerDown,    // failure: kBrokerKill (FIN to all) or kBrokerCrash (silent)
    kBrokerLimits,  // accept rate in force during the fault
  };
  std::string name;
  Action action = Action::kClientDown;
  FailureKind failure = FailureKind::kNone;
  Instant at;
  Duration length = kForever;  // kForever: for good
  uint8_t directions = 3;
  Degrade degrade;
  Duration jump{0};
  int64_t drift_ppb = 0;
  int32_t accept_per_second = 0;
  // Selection: all clients of the listed groups (empty: all groups) with index in [first, last],
  // in `region` (empty: any), and of those each with probability `share` (a draw per client).
  std::vector<uint32_t> groups;
  uint32_t first = 0;
  uint32_t last = 0xFFFFFFFF;
  std::string region;
  Probability share = Probability::FromDouble(1);
  Duration spread{0};  // start is late by a uniform draw in [0, spread], per client

  bool IsOfBroker() const {
    return action == Action::kBrokerStall || action == Action::kBrokerDown ||
           action == Action::kBrokerLimits;
  }
};

struct GroupPlan {
  std::string name;
  std::string region;
  uint32_t count = 0;
  uint32_t first_entity = 1;  // entity of index 0
  uint64_t key = 0;           // GroupKey(seed, name)

  ClientProfile profile;
  ConnectOptions connect;  // texts may contain {group} and {index}: ForClient()
  // Points at `profile`, see Link(). Each client has a copy with sizes of its own.
  ClientParams params;
  SizeByDigits connect_size{};
  SizeByDigits subscribe_size{};
  PeerParams peer;
  bool shared_client_id = false;  // all clients of the group use one client id (take over)
  std::string subscribe_filter;   // empty: none; texts as in `connect`
  uint8_t subscribe_qos = 0;

  Duration start_at{0};      // first start
  Duration start_spread{0};  // + uniform draw in [0, start_spread]
  Transport transport = Transport::kTcp;
  TcpConfig tcp;  // both ends
  DirectionSpec up, down;
  MiddleboxSpec middlebox;
  int64_t drift_ppb_max = 0;  // each client's clock drifts by a uniform draw in [-max, max]
  int64_t drift_ppb = 0;      // plus this
  std::vector<Workload> uplink;
  std::vector<Workload> downlink;
  const std::vector<Workload>& Messages(Direction direction) const {
    return direction == kUp ? uplink : downlink;
  }
  std::vector<RandomFault> faults;
};

struct BrokerPlan {
  BrokerProfile profile;
  TcpConfig tcp;
  int32_t accept_per_second = 0;  // 0: unlimited
  int32_t accept_backlog = 0;     // waiting connections beyond which SYNs are dropped; 0: unlimited
  Duration handling{0};           // time per packet in one queue; 0: none
  bool has_capacity_limit() const {
    return accept_per_second > 0 || handling.ns > 0 || profile.kill_batch > 0;
  }
};

// A subscriber of wills with a path of its own from the broker (always up).
struct WatcherPlan {
  std::string name;
  std::string filter;  // topic filter; matches wills' topics
  QuantileTable latency;
  Probability loss;  // a lost will is retransmitted as TCP does (RTO 200 ms doubling)
};

enum class TieOrder : uint8_t { kCanonical, kReversed, kShuffled };

struct Plan {
  std::string scenario_name;
  uint64_t seed = 1;
  Duration horizon{0};
  std::vector<GroupPlan> groups;
  BrokerPlan broker;
  std::vector<WatcherPlan> watchers;
  std::vector<ScheduledFault> faults;  // sorted by (at, position in the file)
  TieOrder ties = TieOrder::kCanonical;

  uint32_t client_count() const {
    return groups.empty() ? 0 : groups.back().first_entity + groups.back().count - 1;
  }
  // Sets the pointers inside (params.profile); call after the plan has its final place.
  void Link() {
    for (GroupPlan& g : groups) g.params.profile = &g.profile;
  }
};

// Whether the plan's clients influence one another, so that one cell must hold them all.
inline bool IsCoupled(const Plan& plan) {
  if (plan.broker.has_capacity_limit()) return true;
  for (const ScheduledFault& f : plan.faults) {
    if (f.action == ScheduledFault::Action::kBrokerLimits) return true;
  }
  return false;
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_PLAN_H_
