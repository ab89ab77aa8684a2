// Skipping quiet stretches changes nothing but the time it takes: both engines give the same
// records, digest, events, cost counters and metrics.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/base/vector_path.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"
#include "tests/oracle/generate.h"
#include "tests/world/any_scenario.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

struct Both {
  std::vector<TraceRecord> records;
  RunResult result;
};

Both RunWith(const Plan& plan, Engine engine) {
  Both both;
  RunOptions options;
  options.threads = 1;
  options.engine = engine;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    both.records.insert(both.records.end(), begin, end);
    return absl::OkStatus();
  };
  auto result = keepsim::Run(plan, options);
  EXPECT_TRUE(result.ok()) << result.status();
  both.result = *std::move(result);
  return both;
}

std::string Text(const TraceRecord& r) {
  return "at " + std::to_string(r.at.ns) + " entity " + std::to_string(r.entity) + " counter " +
         std::to_string(r.counter) + " kind " + std::to_string(static_cast<int>(r.kind)) +
         " code " + std::to_string(r.code) + " conn " + std::to_string(r.conn) + " a " +
         std::to_string(r.a) + " b " + std::to_string(r.b);
}

// Events skipped, of all; the test fails where the engines differ.
struct Share {
  uint64_t skipped = 0;
  uint64_t events = 0;
};
Share Compare(const Plan& plan) {
  const Both skip = RunWith(plan, Engine::kAuto);
  const Both events = RunWith(plan, Engine::kEvents);
  EXPECT_EQ(skip.result.digest, events.result.digest);
  EXPECT_EQ(skip.result.events, events.result.events);
  EXPECT_EQ(skip.result.checks->total(), events.result.checks->total());
  EXPECT_EQ(skip.records.size(), events.records.size());
  for (size_t i = 0; i < std::min(skip.records.size(), events.records.size()); ++i) {
    if (skip.records[i] == events.records[i]) continue;
    ADD_FAILURE() << "record " << i << "\n  skip   " << Text(skip.records[i]) << "\n  events "
                  << Text(events.records[i]);
    break;
  }
  Share share;
  for (const SkipStats& s : skip.result.skipped) {
    share.skipped += s.skipped;
    share.events += s.events;
  }
  EXPECT_EQ(share.events, skip.result.events);
  return share;
}

TEST(SkipTest, ReferenceFleet) {
  const auto plan = PlanOf(R"(horizon: "24h" groups { name: "fleet" count: 40 client: "spec"
    keep_alive: "60s" start { spread: "60s" }
    path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.01 } }
    random_faults { fault: CRASH gap { exponential { mean: "6h" } } length { constant: "10m" } } })");
  const Share share = Compare(*plan);
  EXPECT_GT(share.skipped, share.events * 9 / 10);
}

// Much is lost and late, so that each rule of repair is used often, and their leavings meet.
TEST(SkipTest, LossyFleets) {
  const struct {
    const char* latency;
    const char* keep_alive;
  } paths[] = {{"lognormal { median: \"50ms\" sigma: 0.5 }", "60s"},
               {"lognormal { median: \"80ms\" sigma: 1.5 }", "20s"},
               {"lognormal { median: \"3ms\" sigma: 0.3 }", "5s"},
               {"exponential { mean: \"150ms\" }", "30s"},
               {"constant: \"40ms\"", "15s"}};
  uint64_t seed = 1;
  for (const auto& path : paths) {
    for (const char* loss : {"0.01", "0.05", "0.2", "0.4"}) {
      for (const bool sleeps : {false, true}) {
        if (HasFailure()) return;
        std::string text = "seed: " + std::to_string(seed++) +
                           " horizon: \"6h\" groups { name: \"g\" count: 10 keep_alive: \"" +
                           path.keep_alive +
                           "\" start { spread: \"60s\" } path { both { latency { " + path.latency +
                           " } loss: " + loss + " } } ";
        if (sleeps) {
          text +=
              "random_faults { fault: SLEEP gap { exponential { mean: \"1h\" } } length { "
              "constant: "
              "\"7s\" } } ";
        }
        text += "}";
        SCOPED_TRACE(text);
        const auto plan = PlanOf(text);
        const Both skip = RunWith(*plan, Engine::kAuto);
        EXPECT_GT(skip.result.skipped[0].odd, 100u);
        Compare(*plan);
      }
    }
  }
}

// Each shape of a message, with losses and without, alone or with PINGREQs between.
TEST(SkipTest, PublishingFleets) {
  uint64_t seed = 1;
  for (const char* transport : {"TCP", "DATAGRAM"}) {
    for (const char* when :
         {"periodic { period: \"20s\" }", "periodic { period: \"30s\" phased: false }",
          "periodic { period: \"90s\" }", "poisson { mean_gap: \"40s\" }"}) {
      for (const char* qos : {"0", "1"}) {
        for (const char* loss : {"0", "0.01", "0.1"}) {
          if (HasFailure()) return;
          // Over datagrams a lost message of QoS 1 is waited for as long as the connection lasts.
          const bool waits = transport == std::string("DATAGRAM") && loss != std::string("0");
          const std::string text =
              "seed: " + std::to_string(seed++) +
              " horizon: \"12h\" groups { name: \"g\" count: 4 keep_alive: \"60s\" "
              "start { spread: \"60s\" } path { transport: " +
              transport +
              " both { latency { lognormal { median: \"50ms\" sigma: 0.5 } } loss: " + loss +
              " } } publish { " + when + " qos: " + qos +
              " payload_bytes: 100 } random_faults { fault: SLEEP gap { exponential { mean: "
              "\"2h\" } } length { constant: \"7s\" } } }";
          SCOPED_TRACE(text);
          const Share share = Compare(*PlanOf(text));
          EXPECT_GT(share.skipped, waits ? 0 : share.events * 4 / 5);
        }
      }
    }
  }
}

// From each direction and of each QoS: nothing of it needs the queue.
TEST(SkipTest, MessagesOfEachKind) {
  for (const char* transport : {"TCP", "DATAGRAM"}) {
    for (const char* field : {"publish", "receive"}) {
      for (const char* qos : {"0", "1", "2"}) {
        // One with a main loop, whose looks a message moves.
        for (const char* client : {"spec", "libmosquitto"}) {
          if (HasFailure()) return;
          const std::string text = absl::StrCat(
              "horizon: \"12h\" groups { name: \"g\" count: 4 client: \"", client,
              "\" keep_alive: \"60s\" start { spread: \"60s\" } subscribe: \"a/#\" path { "
              "transport: ",
              transport, " both { latency { lognormal { median: \"50ms\" sigma: 0.5 } } loss: ",
              transport == std::string("TCP") ? "0.01" : "0", " } } ", field,
              " { periodic { period: \"100s\" } qos: ", qos, " payload_bytes: 100 } }");
          SCOPED_TRACE(text);
          const Share share = Compare(*PlanOf(text));
          EXPECT_GT(share.skipped, share.events * 49 / 50);
        }
      }
    }
  }
}

// A PUBACK stands for the PINGRESP, which comes after the messages that were run through.
TEST(SkipTest, AnAnswerThatHasBeenStoodForIsCounted) {
  Compare(*PlanOf(R"(horizon: "12h" groups { name: "g" count: 4 client: "hivemq-client"
    keep_alive: "20s" path { transport: DATAGRAM
      both { latency { pareto { scale: "50ms" shape: 1.5 } max: "9s" } } }
    publish { periodic { period: "500ms" } } publish { periodic { period: "45s" } qos: 1 } })"));
}

// The broker's limit, keepAlive, period and a latency that add up: after some messages both timers
// are due at one instant, for nothing, and then again when the path is cut.
TEST(SkipTest, MessagesDoNotEndInATie) {
  Compare(*PlanOf(R"(horizon: "1700s"
    groups { name: "g" count: 500 client: "one" keep_alive: "64s" start { spread: "60s" }
      path { transport: DATAGRAM both { latency { empirical { samples: "500ms" samples: "600ms" } } } }
      publish { periodic { period: "7950ms" phased: false } qos: 1 } }
    client_profiles { name: "one" max_in_flight: 1 }
    broker { profile: "b" }
    broker_profiles { name: "b" grace_factor: 1 grace_extra: "7450ms" }
    faults { at: "1560s" duration: "200s" partition { directions: UP } })"));
}

// Of two packets of a client's that are on their way at once the second's acknowledgement ends no
// round trip, and what comes for the client after them is no sample for its end.
TEST(SkipTest, ASampleMayNotEndARoundTrip) {
  Compare(*PlanOf(R"(horizon: "2h" groups { name: "g" count: 20 client: "c" keep_alive: "60s"
      start { spread: "60s" }
      path { both { latency { empirical { samples: "500ms" samples: "600ms" } } } }
      publish { poisson { mean_gap: "5m" } } receive { periodic { period: "30s" phased: false } }
      random_faults { fault: STOP gap { exponential { mean: "5m" } }
                      length { exponential { mean: "90s" } } } }
    client_profiles { name: "c" ping_when: EITHER_SILENT out_rule: OUT_ACKED_OPERATION }
    broker { profile: "emqx" }
    faults { at: "1906s" duration: "400s" partition { directions: UP } })"));
}

// A PINGREQ that is late by a loop's delay may come later than the broker bears, after a repair.
TEST(SkipTest, AClientMayBeLaterThanTheBrokerBears) {
  Compare(*PlanOf(R"(horizon: "2h" groups { name: "g" count: 5 client: "c" keep_alive: "60s"
      path { both { latency { constant: "20ms" } loss: 0.05 } } }
    client_profiles { name: "c" loop_delay_max: "1s" } broker { profile: "b" }
    broker_profiles { name: "b" grace_factor: 1 grace_extra: "900ms" })"));
}

// An answer that comes late in the step is followed by a PINGREQ that finds the radio awake.
TEST(SkipTest, ALateAnswerKeepsTheRadioAwake) {
  for (const char* client : {"paho-golang-v5", "spec"}) {
    Compare(*PlanOf(absl::StrCat(R"(horizon: "10m" groups { name: "g" client: ")", client,
                                 R"(" keep_alive: "20s" path { transport: DATAGRAM
      both { latency { empirical { samples: "20ms" samples: "7500ms" } } } } }
      broker { grace_factor: 2 })")));
  }
}

// The message takes the place of the PINGREQ at the tick.
TEST(SkipTest, ACounterTickSeesWhatWasPublished) {
  Compare(*PlanOf(R"(horizon: "20m" groups { name: "g" client: "c" keep_alive: "60s"
      path { both { latency { constant: "20ms" } } } publish { recorded { at: "180.5s" } qos: 1 } }
    client_profiles { name: "c" ping_when: COUNTER_TICK whole_seconds: true })"));
}

// Where a wait lasts for two steps, its overtaken wake-up is due with a later PINGREQ, and leaves
// its place in the order to that.
TEST(SkipTest, AnOvertakenWakeUpMayDecideATie) {
  Compare(*PlanOf(R"(horizon: "1700s"
    groups { name: "g" count: 500 client: "c" keep_alive: "60s" start { spread: "60s" }
      path { transport: DATAGRAM both { latency { empirical { samples: "500ms" samples: "600ms" } } } } }
    client_profiles { name: "c" pingresp_factor: 2 } broker { profile: "b" }
    broker_profiles { name: "b" grace_factor: 2 grace_extra: "59400ms" }
    faults { at: "1260s" duration: "400s" partition { directions: UP } })"));
}

// Nothing ends a stretch of this client. Who stops the run waits for its end.
TEST(SkipTest, AStretchCoversAMonthAtMost) {
  const auto plan = PlanOf(R"(name: "still" horizon: "300d"
      groups { name: "g" count: 1 keep_alive: "60s" path { both { latency { constant: "20ms" } } } })");
  const SkipStats stats = RunWith(*plan, Engine::kAuto).result.skipped[0];
  EXPECT_GE(stats.stretches, 10u);
  EXPECT_LE(stats.stretches, 12u);
  EXPECT_GT(stats.cycles, 300 * 1439u);
  Compare(*plan);
}

// Whatever instructions the machine has.
TEST(SkipTest, EveryVectorPathGivesTheSame) {
  const auto plan = PlanOf(R"(horizon: "24h" groups { name: "fleet" count: 10 keep_alive: "30s"
    path { both { latency { lognormal { median: "80ms" sigma: 1 } } loss: 0.02 } } })");
  const Digest expected = RunWith(*plan, Engine::kEvents).result.digest;
  const VectorPath before = ChosenVectorPath();
  for (const VectorPath path :
       {VectorPath::kPortable, VectorPath::kSse2, VectorPath::kAvx2, VectorPath::kAvx512}) {
    if (!HasVectorPath(path)) continue;
    SetVectorPath(path);
    EXPECT_EQ(RunWith(*plan, Engine::kAuto).result.digest, expected) << static_cast<int>(path);
  }
  SetVectorPath(before);
}

// Those of the library, with at most a few clients per group.
TEST(SkipTest, LibraryScenarios) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".textproto") continue;
    SCOPED_TRACE(entry.path().string());
    Diagnostics diagnostics;
    LoadedScenario scenario = Load(entry.path().string(), diagnostics);
    for (auto& group : *scenario.proto.mutable_groups()) {
      group.set_count(std::min<uint32_t>(group.count(), 8));
    }
    auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
    ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
    plan->Link();
    Compare(*plan);
    ++files;
  }
  EXPECT_GT(files, 10);
}

TEST(SkipTest, OracleScenarios) {
  Share sum;
  for (uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    for (const Transport transport : {Transport::kDatagram, Transport::kTcp}) {
      const std::string text = oracle::Generate(seed, transport);
      SCOPED_TRACE(text);
      const Share share = Compare(*PlanOf(text));
      sum.skipped += share.skipped;
      sum.events += share.events;
    }
  }
  EXPECT_GT(sum.skipped, sum.events / 10);
}

// Those of `scenario` for the seeds from `first` to `last`, or from FIRST to LAST of SKIP_SEEDS:
//   bazel test //tests/run:skip_test --test_env=SKIP_SEEDS=2001:100000 --test_filter='*AnyKind'
void CompareSeeds(std::string (*scenario)(uint64_t seed), uint64_t first, uint64_t last) {
  if (const char* seeds = std::getenv("SKIP_SEEDS")) {
    ASSERT_EQ(std::sscanf(seeds, "%" SCNu64 ":%" SCNu64, &first, &last), 2) << seeds;
  }
  Share sum;
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    const std::string text = scenario(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    const Share share = Compare(*PlanOf(text));
    sum.skipped += share.skipped;
    sum.events += share.events;
  }
  std::printf("%.1f %% of %" PRIu64 " events skipped\n",
              100.0 * static_cast<double>(sum.skipped) / static_cast<double>(sum.events),
              sum.events);
  EXPECT_GT(sum.skipped, sum.events / 10);
}

TEST(SkipTest, ScenariosOfAnyKind) { CompareSeeds(AnyScenario, 1, 2000); }

TEST(SkipTest, PublishingScenarios) { CompareSeeds(PublishingScenario, 1, 1000); }

TEST(SkipTest, ReceivingScenarios) { CompareSeeds(ReceivingScenario, 1, 1000); }

// The client's wait for PINGRESP ends, for nothing, in the instant of a tick of the broker's: whose
// timer is armed anew first is the first when both are due at once the next time.
TEST(SkipTest, ATimerThatFindsNothingMayDecideWhoIsFirst) {
  Compare(*PlanOf(R"(horizon: "3000s" groups { name: "a" count: 2 keep_alive: "5s"
    start { spread: "60s" } path { both { latency { constant: "0" } loss: 0.3 } } mqtt_version: V5
    publish { periodic { period: "30s" phased: false } qos: 1 payload_bytes: 20 } }
    broker { profile: "emqx" })"));
}

TEST(SkipTest, TiedScenarios) { CompareSeeds(TiedScenario, 1, 500); }

TEST(SkipTest, RowScenarios) { CompareSeeds(RowScenario, 1, 300); }

// Clients that the broker's limits join are run alone as far as they can be.
TEST(SkipTest, JoinedScenarios) { CompareSeeds(JoinedScenario, 1, 1000); }

// Where a packet takes no time to arrive, what made a client send it decides whose comes first.
TEST(SkipTest, WhatArrivesAtOnceComesInTheOrderOfItsCause) {
  for (const char* transport : {"TCP", "DATAGRAM"}) {
    for (const char* broker : {"handling_time: \"1s\"", "handling_time: \"1ms\"",
                               "accept_per_second: 1", "accept_backlog: 1 accept_per_second: 5"}) {
      const std::string path = std::string(" path { transport: ") + transport + " }";
      const std::string text =
          "horizon: \"400s\" groups { name: \"a\" count: 3 keep_alive: \"60s\"" + path +
          " } groups { name: \"b\" count: 3 keep_alive: \"60s\"" + path +
          " publish { periodic { period: \"30s\" phased: false } qos: 1 } } "
          "groups { name: \"c\" count: 3 keep_alive: \"30s\" start { at: \"30s\" }" +
          path +
          " } faults { at: \"59s\" duration: \"1s\" client: KILL } broker { profile: \"spec\" " +
          broker + " }";
      SCOPED_TRACE(text);
      Compare(*PlanOf(text));
    }
  }
}

// Exchanges that are run through in the turn of their PINGREQ, and some that come to more than
// that.
TEST(SkipTest, WhereEachPacketWaitsToBeHandled) {
  const auto plan = PlanOf(R"(horizon: "12h" groups { name: "fleet" count: 20 keep_alive: "20s"
    start { spread: "20s" } path { both { latency { lognormal { median: "50ms" sigma: 0.8 } }
    loss: 0.03 } } } broker { handling_time: "5ms" })");
  const SkipStats stats = RunWith(*plan, Engine::kAuto).result.skipped[0];
  EXPECT_GT(stats.skipped, stats.events / 2);
  EXPECT_GT(stats.cycles, 3 * stats.stretches);
  uint64_t judged = 0;
  for (const uint64_t ends : stats.ends) judged += ends;
  EXPECT_GT(judged, stats.stretches + 100);
  Compare(*plan);
}

TEST(SkipTest, HandlingScenarios) { CompareSeeds(HandlingScenario, 1, 700); }

TEST(SkipTest, QueueScenarios) { CompareSeeds(QueueScenario, 1, 300); }

// One client run alone skips what it skips in company.
TEST(SkipTest, ClientsAlone) {
  const auto plan = PlanOf(R"(horizon: "12h" groups { name: "fleet" count: 9 keep_alive: "20s"
    start { spread: "20s" } path { both { latency { lognormal { median: "50ms" sigma: 0.5 } }
    loss: 0.01 } } random_faults { fault: FREEZE gap { exponential { mean: "1h" } }
    length { constant: "15s" } } })");
  const Both all = RunWith(*plan, Engine::kEvents);
  for (uint32_t i = 0; i < 9; ++i) {
    for (const bool packets : {false, true}) {
      RunOptions options;
      options.threads = 1;
      options.only = {{0, i, i}};
      if (packets) options.packets = options.only;
      std::vector<TraceRecord> alone, expected;
      options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
        std::copy_if(begin, end, std::back_inserter(alone),
                     [](const TraceRecord& r) { return r.is_outcome(); });
        return absl::OkStatus();
      };
      const auto result = keepsim::Run(*plan, options);
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result->skipped[0].cycles > 0, !packets);  // packets are seen event by event
      std::copy_if(all.records.begin(), all.records.end(), std::back_inserter(expected),
                   [i](const TraceRecord& r) { return r.entity == i + 1; });
      EXPECT_EQ(alone, expected);
    }
  }
}

}  // namespace
}  // namespace keepsim
