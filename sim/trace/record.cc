#include "sim/trace/record.h"

namespace keepsim {

const char* FailureKindName(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNone:
      return "none";
    case FailureKind::kCrash:
      return "crash";
    case FailureKind::kKill:
      return "kill";
    case FailureKind::kStop:
      return "stop";
    case FailureKind::kFreeze:
      return "freeze";
    case FailureKind::kSleep:
      return "sleep";
    case FailureKind::kPathCut:
      return "path_cut";
    case FailureKind::kMiddlebox:
      return "middlebox";
    case FailureKind::kBrokerCrash:
      return "broker_crash";
    case FailureKind::kBrokerKill:
      return "broker_kill";
    case FailureKind::kBrokerStall:
      return "broker_stall";
  }
  return "unknown";
}

const char* ObserverName(Observer observer) {
  switch (observer) {
    case Observer::kBroker:
      return "broker";
    case Observer::kClient:
      return "client";
    case Observer::kWatcher:
      return "watcher";
  }
  return "unknown";
}

const char* RecordKindName(RecordKind kind) {
  switch (kind) {
    case RecordKind::kHostUp:
      return "host_up";
    case RecordKind::kHostDown:
      return "host_down";
    case RecordKind::kFrozen:
      return "frozen";
    case RecordKind::kThawed:
      return "thawed";
    case RecordKind::kAsleep:
      return "asleep";
    case RecordKind::kAwake:
      return "awake";
    case RecordKind::kPathDown:
      return "path_down";
    case RecordKind::kPathUp:
      return "path_up";
    case RecordKind::kMappingLost:
      return "mapping_lost";
    case RecordKind::kDegraded:
      return "degraded";
    case RecordKind::kClock:
      return "clock";
    case RecordKind::kConnectAttempt:
      return "connect_attempt";
    case RecordKind::kConnected:
      return "connected";
    case RecordKind::kSessionOpened:
      return "session_opened";
    case RecordKind::kDeclared:
      return "declared";
    case RecordKind::kClosed:
      return "closed";
    case RecordKind::kWillPublished:
      return "will_published";
    case RecordKind::kWillDelivered:
      return "will_delivered";
    case RecordKind::kCost:
      return "cost";
    case RecordKind::kTransportCost:
      return "transport_cost";
    case RecordKind::kTransportLoss:
      return "transport_loss";
    case RecordKind::kRadio:
      return "radio";
    case RecordKind::kConservation:
      return "conservation";
    case RecordKind::kEnd:
      return "end";
    case RecordKind::kPingRtt:
      return "ping_rtt";
    case RecordKind::kFaultBegins:
      return "fault_begins";
    case RecordKind::kFaultEnds:
      return "fault_ends";
    case RecordKind::kBrokerDown:
      return "broker_down";
    case RecordKind::kBrokerUp:
      return "broker_up";
    case RecordKind::kBrokerStalled:
      return "broker_stalled";
    case RecordKind::kBrokerResumed:
      return "broker_resumed";
    case RecordKind::kPacketSent:
      return "packet_sent";
    case RecordKind::kPacketReceived:
      return "packet_received";
    case RecordKind::kSegmentSent:
      return "segment_sent";
    case RecordKind::kSegmentArrived:
      return "segment_arrived";
    case RecordKind::kSegmentIgnored:
      return "segment_ignored";
    case RecordKind::kTimerArmed:
      return "timer_armed";
    case RecordKind::kTimerFired:
      return "timer_fired";
    case RecordKind::kDatagramSent:
      return "datagram_sent";
    case RecordKind::kDatagramArrived:
      return "datagram_arrived";
    case RecordKind::kTcpTimerArmed:
      return "tcp_timer_armed";
    case RecordKind::kTcpTimerFired:
      return "tcp_timer_fired";
  }
  return "unknown";
}

int64_t Evidence::Pack() const {
  return static_cast<int64_t>(uint64_t{flags} << 48 | uint64_t{reply_lost} << 32 |
                              uint64_t{lost} << 16 | undelivered);
}

Evidence Evidence::Unpack(int64_t packed) {
  const uint64_t bits = static_cast<uint64_t>(packed);
  Evidence e;
  e.undelivered = static_cast<uint16_t>(bits);
  e.lost = static_cast<uint16_t>(bits >> 16);
  e.reply_lost = static_cast<uint16_t>(bits >> 32);
  e.flags = static_cast<uint16_t>(bits >> 48);
  return e;
}

}  // namespace keepsim
