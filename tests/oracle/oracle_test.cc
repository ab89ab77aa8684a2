// The simulator against the oracle, on scenarios small enough to be stepped through.
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/mqtt/effects.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/difference.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/walk.h"

namespace keepsim::oracle {
namespace {

// Kind and code.
using Seen = std::set<std::pair<RecordKind, int>>;

std::pair<RecordKind, int> Declared(Observer observer) {
  return {RecordKind::kDeclared, static_cast<int>(observer)};
}

std::pair<RecordKind, int> Closed(Observer observer, CloseReason reason) {
  return {RecordKind::kClosed, static_cast<int>(observer) << 8 | static_cast<int>(reason)};
}

std::unique_ptr<Plan> PlanOf(const std::string& text) {
  Diagnostics diagnostics;
  const LoadedScenario scenario = LoadText(text, ScenarioFormat::kText, "oracle", diagnostics);
  auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render() << text;
  plan->Link();
  return plan;
}

std::vector<TraceRecord> Simulate(const Plan& plan) {
  std::vector<TraceRecord> records;
  RunOptions options;
  options.threads = 1;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    records.insert(records.end(), begin, end);
    return absl::OkStatus();
  };
  const auto result = keepsim::Run(plan, options);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result->checks->total(), 0);
  return records;
}

struct Tally {
  int judged = 0;  // of the scenarios, those that the oracle could judge
  Seen seen;       // in those
};

Tally CompareGenerated(Transport transport, uint64_t first_seed, uint64_t last_seed) {
  Tally tally;
  int different = 0;
  for (uint64_t seed = first_seed; seed <= last_seed && different < 3; ++seed) {
    const std::string text = Generate(seed, transport);
    const std::unique_ptr<Plan> plan = PlanOf(text);
    const Outcome expected = WalkThroughTime(*plan);
    if (!expected.out_of_scope.empty()) continue;
    ++tally.judged;
    for (const TraceRecord& r : expected.records) tally.seen.insert({r.kind, r.code});
    const std::string difference = Difference(*plan, Simulate(*plan), expected.records);
    if (difference.empty()) continue;
    ++different;
    ADD_FAILURE() << "seed " << seed << "\n" << difference << "scenario:\n" << text << "\n";
  }
  return tally;
}

TEST(OracleTest, ScenariosByHand) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    const std::unique_ptr<Plan> plan = PlanOf(c.text);
    const Outcome expected = WalkThroughTime(*plan);
    EXPECT_EQ(expected.out_of_scope, "");
    EXPECT_EQ(Difference(*plan, Simulate(*plan), expected.records), "") << c.text;
  }
}

TEST(OracleTest, GeneratedScenariosOverDatagrams) {
  const Tally tally = CompareGenerated(Transport::kDatagram, 1, 300);
  EXPECT_EQ(tally.judged, 300);
  EXPECT_THAT(tally.seen,
              testing::IsSupersetOf({Declared(Observer::kBroker), Declared(Observer::kClient),
                                     Closed(Observer::kClient, CloseReason::kConnackTimeout),
                                     Closed(Observer::kClient, CloseReason::kLocalStop),
                                     Closed(Observer::kBroker, CloseReason::kTakeover),
                                     Closed(Observer::kBroker, CloseReason::kDisconnect),
                                     Closed(Observer::kBroker, CloseReason::kShutdown)}));
}

// Some crashes are beyond the oracle: what TCP had on its way when the host was lost matters.
TEST(OracleTest, GeneratedScenariosOverTcp) {
  const Tally tally = CompareGenerated(Transport::kTcp, 1, 300);
  EXPECT_GE(tally.judged, 250);
  EXPECT_THAT(tally.seen,
              testing::IsSupersetOf({Declared(Observer::kBroker), Declared(Observer::kClient),
                                     Closed(Observer::kClient, CloseReason::kConnackTimeout),
                                     Closed(Observer::kClient, CloseReason::kPeerClosed),
                                     Closed(Observer::kClient, CloseReason::kRefused),
                                     Closed(Observer::kClient, CloseReason::kReset),
                                     Closed(Observer::kBroker, CloseReason::kPeerClosed),
                                     Closed(Observer::kBroker, CloseReason::kTakeover),
                                     Closed(Observer::kBroker, CloseReason::kDisconnect),
                                     Closed(Observer::kBroker, CloseReason::kShutdown)}));
}

TEST(OracleTest, SaysWhatItCannotJudge) {
  EXPECT_EQ(WalkThroughTime(*PlanOf(R"(
    horizon: "10s" groups { name: "g" path { transport: DATAGRAM both { loss: 0.1 } } }
    client_profiles { name: "c" })"))
                .out_of_scope,
            "jitter");
}

}  // namespace
}  // namespace keepsim::oracle
