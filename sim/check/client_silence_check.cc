#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/check/client_checks.h"

namespace keepsim {
namespace {

constexpr const char* kRule = "client_silence";
constexpr const char* kClause = "[MQTT-3.1.2-23] (5.0: [MQTT-3.1.2-20])";

}  // namespace

// On the client's own clock.
Duration ClientSilenceCheck::Allowed(const CheckGroup& group) const {
  Duration keep_alive = group.keep_alive;
  if (group.obeys_server_keep_alive && any_session_) keep_alive = in_force_max_;
  return keep_alive + group.client_slack;
}

void ClientSilenceCheck::Add(const TraceRecord& r, const CheckContext& context) {
  if (context.group == nullptr || !context.group->spec_client) return;
  const CheckGroup& group = *context.group;
  switch (r.kind) {
    case RecordKind::kSessionOpened:
      any_session_ = true;
      off_ = off_ || r.a == 0;
      in_force_max_ = std::max(in_force_max_, Seconds(r.a));
      return;
    case RecordKind::kFrozen:
    case RecordKind::kAsleep:
    case RecordKind::kHostDown:
    case RecordKind::kClock:
      last_sent_ = kNever;
      return;
    case RecordKind::kPacketSent: {
      if (r.code >> 8 != kUp) return;
      const bool judged = last_sent_ != kNever && r.conn == conn_ && !off_ &&
                          (group.keep_alive.ns > 0 || group.obeys_server_keep_alive);
      // A slow clock makes a gap longer, seen from outside.
      const Duration allowed = Allowed(group);
      const Duration stretched{allowed.ns + static_cast<int64_t>(static_cast<__int128>(allowed.ns) *
                                                                 group.drift_ppb_max / 1000000000)};
      if (judged && r.at - last_sent_ > stretched) {
        context.Violated(kRule, kClause, r,
                         absl::StrCat("silent for ", FormatDuration(r.at - last_sent_), " on #",
                                      r.conn, ", allowed ", FormatDuration(stretched)));
      }
      conn_ = r.conn;
      last_sent_ = r.at;
      return;
    }
    case RecordKind::kEnd: {
      const bool off = off_ || (group.keep_alive.ns == 0 && !group.obeys_server_keep_alive);
      if (off || Duration{r.b} <= Allowed(group)) return;
      return context.Violated(kRule, kClause, r,
                              absl::StrCat("was silent for ", FormatDuration(Duration{r.b}),
                                           ", allowed ", FormatDuration(Allowed(group))));
    }
    default:
      return;
  }
}

}  // namespace keepsim
