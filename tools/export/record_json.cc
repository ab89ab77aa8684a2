#include "tools/export/record_json.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/trace/wire_fields.h"
#include "tools/export/json_object.h"

namespace keepsim {
namespace {

const char* DirectionName(int direction) { return direction == kUp ? "up" : "down"; }

void AddMask(JsonObject& o, int mask) {
  o.Truth("up", (mask & 1) != 0).Truth("down", (mask & 2) != 0);
}

void AddEvidence(JsonObject& o, int64_t packed) {
  const Evidence e = Evidence::Unpack(packed);
  o.Number("undelivered", e.undelivered).Number("lost", e.lost).Number("reply_lost", e.reply_lost);
  for (const auto& [flag, name] : {std::pair{Evidence::kClockDrifts, "clock_drifts"},
                                   {Evidence::kLateCheck, "late_check"},
                                   {Evidence::kObserverStalled, "observer_stalled"},
                                   {Evidence::kPeerStalled, "peer_stalled"},
                                   {Evidence::kMappingLost, "mapping_lost"},
                                   {Evidence::kPathWasCut, "path_was_cut"},
                                   {Evidence::kPeerSilentByRule, "peer_silent_by_rule"},
                                   {Evidence::kRequestUndelivered, "request_undelivered"},
                                   {Evidence::kPeerBusy, "peer_busy"},
                                   {Evidence::kEarlyCheck, "early_check"}}) {
    o.Truth(name, (e.flags & flag) != 0);
  }
}

void AddPacket(JsonObject& o, const PacketFields& p) {
  o.Word("direction", DirectionName(p.direction));
  if (p.type != 0) o.Word("packet", PacketTypeText(p.type));
  o.Number("size_bytes", p.size).Number("qos", p.qos).Number("reason", p.reason);
  o.Number("flags", p.flags).Number("packet_id", p.packet_id).Number("value", p.value);
}

void AddSegment(JsonObject& o, const SegmentFields& s) {
  o.Word("direction", DirectionName(s.direction)).Number("number", s.number);
  if (s.datagram) return;
  o.Number("seq", s.seq).Number("ack", s.ack).Number("length_bytes", s.length);
  o.Truth("syn", (s.flags & SegmentFields::kSyn) != 0);
  o.Truth("has_ack", (s.flags & SegmentFields::kAck) != 0);
  o.Truth("fin", (s.flags & SegmentFields::kFin) != 0);
  o.Truth("rst", (s.flags & SegmentFields::kRst) != 0);
  o.Truth("retransmission", s.retransmission).Truth("probe", s.probe);
}

}  // namespace

std::string RecordJson::Line(const TraceRecord& r) const {
  const int high = r.code >> 8;
  const int low = r.code & 0xFF;
  const uint64_t a = static_cast<uint64_t>(r.a);
  const uint64_t b = static_cast<uint64_t>(r.b);
  JsonObject o;
  o.Number("at_ns", r.at.ns).Word("client", text_.Entity(r.entity)).Number("counter", r.counter);
  o.Word("kind", RecordKindName(r.kind));
  if (r.conn != 0) o.Number("conn", r.conn);
  const auto fault = [&](int64_t number) {
    o.Number("fault", number);
    if (number >= 0 && static_cast<size_t>(number) < header_.faults.size()) {
      o.Word("fault_name", header_.faults[static_cast<size_t>(number)]);
    }
  };
  switch (r.kind) {
    case RecordKind::kHostUp:
    case RecordKind::kHostDown:
      o.Word("failure", FailureKindName(static_cast<FailureKind>(r.code)));
      break;
    case RecordKind::kFrozen:
    case RecordKind::kThawed:
    case RecordKind::kAsleep:
    case RecordKind::kAwake:
    case RecordKind::kBrokerUp:
    case RecordKind::kBrokerStalled:
    case RecordKind::kBrokerResumed:
      break;
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
      AddMask(o, r.code);
      fault(r.a);
      break;
    case RecordKind::kMappingLost:
      o.Word("why", r.code == 0 ? "idle" : "flushed").Number("lost_at_ns", r.a);
      break;
    case RecordKind::kDegraded:
      o.Truth("begins", r.code == 1);
      fault(r.a);
      break;
    case RecordKind::kClock:
      o.Number(r.code == 0 ? "drift_ppb" : "jump_ns", r.a);
      break;
    case RecordKind::kConnectAttempt:
      o.Number("attempt", r.a);
      break;
    case RecordKind::kConnected:
      o.Number("after_ns", r.a);
      break;
    case RecordKind::kSessionOpened:
      o.Number("keep_alive_s", r.a).Number("limit_ns", r.b);
      break;
    case RecordKind::kDeclared:
      o.Word("observer", ObserverName(static_cast<Observer>(r.code))).Number("silence_ns", r.a);
      AddEvidence(o, r.b);
      break;
    case RecordKind::kClosed:
      o.Word("end", ObserverName(static_cast<Observer>(high)));
      o.Word("reason", CloseReasonText(low)).Number("open_ns", r.a);
      break;
    case RecordKind::kWillPublished:
      o.Number("after_ns", r.a);
      break;
    case RecordKind::kWillDelivered:
      o.Word("watcher",
             r.code < header_.watchers.size() ? header_.watchers[r.code] : absl::StrCat(r.code));
      o.Number("after_ns", r.a);
      break;
    case RecordKind::kCost:
      o.Word("direction", DirectionName(high)).Word("packet", PacketTypeText(low));
      o.Number("packets", r.a).Number("size_bytes", r.b);
      break;
    case RecordKind::kTransportCost:
      o.Word("direction", DirectionName(r.code)).Number("segments", r.a).Number("size_bytes", r.b);
      break;
    case RecordKind::kTransportLoss:
      o.Word("direction", DirectionName(r.code)).Number("lost", r.a).Number("retransmitted", r.b);
      break;
    case RecordKind::kRadio:
      o.Number("wakeups", r.a).Number("connected_ns", r.b);
      break;
    case RecordKind::kConservation:
      o.Word("direction", DirectionName(r.code)).Number("sent", static_cast<int64_t>(a >> 32));
      o.Number("delivered", static_cast<int64_t>(a & 0xFFFFFFFF));
      o.Number("dropped", static_cast<int64_t>(b >> 32));
      o.Number("in_flight", static_cast<int64_t>(b & 0xFFFFFFFF));
      break;
    case RecordKind::kEnd:
      o.Number("events", r.a).Number("longest_silence_ns", r.b);
      for (const auto& [bit, name] : {std::pair{end_state::kAlive, "alive"},
                                      {end_state::kRunning, "running"},
                                      {end_state::kPathUp, "path_up"},
                                      {end_state::kWantsConnection, "wants_connection"},
                                      {end_state::kConnected, "connected"},
                                      {end_state::kBrokerSession, "broker_session"}}) {
        o.Truth(name, (r.code & bit) != 0);
      }
      break;
    case RecordKind::kPingRtt:
      o.Number("pings", r.a).Number("rtt_sum_ns", r.b);
      break;
    case RecordKind::kFaultBegins:
    case RecordKind::kFaultEnds:
      fault(r.code);
      break;
    case RecordKind::kBrokerDown:
      o.Word("failure",
             FailureKindName(r.code == 1 ? FailureKind::kBrokerKill : FailureKind::kBrokerCrash));
      break;
    case RecordKind::kPacketSent:
    case RecordKind::kPacketReceived:
      AddPacket(o, PacketFieldsOf(r));
      break;
    case RecordKind::kSegmentSent:
      AddSegment(o, SegmentFieldsOf(r));
      o.Word("fate", FateText(low));
      break;
    case RecordKind::kSegmentArrived:
      AddSegment(o, SegmentFieldsOf(r));
      break;
    case RecordKind::kSegmentIgnored:
      o.Word("direction", DirectionName(high)).Number("number", SegmentFieldsOf(r).number);
      o.Word("why", low == 0 ? "nobody_there" : FateText(low));
      break;
    case RecordKind::kTimerArmed:
    case RecordKind::kTimerFired:
      o.Word("timer", r.code == 0 ? "client" : "session").Number("due_ns", r.a);
      break;
    case RecordKind::kTcpTimerArmed:
    case RecordKind::kTcpTimerFired: {
      const TcpTimerFields t = TcpTimerFieldsOf(r);
      o.Word("end", t.broker ? "broker" : "client").Word("timer", TcpTimerText(low));
      o.Number("due_ns", r.a);
      o.Number("rto_ns", t.rto.ns).Number("backoff", t.backoff);
      break;
    }
    case RecordKind::kDatagramSent:
      AddPacket(o, PacketFieldsOf(r));
      o.Number("number", SegmentFieldsOf(r).number).Word("fate", FateText(low));
      break;
    case RecordKind::kDatagramArrived:
      AddPacket(o, PacketFieldsOf(r));
      o.Number("number", SegmentFieldsOf(r).number);
      break;
  }
  return o.Text() + "\n";
}

}  // namespace keepsim
