// What whole runs measure: the share of time with a session, wills, failures nobody saw, memory.
#include <sys/resource.h>

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "sim/metrics/tally.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

Tally TallyOf(const std::string& text) { return ResultOf(*PlanOf(text)).metrics->Total(); }

double Share(__int128 part, __int128 whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

TEST(MeasureTest, AClientThatNeverConnectsIsNeverKnown) {
  const Tally t = TallyOf(R"(name: "refused" horizon: "1h"
    groups { name: "g" count: 3 keep_alive: "120s" path { both {} } }
    broker { max_keep_alive_s: 60 })");
  EXPECT_EQ(t.connected, 0);
  EXPECT_GT(t.connect_attempts, 3);
  EXPECT_EQ(t.known_ns, 0);
  EXPECT_GT(t.observed_ns, 0);
}

TEST(MeasureTest, AQuietClientIsKnownButForItsHandshake) {
  const Tally t = TallyOf(R"(name: "quiet" horizon: "1000s"
    groups { name: "g" count: 1 keep_alive: "60s" path { both { latency { constant: "1s" } } } })");
  EXPECT_EQ(static_cast<int64_t>(t.observed_ns), Seconds(1000).ns);
  EXPECT_EQ(static_cast<int64_t>(t.known_ns), Seconds(997).ns);  // SYN, SYN-ACK, CONNECT
}

// A mapping is gone from 60.04 s of each connection on until the client gives up.
TEST(MeasureTest, TimeWithoutAMappingIsNotObserved) {
  const Tally t = TallyOf(R"(name: "nat" horizon: "450s"
    groups {
      name: "g" count: 1 keep_alive: "300s"
      path { both { latency { constant: "10ms" } } middlebox { idle_timeout: "60s" } }
    })");
  EXPECT_LT(Share(t.observed_ns, Seconds(450).ns), 0.2);
}

TEST(MeasureTest, AWillOfATakeoverIsNoDetection) {
  const Tally t = TallyOf(R"(name: "takeover" horizon: "10m"
    groups {
      name: "g" count: 1 keep_alive: "60s" path { both { latency { constant: "10ms" } } }
      connect { will { topic: "w" } }
    }
    watchers { name: "w" filter: "w" }
    faults { at: "61s" duration: "5s" client: CRASH })");
  EXPECT_EQ(t.wills_published, 1);
  EXPECT_EQ(t.wills_delivered[0], 1);
  EXPECT_EQ(t.Detection(Observer::kWatcher).count(), 0);
}

// A queue that never runs empty, and ten times the horizon: the same memory.
TEST(MeasureTest, MemoryDoesNotGrowWithTheHorizon) {
  const auto run = [](const std::string& horizon) {
    TallyOf("name: \"steady\" horizon: \"" + horizon + R"("
      groups {
        name: "g" count: 1 keep_alive: "60s" path { both { latency { constant: "100ms" } } }
        publish { periodic { period: "20ms" } payload_bytes: 10 }
      })");
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB, the most so far
  };
  const int64_t before = run("20m");
  EXPECT_LT(run("200m"), before + 4096);
}

// MQTT 3.1.1 section 4.7.1: + is one level, # the rest and the level above.
TEST(MeasureTest, WatchersHearTheWillsThatTheirFiltersMatch) {
  const std::vector<std::pair<std::string, bool>> filters = {
      {"a/b/0", true}, {"a/+/0", true},   {"#", true},     {"a/#", true},      {"a/b/0/#", true},
      {"+/+/+", true}, {"a/b/+/#", true}, {"a/b", false},  {"a/b/0/c", false}, {"+/+", false},
      {"b/#", false},  {"a/+", false},    {"a/b/1", false}};
  std::string text = R"(horizon: "10m" groups { name: "g" count: 1 keep_alive: "10s"
    path { both { latency { constant: "1ms" } } } connect { will { topic: "a/b/{index}" } } }
    faults { at: "1m" client: CRASH })";
  for (size_t i = 0; i < filters.size(); ++i) {
    text +=
        " watchers { name: \"w" + std::to_string(i) + "\" filter: \"" + filters[i].first + "\" }";
  }
  std::vector<bool> heard(filters.size());
  for (const TraceRecord& r : RecordsOf(*PlanOf(text))) {
    if (r.kind == RecordKind::kWillDelivered) heard[r.code] = true;
  }
  for (size_t i = 0; i < filters.size(); ++i) {
    EXPECT_EQ(heard[i], filters[i].second) << filters[i].first;
  }
}

}  // namespace
}  // namespace keepsim
