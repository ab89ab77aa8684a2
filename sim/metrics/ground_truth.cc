#include "sim/metrics/ground_truth.h"

namespace keepsim {
namespace {

constexpr size_t kEnds = 16;

}  // namespace

const GroundTruth::End* GroundTruth::Find(uint32_t conn, Observer whose) const {
  for (const End& e : ends) {
    if (e.conn == conn && e.whose == whose) return &e;
  }
  return nullptr;
}

void GroundTruth::Add(const TraceRecord& r) {
  const auto open = [&](Observer whose) {
    if (ends.size() == kEnds) ends.erase(ends.begin());
    End& e = ends.emplace_back();
    e.conn = r.conn;
    e.whose = whose;
    e.opened = r.at;
    if (whose != Observer::kBroker) return;
    e.keep_alive_s = r.a;
    e.limit = Duration{r.b};
  };
  switch (r.kind) {
    case RecordKind::kHostUp:
      return down.Set(false, r.at);
    case RecordKind::kHostDown:
      down_kind = static_cast<FailureKind>(r.code < kFailureKinds ? r.code : 0);
      return down.Set(true, r.at);
    case RecordKind::kFrozen:
    case RecordKind::kThawed:
      return frozen.Set(r.kind == RecordKind::kFrozen, r.at);
    case RecordKind::kAsleep:
    case RecordKind::kAwake:
      return asleep.Set(r.kind == RecordKind::kAsleep, r.at);
    case RecordKind::kPathDown:
    case RecordKind::kPathUp:
      if (r.code != 0) directions = r.code;
      return cut.Set(r.code != 0, r.at);
    case RecordKind::kDegraded:
      return degraded.Set(r.code == 1, r.at);
    case RecordKind::kMappingLost:
      unmapped_conn = r.conn;
      unmapped_at = Instant{r.a};
      return;
    case RecordKind::kConnectAttempt:
      return open(Observer::kClient);
    case RecordKind::kSessionOpened:
      return open(Observer::kBroker);
    case RecordKind::kClosed:
      for (End& e : ends) {
        if (e.conn != r.conn || static_cast<int>(e.whose) != r.code >> 8) continue;
        e.closed = r.at;
        e.reason = r.code & 0xFF;
      }
      return;
    case RecordKind::kBrokerDown:
      broker_kind = r.code == 1 ? FailureKind::kBrokerKill : FailureKind::kBrokerCrash;
      return broker_down.Set(true, r.at);
    case RecordKind::kBrokerUp:
      return broker_down.Set(false, r.at);
    case RecordKind::kBrokerStalled:
    case RecordKind::kBrokerResumed:
      return broker_stalled.Set(r.kind == RecordKind::kBrokerStalled, r.at);
    default:
      return;
  }
}

}  // namespace keepsim
