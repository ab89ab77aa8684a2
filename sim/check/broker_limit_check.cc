#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/check/client_checks.h"

namespace keepsim {
namespace {

constexpr const char* kRule = "broker_limit";
constexpr const char* kClause = "[MQTT-3.1.2-24] (5.0: [MQTT-3.1.2-22])";

}  // namespace

void BrokerLimitCheck::Add(const TraceRecord& r, const CheckContext& context) {
  auto session = std::find_if(sessions_.begin(), sessions_.end(),
                              [&](const Session& s) { return s.conn == r.conn; });
  if (r.kind == RecordKind::kSessionOpened) {
    if (session == sessions_.end()) sessions_.push_back({r.conn, Duration{r.b}});
    return;
  }
  if (r.kind == RecordKind::kClosed && r.code >> 8 == static_cast<int>(Observer::kBroker)) {
    if (session != sessions_.end()) sessions_.erase(session);
    return;
  }
  if (r.kind != RecordKind::kDeclared || r.code != static_cast<int>(Observer::kBroker)) return;
  if (session == sessions_.end()) {
    return context.Violated(
        kRule, kClause, r,
        absl::StrCat("the broker declares on #", r.conn, ", where it has no session"));
  }
  const Duration silence{r.a};
  const Duration limit = session->limit;
  if (limit.ns <= 0) {
    return context.Violated(kRule, kClause, r, "the broker declares although keepAlive is off");
  }
  const Duration earliest = limit - context.shape.broker_early;
  if (silence < earliest) {
    return context.Violated(kRule, kClause, r,
                            absl::StrCat("declared after a silence of ", FormatDuration(silence),
                                         ", not before ", FormatDuration(earliest)));
  }
  if (context.shape.broker_may_be_late || context.BrokerStoodStill(r.at - silence, r.at)) return;
  const Duration second = Seconds(1);
  const Duration reached = context.shape.broker_rounds_up
                               ? second * ((limit + second - Nanoseconds(1)) / second)
                               : limit;
  const Duration latest = reached + context.shape.broker_late;
  if (silence > latest) {
    context.Violated(kRule, kClause, r,
                     absl::StrCat("declared after a silence of ", FormatDuration(silence),
                                  ", not later than ", FormatDuration(latest)));
  }
}

}  // namespace keepsim
