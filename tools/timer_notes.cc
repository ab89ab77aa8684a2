#include "tools/timer_notes.h"

#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/trace/wire_fields.h"
#include "tools/time_line.h"

namespace keepsim {
namespace {

std::string By(const std::string& name) { return "by " + name; }

std::string Deadline(const char* name, Instant t) {
  return absl::StrCat(name, " ", FormatSeconds(t - kStart, 3));
}

// A broker that looks at all its clients as often as this or more often: only the first look of a
// connection says anything, and that which finds the client silent for too long.
constexpr Duration kOften = Seconds(10);
constexpr int kLooks = 1;  // BrokerSession's state: CONNECT was read

// What happened last at an end, and when; it moves timers of that instant.
struct Happened {
  std::string what;
  Instant at = kLongAgo;

  void Set(std::string name, Instant now) { what = std::move(name), at = now; }
  bool Now(Instant now) const { return at == now; }
};

}  // namespace

class TimerNotes::Writer {
 public:
  Writer(const PacketLog& log, std::map<uint32_t, TimerNote>& notes) : log_(log), notes_(notes) {}

  void Add(const LogEntry& e);
  // What a kernel still waits for at the end is no routine.
  void Finish() {
    for (auto& [key, exchange] : exchanges_) End(exchange, true);
  }

 private:
  struct AtEnd {
    Happened session;  // what may have moved the session's timer
    Happened read;
    Happened sent;      // what the kernel has sent that wants an answer
    Happened acked;     // any segment that it has sent
    Happened arrived;   // what the kernel has received
    Happened fired[3];  // a timer of the kernel, by slot
  };
  // From a timer's start until it is stopped.
  struct Exchange {
    std::vector<uint32_t> counters;
    bool fired = false;
  };

  void OnSegment(const TraceRecord& r, const Transmission& t);
  void OnArmed(const TraceRecord& r);
  void OnLook(const TraceRecord& r);
  void OnTcpArmed(const TraceRecord& r);
  void OnTcpFired(const TraceRecord& r);
  std::string TcpCause(const TraceRecord& r, const TcpTimerFields& t) const;
  void End(Exchange& exchange, bool kept) {
    for (const uint32_t counter : exchange.counters) {
      notes_[counter].routine = !kept && !exchange.fired;
    }
    exchange = {};
  }
  // By end, connection and slot.
  Exchange& ExchangeOf(const TraceRecord& r, const TcpTimerFields& t) {
    Exchange& exchange = exchanges_[{t.broker, r.conn, TcpTimerSlot(t.name)}];
    exchange.counters.push_back(r.counter);
    return exchange;
  }

  const PacketLog& log_;
  std::map<uint32_t, TimerNote>& notes_;
  AtEnd ends_[2];                      // the client's, the broker's
  uint32_t broker_fired_ = 0;          // the counter of the last kTimerFired of its session
  Instant broker_fired_at_ = kNever;   // and when
  std::map<uint32_t, Duration> told_;  // how often the broker looks, by connection
  std::map<std::tuple<bool, uint32_t, int>, Exchange> exchanges_;
};

void TimerNotes::Writer::Add(const LogEntry& e) {
  const TraceRecord& r = e.record;
  switch (r.kind) {
    case RecordKind::kPacketSent: {
      const LoggedPacket* p = log_.Packet(e.packet);
      if (p == nullptr) return;
      AtEnd& end = ends_[p->fields.direction == kDown];
      // An answer moves nothing that its question has not moved already.
      if (!end.read.Now(r.at)) end.session.Set(By(PacketName(p->fields)), r.at);
      return;
    }
    case RecordKind::kPacketReceived: {
      AtEnd& end = ends_[r.code >> 8 == kUp];
      const std::string name = PacketName(PacketFieldsOf(r));
      end.session.Set(By(name), r.at);
      end.read.Set(name, r.at);
      return;
    }
    case RecordKind::kSegmentSent:
    case RecordKind::kSegmentArrived:
      if (const Transmission* t = log_.Sent(e.transmission)) OnSegment(r, *t);
      return;
    case RecordKind::kTimerFired:
      ends_[r.code == 1].session.Set("it fired", r.at);
      if (r.code == 1) broker_fired_ = r.counter, broker_fired_at_ = r.at;
      notes_[r.counter] = {r.code == 1, "timer fires", "", false};
      return;
    case RecordKind::kTimerArmed:
      return OnArmed(r);
    case RecordKind::kTcpTimerArmed:
      return OnTcpArmed(r);
    case RecordKind::kTcpTimerFired:
      return OnTcpFired(r);
    default:
      return;
  }
}

void TimerNotes::Writer::OnSegment(const TraceRecord& r, const Transmission& t) {
  const bool sent = r.kind == RecordKind::kSegmentSent;
  AtEnd& end = ends_[(t.segment.direction == kDown) == sent];
  const std::string name = TransmissionName(log_, t);
  if (!sent) return end.arrived.Set(name, r.at);
  end.acked.Set(name, r.at);
  const uint8_t asks = SegmentFields::kSyn | SegmentFields::kFin;
  if (t.segment.length > 0 || (t.segment.flags & asks) != 0) end.sent.Set(name, r.at);
}

void TimerNotes::Writer::OnArmed(const TraceRecord& r) {
  const bool broker = r.code == 1;
  const Happened& cause = ends_[broker].session;
  notes_[r.counter] = {broker, r.a == kNever.ns ? "no timer" : Deadline(TimerName(r), Instant{r.a}),
                       cause.Now(r.at) ? cause.what : "", false};
  if (broker && r.b >> 8 == kLooks && r.a != kNever.ns && broker_fired_at_ == r.at &&
      !ends_[broker].read.Now(r.at)) {
    OnLook(r);
  }
}

// The broker has looked, found nothing, and says when it looks again.
void TimerNotes::Writer::OnLook(const TraceRecord& r) {
  const Duration every = Instant{r.a} - r.at;
  if (every > kOften) return;
  Duration& told = told_[r.conn];
  if (told == every) {
    notes_[broker_fired_].routine = true;
    notes_[r.counter].routine = true;
  } else {
    notes_[r.counter].why = "every " + ShortDuration(every);
    told = every;
  }
}

void TimerNotes::Writer::OnTcpArmed(const TraceRecord& r) {
  const TcpTimerFields t = TcpTimerFieldsOf(r);
  static constexpr const char* kStopped[] = {"no TCP timer", "no ACK due", "no TCP keep-alive"};
  const bool stopped = t.deadline == kNever;
  Exchange& exchange = ExchangeOf(r, t);
  notes_[r.counter] = {
      t.broker, stopped ? kStopped[TcpTimerSlot(t.name)] : Deadline(TcpDeadlineName(r), t.deadline),
      TcpCause(r, t), false};
  if (stopped) End(exchange, false);
}

std::string TimerNotes::Writer::TcpCause(const TraceRecord& r, const TcpTimerFields& t) const {
  const AtEnd& end = ends_[t.broker];
  const int slot = TcpTimerSlot(t.name);
  const bool stopped = t.deadline == kNever;
  if (t.name == TcpTimerName::kRetransmission && !stopped && end.fired[slot].Now(r.at)) {
    return "RTO " + ShortDuration(t.rto);
  }
  if (end.fired[slot].Now(r.at)) return "it fired";
  const Happened& by = t.name == TcpTimerName::kDelayedAck ? (stopped ? end.acked : end.arrived)
                       : stopped || !end.sent.Now(r.at)    ? end.arrived
                                                           : end.sent;
  return by.Now(r.at) ? By(by.what) : "";
}

void TimerNotes::Writer::OnTcpFired(const TraceRecord& r) {
  const TcpTimerFields t = TcpTimerFieldsOf(r);
  static constexpr const char* kDue[kTcpTimerNames] = {"TCP timer fires",       "TCP probe is due",
                                                       "TCP holds it for lost", "TCP ACK is due",
                                                       "TCP keep-alive is due", "TCP forgets it"};
  ends_[t.broker].fired[TcpTimerSlot(t.name)].Set("", r.at);
  ExchangeOf(r, t).fired = true;
  notes_[r.counter] = {t.broker, kDue[static_cast<int>(t.name) % kTcpTimerNames], "", false};
}

TimerNotes::TimerNotes(const PacketLog& log) {
  Writer writer(log, notes_);
  for (const LogEntry& e : log.InOrder()) writer.Add(e);
  writer.Finish();
}

const TimerNote* TimerNotes::Of(const TraceRecord& r) const {
  if (r.is_outcome()) return nullptr;
  const auto note = notes_.find(r.counter);
  return note == notes_.end() ? nullptr : &note->second;
}

const char* TimerName(const TraceRecord& r) {
  const bool waits = (r.b & 1) != 0;
  // States of ClientSession and BrokerSession, by number.
  static constexpr const char* kClient[] = {"stopped", "connects at", "connecting until",
                                            "CONNACK until", "PINGREQ at"};
  static constexpr const char* kBroker[] = {"CONNECT until", "looks at", "closed"};
  const auto state = static_cast<size_t>(r.b >> 8);
  if (r.code == 1) return state < 3 ? kBroker[state] : "timer";
  if (state == 4 && waits) return "PINGRESP until";
  return state < 5 ? kClient[state] : "timer";
}

const char* TcpDeadlineName(const TraceRecord& r) {
  static constexpr const char* kNames[] = {"TCP repeats at",        "TCP probes at",
                                           "TCP holds for lost at", "TCP ACK at",
                                           "TCP keep-alive at",     "TCP forgets it at"};
  const int name = r.code & 0xFF;
  return name < kTcpTimerNames ? kNames[name] : "TCP timer at";
}

}  // namespace keepsim
