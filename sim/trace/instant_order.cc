#include "sim/trace/instant_order.h"

#include <algorithm>

namespace keepsim {
namespace {

bool IsTruth(RecordKind kind) {
  return kind < RecordKind::kConnectAttempt || kind >= RecordKind::kFaultBegins;
}

bool IsSending(RecordKind kind) {
  return kind == RecordKind::kPacketSent || kind == RecordKind::kSegmentSent ||
         kind == RecordKind::kDatagramSent;
}

}  // namespace

std::vector<size_t> AsTheyCameAbout(const std::vector<TraceRecord>& records) {
  std::vector<size_t> truth, decided, packets;
  for (size_t i = 0; i < records.size(); ++i) {
    const TraceRecord& r = records[i];
    (!r.is_outcome() ? packets : IsTruth(r.kind) ? truth : decided).push_back(i);
  }
  const auto sending = std::find_if(packets.begin(), packets.end(),
                                    [&](size_t i) { return IsSending(records[i].kind); });
  packets.insert(sending, decided.begin(), decided.end());
  truth.insert(truth.end(), packets.begin(), packets.end());
  return truth;
}

}  // namespace keepsim
