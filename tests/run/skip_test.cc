// Skipping quiet stretches changes nothing but the time it takes: both engines give the same
// records, digest, events, cost counters and metrics.
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sim/run/runner.h"
#include "tests/oracle/generate.h"
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
  const auto plan = PlanOf(R"(horizon: "24h" groups { name: "fleet" count: 60 client: "spec"
    keep_alive: "60s" start { spread: "60s" }
    path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.01 } }
    random_faults { fault: CRASH gap { exponential { mean: "6h" } } length { constant: "10m" } } })");
  const Share share = Compare(*plan);
  EXPECT_GT(share.skipped, share.events * 9 / 10);
}

TEST(SkipTest, GeneratedScenarios) {
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

}  // namespace
}  // namespace keepsim
