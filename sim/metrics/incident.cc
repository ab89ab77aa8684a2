#include "sim/metrics/incident.h"

namespace keepsim {

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kTrue:
      return "true";
    case Verdict::kTransient:
      return "transient";
    case Verdict::kFalse:
      return "false";
  }
  return "unknown";
}

const char* CauseName(Cause cause) {
  switch (cause) {
    case Cause::kFailure:
      return "failure";
    case Cause::kPathCut:
      return "path_cut";
    case Cause::kMiddleboxExpiry:
      return "middlebox_expiry";
    case Cause::kPeerStalled:
      return "peer_stalled";
    case Cause::kObserverStalled:
      return "observer_stalled";
    case Cause::kPacketsLost:
      return "packets_lost";
    case Cause::kPacketsLate:
      return "packets_late";
    case Cause::kClockDrift:
      return "clock_drift";
    case Cause::kClientRule:
      return "client_rule";
    case Cause::kCheckGranularity:
      return "check_granularity";
    case Cause::kBrokerBusy:
      return "broker_busy";
    case Cause::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace keepsim
