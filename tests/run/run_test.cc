// Whole runs: determinism, closed forms, isolation.
#include <algorithm>
#include <atomic>
#include <map>
#include <new>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/stats.h"
#include "sim/metrics/metric_path.h"
#include "sim/run/replay.h"
#include "sim/run/run_summary.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

constexpr char kFleet[] = R"(
  name: "fleet" horizon: "6h"
  groups {
    name: "fleet" count: 150 keep_alive: "60s" start { spread: "60s" }
    path {
      both {
        latency { lognormal { median: "50ms" sigma: 0.5 } }
        loss: 0.02
        bursts { mean_good: "20m" mean_bad: "15s" }
      }
    }
    random_faults { fault: CRASH gap { exponential { mean: "3h" } } length { constant: "10m" } }
    random_faults { fault: FREEZE gap { exponential { mean: "3h" } } length { constant: "2m" } }
    publish { poisson { mean_gap: "10m" } qos: 2 payload_bytes: 10 }
    receive { poisson { mean_gap: "15m" } qos: 1 payload_bytes: 10 }
  })";

struct Ready {
  LoadedScenario scenario;
  std::unique_ptr<Plan> plan;
};

Ready Prepare(const std::string& text) {
  Diagnostics diagnostics;
  Ready r;
  r.scenario = LoadText(text, ScenarioFormat::kText, "test", diagnostics);
  r.plan = std::make_unique<Plan>(Compile(r.scenario, diagnostics));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  r.plan->Link();
  return r;
}

std::vector<TraceRecord> RecordsOf(const Plan& plan, RunOptions options = {}) {
  std::vector<TraceRecord> records;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    records.insert(records.end(), begin, end);
    return absl::OkStatus();
  };
  const auto result = keepsim::Run(plan, options);
  EXPECT_TRUE(result.ok());
  return records;
}

TraceHeader HeaderFor(const Plan& plan) {
  TraceHeader h;
  h.horizon = plan.horizon;
  h.groups = ShapeOf(plan).groups;
  return h;
}

std::string DigestOf(const Plan& plan, int threads, bool packets = false) {
  RunOptions options;
  options.threads = threads;
  if (packets) options.packets.push_back({0, 0, plan.groups[0].count - 1});
  const auto result = keepsim::Run(plan, options);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result->checks->total(), 0)
      << (result->checks->violations().empty() ? "" : result->checks->violations()[0].text);
  EXPECT_GT(result->outcome_records, 1000u);
  return result->digest.Hex();
}

TEST(RunTest, TheDigestIsTheSameOnAnyNumberOfThreadsAndWithPackets) {
  const Ready r = Prepare(kFleet);
  const std::string once = DigestOf(*r.plan, 1);
  // Pinned: the same on every compiler, optimisation level and CPU. A change of behaviour changes
  // it, raises kEngineVersion and is told in the CHANGELOG.
  EXPECT_EQ(once, "895ea1b8d79d28b3c050377590961084");
  EXPECT_EQ(DigestOf(*r.plan, 1), once);
  EXPECT_EQ(DigestOf(*r.plan, 2), once);
  EXPECT_EQ(DigestOf(*r.plan, 5), once);
  EXPECT_EQ(DigestOf(*r.plan, 2, /*packets=*/true), once);
  const auto twice = RunTwice(*r.plan, {}, HeaderFor(*r.plan));
  ASSERT_TRUE(twice.ok()) << twice.status();
  EXPECT_TRUE(twice->same);
  EXPECT_GT(twice->met, 1000u);
}

TEST(RunTest, AnotherSeedIsAnotherRun) {
  Ready a = Prepare(kFleet);
  Ready b = Prepare(absl::StrCat("seed: 2 ", kFleet));
  EXPECT_NE(DigestOf(*a.plan, 2), DigestOf(*b.plan, 2));
}

TEST(RunTest, RecordsComeInCanonicalOrder) {
  const Ready r = Prepare(kFleet);
  const std::vector<TraceRecord> records = RecordsOf(*r.plan);
  EXPECT_TRUE(std::is_sorted(records.begin(), records.end(), CanonicalLess));
}

TEST(RunTest, AClientAloneIsTheClientInItsFleet) {
  const Ready r = Prepare(kFleet);
  RunOptions only;
  only.only.push_back({0, 17, 17});
  const std::vector<TraceRecord> alone = RecordsOf(*r.plan, only);
  std::vector<TraceRecord> slice;
  for (const TraceRecord& record : RecordsOf(*r.plan)) {
    if (record.entity == 18) slice.push_back(record);
  }
  EXPECT_GT(slice.size(), 20u);
  EXPECT_EQ(alone, slice);
}

// Cut short, a run is the beginning of the whole one; skipped stretches may reach beyond the end.
TEST(RunTest, UntilIsTheBeginningOfTheWholeRun) {
  const Ready apart = Prepare(kFleet);
  const Ready coupled = Prepare(absl::StrCat("broker { accept_per_second: 1 } ", kFleet));
  for (const Plan* plan : {apart.plan.get(), coupled.plan.get()}) {
    const std::vector<TraceRecord> whole = RecordsOf(*plan);
    for (const Instant until : {kStart, kStart + Seconds(3600), whole[whole.size() / 2].at}) {
      std::vector<TraceRecord> beginning = whole;
      std::erase_if(beginning, [&](const TraceRecord& r) { return r.at > until; });
      RunOptions options;
      options.until = until;
      EXPECT_EQ(RecordsOf(*plan, options), beginning);
      options.only.push_back({0, 17, 17});
      std::erase_if(beginning, [](const TraceRecord& r) { return r.entity != 18; });
      EXPECT_EQ(RecordsOf(*plan, options), beginning);
    }
  }
}

TEST(RunTest, AddingAGroupChangesNobodyElse) {
  const Ready before = Prepare(kFleet);
  const Ready after = Prepare(absl::StrCat(kFleet, R"(
    groups { name: "more" count: 20 keep_alive: "10s" path { both { loss: 0.1 } } })"));
  std::vector<TraceRecord> kept;
  for (const TraceRecord& record : RecordsOf(*after.plan)) {
    if (record.entity <= 150) kept.push_back(record);
  }
  EXPECT_EQ(RecordsOf(*before.plan), kept);
}

// An idle client with the specification's rule that crashes is detected after a time uniform in
// [0.5 K, 1.5 K] plus the latency (theory: section 2, uniform crash phase).
TEST(RunTest, DetectionIsUniformBetweenHalfAndOneAndAHalfKeepAlive) {
  const Ready r = Prepare(R"(
    name: "uniform" horizon: "24h"
    groups {
      name: "fleet" count: 300 keep_alive: "60s" start { spread: "60s" }
      path { both { latency { constant: "50ms" } } }
      random_faults { fault: CRASH gap { exponential { mean: "6h" } } length { constant: "10m" } }
    })");
  std::map<uint32_t, Instant> down;
  std::vector<double> latencies;
  for (const TraceRecord& record : RecordsOf(*r.plan)) {
    if (record.kind == RecordKind::kHostDown) down[record.entity] = record.at;
    if (record.kind == RecordKind::kDeclared) {
      latencies.push_back(ToSeconds(record.at - down[record.entity]));
    }
  }
  ASSERT_GT(latencies.size(), 800u);
  std::sort(latencies.begin(), latencies.end());
  EXPECT_GE(latencies.front(), 30.05);
  EXPECT_LE(latencies.back(), 90.05);
  EXPECT_LT(KsDistanceUniform(latencies, 30.05, 90.05),
            KsCritical(static_cast<double>(latencies.size()), 0.001));
}

// One lost, unrepeated PINGREQ suffices for a 1.5 K broker over datagrams: time to the first false
// close is (1/p - 1) K + 1.5 K in the mean (theory: section 3, k = 1).
TEST(RunTest, FalseTimeoutsOverDatagramsMeetTheClosedForm) {
  const Ready r = Prepare(R"(
    name: "datagram" horizon: "48h"
    groups {
      name: "fleet" count: 400 keep_alive: "60s" client: "patient"
      path { transport: DATAGRAM up { loss: 0.01 } down {} }
    }
    client_profiles { name: "patient" pingresp_rule: NEVER reconnect { enabled: false } })");
  double sum_s = 0;
  int n = 0;
  for (const TraceRecord& record : RecordsOf(*r.plan)) {
    if (record.kind == RecordKind::kDeclared) sum_s += ToSeconds(record.at), ++n;
  }
  // A lost CONNECT (1 %) costs 30 s once; nearly all of the 400 fail within 48 h.
  ASSERT_GT(n, 390);
  const double expected = (1 / 0.01 - 1) * 60 + 90;
  EXPECT_NEAR(sum_s / n, expected, 4 * expected / 20);
}

TEST(RunTest, CoupledClientsShareOneCellAndStillComeBack) {
  const Ready r = Prepare(R"(
    name: "storm" horizon: "10m"
    groups { name: "fleet" count: 300 keep_alive: "60s" path { both { latency { constant: "5ms" } } } }
    broker { accept_per_second: 50 handling_time: "100us" }
    faults { at: "2m" duration: "3s" broker_down {} })");
  RunOptions options;
  options.threads = 2;
  const auto a = keepsim::Run(*r.plan, options);
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->checks->total(), 0);
  EXPECT_EQ(a->metrics->Total().connected_at_end, 300);
  options.threads = 1;
  EXPECT_EQ(keepsim::Run(*r.plan, options)->digest, a->digest);
}

// Clients that limits join run alone, on any thread, as far as no other can tell; `storm`: they
// come back together, twice.
TEST(RunTest, JoinedClientsAreTheSameOnAnyNumberOfThreads) {
  const std::string slow =
      R"( broker_profiles { name: "slow" base: "hivemq-ce" kill_batch: 2 kill_period: "3s" } )";
  const std::string limits =
      R"(broker { profile: "slow" accept_per_second: 4 accept_backlog: 40 })" + slow;
  const std::string handling = R"(broker { profile: "slow" handling_time: "20ms" })" + slow;
  const std::string partition = R"( faults { at: "2h" duration: "3m" partition {} } )";
  const std::string storm = R"( faults { at: "1h" duration: "10s" broker_down {} }
    faults { at: "2h" duration: "3m" partition {} } faults { at: "3h" duration: "40s" broker_stall {} })";
  for (const std::string& text :
       {absl::StrCat(limits, kFleet, storm), absl::StrCat(handling, kFleet, partition)}) {
    const Ready r = Prepare(text);
    RunOptions options;
    options.engine = Engine::kEvents;
    const std::vector<TraceRecord> by_one_queue = RecordsOf(*r.plan, options);
    options.engine = Engine::kAuto;
    for (const int threads : {1, 2, 3}) {
      options.threads = threads;
      EXPECT_EQ(RecordsOf(*r.plan, options), by_one_queue) << threads;
    }
    const std::string digest = DigestOf(*r.plan, 2);
    EXPECT_EQ(DigestOf(*r.plan, 2, /*packets=*/true), digest);
    EXPECT_EQ(keepsim::Run(*r.plan, options)->threads, 3);
  }
}

// Whoever gives up before all the others have been accepted may never get in: what waits at the
// door is dead when its turn comes. That is what such a limit does, and no mistake of the model's.
TEST(RunTest, AQueueThatNeverEndsBreaksNoInvariant) {
  const Ready r = Prepare(R"(
    name: "door" horizon: "8h"
    groups { name: "fleet" count: 200 keep_alive: "60s" start { spread: "10s" }
      path { both { latency { constant: "20ms" } } } }
    broker { accept_per_second: 1 })");
  const auto result = keepsim::Run(*r.plan, {});
  ASSERT_TRUE(result.ok());
  EXPECT_LT(result->metrics->Total().connected_at_end, 200);
  EXPECT_EQ(result->checks->total(), 0) << result->checks->violations()[0].text;
}

void ExpectNothingBroken(const std::string& text) {
  SCOPED_TRACE(text);
  const Ready r = Prepare(text);
  const auto result = keepsim::Run(*r.plan, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->checks->total(), 0) << result->checks->violations()[0].text;
}

TEST(RunTest, ACopyMayArriveWithItsOriginal) {
  ExpectNothingBroken(R"(name: "copies" horizon: "1h"
    groups { name: "g" count: 9 keep_alive: "10s"
      path { transport: DATAGRAM both { duplicate: 0.1 } } })");
}

TEST(RunTest, WholeSecondsReachALimitBetweenTwoAtTheNext) {
  ExpectNothingBroken(R"(name: "whole" horizon: "1h"
    groups { name: "g" count: 9 client: "mine" keep_alive: "1s" start { spread: "10s" }
      receive { bursts { mean_gap: "1s" } } }
    client_profiles { name: "mine" ping_when: IN_SILENT }
    broker_profiles { name: "its" whole_seconds: true } broker { profile: "its" })");
}

// A limit that begins within another and ends before it leaves the other in force.
TEST(RunTest, OverlappingBrokerLimitsEndOneByOne) {
  const Ready r = Prepare(R"(
    name: "limits" horizon: "100s"
    groups { name: "g" count: 100 keep_alive: "60s" start { at: "20s" } }
    broker { handling_time: "1us" }
    faults { at: "5s" duration: "60s" broker_limits { accept_per_second: 10 } }
    faults { at: "10s" duration: "5s" broker_limits { accept_per_second: 1000 } })");
  int by_half = 0;
  for (const TraceRecord& record : RecordsOf(*r.plan)) {
    by_half += record.kind == RecordKind::kSessionOpened && record.at < kStart + Seconds(25);
  }
  // Ten a second from 20 s on.
  EXPECT_GE(by_half, 48);
  EXPECT_LE(by_half, 52);
}

TEST(RunTest, TooLittleMemoryInAThreadIsAStatus) {
  for (const char* broker : {"", "broker { accept_per_second: 100 }"}) {
    const Ready r = Prepare(absl::StrCat(broker, kFleet));
    RunOptions options;
    options.threads = 2;
    options.on_incident = [](const Incident&) { throw std::bad_alloc(); };
    const auto result = keepsim::Run(*r.plan, options);
    EXPECT_TRUE(absl::IsResourceExhausted(result.status())) << result.status();
  }
}

TEST(RunTest, StopsWhenAsked) {
  for (const char* broker : {"", "broker { accept_per_second: 100 }"}) {
    const Ready r = Prepare(absl::StrCat(broker, kFleet));
    std::atomic<bool> cancel{false};
    RunOptions options;
    options.threads = 2;
    options.cancel = &cancel;
    options.on_incident = [&](const Incident&) { cancel = true; };
    options.on_records = [](const TraceRecord*, const TraceRecord*) {
      ADD_FAILURE() << "it came to an end";
      return absl::OkStatus();
    };
    EXPECT_TRUE(absl::IsCancelled(keepsim::Run(*r.plan, options).status()));
  }
}

TEST(RunTest, ZeroClientsIsARun) {
  const Ready r = Prepare("horizon: \"1h\" groups { name: \"none\" count: 0 }");
  const auto result = keepsim::Run(*r.plan, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->events, 0u);
}

// Random scenarios: a seed picks features on and off; all invariants must hold.
TEST(RunTest, RandomScenariosBreakNoInvariant) {
  const RandomSource luck(20261123, 0);
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    const uint64_t bits = luck.Draw64(Purpose::kTest, seed);
    const auto on = [&](int bit) { return (bits >> bit & 1) != 0; };
    std::string text =
        absl::StrCat("seed: ", seed, " horizon: \"3h\" groups { name: \"g\" count: 3");
    absl::StrAppend(&text, " keep_alive: \"", on(0) ? 20 : 90, "s\"",
                    on(1) ? " mqtt_version: V5" : "");
    if (on(2)) absl::StrAppend(&text, " client: \"libmosquitto\"");
    absl::StrAppend(&text, " path {", on(3) ? " transport: DATAGRAM" : "", " both {");
    if (on(4)) absl::StrAppend(&text, " loss: 0.1");
    if (on(5)) absl::StrAppend(&text, " bursts { mean_good: \"5m\" mean_bad: \"10s\" }");
    absl::StrAppend(&text, " latency { lognormal { median: \"80ms\" sigma: 0.8 } } }");
    if (on(6))
      absl::StrAppend(
          &text, " middlebox { idle_timeout: \"50s\" on_expiry: ", on(7) ? "RESET" : "DROP", " }");
    absl::StrAppend(&text, " }");
    const char* faults[] = {"CRASH", "KILL", "STOP", "FREEZE", "SLEEP", "PATH_CUT"};
    for (int f = 0; f < 6; ++f) {
      if (!on(8 + f)) continue;
      absl::StrAppend(
          &text, " random_faults { fault: ", faults[f],
          " gap { exponential { mean: \"30m\" } } length { exponential { mean: \"90s\" } } }");
    }
    if (on(14))
      absl::StrAppend(&text, " publish { poisson { mean_gap: \"40s\" } qos: ", on(15) ? 2 : 1,
                      " }");
    if (on(16)) absl::StrAppend(&text, " receive { periodic { period: \"70s\" } qos: 1 }");
    if (on(17))
      absl::StrAppend(&text, " connect { will { topic: \"w\" qos: 1 } clean_start: ",
                      on(18) ? "true" : "false", " }");
    if (on(19)) absl::StrAppend(&text, " clock { drift_ppm_max: 200 }");
    absl::StrAppend(&text, " }");
    const char* brokers[] = {"spec", "mosquitto 2.0.20", "emqx 5.7.2", "vernemq"};
    absl::StrAppend(&text, " broker { profile: \"", brokers[bits >> 20 & 3], "\"",
                    on(22) ? " accept_per_second: 5" : "", " }");
    if (on(23))
      absl::StrAppend(&text, " faults { at: \"1h\" duration: \"1m\" broker_down { silent: ",
                      on(24) ? "true" : "false", " } }");
    if (on(25)) absl::StrAppend(&text, " faults { at: \"90m\" duration: \"40s\" broker_stall {} }");
    const Ready r = Prepare(text);
    const auto result = keepsim::Run(*r.plan, {});
    ASSERT_TRUE(result.ok()) << text;
    for (const Violation& v : result->checks->violations()) {
      ADD_FAILURE() << v.rule << " entity " << v.entity << " at " << ToSeconds(v.at) << ": "
                    << v.text << "\nagain: keepsim run <(echo '" << text << "')";
      break;
    }
  }
}

}  // namespace
}  // namespace keepsim
