#include "tools/end_state.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/duration_text.h"
#include "sim/trace/text.h"
#include "sim/trace/wire_fields.h"
#include "tools/time_line.h"
#include "tools/timer_notes.h"

namespace keepsim {
namespace {

std::string Ago(Instant then, Instant now) {
  return absl::StrCat(At(then), " (", ShortDuration(now - then), " ago)");
}

}  // namespace

// Null for what is of another connection than the one shown: late of one before it, or early of one
// whose session waits until the broker has done with that of the one before. A new one has written
// and read nothing.
EndStates::End* EndStates::OfConnection(End& end, const TraceRecord& r) {
  if (r.conn < end.conn) return nullptr;
  const bool early = &end == &broker_ && end.open && r.kind != RecordKind::kSessionOpened;
  if (r.conn > end.conn && early) return nullptr;
  if (r.conn > end.conn) {
    // The client's session goes on with its timer; a broker's session is the connection's.
    Timer session = &end == &client_ ? std::move(end.session) : Timer();
    if (&end == &broker_) limit_.clear();
    end = End();
    end.conn = r.conn;
    end.state = "opening";
    end.since = r.at;
    end.session = std::move(session);
  }
  return &end;
}

void EndStates::Add(const TraceRecord& r) {
  truth_.Add(r);
  const bool up = r.code >> 8 == kUp;
  switch (r.kind) {
    case RecordKind::kConnectAttempt: {
      End* e = OfConnection(client_, r);
      if (e == nullptr) return;
      e->state = "connecting";
      e->since = r.at;
      return;
    }
    case RecordKind::kConnected:
      if (r.conn < client_.conn) return;
      client_.state = "connected";
      client_.since = r.at;
      return;
    case RecordKind::kSessionOpened: {
      End* e = OfConnection(broker_, r);
      if (e == nullptr) return;
      e->state = "connected";
      e->since = r.at;
      e->open = true;
      limit_ = r.b == 0 ? "no limit"
                        : absl::StrCat("closes after ", FormatDuration(Duration{r.b}),
                                       " without a packet (keepAlive ", r.a, " s)");
      return;
    }
    case RecordKind::kClosed: {
      End& e = r.code >> 8 == static_cast<int>(Observer::kBroker) ? broker_ : client_;
      if (e.conn != r.conn) return;
      e.state = absl::StrCat("closed: ", CloseReasonText(r.code & 0xFF));
      e.since = r.at;
      e.open = false;
      if (&e == &broker_) {
        limit_.clear();
        broker_.session.deadline = kNever;
      }
      return;
    }
    case RecordKind::kPacketSent: {
      End* e = OfConnection(up ? client_ : broker_, r);
      if (e == nullptr) return;
      e->written = PacketName(PacketFieldsOf(r));
      e->written_at = r.at;
      return;
    }
    case RecordKind::kPacketReceived: {
      End* e = OfConnection(up ? broker_ : client_, r);
      if (e == nullptr) return;
      e->read = PacketName(PacketFieldsOf(r));
      e->read_at = r.at;
      return;
    }
    case RecordKind::kTimerArmed: {
      End* e = r.code == 1 ? OfConnection(broker_, r) : &client_;
      if (e != nullptr) e->session = {TimerName(r), Instant{r.a}};
      return;
    }
    case RecordKind::kTcpTimerArmed: {
      const TcpTimerFields t = TcpTimerFieldsOf(r);
      End* e = t.broker ? OfConnection(broker_, r) : &client_;
      if (e == nullptr || e->conn != r.conn) return;
      e->kernel[TcpTimerSlot(t.name)] = {TcpDeadlineName(r), t.deadline};
      return;
    }
    default:
      return;
  }
}

std::string EndStates::EndText(const End& end, Instant now) {
  std::string text =
      absl::StrCat(end.conn == 0 ? end.state : absl::StrCat("#", end.conn, " ", end.state),
                   " since ", At(end.since), "\n");
  const auto line = [&](absl::string_view what) {
    absl::StrAppend(&text, "          ", what, "\n");
  };
  if (end.written_at != kNever)
    line(absl::StrCat("wrote ", end.written, " at ", Ago(end.written_at, now)));
  if (end.read_at != kNever) line(absl::StrCat("read ", end.read, " at ", Ago(end.read_at, now)));
  const auto timer = [&](const Timer& t) {
    line(absl::StrCat("timer: ", t.name, " ", At(t.deadline),
                      t.deadline >= now
                          ? absl::StrCat(" (in ", ShortDuration(t.deadline - now), ")")
                          : " (overdue)"));
  };
  if (end.session.deadline == kNever) {
    line("no timer");
  } else {
    timer(end.session);
  }
  for (const Timer& t : end.kernel) {
    if (t.deadline != kNever) timer(t);
  }
  return text;
}

std::string EndStates::Text(const std::string& client, Instant now) const {
  std::vector<std::string> wrong;
  const GroundTruth& t = truth_;
  if (t.down.holds) {
    wrong.push_back(t.down_kind == FailureKind::kNone
                        ? std::string("not started")
                        : absl::StrCat("down: ", FailureKindName(t.down_kind)));
  }
  if (t.frozen.holds) wrong.push_back("frozen");
  if (t.asleep.holds) wrong.push_back("asleep");
  std::string text = absl::StrCat("state at ", At(now), "\n  client  ", client, " ",
                                  wrong.empty() ? "runs" : absl::StrJoin(wrong, ", "), "; ",
                                  EndText(client_, now));
  const char* broker = t.broker_down.holds ? "down" : t.broker_stalled.holds ? "stalled" : "runs";
  absl::StrAppend(&text, "  broker  ", broker, "; ", EndText(broker_, now));
  if (!limit_.empty()) absl::StrAppend(&text, "          ", limit_, "\n");
  std::string path = t.cut.holds ? absl::StrCat("cut, ", t.directions == 3   ? "both ways"
                                                         : t.directions == 1 ? "client to broker"
                                                                             : "broker to client")
                                 : "up";
  if (t.degraded.holds) absl::StrAppend(&path, ", degraded");
  if (client_.conn != 0 && t.MappingLost(client_.conn)) {
    absl::StrAppend(&path, ", the middlebox has lost the mapping");
  }
  return absl::StrCat(text, "  path    ", path, "\n");
}

}  // namespace keepsim
