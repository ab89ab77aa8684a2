#include "tools/time_line.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sim/base/duration_text.h"
#include "sim/metrics/render.h"
#include "sim/trace/text.h"
#include "tools/timer_notes.h"

namespace keepsim {
namespace {

constexpr size_t kTimeWidth = 14;
constexpr size_t kHeardWidth = 8;
constexpr size_t kEndWidth = 25;
constexpr size_t kWireWidth = 24;

// A packet that took longer than this from writing to reading is late even if nothing was lost.
constexpr Duration kLate = Seconds(1);

}  // namespace

class TimeLineRows::Painter {
 public:
  Painter(const PacketLog& log, const TraceHeader& header, const std::optional<Incident>& incident,
          bool routine)
      : log_(log),
        timers_(log),
        text_(header),
        incident_(incident),
        routine_(routine),
        heard_{log.HeardBefore(Observer::kClient), log.HeardBefore(Observer::kBroker)} {}

  std::string Of(const LogEntry& e) {
    out_.clear();
    Entry(e);
    return std::move(out_);
  }

 private:
  std::string Silence(int end, Instant now) const {
    if (heard_[end] == kLongAgo) return "-";
    const Duration d = now - heard_[end];
    return d < Seconds(100000) ? FormatSeconds(d, 2) : FormatSeconds(d, 0);
  }

  void Row(Instant at, absl::string_view client, absl::string_view wire, absl::string_view broker) {
    std::string line = absl::StrCat(PadLeft(FormatSeconds(at - kStart, 6), kTimeWidth),
                                    PadLeft(Silence(kLeft, at), kHeardWidth), "  ");
    // What is too long for its column shortens the next one; between them there is always a space.
    size_t column = line.size();
    const auto cell = [&](absl::string_view text, size_t width) {
      column += width;
      absl::StrAppend(&line, text);
      line.append(line.size() < column ? column - line.size() : 1, ' ');
    };
    cell(client, kEndWidth);
    cell(wire, kWireWidth);
    cell(broker, kEndWidth - 1);
    const std::string silence = Silence(kRight, at);
    column += kHeardWidth - 1;
    absl::StrAppend(&line, line.size() < column ? PadLeft(silence, column - line.size()) : silence);
    absl::StrAppend(&out_, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  // `right`: said at the broker's end.
  void At(Instant at, bool right, absl::string_view what, absl::string_view wire = "") {
    right ? Row(at, "", wire, what) : Row(at, what, wire, "");
  }
  // Across all columns: what concerns both ends.
  void Across(Instant at, absl::string_view what) {
    absl::StrAppend(&out_, PadLeft(FormatSeconds(at - kStart, 6), kTimeWidth), "  ==== ", what,
                    "\n");
  }
  void Note(absl::string_view what) { absl::StrAppend(&out_, std::string(16, ' '), what, "\n"); }

  void OnSent(const TraceRecord& r, const Transmission& t) {
    const bool down = t.segment.direction == kDown;
    std::string fate;
    if (t.lost()) {
      fate = LossName(t.segment.fate);
    } else if (t.arrived != kNever) {
      fate = ShortDuration(t.arrived - t.sent);
    } else if (t.ignored != kNever) {
      fate = absl::StrCat(ShortDuration(t.ignored - t.sent), ", ignored");
    } else {
      fate = "arrives later";
    }
    const char* arrow = t.lost() ? (down ? "x---" : "---x") : (down ? "<---" : "--->");
    At(r.at, down, TransmissionName(log_, t),
       absl::StrCat(arrow, " ", t.lost() ? "lost: " : "", fate));
  }

  void OnReceived(const TraceRecord& r, const LoggedPacket* p) {
    const bool right = r.code >> 8 == kUp;
    std::string wire;
    if (p != nullptr) {
      size_t lost = 0;
      Instant arrived = kNever;
      for (const uint64_t id : p->transmissions) {
        const Transmission* t = log_.Sent(id);
        if (t == nullptr) continue;
        if (t->lost()) ++lost;
        arrived = std::min(arrived, t->arrived);
      }
      const Duration took = p->received - p->written;
      if (arrived != kNever && p->received - arrived > Duration{0}) {
        wire = absl::StrCat("waited ", ShortDuration(p->received - arrived));
      } else if (lost > 0 || took > kLate) {
        wire = absl::StrCat("late: ", ShortDuration(took));
        if (lost > 0) absl::StrAppend(&wire, ", ", lost, " lost");
      }
    }
    heard_[right ? kRight : kLeft] = r.at;
    At(r.at, right, absl::StrCat("reads ", PacketName(PacketFieldsOf(r))), wire);
  }

  void OnIgnored(const TraceRecord& r, const Transmission* t) {
    const int why = r.code & 0xFF;
    const bool right = (r.code >> 8 & 1) == kUp;
    At(r.at, right, absl::StrCat("ignored: ", why == 0 ? "nobody there" : LossName(why)),
       t == nullptr ? "" : TransmissionName(log_, *t));
  }

  void OnArrived(const TraceRecord& r, const Transmission* t) {
    if (t == nullptr || t->sent != kNever) return;  // the row of its sending says when
    At(r.at, t->segment.direction == kUp, absl::StrCat(SegmentName(t->segment), " arrives"),
       "from the middlebox");
  }

  // A timer that fires, or a deadline that has moved, and what moved it.
  void OnTimer(const TraceRecord& r) {
    const TimerNote* note = timers_.Of(r);
    if (note == nullptr || (note->routine && !routine_)) return;
    const bool fires = r.kind == RecordKind::kTimerFired || r.kind == RecordKind::kTcpTimerFired;
    At(r.at, note->broker, note->what,
       fires               ? ""
       : note->why.empty() ? "  timer"
                           : "  timer: " + note->why);
  }

  void OnDeclared(const TraceRecord& r) {
    const bool right = r.code == static_cast<int>(Observer::kBroker);
    At(r.at, right, right ? "DECLARES CLIENT DEAD" : "DECLARES BROKER DEAD");
    Note(absl::StrCat("silence: ", FormatDuration(Duration{r.a}), " (connection #", r.conn, ")"));
    if (!incident_.has_value() || incident_->entity != r.entity ||
        incident_->counter != r.counter || incident_->declared != r.at) {
      return;
    }
    Note(absl::StrCat("verdict ", VerdictName(incident_->verdict), ", cause ",
                      CauseName(incident_->cause)));
  }

  void Entry(const LogEntry& e);

  static constexpr int kLeft = 0;
  static constexpr int kRight = 1;
  const PacketLog& log_;
  const TimerNotes timers_;
  const RecordText text_;
  const std::optional<Incident>& incident_;
  const bool routine_;
  Instant heard_[2];
  std::string out_;
};

void TimeLineRows::Painter::Entry(const LogEntry& e) {
  const TraceRecord& r = e.record;
  const int low = r.code & 0xFF;
  const bool broker_closes = r.code >> 8 == static_cast<int>(Observer::kBroker);
  switch (r.kind) {
    case RecordKind::kPacketSent: {
      const LoggedPacket* p = log_.Packet(e.packet);
      if (p == nullptr) return;
      const Transmission* t = p->transmissions.empty() ? nullptr : log_.Sent(p->transmissions[0]);
      if (t != nullptr && t->sent == r.at) return;  // the next row says so
      return At(r.at, p->fields.direction == kDown, PacketName(p->fields),
                t == nullptr ? "never sent" : "waits to be sent");
    }
    case RecordKind::kSegmentSent:
    case RecordKind::kDatagramSent:
      if (const Transmission* t = log_.Sent(e.transmission)) OnSent(r, *t);
      return;
    case RecordKind::kPacketReceived:
      return OnReceived(r, log_.Packet(e.packet));
    case RecordKind::kSegmentIgnored:
      return OnIgnored(r, log_.Sent(e.transmission));
    case RecordKind::kSegmentArrived:
    case RecordKind::kDatagramArrived:
      return OnArrived(r, log_.Sent(e.transmission));
    case RecordKind::kTimerArmed:
    case RecordKind::kTimerFired:
    case RecordKind::kTcpTimerArmed:
    case RecordKind::kTcpTimerFired:
      return OnTimer(r);
    case RecordKind::kDeclared:
      return OnDeclared(r);
    case RecordKind::kConnectAttempt:
      return At(r.at, false, absl::StrCat("connects, #", r.conn));
    case RecordKind::kConnected:
      return At(r.at, false, absl::StrCat("connected, #", r.conn));
    case RecordKind::kSessionOpened:
      return At(r.at, true,
                absl::StrCat("session, ",
                             r.b == 0 ? "no limit" : "limit " + FormatDuration(Duration{r.b})));
    case RecordKind::kClosed:
      At(r.at, broker_closes, absl::StrCat("closes #", r.conn));
      return Note(absl::StrCat("because: ", CloseReasonText(low)));
    case RecordKind::kWillPublished:
      return At(r.at, true, "publishes the will");
    case RecordKind::kHostUp:
      return At(r.at, false, "starts");
    case RecordKind::kHostDown:
      return Across(r.at, absl::StrCat("the client is down: ",
                                       FailureKindName(static_cast<FailureKind>(r.code))));
    case RecordKind::kFrozen:
      return Across(r.at, "the client's process freezes; its kernel goes on");
    case RecordKind::kThawed:
      return Across(r.at, "the client's process goes on");
    case RecordKind::kAsleep:
      return Across(r.at, "the client's host falls asleep");
    case RecordKind::kAwake:
      return Across(r.at, "the client's host is awake");
    case RecordKind::kBrokerDown:
      return Across(r.at,
                    low == 1 ? "the broker's process is killed" : "the broker's host is lost");
    case RecordKind::kBrokerUp:
      return Across(r.at, "the broker is back");
    case RecordKind::kBrokerStalled:
      return Across(r.at, "the broker stands still; its kernel goes on");
    case RecordKind::kBrokerResumed:
      return Across(r.at, "the broker goes on");
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
    case RecordKind::kMappingLost:
    case RecordKind::kDegraded:
    case RecordKind::kClock:
    case RecordKind::kWillDelivered: {
      // What the plain line says behind its columns.
      const std::string line = text_.Line(r);
      const std::string kind = RecordKindName(r.kind);
      const absl::string_view rest = absl::string_view(line).substr(line.find(kind) + kind.size());
      return Across(r.at, absl::StrCat(absl::StrReplaceAll(kind, {{"_", " "}}), ": ",
                                       absl::StripAsciiWhitespace(rest)));
    }
    default:
      return;  // totals at the end of the run
  }
}

TimeLineRows::TimeLineRows(const PacketLog& log, const TraceHeader& header,
                           const std::optional<Incident>& incident, bool routine)
    : painter_(std::make_unique<Painter>(log, header, incident, routine)) {}
TimeLineRows::~TimeLineRows() = default;
std::string TimeLineRows::Of(const LogEntry& entry) { return painter_->Of(entry); }

std::string TimeLineHead() {
  return absl::StrCat(PadLeft("time (s)", kTimeWidth), PadLeft("silence", kHeardWidth), "  ",
                      PadRight("CLIENT", kEndWidth), PadRight("wire", kWireWidth),
                      PadRight("BROKER", kEndWidth - 1), "silence\n");
}

std::string PacketName(const PacketFields& fields) {
  std::string name = PacketTypeText(fields.type);
  if (fields.type == 3) absl::StrAppend(&name, " QoS ", static_cast<int>(fields.qos));
  if (fields.reason != 0) absl::StrAppendFormat(&name, " 0x%02x", fields.reason);
  return name;
}

std::string SegmentName(const SegmentFields& segment) {
  std::vector<std::string> names;
  const auto has = [&](uint8_t flag) { return (segment.flags & flag) != 0; };
  if (has(SegmentFields::kSyn)) names.push_back("SYN");
  if (has(SegmentFields::kFin)) names.push_back("FIN");
  if (has(SegmentFields::kRst)) names.push_back("RST");
  if (has(SegmentFields::kAck) && (names.empty() || names[0] == "SYN")) names.push_back("ACK");
  return absl::StrJoin(names, "-");
}

std::string TransmissionName(const PacketLog& log, const Transmission& t) {
  std::vector<std::string> names;
  for (const uint64_t id : t.packets) {
    if (const LoggedPacket* p = log.Packet(id)) names.push_back(PacketName(p->fields));
  }
  std::string load = names.empty() ? SegmentName(t.segment) : names[0];
  if (names.size() > 1) absl::StrAppend(&load, " +", names.size() - 1);
  if (names.empty() && t.segment.length > 0) load = "data";
  if (t.segment.probe && !t.segment.retransmission) absl::StrAppend(&load, " probe");
  if (t.segment.retransmission) absl::StrAppend(&load, " again");
  if (t.segment.retransmission && t.segment.probe) absl::StrAppend(&load, " (probe)");
  if (!names.empty() && (t.segment.flags & SegmentFields::kFin) != 0) {
    absl::StrAppend(&load, " FIN");
  }
  return load;
}

const char* LossName(int fate) {
  static constexpr const char* kNames[] = {"arrives",  "chance",     "bad spell", "degraded",
                                           "path cut", "no mapping", "host down"};
  return fate >= 0 && fate < 7 ? kNames[fate] : "?";
}

std::string IncidentLine(const Incident& incident, const TraceHeader& header) {
  const bool broker = incident.observer == Observer::kBroker;
  std::string line =
      absl::StrCat("incident ", incident.number, ": at ", At(incident.declared), " ",
                   broker ? "the broker declared " : "", RecordText(header).Entity(incident.entity),
                   broker ? " dead" : " declared the broker dead", ": ",
                   VerdictName(incident.verdict), ", cause ", CauseName(incident.cause));
  if (incident.failure != FailureKind::kNone) {
    absl::StrAppend(&line, " (", FailureKindName(incident.failure), ")");
  }
  return line;
}

std::string ShortDuration(Duration d) { return SecondsText(ToSeconds(d)); }

std::string At(Instant t) { return FormatSeconds(t - kStart, 6) + " s"; }

std::string TimeLine(const Stretch& stretch, const TraceHeader& header,
                     const std::optional<Incident>& incident) {
  std::string out;
  if (incident.has_value()) {
    out = IncidentLine(*incident, header) + "\n";
  } else {
    out = RecordText(header).Entity(stretch.entity) + "\n";
  }
  absl::StrAppend(&out, "simulated again at packet level from ", At(stretch.from), " to ",
                  At(stretch.to), "\nsilence: since that end last read a packet\n\n",
                  TimeLineHead());
  TimeLineRows rows(stretch.log, header, incident, /*routine=*/false);
  for (const LogEntry& e : stretch.log.InOrder()) out += rows.Of(e);
  return out;
}

}  // namespace keepsim
