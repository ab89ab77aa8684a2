#include "tests/trace/stories.h"

namespace keepsim {

std::vector<TraceRecord> ManyRecords(size_t n) {
  std::vector<TraceRecord> records;
  uint64_t state = 1;
  const auto draw = [&state] {  // SplitMix64
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  };
  uint32_t counters[51][2] = {};
  Instant at;
  for (size_t i = 0; i < n; ++i) {
    at += Duration{static_cast<int64_t>(draw() % 1000000000)};
    TraceRecord r;
    r.at = at;
    r.entity = static_cast<uint32_t>(draw() % 51);
    const bool packet = r.entity > 0 && draw() % 4 == 0;
    r.kind = packet ? RecordKind::kPacketSent : RecordKind::kDeclared;
    r.counter = counters[r.entity][packet ? 1 : 0]++;
    r.code = static_cast<uint16_t>(draw());
    r.conn = static_cast<uint32_t>(draw() >> (draw() % 64));
    r.a = static_cast<int64_t>(draw() >> (draw() % 64));
    r.b = -static_cast<int64_t>(draw() >> (draw() % 64));
    records.push_back(r);
  }
  return records;
}

}  // namespace keepsim
