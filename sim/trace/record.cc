#include "sim/trace/record.h"

namespace keepsim {

const char* FailureKindName(FailureKind kind) {
  static constexpr const char* kNames[kFailureKinds] = {
      "none",     "crash",      "kill",         "stop",        "freeze",      "sleep",
      "path cut", "middlebox", "broker crash", "broker kill", "broker stall"};
  const auto i = static_cast<size_t>(kind);
  return i < kFailureKinds ? kNames[i] : "unknown";
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

int64_t Evidence::Pack() const {
  return static_cast<int64_t>(uint64_t{undelivered} << 48 | uint64_t{lost} << 32 |
                              uint64_t{reply_lost} << 16 | flags);
}

Evidence Evidence::Unpack(int64_t packed) {
  const auto u = static_cast<uint64_t>(packed);
  return {static_cast<uint16_t>(u >> 48), static_cast<uint16_t>(u >> 32),
          static_cast<uint16_t>(u >> 16), static_cast<uint16_t>(u)};
}

const char* RecordKindName(RecordKind kind) {
  switch (kind) {
    case RecordKind::kHostUp: return "up";
    case RecordKind::kHostDown: return "down";
    case RecordKind::kFrozen: return "frozen";
    case RecordKind::kThawed: return "thawed";
    case RecordKind::kAsleep: return "asleep";
    case RecordKind::kAwake: return "awake";
    case RecordKind::kPathDown: return "path down";
    case RecordKind::kPathUp: return "path up";
    case RecordKind::kMappingLost: return "mapping lost";
    case RecordKind::kDegraded: return "degraded";
    case RecordKind::kClock: return "clock";
    case RecordKind::kConnectAttempt: return "connect";
    case RecordKind::kConnected: return "connected";
    case RecordKind::kSessionOpened: return "session";
    case RecordKind::kDeclared: return "declared";
    case RecordKind::kClosed: return "closed";
    case RecordKind::kWillPublished: return "will published";
    case RecordKind::kWillDelivered: return "will delivered";
    case RecordKind::kCost: return "cost";
    case RecordKind::kTransportCost: return "transport cost";
    case RecordKind::kTransportLoss: return "transport loss";
    case RecordKind::kRadio: return "radio";
    case RecordKind::kConservation: return "conservation";
    case RecordKind::kEnd: return "end";
    case RecordKind::kPingRtt: return "ping rtt";
    case RecordKind::kFaultBegins: return "fault begins";
    case RecordKind::kFaultEnds: return "fault ends";
    case RecordKind::kBrokerDown: return "broker down";
    case RecordKind::kBrokerUp: return "broker up";
    case RecordKind::kBrokerStalled: return "broker stalled";
    case RecordKind::kBrokerResumed: return "broker resumed";
    case RecordKind::kPacketSent: return "packet sent";
    case RecordKind::kPacketReceived: return "packet received";
    case RecordKind::kSegmentSent: return "segment sent";
    case RecordKind::kSegmentArrived: return "segment arrived";
    case RecordKind::kSegmentIgnored: return "segment ignored";
    case RecordKind::kTimerArmed: return "timer armed";
    case RecordKind::kTimerFired: return "timer fired";
    case RecordKind::kDatagramSent: return "datagram sent";
    case RecordKind::kDatagramArrived: return "datagram arrived";
  }
  return "unknown";
}

}  // namespace keepsim
