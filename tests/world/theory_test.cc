// Closed forms over TCP: what a lost PINGREQ costs follows from the retransmission schedule.
#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "sim/base/stats.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

// Patient clients: only the broker declares.
constexpr char kPatient[] = R"(client_profiles { name: "patient" pingresp_rule: NEVER })";

// When, after the first, an unanswered segment is sent again on a path of 20 ms there and back: as
// the packet-level trace of one client in a black hole shows it.
std::vector<Duration> Schedule(Duration within) {
  const auto plan = PlanOf(std::string(R"(name: "hole" horizon: "200s"
    groups {
      name: "g" count: 1 keep_alive: "60s" client: "patient"
      path { both { latency { constant: "10ms" } } }
    }
    faults { at: "50s" partition { directions: UP } })") +
                           kPatient);
  std::vector<Duration> offsets;
  Instant first = kNever;
  for (const TraceRecord& r : RecordsOf(*plan, /*packets=*/true)) {
    if (r.kind != RecordKind::kSegmentSent || r.code >> 8 != kUp || r.conn != 1) continue;
    if (r.at < kStart + Seconds(50)) continue;
    if (first == kNever) first = r.at;
    if (r.at - first <= within) offsets.push_back(r.at - first);
  }
  return offsets;
}

int64_t DeclaredByBroker(const Plan& plan) {
  const std::vector<TraceRecord> records = RecordsOf(plan);
  return std::count_if(records.begin(), records.end(), [](const TraceRecord& r) {
    return r.kind == RecordKind::kDeclared && r.code == static_cast<int>(Observer::kBroker);
  });
}

TEST(TheoryTest, TheScheduleIsAProbeAndThenDoubling) {
  const std::vector<Duration> offsets = Schedule(Seconds(30));
  // The first, the probe and the first retransmission (tests/net/tcp_test.cc has them in numbers).
  ASSERT_EQ(offsets.size(), 9u);
  // Each wait is twice the one before; the kernel's timer wheel ends it late by up to an eighth,
  // and never early.
  Duration rto = offsets[2] - offsets[1];
  for (size_t i = 3; i < offsets.size(); ++i) {
    rto = rto * 2;
    EXPECT_GE(offsets[i] - offsets[i - 1], rto);
    EXPECT_LE(offsets[i] - offsets[i - 1], rto * 9 / 8);
  }
}

// With independent loss p a ping misses a limit if all its transmissions that could still make it
// are lost: p^n. The path is clean until the connection stands, so that the RTO is a fresh one.
TEST(TheoryTest, APingMissesItsLimitWithTheProbabilityOfItsSchedule) {
  const auto n = static_cast<double>(Schedule(Seconds(5)).size());
  constexpr int kClients = 20000;
  for (const double p : {0.4, 0.5, 0.6}) {
    // keepAlive 10 s: PINGREQ 10 s after CONNECT, limit 15 s after it, on equal paths.
    const auto plan = PlanOf("name: \"loss\" horizon: \"15500ms\" groups { name: \"g\" count: " +
                             std::to_string(kClients) +
                             R"( keep_alive: "10s" client: "patient"
             path { both { latency { constant: "10ms" } } } }
        faults { at: "5s" degrade { directions: UP loss: )" +
                             std::to_string(p) + " } }" + kPatient);
    const ConfidenceInterval seen = BinomialInterval(DeclaredByBroker(*plan), kClients, 0.999);
    EXPECT_LE(seen.low, std::pow(p, n)) << p;
    EXPECT_GE(seen.high, std::pow(p, n)) << p;
  }
}

// An outage of length L, met at a uniform phase: a ping is late if it falls so early into it that
// its last transmission in time is lost too: (L - last offset) / K (theory, section 4).
TEST(TheoryTest, AnOutageCostsWhatOutlastsTheLastRetransmission) {
  const double last = ToSeconds(Schedule(Seconds(30)).back());
  constexpr int kClients = 20000;
  for (const int length : {25, 35, 45}) {
    const auto plan =
        PlanOf("name: \"outage\" horizon: \"10m\" groups { name: \"g\" count: " +
               std::to_string(kClients) +
               R"( keep_alive: "60s" client: "patient" start { spread: "60s" }
             path { both { latency { constant: "10ms" } } } }
        faults { at: "150s" duration: ")" +
               std::to_string(length) + R"(s" partition { directions: UP } })" + kPatient);
    const double expected = std::max(0.0, (length - last) / 60);
    const ConfidenceInterval seen = BinomialInterval(DeclaredByBroker(*plan), kClients, 0.999);
    EXPECT_LE(seen.low, expected) << length;
    EXPECT_GE(seen.high, expected) << length;
  }
}

}  // namespace
}  // namespace keepsim
