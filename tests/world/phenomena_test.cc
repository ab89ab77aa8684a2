// Phenomena that the field knows come out of the mechanisms; none is switched on. Each test takes
// its mechanism out as well (another profile, another field) and sees the phenomenon gone.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/metrics/tally.h"
#include "sim/mqtt/packet.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

std::vector<Instant> Times(const std::vector<TraceRecord>& records, RecordKind kind, int code) {
  std::vector<Instant> times;
  for (const TraceRecord& r : records) {
    if (r.kind == kind && r.code == code) times.push_back(r.at);
  }
  return times;
}

std::vector<Instant> DeclaredBy(const std::vector<TraceRecord>& records, Observer observer) {
  return Times(records, RecordKind::kDeclared, static_cast<int>(observer));
}

// ---- batches on mosquitto's scan grid ----------------------------------------------------------

std::set<int64_t> PhasesOfDeclarations(const char* broker) {
  const auto plan =
      PlanOf(absl::StrCat(R"(name: "crashes" horizon: "30m" broker { profile: ")", broker, R"(" }
      groups { name: "g" count: 300 keep_alive: "60s" start { spread: "60s" }
               path { both { latency { uniform { low: "5ms" high: "90ms" } } } } }
      faults { at: "10m" spread: "5m" client: CRASH })"));
  const std::vector<Instant> declared = DeclaredBy(RecordsOf(*plan), Observer::kBroker);
  EXPECT_EQ(declared.size(), 300u);
  std::set<int64_t> phases;
  for (const Instant at : declared) phases.insert((at - kStart).ns % Seconds(6).ns);
  return phases;
}

TEST(PhenomenaTest, MosquittoClosesInBatchesOnItsScanGrid) {
  EXPECT_EQ(PhasesOfDeclarations("mosquitto 2.0.20").size(), 1u);
  EXPECT_GT(PhasesOfDeclarations("aedes").size(), 250u);
}

// ---- thrown out with nothing lost --------------------------------------------------------------

// A client that publishes once in a while, just after its last ping.
int64_t FalseByBroker(const std::string& client, const std::string& broker) {
  const auto plan =
      PlanOf(absl::StrCat(R"(name: "no loss" horizon: "6h" broker { profile: ")", broker, R"(" }
      groups { name: "g" count: 20 client: ")",
                          client, R"(" keep_alive: "60s"
               start { spread: "60s" } path { both { latency { constant: "20ms" } } }
               publish { poisson { mean_gap: "5m" } } })"));
  return ResultOf(*plan).metrics->Total().DeclaredCount(Observer::kBroker, Verdict::kFalse);
}

TEST(PhenomenaTest, APingRuleThatCannotSatisfyTheBrokersThrowsClientsOutWithNothingLost) {
  // The counter rule is silent for up to twice keepAlive.
  // As shipped it does not come back, so each client is thrown out once.
  EXPECT_EQ(FalseByBroker("emqtt", "mosquitto 2.0.20"), 20);
  EXPECT_EQ(FalseByBroker("emqtt", "aedes"), 20);
  EXPECT_EQ(FalseByBroker("hivemq-client", "mosquitto 2.0.20"), 0);
  EXPECT_EQ(FalseByBroker("hivemq-client", "aedes"), 0);
}

// ---- half-open: a publishing client never notices ----------------------------------------------

int64_t Noticed(const char* client, const char* publish) {
  const auto plan = PlanOf(absl::StrCat(
      R"(name: "half-open" horizon: "2h" groups { name: "g" count: 20 client: ")", client,
      R"(" keep_alive: "60s" start { spread: "60s" }
         path { transport: DATAGRAM both { latency { constant: "20ms" } } } )",
      publish, R"( }
      faults { at: "10m" partition { directions: DOWN } })"));
  return static_cast<int64_t>(DeclaredBy(RecordsOf(*plan), Observer::kClient).size());
}

TEST(PhenomenaTest, AClientThatKeepsPublishingNeverNoticesAHalfOpenLink) {
  constexpr char kEvery20s[] = R"(publish { periodic { period: "20s" } })";
  EXPECT_EQ(Noticed("paho-golang-v5 0.22", kEvery20s), 0);
  EXPECT_EQ(Noticed("mqttnet", kEvery20s), 0);
  EXPECT_EQ(Noticed("mqttjs 5.5", kEvery20s), 0);
  // The same libraries, idle; and rules that look at what is received.
  EXPECT_GE(Noticed("paho-golang-v5 0.22", ""), 20);
  EXPECT_GE(Noticed("mqttnet", ""), 20);
  EXPECT_GE(Noticed("mqttjs 5.5", ""), 20);
  EXPECT_GE(Noticed("paho-golang-v5 0.23", kEvery20s), 20);
  EXPECT_GE(Noticed("mqttjs 5.6", kEvery20s), 20);
}

// ---- a kill-rate limit and a mass failure ------------------------------------------------------

// From the first declaration to the last after everybody is cut off at once.
Duration TimeToReport(const char* broker, int clients) {
  const auto plan = PlanOf(absl::StrCat(R"(name: "mass failure" horizon: "8m" broker { profile: ")",
                                        broker, R"(" }
      groups { name: "g" count: )",
                                        clients, R"( keep_alive: "60s"
               client: "patient" start { spread: "1s" } path { transport: DATAGRAM } }
      client_profiles { name: "patient" pingresp_rule: NEVER }
      broker_profiles { name: "small" base: "hivemq-ce" kill_batch: 1 }
      broker_profiles { name: "unlimited" base: "hivemq-ce" kill_batch: 0 }
      faults { at: "90s" partition {} })"));
  const std::vector<Instant> declared = DeclaredBy(RecordsOf(*plan), Observer::kBroker);
  EXPECT_EQ(declared.size(), static_cast<size_t>(clients));
  return declared.empty() ? Duration{0} : declared.back() - declared.front();
}

TEST(PhenomenaTest, AKillRateLimitTakesMinutesOverAMassFailure) {
  // 100 every 100 ms; the broker of this run is a hundred times smaller, and so is its fleet.
  const BrokerProfile& hivemq = *FindBrokerProfile("hivemq-ce");
  EXPECT_EQ(hivemq.kill_batch, 100);
  EXPECT_EQ(hivemq.kill_period, Milliseconds(100));
  const Duration limited = TimeToReport("small", 1300);
  EXPECT_GE(limited, Seconds(129));
  EXPECT_LE(limited, Seconds(131));
  EXPECT_LE(TimeToReport("unlimited", 1300), Seconds(2));
}

// ---- reconnect storms --------------------------------------------------------------------------

// The largest share of all attempts, from the third on, that falls into a tenth of a second.
double Crowding(const std::string& reconnect) {
  const auto plan = PlanOf(absl::StrCat(
      R"(name: "storm" horizon: "5m" groups { name: "g" count: 400 client: "c" keep_alive: "60s"
         start { spread: "60s" } path { both { latency { uniform { low: "1ms" high: "30ms" } } } } }
      client_profiles { name: "c" reconnect { first: "1s" min: "1s" max: "60s" )",
      reconnect, R"( } } faults { at: "2m" duration: "150s" broker_down {} })"));
  std::map<int64_t, int64_t> by_tenth;
  int64_t all = 0;
  for (const TraceRecord& r : RecordsOf(*plan)) {
    if (r.kind != RecordKind::kConnectAttempt || r.a < 3) continue;
    ++by_tenth[(r.at - kStart) / Milliseconds(100)];
    ++all;
  }
  EXPECT_GT(all, 1000);
  int64_t most = 0;
  for (const auto& [tenth, count] : by_tenth) most = std::max(most, count);
  return static_cast<double>(most) / static_cast<double>(all);
}

TEST(PhenomenaTest, WithoutJitterTheFleetComesBackInPhase) {
  EXPECT_GT(Crowding("jitter: NONE"), 0.15);
  EXPECT_LT(Crowding("jitter: FULL"), 0.06);
}

// ---- a middlebox that forgets idle mappings ----------------------------------------------------

TEST(PhenomenaTest, AMiddleboxKillsAnIdleMappingInSilence) {
  const auto lost = [](const char* keep_alive) {
    const auto plan = PlanOf(absl::StrCat(
        R"(name: "nat" horizon: "3h" groups { name: "g" count: 20 keep_alive: ")", keep_alive,
        R"(" start { spread: "60s" } path { both { latency { constant: "30ms" } }
           middlebox { idle_timeout: "240s" on_expiry: DROP } } })"));
    const RunResult result = ResultOf(*plan);
    const Tally& t = result.metrics->Total();
    constexpr int kMiddlebox = static_cast<int>(FailureKind::kMiddlebox);
    EXPECT_EQ(t.DeclaredCount(Observer::kClient, Verdict::kTrue), t.failures[1][kMiddlebox]);
    return t.failures[1][kMiddlebox];
  };
  // A cliff between the two, not a slope.
  EXPECT_GE(lost("245s"), 20 * 20);
  EXPECT_EQ(lost("235s"), 0);
}

// ---- a host that sleeps ------------------------------------------------------------------------

// From waking up after 10 min to the client's own decision. The broker's FIN and RST are lost, so
// that its keep alive rule alone can tell it.
Duration NoticedAfterWaking(const char* client) {
  const auto plan = PlanOf(absl::StrCat(
      R"(name: "sleep" horizon: "20m"
      client_profiles { name: "still" base: "libmosquitto" clock: MONOTONIC }
      groups { name: "g" count: 1 client: ")",
      client,
      R"(" keep_alive: "60s" path { transport: DATAGRAM both { latency { constant: "10ms" } } } }
      faults { at: "70s" duration: "10m" client: SLEEP }
      faults { at: "71s" partition {} })"));
  const std::vector<TraceRecord> records = RecordsOf(*plan);
  const std::vector<Instant> declared = DeclaredBy(records, Observer::kClient);
  const std::vector<Instant> by_broker = DeclaredBy(records, Observer::kBroker);
  EXPECT_EQ(by_broker.size(), 1u);
  EXPECT_FALSE(declared.empty());
  if (by_broker.empty() || declared.empty()) return Duration{-1};
  EXPECT_LT(by_broker.front(), kStart + Seconds(70 + 90));
  return declared.front() - (kStart + Seconds(670));
}

TEST(PhenomenaTest, ASleepingHostIsGivenUpAndItsOwnClockDecidesWhenItKnows) {
  // A clock that stands still in sleep still has 50 s to the next ping, and waits for its answer.
  EXPECT_GE(NoticedAfterWaking("still"), Seconds(100));
  // One that runs on finds everything overdue.
  EXPECT_LE(NoticedAfterWaking("libmosquitto"), Seconds(65));
}

// ---- a wall clock that is set back -------------------------------------------------------------

// PINGREQs sent and messages read in the 50 minutes after the clock was set back by 8.
std::pair<int, int> AfterSettingBack(const char* clock) {
  const auto plan = PlanOf(absl::StrCat(
      R"(name: "set back" horizon: "1h" groups { name: "g" count: 1 client: "c" keep_alive: "60s"
           subscribe: "in" receive { periodic { period: "10s" } payload_bytes: 10 } }
      client_profiles { name: "c" loop_wait: "1s" loop_pause: "100ms" clock: )",
      clock, R"( }
      broker_profiles { name: "lenient" grace_factor: 10 } broker { profile: "lenient" }
      faults { at: "10m" clock { jump: "-8m" } })"));
  std::pair<int, int> seen;
  for (const TraceRecord& r : RecordsOf(*plan, /*packets=*/true)) {
    if (r.at < kStart + Seconds(600)) continue;
    const int type = r.code & 15;
    seen.first +=
        r.kind == RecordKind::kPacketSent && type == static_cast<int>(PacketType::kPingreq);
    seen.second += r.kind == RecordKind::kPacketReceived && r.code >> 8 == kDown &&
                   type == static_cast<int>(PacketType::kPublish);
  }
  return seen;
}

TEST(PhenomenaTest, AClockThatIsSetBackPutsPingsOffButTheMainLoopGoesOn) {
  const auto [pings, messages] = AfterSettingBack("WALL");
  EXPECT_NEAR(pings, 41, 1);
  EXPECT_NEAR(messages, 300, 1);
  EXPECT_NEAR(AfterSettingBack("MONOTONIC").first, 50, 1);
}

}  // namespace
}  // namespace keepsim
