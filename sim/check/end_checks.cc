// The checks that judge at the end of the run: conservation and liveness.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/check/client_checks.h"

namespace keepsim {

void ConservationCheck::Add(const TraceRecord& r, const CheckContext& context) {
  if (r.kind == RecordKind::kEnd) {
    if (seen_ != 3) context.Violated("conservation", "", r, "a direction has no packet count");
    return;
  }
  if (r.kind != RecordKind::kConservation) return;
  const uint8_t bit = static_cast<uint8_t>(1 << (r.code & 1));
  if (r.code > 1 || (seen_ & bit) != 0) {
    context.Violated("conservation", "", r, "a packet count too many");
  }
  seen_ |= bit;
  const uint64_t a = static_cast<uint64_t>(r.a);
  const uint64_t b = static_cast<uint64_t>(r.b);
  const uint64_t sent = a >> 32, delivered = a & 0xFFFFFFFF;
  const uint64_t dropped = b >> 32, in_flight = b & 0xFFFFFFFF;
  if (sent == delivered + dropped + in_flight) return;
  context.Violated(
      "conservation", "", r,
      absl::StrCat(r.code == kUp ? "upwards" : "downwards", ": sent ", sent, " is not delivered ",
                   delivered, " + dropped ", dropped, " + in flight ", in_flight));
}

void LivenessCheck::Add(const TraceRecord& r, const CheckContext& context) {
  if (IsGroundTruth(r.kind)) {
    disturbed_ = r.at;
    return;
  }
  switch (r.kind) {
    case RecordKind::kDeclared:
      disturbed_ = r.at;
      return;
    case RecordKind::kConnected:
      connected_conn_ = r.conn;
      return;
    case RecordKind::kClosed:
      // The loss of a good connection; attempts that fail are what is being judged.
      if (r.conn == connected_conn_ && r.conn != 0) disturbed_ = r.at;
      return;
    case RecordKind::kEnd:
      break;
    default:
      return;
  }
  constexpr uint16_t kWantsAndCan =
      end_state::kAlive | end_state::kRunning | end_state::kPathUp | end_state::kWantsConnection;
  if (context.group == nullptr || context.group->reconnect_bound >= kForever ||
      context.shape.last_fault_end == kNever || (r.code & kWantsAndCan) != kWantsAndCan ||
      (r.code & end_state::kConnected) != 0) {
    return;
  }
  Instant quiet_since = std::max(disturbed_, context.shape.last_fault_end);
  if (!context.run.empty()) quiet_since = std::max(quiet_since, context.run.back().at);
  if (r.at - quiet_since <= context.group->reconnect_bound) return;
  context.Violated("liveness", "", r,
                   absl::StrCat("not connected although nothing has gone wrong for ",
                                FormatDuration(r.at - quiet_since), "; enough should be ",
                                FormatDuration(context.group->reconnect_bound)));
}

}  // namespace keepsim
