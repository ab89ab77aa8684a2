#include "sim/trace/text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/base/duration_text.h"
#include "sim/base/quote.h"
#include "sim/trace/wire_fields.h"

namespace keepsim {
namespace {

const char* DirectionText(int direction) { return direction == kUp ? "up" : "down"; }

// Where in record.h a path's directions are a mask: 1 up, 2 down.
const char* DirectionsText(int mask) {
  static constexpr const char* kNames[] = {"none", "up", "down", "both"};
  return kNames[mask & 3];
}

std::string DurationText(int64_t ns) { return FormatDuration(Duration{ns}); }

std::string EvidenceText(int64_t packed) {
  const Evidence e = Evidence::Unpack(packed);
  std::string out;
  if (e.undelivered > 0) absl::StrAppend(&out, " undelivered ", e.undelivered);
  if (e.lost > 0) absl::StrAppend(&out, " lost ", e.lost);
  if (e.reply_lost > 0) absl::StrAppend(&out, " reply_lost ", e.reply_lost);
  static constexpr std::pair<uint16_t, const char*> kFlags[] = {
      {Evidence::kClockDrifts, " peer_drifts"},
      {Evidence::kLateCheck, " late_check"},
      {Evidence::kObserverStalled, " observer_stalled"},
      {Evidence::kPeerStalled, " peer_stalled"},
      {Evidence::kMappingLost, " mapping_lost"},
      {Evidence::kPathWasCut, " path_was_cut"},
      {Evidence::kPeerSilentByRule, " peer_silent_by_rule"},
      {Evidence::kRequestUndelivered, " request_undelivered"},
      {Evidence::kPeerBusy, " peer_busy"},
      {Evidence::kEarlyCheck, " early_check"}};
  for (const auto& [flag, name] : kFlags) {
    if (e.flags & flag) out += name;
  }
  return out;
}

std::string EndStateText(uint16_t bits) {
  std::string out;
  static constexpr std::pair<uint16_t, const char*> kBits[] = {
      {end_state::kAlive, " alive"},         {end_state::kRunning, " running"},
      {end_state::kPathUp, " path_up"},      {end_state::kWantsConnection, " wants_connection"},
      {end_state::kConnected, " connected"}, {end_state::kBrokerSession, " broker_session"}};
  for (const auto& [bit, name] : kBits) {
    if (bits & bit) out += name;
  }
  return out.empty() ? " down" : out;
}

// Fields of a packet (sim/world): qos, reason, flags, packet id, value.
std::string PacketFieldsText(int64_t fields) {
  const uint64_t bits = static_cast<uint64_t>(fields);
  std::string out;
  if (const uint64_t qos = bits >> 48 & 0xFF) absl::StrAppend(&out, " qos ", qos);
  if (const uint64_t reason = bits >> 40 & 0xFF) {
    absl::StrAppend(&out, absl::StrFormat(" reason 0x%02x", reason));
  }
  if (const uint64_t flags = bits >> 32 & 0xFF) {
    absl::StrAppend(&out, absl::StrFormat(" flags 0x%02x", flags));
  }
  if (const uint64_t id = bits >> 16 & 0xFFFF) absl::StrAppend(&out, " id ", id);
  if (const uint64_t value = bits & 0xFFFF) absl::StrAppend(&out, " value ", value);
  return out;
}

std::string SegmentText(int64_t a, int64_t b) {
  const uint64_t seq_ack = static_cast<uint64_t>(a);
  const uint64_t info = static_cast<uint64_t>(b);
  std::string flags;
  for (const auto& [bit, letter] : {std::pair<int, char>{1, 'S'}, {2, 'A'}, {4, 'F'}, {8, 'R'}}) {
    if (info >> 8 & static_cast<uint64_t>(bit)) flags += letter;
  }
  std::string out = absl::StrCat(flags, " seq ", seq_ack >> 32, " ack ", seq_ack & 0xFFFFFFFF,
                                 " length ", info >> 32);
  if (info & 1) out += " retransmission";
  if (info & 2) out += " probe";
  return out;
}

}  // namespace

const char* FateText(int fate) {
  static constexpr const char* kNames[] = {"delivered",     "lost",        "lost_burst",
                                           "lost_degraded", "lost_outage", "lost_middlebox",
                                           "lost_host_down"};
  return fate >= 0 && fate < 7 ? kNames[fate] : "?";
}

const char* TcpTimerText(int name) {
  static constexpr const char* kNames[] = {"retransmission", "probe",      "reordering",
                                           "delayed_ack",    "keep_alive", "fin_wait"};
  return name >= 0 && name < kTcpTimerNames ? kNames[name] : "?";
}

const char* PacketTypeText(int type) {
  static constexpr const char* kNames[] = {"RESERVED",  "CONNECT",  "CONNACK",     "PUBLISH",
                                           "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
                                           "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
                                           "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH"};
  return kNames[type & 15];
}

const char* CloseReasonText(int reason) {
  static constexpr const char* kNames[] = {"none",
                                           "keep alive timeout",
                                           "PINGRESP timeout",
                                           "connect timeout",
                                           "CONNACK timeout",
                                           "DISCONNECT",
                                           "session taken over",
                                           "closed by peer",
                                           "connection reset",
                                           "TCP timed out",
                                           "DISCONNECT from broker",
                                           "refused",
                                           "broker shut down",
                                           "protocol error",
                                           "process ended"};
  return reason >= 0 && reason < 15 ? kNames[reason] : "unknown";
}

RecordText::RecordText(std::vector<TraceGroup> groups, std::vector<std::string> watchers,
                       std::vector<std::string> faults)
    : groups_(std::move(groups)), watchers_(std::move(watchers)), faults_(std::move(faults)) {
  for (std::string& name : watchers_) name = Printable(name);
  for (std::string& name : faults_) name = Printable(name);
  for (const TraceGroup& g : groups_) {
    if (g.count == 0) continue;
    entity_width_ = std::max(entity_width_, Entity(g.first_entity + g.count - 1).size());
  }
}

std::string RecordText::Entity(uint32_t entity) const {
  if (entity == 0) return "run";
  for (const TraceGroup& g : groups_) {
    if (entity >= g.first_entity && entity - g.first_entity < g.count) {
      return absl::StrCat(g.name, "/", entity - g.first_entity);
    }
  }
  return absl::StrCat("?/", entity);
}

std::string RecordText::Fault(int64_t number) const {
  if (number == -1) return "random";
  if (number >= 0 && static_cast<uint64_t>(number) < faults_.size() &&
      !faults_[static_cast<size_t>(number)].empty()) {
    return faults_[static_cast<size_t>(number)];
  }
  return absl::StrCat("fault ", number);
}

std::string RecordText::Line(const TraceRecord& r) const {
  const int64_t seconds = r.at.ns / 1000000000;
  const int64_t rest = r.at.ns % 1000000000;
  const std::string conn = r.conn == 0 ? "-" : absl::StrCat("#", r.conn);
  std::string line = absl::StrFormat("%07d.%09d %-*s %-4s %-15s", seconds, rest < 0 ? -rest : rest,
                                     static_cast<int>(entity_width_), Entity(r.entity), conn,
                                     RecordKindName(r.kind));
  const std::string details = Details(r);
  if (!details.empty()) absl::StrAppend(&line, " ", details);
  while (line.back() == ' ') line.pop_back();
  return line;
}

std::string RecordText::Details(const TraceRecord& r) const {
  const int high = r.code >> 8;
  const int low = r.code & 0xFF;
  const uint64_t a = static_cast<uint64_t>(r.a);
  const uint64_t b = static_cast<uint64_t>(r.b);
  switch (r.kind) {
    case RecordKind::kHostUp:
      return r.code == 0
                 ? "first start"
                 : absl::StrCat("after ", FailureKindName(static_cast<FailureKind>(r.code)));
    case RecordKind::kHostDown:
      return FailureKindName(static_cast<FailureKind>(r.code));
    case RecordKind::kFrozen:
    case RecordKind::kThawed:
    case RecordKind::kAsleep:
    case RecordKind::kAwake:
    case RecordKind::kBrokerUp:
    case RecordKind::kBrokerStalled:
    case RecordKind::kBrokerResumed:
      return "";
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
      return absl::StrCat("cut ", DirectionsText(r.code), " by ", Fault(r.a));
    case RecordKind::kMappingLost:
      return absl::StrCat(r.code == 0 ? "idle" : "flushed", " since ",
                          FormatSeconds(Duration{r.a}, 9));
    case RecordKind::kDegraded:
      return absl::StrCat(r.code == 1 ? "begins" : "ends", " by ", Fault(r.a));
    case RecordKind::kClock:
      return r.code == 0 ? absl::StrCat("drift ", r.a, " ppb")
                         : absl::StrCat("jump ", DurationText(r.a));
    case RecordKind::kConnectAttempt:
      return absl::StrCat("attempt ", r.a);
    case RecordKind::kConnected:
      return absl::StrCat("after ", DurationText(r.a));
    case RecordKind::kSessionOpened:
      return absl::StrCat("keep_alive ", r.a, "s limit ", r.b == 0 ? "off" : DurationText(r.b));
    case RecordKind::kDeclared:
      return absl::StrCat(ObserverName(static_cast<Observer>(r.code)), " silence ",
                          DurationText(r.a), EvidenceText(r.b));
    case RecordKind::kClosed:
      return absl::StrCat(ObserverName(static_cast<Observer>(high)), " ", CloseReasonText(low),
                          " open ", DurationText(r.a));
    case RecordKind::kWillPublished:
      return absl::StrCat("after ", DurationText(r.a));
    case RecordKind::kWillDelivered:
      return absl::StrCat(
          r.code < watchers_.size() ? watchers_[r.code] : absl::StrCat("watcher ", r.code),
          " after ", DurationText(r.a));
    case RecordKind::kCost:
      return absl::StrCat(DirectionText(high), " ", PacketTypeText(low), " packets ", r.a,
                          " bytes ", r.b);
    case RecordKind::kTransportCost:
      return absl::StrCat(DirectionText(r.code), " segments ", r.a, " bytes ", r.b);
    case RecordKind::kTransportLoss:
      return absl::StrCat(DirectionText(r.code), " lost ", r.a, " retransmitted ", r.b);
    case RecordKind::kRadio:
      return absl::StrCat("wakeups ", r.a, " connected ", DurationText(r.b));
    case RecordKind::kConservation:
      return absl::StrCat(DirectionText(r.code), " sent ", a >> 32, " delivered ", a & 0xFFFFFFFF,
                          " dropped ", b >> 32, " in_flight ", b & 0xFFFFFFFF);
    case RecordKind::kEnd:
      return absl::StrCat("events ", r.a, " longest_silence ", DurationText(r.b),
                          EndStateText(r.code));
    case RecordKind::kPingRtt:
      return absl::StrCat("pings ", r.a, " rtt_sum ", DurationText(r.b));
    case RecordKind::kFaultBegins:
    case RecordKind::kFaultEnds:
      return Fault(r.code);
    case RecordKind::kBrokerDown:
      return r.code == 1 ? "process killed" : "host lost";
    case RecordKind::kPacketSent:
    case RecordKind::kPacketReceived:
      return absl::StrCat(DirectionText(high), " ", PacketTypeText(low), " size ", r.b,
                          PacketFieldsText(r.a));
    case RecordKind::kSegmentSent:
      return absl::StrCat(DirectionText(high), " ", FateText(low), " ", SegmentText(r.a, r.b));
    case RecordKind::kSegmentArrived:
      return absl::StrCat(DirectionText(high), " ", SegmentText(r.a, r.b));
    case RecordKind::kSegmentIgnored:
      return absl::StrCat(DirectionText(high), " ", low == 0 ? "nobody_there" : FateText(low));
    case RecordKind::kTimerArmed:
      if (r.a == kNever.ns) return r.code == 0 ? "client none" : "session none";
      [[fallthrough]];
    case RecordKind::kTimerFired:
      return absl::StrCat(r.code == 0   ? "client"
                          : r.code == 1 ? "session"
                                        : "other",
                          " due ", FormatSeconds(Duration{r.a}, 9));
    case RecordKind::kTcpTimerArmed:
    case RecordKind::kTcpTimerFired: {
      const TcpTimerFields t = TcpTimerFieldsOf(r);
      const std::string timer =
          absl::StrCat(t.broker ? "broker" : "client", " ", TcpTimerText(low));
      if (t.deadline == kNever) return timer + " none";
      return absl::StrCat(timer, " due ", FormatSeconds(t.deadline - kStart, 9), " rto ",
                          DurationText(t.rto.ns), t.backoff == 0 ? "" : " backoff ",
                          t.backoff == 0 ? "" : absl::StrCat(int{t.backoff}));
    }
    case RecordKind::kDatagramSent:
      return absl::StrCat(DirectionText(high), " ", FateText(low), " size ", b >> 32,
                          PacketFieldsText(r.a));
    case RecordKind::kDatagramArrived:
      return absl::StrCat(DirectionText(high), " ", PacketTypeText(low), " size ", b >> 32,
                          PacketFieldsText(r.a));
  }
  return absl::StrCat("kind ", static_cast<int>(r.kind), " code ", r.code, " a ", r.a, " b ", r.b);
}

}  // namespace keepsim
