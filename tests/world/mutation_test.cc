// Wrong sessions are caught: a whole run with one rule broken, judged by the rules of the right
// one. Where no setting breaks the rule, the records are altered as a wrong session would have
// written them.
#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/check/checker.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kFleet[] = R"(
  name: "mutants" horizon: "2h"
  groups {
    name: "fleet" count: 30 keep_alive: "60s" start { spread: "60s" }
    path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.02 } }
    random_faults { fault: CRASH gap { exponential { mean: "40m" } } length { constant: "5m" } }
    publish { poisson { mean_gap: "10m" } qos: 1 payload_bytes: 10 }
  }
  faults { name: "cut" at: "1h" duration: "5m" partition {} })";

// The rules that the records break, by the lights of `right`.
std::set<std::string> Broken(const std::vector<TraceRecord>& records, const Plan& right,
                             int64_t judged = -1) {
  const CheckShape shape = CheckShapeOf(right);
  CheckerSet checks(&shape);
  for (const TraceRecord& r : records) {
    if (r.entity != 0) checks.Add(r);
  }
  checks.Finish(judged);
  std::set<std::string> rules;
  for (const Violation& v : checks.violations()) rules.insert(v.rule);
  return rules;
}

std::set<std::string> BrokenBy(const std::function<void(Plan&)>& mutate,
                               const std::string& text = kFleet) {
  const auto right = PlanOf(text);
  auto wrong = PlanOf(text);
  mutate(*wrong);
  wrong->Link();
  return Broken(RecordsOf(*wrong, /*packets=*/true), *right);
}

TEST(MutationTest, TheRightSessionsBreakNothing) {
  EXPECT_THAT(BrokenBy([](Plan&) {}), IsEmpty());
}

TEST(MutationTest, AClientThatPingsTooLate) {
  EXPECT_THAT(BrokenBy([](Plan& p) { p.groups[0].profile.ping_after = Times(5, 4); }),
              ElementsAre("client_silence"));
}

TEST(MutationTest, AClientThatMindsOnlyWhatItReceives) {
  // An answer that comes late postpones its PINGREQ.
  EXPECT_THAT(BrokenBy([](Plan& p) { p.groups[0].profile.ping_when = PingWhen::kInSilent; }),
              Contains("client_silence"));
}

TEST(MutationTest, ABrokerThatClosesTooLate) {
  EXPECT_THAT(BrokenBy([](Plan& p) {
                p.broker.profile.mechanism = CheckMechanism::kScan;
                p.broker.profile.period = Fixed(Seconds(20));
              }),
              ElementsAre("broker_limit"));
}

TEST(MutationTest, AClientThatDoesNotComeBack) {
  constexpr char kCutOnce[] = R"(name: "cut once" horizon: "3h"
    groups { name: "g" count: 3 keep_alive: "60s" path { both { latency { constant: "50ms" } } } }
    faults { name: "cut" at: "1h" duration: "5m" partition {} })";
  EXPECT_THAT(BrokenBy([](Plan&) {}, kCutOnce), IsEmpty());
  const auto wait_for_long = [](Plan& p) {
    ReconnectPolicy& policy = p.groups[0].profile.reconnect;
    policy.first = policy.min = policy.max = Seconds(100000);
  };
  EXPECT_THAT(BrokenBy(wait_for_long, kCutOnce), ElementsAre("liveness"));
}

// What a wrong session would have written.
std::set<std::string> BrokenRecords(const std::function<void(std::vector<TraceRecord>&)>& alter) {
  const auto plan = PlanOf(kFleet);
  std::vector<TraceRecord> records = RecordsOf(*plan);
  alter(records);
  return Broken(records, *plan);
}

TraceRecord& FirstOf(std::vector<TraceRecord>& records, RecordKind kind) {
  for (TraceRecord& r : records) {
    if (r.kind == kind) return r;
  }
  ADD_FAILURE() << "no " << RecordKindName(kind);
  return records.front();
}

TEST(MutationTest, ABrokerThatClosesTooEarly) {
  EXPECT_THAT(BrokenRecords([](std::vector<TraceRecord>& records) {
                FirstOf(records, RecordKind::kDeclared).a -= 1;
              }),
              ElementsAre("broker_limit"));
}

TEST(MutationTest, APacketThatVanished) {
  EXPECT_THAT(BrokenRecords([](std::vector<TraceRecord>& records) {
                FirstOf(records, RecordKind::kConservation).a += int64_t{1} << 32;
              }),
              ElementsAre("conservation"));
}

TEST(MutationTest, ABrokerThatDeclaresAndGoesOn) {
  EXPECT_THAT(BrokenRecords([](std::vector<TraceRecord>& records) {
                // Its closing comes right after; without it the numbers have a gap as well.
                const auto declared =
                    std::find_if(records.begin(), records.end(),
                                 [](const auto& r) { return r.kind == RecordKind::kDeclared; });
                const auto closed = std::find_if(declared, records.end(), [&](const auto& r) {
                  return r.kind == RecordKind::kClosed && r.entity == declared->entity;
                });
                records.erase(closed);
              }),
              Contains("one_verdict"));
}

TEST(MutationTest, ADeclarationWithTwoVerdictsOrNone) {
  const auto plan = PlanOf(kFleet);
  const std::vector<TraceRecord> records = RecordsOf(*plan);
  const auto declared = std::count_if(records.begin(), records.end(), [](const TraceRecord& r) {
    return r.kind == RecordKind::kDeclared;
  });
  EXPECT_GT(declared, 10);
  EXPECT_THAT(Broken(records, *plan, declared), IsEmpty());
  EXPECT_THAT(Broken(records, *plan, declared - 1), ElementsAre("one_verdict"));
  EXPECT_THAT(Broken(records, *plan, declared + 1), ElementsAre("one_verdict"));
}

TEST(MutationTest, ARecordOutOfOrder) {
  EXPECT_THAT(BrokenRecords([](std::vector<TraceRecord>& records) {
                FirstOf(records, RecordKind::kConnected).counter += 1;
              }),
              Contains("order"));
}

}  // namespace
}  // namespace keepsim
