// Records made by hand, for tests of what reads records.
#ifndef KEEPSIM_TESTS_TRACE_STORIES_H_
#define KEEPSIM_TESTS_TRACE_STORIES_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/base/time.h"
#include "sim/trace/record.h"

namespace keepsim {

// Writes the records of clients in the order in which they are told; counts counters.
class Story {
 public:
  // Closes a connection: CloseReason numbers of sim/mqtt/effects.h.
  static constexpr int kKeepAliveTimeout = 1, kPingrespTimeout = 2, kDisconnect = 5, kTakeover = 6,
                       kPeerClosed = 7, kReset = 8, kShutdown = 12, kLocalStop = 14;

  Story& Of(uint32_t entity) { return entity_ = entity, *this; }
  Story& At(double seconds) {
    return at_ = Instant{static_cast<int64_t>(seconds * 1e9 + 0.5)}, *this;
  }

  Story& Add(RecordKind kind, int code = 0, uint32_t conn = 0, int64_t a = 0, int64_t b = 0) {
    TraceRecord r;
    r.at = at_;
    r.entity = entity_;
    r.counter = next_[{entity_, static_cast<uint16_t>(kind) < kFirstPacketKind}]++;
    r.kind = kind;
    r.code = static_cast<uint16_t>(code);
    r.conn = conn;
    r.a = a;
    r.b = b;
    records_.push_back(r);
    return *this;
  }

  // Attempt, session at the broker and CONNACK, all at once.
  Story& Connects(uint32_t conn, int keep_alive_s = 60) {
    Add(RecordKind::kConnectAttempt, 0, conn, 1);
    Add(RecordKind::kSessionOpened, 0, conn, keep_alive_s, Seconds(keep_alive_s).ns * 3 / 2);
    return Add(RecordKind::kConnected, 0, conn, Milliseconds(20).ns);
  }
  Story& Starts(uint32_t conn = 1) { return Add(RecordKind::kHostUp).Connects(conn); }
  Story& Down(FailureKind kind) { return Add(RecordKind::kHostDown, static_cast<int>(kind)); }
  Story& Up(FailureKind after) { return Add(RecordKind::kHostUp, static_cast<int>(after)); }
  Story& Declares(Observer observer, uint32_t conn, double silence_s, Evidence e = {}) {
    return Add(RecordKind::kDeclared, static_cast<int>(observer), conn,
               static_cast<int64_t>(silence_s * 1e9 + 0.5), e.Pack());
  }
  Story& Closes(Observer observer, uint32_t conn, int reason) {
    return Add(RecordKind::kClosed, static_cast<int>(observer) << 8 | reason, conn);
  }
  Story& Ends(int state = 63, int64_t events = 0, Duration longest_silence = Duration{0}) {
    Add(RecordKind::kConservation, kUp);
    Add(RecordKind::kConservation, kDown);
    return Add(RecordKind::kEnd, state, 0, events, longest_silence.ns);
  }

  const std::vector<TraceRecord>& told() const { return records_; }
  std::vector<TraceRecord> Canonical() const {
    std::vector<TraceRecord> sorted = records_;
    std::sort(sorted.begin(), sorted.end(), CanonicalLess);
    return sorted;
  }

 private:
  Instant at_ = kStart;
  uint32_t entity_ = 1;
  std::map<std::pair<uint32_t, bool>, uint32_t> next_;
  std::vector<TraceRecord> records_;
};

// `n` records of 50 entities with every kind of value, canonical; packet level among them.
std::vector<TraceRecord> ManyRecords(size_t n);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_TRACE_STORIES_H_
