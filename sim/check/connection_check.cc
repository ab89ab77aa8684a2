#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/check/client_checks.h"

namespace keepsim {
namespace {

constexpr const char* kRule = "one_verdict";
constexpr size_t kMaxConns = 256;

// Numbers of CloseReason (sim/mqtt/effects.h) that mean "my own rule said so".
constexpr int kKeepAliveTimeout = 1;
constexpr int kPingrespTimeout = 2;

// Broker 0, client 1; -1: neither.
int ObserverIndex(int observer) { return observer == 1 || observer == 2 ? observer - 1 : -1; }

const char* Name(int index) { return ObserverName(static_cast<Observer>(index + 1)); }

}  // namespace

ConnectionCheck::Conn& ConnectionCheck::Of(uint32_t number) {
  auto place = std::lower_bound(conns_.begin(), conns_.end(), number,
                                [](const Conn& c, uint32_t n) { return c.number < n; });
  if (place != conns_.end() && place->number == number) return *place;
  if (conns_.size() == kMaxConns) {
    // Forget the oldest that is over, else the oldest.
    auto over = std::find_if(conns_.begin(), conns_.end(),
                             [](const Conn& c) { return c.closed[0] && c.closed[1]; });
    conns_.erase(over == conns_.end() ? conns_.begin() : over);
    place = std::lower_bound(conns_.begin(), conns_.end(), number,
                             [](const Conn& c, uint32_t n) { return c.number < n; });
  }
  Conn fresh;
  fresh.number = number;
  return *conns_.insert(place, fresh);
}

void ConnectionCheck::Add(const TraceRecord& r, const CheckContext& context) {
  switch (r.kind) {
    case RecordKind::kConnectAttempt:
      if (r.conn <= last_attempt_) {
        context.Violated(kRule, "", r,
                         absl::StrCat("attempt #", r.conn, " after attempt #", last_attempt_));
      }
      last_attempt_ = std::max(last_attempt_, r.conn);
      Of(r.conn).attempted = true;
      return;
    case RecordKind::kSessionOpened:
    case RecordKind::kConnected: {
      const int observer = r.kind == RecordKind::kSessionOpened ? 0 : 1;
      if (r.conn == 0 || r.conn > last_attempt_) {
        return context.Violated(kRule, "", r, absl::StrCat("#", r.conn, " was never attempted"));
      }
      Conn& c = Of(r.conn);
      if (observer == 0 && context.shape.broker_recovers && c.declared[0] && !c.closed[0]) {
        c.declared[0] = false;  // trusted again
        return;
      }
      if (c.opened[observer]) {
        context.Violated(kRule, "", r,
                         absl::StrCat("the ", Name(observer), " opens #", r.conn, " again"));
      }
      if (c.closed[observer]) {
        context.Violated(
            kRule, "", r,
            absl::StrCat("the ", Name(observer), " opens #", r.conn, ", which it has closed"));
      }
      c.opened[observer] = true;
      return;
    }
    case RecordKind::kDeclared:
      return OnDeclared(r, context);
    case RecordKind::kClosed:
      return OnClosed(r, context);
    case RecordKind::kEnd:
      return OnEnd(r, context);
    default:
      return;
  }
}

void ConnectionCheck::OnDeclared(const TraceRecord& r, const CheckContext& context) {
  const int observer = ObserverIndex(r.code);
  if (observer < 0) {
    return context.Violated(kRule, "", r, absl::StrCat("observer ", r.code, " declares nothing"));
  }
  if (r.conn == 0 || r.conn > last_attempt_) {
    return context.Violated(kRule, "", r, absl::StrCat("#", r.conn, " was never attempted"));
  }
  Conn& c = Of(r.conn);
  const char* wrong = c.closed[observer]     ? " after it has closed it"
                      : c.declared[observer] ? " a second time"
                                             : nullptr;
  if (wrong != nullptr) {
    context.Violated(
        kRule, "", r,
        absl::StrCat("the ", Name(observer), " declares its peer on #", r.conn, " dead", wrong));
  }
  c.declared[observer] = true;
}

void ConnectionCheck::OnClosed(const TraceRecord& r, const CheckContext& context) {
  const int observer = ObserverIndex(r.code >> 8);
  if (observer < 0) {
    return context.Violated(kRule, "", r, absl::StrCat("observer ", r.code >> 8, " has no end"));
  }
  if (r.conn == 0 || r.conn > last_attempt_) {
    return context.Violated(kRule, "", r, absl::StrCat("#", r.conn, " was never attempted"));
  }
  Conn& c = Of(r.conn);
  if (c.closed[observer]) {
    context.Violated(kRule, "", r,
                     absl::StrCat("the ", Name(observer), " closes #", r.conn, " again"));
  }
  const int reason = r.code & 0xFF;
  const bool by_rule = observer == 0 ? reason == kKeepAliveTimeout : reason == kPingrespTimeout;
  if (by_rule && !c.declared[observer]) {
    context.Violated(kRule, "", r,
                     absl::StrCat("the ", Name(observer), " closes #", r.conn,
                                  " for silence without a declaration"));
  }
  c.closed[observer] = true;
}

void ConnectionCheck::OnEnd(const TraceRecord& r, const CheckContext& context) {
  for (const Conn& c : conns_) {
    for (int observer = 0; observer < 2; ++observer) {
      if (!c.declared[observer] || c.closed[observer]) continue;
      if (observer == 0 && context.shape.broker_recovers) continue;  // still suspected
      context.Violated(kRule, "", r,
                       absl::StrCat("the ", Name(observer), " declared its peer on #", c.number,
                                    " dead and never closed it"));
    }
  }
}

}  // namespace keepsim
