// Verdict and cause of declarations, from the mechanisms that bring them about.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

// Two clients at keepAlive 60 s on a path without loss, 10 ms each way.
std::string Quiet(const std::string& group, const std::string& rest = "") {
  return R"(name: "quiet" horizon: "1h"
    groups {
      name: "g" count: 2 keep_alive: "60s"
      path { both { latency { constant: "10ms" } } } )" +
         group + " } " + rest;
}

// The cause of all false declarations of the observer; fails if there are none or several causes.
Cause OnlyCause(const std::string& text, Observer observer) {
  const auto incidents = IncidentsOf(*PlanOf(text));
  Cause cause = Cause::kFailure;
  for (const Incident& i : incidents) {
    if (i.observer != observer || i.verdict != Verdict::kFalse) continue;
    EXPECT_TRUE(cause == Cause::kFailure || cause == i.cause) << CauseName(i.cause);
    cause = i.cause;
  }
  EXPECT_NE(cause, Cause::kFailure) << "no false declaration";
  return cause;
}

constexpr char kLazy[] = R"(client_profiles { name: "lazy" ping_factor: 2 })";

TEST(CauseTest, AQuietPathHasNoDeclarations) {
  EXPECT_THAT(IncidentsOf(*PlanOf(Quiet(""))), testing::IsEmpty());
}

TEST(CauseTest, AClientThatMayBeSilentForTwiceKeepAlive) {
  EXPECT_EQ(OnlyCause(Quiet("client: \"lazy\"", kLazy), Observer::kBroker), Cause::kClientRule);
}

TEST(CauseTest, ADriftTooSmallToMatterIsNotTheCause) {
  EXPECT_EQ(OnlyCause(Quiet("client: \"lazy\" clock { drift_ppm: 100 }", kLazy), Observer::kBroker),
            Cause::kClientRule);
  EXPECT_EQ(
      OnlyCause(Quiet("client: \"lazy\" clock { drift_ppm: -100 }", kLazy), Observer::kBroker),
      Cause::kClientRule);
}

TEST(CauseTest, AClockThatRunsAtHalfSpeed) {
  // 60 s of its own are 120 s of the broker's, which closes at 90 s.
  EXPECT_EQ(OnlyCause(Quiet("clock { drift_ppm: -500000 }"), Observer::kBroker),
            Cause::kClockDrift);
}

TEST(CauseTest, AFrozenProcessThatWokeTooLate) {
  // Frozen from 100 s to 200 s: the broker declares at 150 s (the last PINGREQ was at 60 s), which
  // is true; so is everything that the client finds afterwards.
  for (const Incident& i : IncidentsOf(*PlanOf(
           Quiet("", "faults { name: \"f\" at: \"100s\" duration: \"100s\" client: FREEZE }")))) {
    EXPECT_EQ(i.verdict, Verdict::kTrue) << CauseName(i.cause);
  }
}

TEST(CauseTest, APathThatWasCutForAWhileIsTransient) {
  // Up cut from 59 s to 140 s: the PINGREQ of 60 s is lost, and comes back too late for 90 s of
  // silence if the retransmission waits beyond it.
  const auto incidents = IncidentsOf(*PlanOf(
      Quiet("client: \"patient\"",
            "client_profiles { name: \"patient\" pingresp_rule: NEVER } "
            "faults { name: \"c\" at: \"59s\" duration: \"81s\" partition { directions: UP } }")));
  ASSERT_FALSE(incidents.empty());
  for (const Incident& i : incidents) {
    EXPECT_NE(i.verdict, Verdict::kFalse) << CauseName(i.cause);
  }
}

// The back-off that a cut leaves behind holds the next PINGREQ up: the silence began in the cut.
TEST(CauseTest, ASilenceThatBeganInACutIsTransientToTheClientToo) {
  const auto incidents =
      IncidentsOf(*PlanOf(Quiet(R"(publish { recorded { at: "62s" } payload_bytes: 10 })",
                                R"(broker { grace_factor: 3 }
         faults { at: "61s" duration: "60s" partition {} }
         faults { at: "130s" duration: "1s" partition {} })")));
  ASSERT_FALSE(incidents.empty());
  EXPECT_EQ(incidents[0].observer, Observer::kClient);
  EXPECT_EQ(incidents[0].verdict, Verdict::kTransient);
  EXPECT_EQ(incidents[0].silence, Milliseconds(91960));
  // Of two cuts within the silence the first is where it began.
  EXPECT_EQ(incidents[0].onset, kStart + Seconds(61));
}

TEST(CauseTest, AMappingThatWentBeforeTheClientDidIsWhereTheFailureBegan) {
  const auto incidents = IncidentsOf(*PlanOf(R"(name: "nat" horizon: "30m"
      groups {
        name: "g" count: 1 keep_alive: "300s"
        path { both { latency { constant: "10ms" } } middlebox { idle_timeout: "60s" } }
      }
      faults { at: "200s" duration: "10m" client: CRASH })"));
  ASSERT_FALSE(incidents.empty());
  EXPECT_EQ(incidents[0].failure, FailureKind::kMiddlebox);
  EXPECT_EQ(incidents[0].cause, Cause::kMiddleboxExpiry);
  EXPECT_EQ(incidents[0].onset, kStart + Milliseconds(60040));
}

TEST(CauseTest, ARequestThatTakesTooLong) {
  EXPECT_EQ(OnlyCause(Quiet("", R"(broker { grace_factor: 3 }
      faults { at: "100s" duration: "60s" degrade { directions: UP extra_latency: "35s" } })"),
                      Observer::kClient),
            Cause::kPacketsLate);
}

TEST(CauseTest, ABrokerWithMoreToDoThanItCan) {
  EXPECT_EQ(OnlyCause(R"(name: "busy" horizon: "10m"
      groups {
        name: "g" count: 500 keep_alive: "60s" start { spread: "60s" }
        path { both { latency { constant: "10ms" } } }
      }
      broker { handling_time: "160ms" })",
                      Observer::kClient),
            Cause::kBrokerBusy);
}

// 59 s of silence are early for a limit of 60 s, and a client that speaks every 59.5 s is in time.
TEST(CauseTest, ABrokerThatRoundsDown) {
  EXPECT_EQ(OnlyCause(R"(name: "early" horizon: "1h"
      groups {
        name: "g" count: 20 keep_alive: "40s" client: "slow" start { spread: "7s" }
        path { both { latency { constant: "1ms" } } }
      }
      client_profiles { name: "slow" ping_factor: 1.487 pingresp_rule: NEVER }
      broker { profile: "rounds" }
      broker_profiles {
        name: "rounds" mechanism: SCAN period: "1s" whole_seconds: true
      })",
                      Observer::kBroker),
            Cause::kCheckGranularity);
}

TEST(CauseTest, ABrokerThatStoodStill) {
  // Stalled from 50 s to 170 s: nothing answers the PINGREQ of 60 s within half of keepAlive.
  const auto incidents = IncidentsOf(
      *PlanOf(Quiet("", "faults { name: \"s\" at: \"50s\" duration: \"120s\" broker_stall {} }")));
  ASSERT_FALSE(incidents.empty());
  EXPECT_EQ(incidents[0].observer, Observer::kClient);
  EXPECT_EQ(incidents[0].verdict, Verdict::kTrue);
  EXPECT_EQ(incidents[0].failure, FailureKind::kBrokerStall);
}

}  // namespace
}  // namespace keepsim
