// The kernels' timers as they are recorded at packet level.
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trace/wire_fields.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

using testing::ElementsAre;

bool IsTcpTimer(const TraceRecord& r) {
  return r.kind == RecordKind::kTcpTimerArmed || r.kind == RecordKind::kTcpTimerFired;
}

// "probe 10.244", "fired probe", "stopped", in milliseconds.
std::string Word(const TraceRecord& r) {
  static constexpr const char* kNames[] = {"again", "probe", "reorder", "ack", "keepalive", "fin"};
  const TcpTimerFields t = TcpTimerFieldsOf(r);
  const std::string name = kNames[static_cast<int>(t.name)];
  if (r.kind == RecordKind::kTcpTimerFired) return "fired " + name;
  if (t.deadline == kNever) return "stopped " + name;
  std::string word = name + " " + std::to_string((t.deadline - kStart).ns / 1000000);
  if (t.backoff > 0) word += " x" + std::to_string(t.backoff);
  return word;
}

// Up is cut from 9 s to 10.3 s: the PINGREQ of 10.02 s is repaired by the first retransmission.
TEST(TcpTimerTest, ALostPingIsProbedForRepeatedAndAcknowledged) {
  const auto plan = PlanOf(R"(
    horizon: "15s"
    groups { name: "g" keep_alive: "10s" path { both { latency { constant: "10ms" } } } }
    faults { at: "9s" duration: "1300ms" partition { directions: UP } }
  )");
  std::vector<std::string> client;
  for (const TraceRecord& r : RecordsOf(*plan, /*packets=*/true)) {
    if (!IsTcpTimer(r) || TcpTimerFieldsOf(r).broker || r.at < kStart + Seconds(10)) continue;
    client.push_back(std::to_string((r.at - kStart).ns / 1000000) + ": " + Word(r));
  }
  EXPECT_THAT(client,
              ElementsAre("10020: probe 10244", "10244: fired probe", "10244: again 10468",
                          "10468: fired again", "10468: again 10912 x1", "10488: stopped again"));
}

// Loss, sleep, drift, keep-alive probes, crashes: whatever happens, a timer fires when it was told
// to, and its deadline is told whenever it has moved, not again and again.
TEST(TcpTimerTest, EveryTimerFiresAtTheDeadlineThatWasTold) {
  const auto plan = PlanOf(R"(
    horizon: "2h"
    groups {
      name: "g" count: 8 keep_alive: "30s" clock { drift_ppm: 50 }
      path {
        both { latency { lognormal { median: "60ms" sigma: 0.6 } } loss: 0.1 }
        tcp { keepalive_time: "20s" keepalive_interval: "5s" keepalive_probes: 3 }
      }
      random_faults { fault: CRASH gap { exponential { mean: "30m" } } length { constant: "3m" } }
      random_faults { fault: SLEEP gap { exponential { mean: "20m" } } length { constant: "50s" } }
      publish { poisson { mean_gap: "1m" } qos: 1 payload_bytes: 10 }
    }
  )");
  std::map<std::tuple<uint32_t, uint32_t, bool, int>, Instant> held;
  std::map<TcpTimerName, int> fired;
  for (const TraceRecord& r : RecordsOf(*plan, /*packets=*/true)) {
    if (!IsTcpTimer(r)) continue;
    const TcpTimerFields t = TcpTimerFieldsOf(r);
    const auto [at, fresh] =
        held.try_emplace({r.entity, r.conn, t.broker, TcpTimerSlot(t.name)}, kNever);
    if (r.kind == RecordKind::kTcpTimerFired) {
      ++fired[t.name];
      EXPECT_EQ(at->second, t.deadline);
      // A host that slept is late.
      EXPECT_GE(r.at, t.deadline);
    } else {
      EXPECT_NE(at->second, t.deadline) << "entity " << r.entity << " conn " << r.conn;
      at->second = t.deadline;
    }
  }
  for (const TcpTimerName name : {TcpTimerName::kRetransmission, TcpTimerName::kProbe,
                                  TcpTimerName::kDelayedAck, TcpTimerName::kKeepAlive}) {
    EXPECT_GT(fired[name], 3) << static_cast<int>(name);
  }
}

}  // namespace
}  // namespace keepsim
