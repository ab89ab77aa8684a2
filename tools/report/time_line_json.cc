#include "tools/report/time_line_json.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sim/trace/text.h"
#include "tools/export/json_object.h"
#include "tools/time_line.h"
#include "tools/timer_notes.h"

namespace keepsim {
namespace {

// Where something is shown.
constexpr const char* kClient = "client";
constexpr const char* kBroker = "broker";
constexpr const char* kPath = "path";

const char* EndName(bool broker) { return broker ? kBroker : kClient; }
bool IsBroker(int observer) { return observer == static_cast<int>(Observer::kBroker); }

const char* PlaceOf(const TraceRecord& r) {
  switch (r.kind) {
    case RecordKind::kDeclared:
      return EndName(IsBroker(r.code));
    case RecordKind::kClosed:
      return EndName(IsBroker(r.code >> 8));
    case RecordKind::kTimerFired:
    case RecordKind::kTimerArmed:
      return EndName(r.code == 1);
    case RecordKind::kTcpTimerFired:
    case RecordKind::kTcpTimerArmed:
      return EndName(r.code >> 8 == 1);
    case RecordKind::kSessionOpened:
    case RecordKind::kWillPublished:
    case RecordKind::kBrokerDown:
    case RecordKind::kBrokerUp:
    case RecordKind::kBrokerStalled:
    case RecordKind::kBrokerResumed:
      return kBroker;
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
    case RecordKind::kMappingLost:
    case RecordKind::kDegraded:
    case RecordKind::kFaultBegins:
    case RecordKind::kFaultEnds:
    case RecordKind::kWillDelivered:
      return kPath;
    default:
      return kClient;
  }
}

class Drawing {
 public:
  Drawing(const IncidentStretch& stretch, const TraceHeader& header, Instant base)
      : stretch_(stretch), log_(stretch.log), timers_(stretch.log), text_(header), base_(base) {}

  void AddTo(JsonObject& o) {
    Packets(o);
    Transmissions(o);
    Events(o);
    Connections(o);
    Faults(o);
    o.Raw("heard", JsonObject()
                       .Raw(kClient, OrNull(log_.HeardBefore(Observer::kClient)))
                       .Raw(kBroker, OrNull(log_.HeardBefore(Observer::kBroker)))
                       .Text());
  }

 private:
  int64_t Ns(Instant t) const { return (t - base_).ns; }
  std::string OrNull(Instant t) const {
    return t == kNever || t == kLongAgo ? "null" : absl::StrCat(Ns(t));
  }
  void Maybe(JsonObject& o, const char* name, Instant t) const {
    if (t != kNever) o.Number(name, Ns(t));
  }
  static const char* DirectionName(Direction d) { return d == kUp ? "up" : "down"; }

  // "cut down by deaf": what the plain line of a record says behind its columns.
  std::string Details(const TraceRecord& r) const {
    const std::string line = text_.Line(r);
    const std::string kind = RecordKindName(r.kind);
    return std::string(
        absl::StripAsciiWhitespace(absl::string_view(line).substr(line.find(kind) + kind.size())));
  }

  bool Within(Instant t) const { return t != kNever && t >= stretch_.from && t <= stretch_.to; }
  // The log also keeps what was never read, on connections that are long over.
  bool Touches(const LoggedPacket& p) const {
    if (Within(p.written) || Within(p.received)) return true;
    return std::any_of(p.transmissions.begin(), p.transmissions.end(), [&](uint64_t id) {
      const Transmission* t = log_.Sent(id);
      return t != nullptr && (Within(t->sent) || Within(t->arrived) || Within(t->ignored));
    });
  }

  void Packets(JsonObject& o) {
    JsonArray all;
    for (const LoggedPacket& p : log_.packets()) {
      if (p.written > stretch_.to || !Touches(p)) continue;
      JsonObject one;
      one.Number("id", static_cast<int64_t>(p.id))
          .Word("direction", DirectionName(p.fields.direction));
      one.Word("name", PacketName(p.fields)).Number("conn", p.conn).Number("bytes", p.fields.size);
      one.Number("written", Ns(p.written));
      Maybe(one, "received", p.received);
      JsonArray carried;
      for (const uint64_t id : p.transmissions) {
        carried.Number(static_cast<int64_t>(id));
        transmissions_.insert(id);
      }
      all.Raw(one.Raw("transmissions", carried.Text()).Text());
    }
    o.Raw("packets", all.Text());
  }

  void Transmissions(JsonObject& o) {
    for (const LogEntry& e : log_.entries()) {
      if (e.transmission != 0) transmissions_.insert(e.transmission);
    }
    JsonArray all;
    for (const uint64_t id : transmissions_) {
      const Transmission* t = log_.Sent(id);
      if (t == nullptr || (t->sent != kNever && t->sent > stretch_.to)) continue;
      all.Raw(OneTransmission(*t).Text());
    }
    o.Raw("transmissions", all.Text());
  }

  JsonObject OneTransmission(const Transmission& t) const {
    const SegmentFields& s = t.segment;
    JsonObject one;
    one.Number("id", static_cast<int64_t>(t.id)).Word("direction", DirectionName(s.direction));
    one.Word("name", TransmissionName(log_, t)).Number("conn", t.conn);
    Maybe(one, "sent", t.sent);  // not if a middlebox made it
    if (t.lost()) {
      one.Word("lost", LossName(s.fate));
    } else if (t.arrived != kNever) {
      one.Number("arrived", Ns(t.arrived));
    } else if (t.ignored != kNever) {
      one.Number("ignored", Ns(t.ignored));
      one.Word("why", t.why_ignored == 0 ? "nobody there" : LossName(t.why_ignored));
    }
    if (s.retransmission) one.Truth("again", true);
    if (s.probe) one.Truth("probe", true);
    if (!s.datagram) one.Number("seq", s.seq).Number("ack", s.ack);
    one.Number("bytes", s.length);
    JsonArray carried;
    for (const uint64_t id : t.packets) carried.Number(static_cast<int64_t>(id));
    return one.Raw("packets", carried.Text());
  }

  void Events(JsonObject& o) {
    JsonArray all;
    for (const LogEntry& e : log_.InOrder()) {
      const TraceRecord& r = e.record;
      if (e.packet != 0 || e.transmission != 0) continue;
      const TimerNote* note = timers_.Of(r);
      if (note != nullptr && note->routine) continue;
      switch (r.kind) {
        case RecordKind::kPacketReceived:
        case RecordKind::kPacketSent:
        case RecordKind::kCost:
        case RecordKind::kTransportCost:
        case RecordKind::kTransportLoss:
        case RecordKind::kRadio:
        case RecordKind::kConservation:
        case RecordKind::kEnd:
        case RecordKind::kPingRtt:
          continue;
        default:
          break;
      }
      JsonObject one;
      one.Number("at", Ns(r.at)).Word("place", PlaceOf(r)).Word("kind", RecordKindName(r.kind));
      if (r.conn != 0) one.Number("conn", r.conn);
      if (r.kind == RecordKind::kSessionOpened) one.Number("limit", r.b);
      if (r.kind == RecordKind::kClosed) one.Word("reason", CloseReasonText(r.code & 0xFF));
      if (note != nullptr) {
        const bool armed =
            r.kind == RecordKind::kTimerArmed || r.kind == RecordKind::kTcpTimerArmed;
        if (armed && r.a != kNever.ns) one.Number("due", Ns(Instant{r.a}));
        if (!note->why.empty()) one.Word("why", note->why);
        one.Word("details", note->what);
      } else {
        one.Word("details", Details(r));
      }
      all.Raw(one.Text());
    }
    o.Raw("events", all.Text());
  }

  // Which end held which connection, from when to when; of those that are open before the stretch
  // begins, without `from`.
  void Connections(JsonObject& o) {
    struct Span {
      bool broker;
      uint32_t conn;
      Instant from = kLongAgo;
      Instant to = kNever;
      Duration limit{0};
    };
    std::vector<Span> spans;
    const auto find = [&](bool broker, uint32_t conn) -> Span& {
      for (Span& s : spans) {
        if (s.broker == broker && s.conn == conn) return s;
      }
      spans.push_back({broker, conn});
      return spans.back();
    };
    for (const GroundTruth::End& end : stretch_.truth.ends) {
      if (end.closed < stretch_.from) continue;
      Span& s = find(end.whose == Observer::kBroker, end.conn);
      s.from = end.opened;
      s.limit = end.limit;
    }
    for (const LogEntry& e : log_.entries()) {
      const TraceRecord& r = e.record;
      if (r.kind == RecordKind::kConnectAttempt) find(false, r.conn).from = r.at;
      if (r.kind == RecordKind::kSessionOpened) {
        find(true, r.conn).from = r.at;
        find(true, r.conn).limit = Duration{r.b};
      }
      if (r.kind == RecordKind::kClosed) find(IsBroker(r.code >> 8), r.conn).to = r.at;
    }
    JsonArray all;
    for (const Span& s : spans) {
      JsonObject one;
      one.Word("end", EndName(s.broker)).Number("conn", s.conn);
      if (s.from >= stretch_.from) one.Number("from", Ns(s.from));
      Maybe(one, "to", s.to);
      if (s.limit.ns > 0) one.Number("limit", s.limit.ns);
      all.Raw(one.Text());
    }
    o.Raw("connections", all.Text());
  }

  // Shaded: what held from when to when. Without `from`: since before the stretch; without `to`:
  // beyond it.
  void Faults(JsonObject& o) {
    Open(stretch_.truth.down, kClient, "the client is down");
    Open(stretch_.truth.frozen, kClient, "the client's process is frozen");
    Open(stretch_.truth.asleep, kClient, "the client's host is asleep");
    Open(stretch_.truth.broker_down, kBroker, "the broker is down");
    Open(stretch_.truth.broker_stalled, kBroker, "the broker stands still");
    Open(stretch_.truth.cut, kPath, "path cut");
    Open(stretch_.truth.degraded, kPath, "path degraded");
    for (const LogEntry& e : log_.entries()) Fault(e.record);
    if (stretch_.truth.unmapped_conn != 0) {
      Begin(kPath, "no mapping in the middlebox", stretch_.truth.unmapped_at, "");
    }
    JsonArray all;
    for (const Shade& f : faults_) {
      JsonObject one;
      one.Word("place", f.place).Word("name", f.name).Word("details", f.details);
      if (f.from >= stretch_.from) one.Number("from", Ns(f.from));
      Maybe(one, "to", f.to);
      all.Raw(one.Text());
    }
    o.Raw("faults", all.Text());
  }

  struct Shade {
    const char* place;
    std::string name;
    Instant from = kLongAgo;
    Instant to = kNever;
    std::string details;
  };

  // Holds at the declaration and began before the stretch: no record in it says so.
  void Open(const Condition& c, const char* place, const char* name) {
    if (c.since != kNever && c.since < stretch_.from && (c.holds || c.until > stretch_.from)) {
      faults_.push_back({place, name, kLongAgo, kNever, ""});
    }
  }
  void Begin(const char* place, const std::string& name, Instant at, const std::string& details) {
    for (Shade& f : faults_) {
      if (f.place == place && f.name == name && f.to == kNever) {
        if (f.details.empty()) f.details = details;
        return;
      }
    }
    faults_.push_back({place, name, at, kNever, details});
  }
  void End(const char* place, const std::string& name, Instant at) {
    for (Shade& f : faults_) {
      if (f.place == place && f.name == name && f.to == kNever) {
        f.to = at;
        return;
      }
    }
  }
  void Fault(const TraceRecord& r) {
    switch (r.kind) {
      case RecordKind::kHostDown:
        return Begin(kClient, "the client is down", r.at, Details(r));
      case RecordKind::kHostUp:
        return End(kClient, "the client is down", r.at);
      case RecordKind::kFrozen:
        return Begin(kClient, "the client's process is frozen", r.at, Details(r));
      case RecordKind::kThawed:
        return End(kClient, "the client's process is frozen", r.at);
      case RecordKind::kAsleep:
        return Begin(kClient, "the client's host is asleep", r.at, Details(r));
      case RecordKind::kAwake:
        return End(kClient, "the client's host is asleep", r.at);
      case RecordKind::kPathDown:
        return Begin(kPath, "path cut", r.at, Details(r));
      case RecordKind::kPathUp:
        return r.code == 0 ? End(kPath, "path cut", r.at) : void();
      case RecordKind::kDegraded:
        return r.code == 1 ? Begin(kPath, "path degraded", r.at, Details(r))
                           : End(kPath, "path degraded", r.at);
      case RecordKind::kMappingLost:
        return Begin(kPath, "no mapping in the middlebox", Instant{r.a}, Details(r));
      case RecordKind::kConnected:  // a new connection has a mapping of its own
        return End(kPath, "no mapping in the middlebox", r.at);
      case RecordKind::kBrokerDown:
        return Begin(kBroker, "the broker is down", r.at, Details(r));
      case RecordKind::kBrokerUp:
        return End(kBroker, "the broker is down", r.at);
      case RecordKind::kBrokerStalled:
        return Begin(kBroker, "the broker stands still", r.at, Details(r));
      case RecordKind::kBrokerResumed:
        return End(kBroker, "the broker stands still", r.at);
      default:
        return;
    }
  }

  const IncidentStretch& stretch_;
  const PacketLog& log_;
  const TimerNotes timers_;
  const RecordText text_;
  const Instant base_;
  std::set<uint64_t> transmissions_;
  std::vector<Shade> faults_;
};

std::string StoryJson(const Story& story, const Incident& incident) {
  JsonArray steps;
  for (const StoryStep& step : story.steps) {
    JsonObject one;
    one.Number("at", (step.at - incident.declared).ns).Word("text", step.text);
    if (step.packet != 0) one.Number("packet", static_cast<int64_t>(step.packet));
    JsonArray lines;
    for (const StoryLine& line : step.lines) {
      JsonObject l;
      l.Word("text", line.text);
      if (line.transmission != 0) {
        l.Number("transmission", static_cast<int64_t>(line.transmission));
      }
      lines.Raw(l.Text());
    }
    steps.Raw(one.Raw("lines", lines.Text()).Text());
  }
  JsonArray verdict;
  for (const std::string& sentence : story.verdict) verdict.Word(sentence);
  return JsonObject()
      .Raw("steps", steps.Text())
      .Word("rule", story.rule)
      .Word("source", story.source)
      .Raw("verdict", verdict.Text())
      .Word("cause", story.cause)
      .Text();
}

std::string AnswersJson(const std::vector<Answered>& answers, const Incident& incident) {
  JsonArray all;
  for (const Answered& a : answers) {
    JsonArray set;
    for (const std::string& o : a.change.overrides) set.Word(o);
    // The last line says what came of it.
    const std::string text = AnswerText(a.change, a.answer, incident);
    const absl::string_view lines = absl::StripAsciiWhitespace(text);
    const size_t last = lines.rfind('\n');
    all.Raw(JsonObject()
                .Word("change", a.change.change)
                .Raw("set", set.Text())
                .Word("answer",
                      absl::StripAsciiWhitespace(last == lines.npos ? lines : lines.substr(last)))
                .Text());
  }
  return all.Text();
}

}  // namespace

std::string IncidentJson(const IncidentStretch& stretch, const TraceHeader& header,
                         const Incident& incident, const Story& story,
                         const std::vector<Answered>& answers, const std::string& trace) {
  JsonObject o;
  o.Word("scenario", header.scenario_name).Word("seed", absl::StrCat(header.seed));
  o.Word("engine_version", header.engine_version).Word("trace", trace);
  o.Word("client", RecordText(header).Entity(incident.entity));
  o.Number("number", incident.number).Word("line", IncidentLine(incident, header));
  o.Word("observer", ObserverName(incident.observer))
      .Word("verdict", VerdictName(incident.verdict));
  o.Word("cause", CauseName(incident.cause)).Word("failure", FailureKindName(incident.failure));
  o.Number("conn", incident.conn).Number("silence", incident.silence.ns);
  o.Word("base_ns", absl::StrCat((incident.declared - kStart).ns));
  if (incident.onset != kNever) o.Number("onset", (incident.onset - incident.declared).ns);
  o.Number("from", (stretch.from - incident.declared).ns);
  o.Number("to", (stretch.to - incident.declared).ns);
  Drawing(stretch, header, incident.declared).AddTo(o);
  o.Raw("story", StoryJson(story, incident)).Raw("answers", AnswersJson(answers, incident));
  return o.Text();
}

}  // namespace keepsim
