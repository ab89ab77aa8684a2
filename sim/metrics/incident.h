// Incidents: declarations, what they were worth and why they came about, from trace records alone
// (client_follower.h makes them).
//
// Definitions (docs/concepts.md): every declaration is exactly one of true, transient, false.
//   true       at that instant the peer is not alive and running, or the path is cut, or the
//              middlebox has lost the mapping, or the peer's end of the connection no longer exists
//   transient  none of these, but the path was cut at some time since the peer was heard last
//   false      otherwise
#ifndef KEEPSIM_SIM_METRICS_INCIDENT_H_
#define KEEPSIM_SIM_METRICS_INCIDENT_H_

#include <cstdint>
#include <string>

#include "sim/base/time.h"
#include "sim/trace/record.h"

namespace keepsim {

enum class Verdict : uint8_t { kTrue = 0, kTransient = 1, kFalse = 2 };
const char* VerdictName(Verdict verdict);

// Why a declaration came about; the first that applies is the cause (docs/concepts.md).
enum class Cause : uint8_t {
  kFailure = 0,  // verdict true: the failure itself
  kPathCut = 1,  // transient: packets fell into an outage
  kMiddleboxExpiry = 2,
  kPeerStalled = 3,  // frozen process or stalled broker, meanwhile running again
  kObserverStalled = 4,
  kPacketsLost = 5,  // lost, and not repaired in time
  kPacketsLate = 6,  // on their way, late
  kClockDrift = 7,
  kClientRule = 8,  // the client's rule cannot satisfy this broker's rule
  kCheckGranularity = 9,
  kUnknown = 10,
  kBrokerBusy = 11,  // it had arrived, and was not yet handled
};
inline constexpr int kCauses = 12;
const char* CauseName(Cause cause);

struct Incident {
  int64_t number = 0;  // in canonical order of declarations, from 1; set when merged
  uint32_t entity = 0;
  uint32_t counter = 0;  // of the kDeclared record
  uint32_t conn = 0;
  Observer observer = Observer::kBroker;
  Verdict verdict = Verdict::kTrue;
  FailureKind failure = FailureKind::kNone;  // of a true (or transient) declaration
  Cause cause = Cause::kFailure;
  Instant onset = kNever;  // of the failure; kNever for a false declaration
  Instant declared;
  Duration silence{0};
  Duration latency{0};  // declared - onset, if there is an onset
  Evidence evidence;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_INCIDENT_H_
