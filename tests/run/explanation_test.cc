// Why incidents came about, and what would have prevented them, in stories whose answer is known.
#include "sim/run/explanation.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/metrics/incident_reader.h"
#include "sim/run/counterfactual.h"
#include "sim/scenario/load.h"
#include "tests/run/stored_run.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

Instant Ms(int64_t n) { return kStart + Milliseconds(n); }

struct Story {
  StoredRun run;
  LoadedScenario scenario;
  Incident incident;
  IncidentStretch stretch;
  Explanation why;
};

// The first incident of that observer.
Story Tell(const std::string& text, Observer observer) {
  Story s;
  s.run = Store(text);
  Diagnostics diagnostics;
  s.scenario = LoadText(text, ScenarioFormat::kText, "scenario", diagnostics);
  EXPECT_TRUE(ReadIncidents(*s.run.trace, [&](const Incident& i) {
                if (s.incident.number == 0 && i.observer == observer) s.incident = i;
                return true;
              }).ok());
  EXPECT_GT(s.incident.number, 0);
  auto stretch = ReplayIncident(*s.run.plan, *s.run.trace, s.incident);
  EXPECT_TRUE(stretch.ok()) << stretch.status();
  s.stretch = *std::move(stretch);
  EXPECT_TRUE(s.stretch.replayed.same);
  s.why = Explain(*s.run.plan, s.stretch, s.incident);
  return s;
}

// The answer to the change whose words begin so; the test fails if it was not simulated.
Answer Ask(const Story& s, const std::string& begins) {
  for (const Counterfactual& c : CounterfactualsFor(s.scenario, *s.run.plan, s.incident)) {
    if (c.change.compare(0, begins.size(), begins) != 0) continue;
    EXPECT_FALSE(c.overrides.empty()) << c.why_not;
    const auto answer =
        Simulate(s.scenario, c, s.incident, WindowOf(s.incident, s.stretch.last_heard));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : Answer{};
  }
  ADD_FAILURE() << "nobody asks for " << begins;
  return {};
}

// The client pings at 60.02 s. Up is cut from 50 s on. It waits for ever for PINGRESP, so
// that the broker is first: 90 s after CONNECT was read at 30 ms.
constexpr char kTunnel[] = R"(
  horizon: "10m"
  client_profiles { name: "patient" base: "spec" pingresp_rule: NEVER }
  groups { name: "g" client: "patient" keep_alive: "60s"
           path { both { latency { constant: "10ms" } } } }
  faults { name: "tunnel" at: "50s" duration: "LENGTH" partition { directions: UP } }
)";
std::string Tunnel(const std::string& length) {
  std::string text = kTunnel;
  return text.replace(text.find("LENGTH"), 6, length);
}

TEST(ExplanationTest, ThePacketThatWouldHavePreventedItAndWhatBecameOfIt) {
  const Story s = Tell(Tunnel("39s"), Observer::kBroker);
  EXPECT_EQ(s.incident.declared, Ms(90030));
  EXPECT_EQ(s.incident.verdict, Verdict::kTransient);
  ASSERT_EQ(s.why.awaited.size(), 1u);
  const LoggedPacket* ping = s.stretch.log.Packet(s.why.awaited[0]);
  ASSERT_NE(ping, nullptr);
  EXPECT_EQ(ping->written, Ms(60020));
  EXPECT_FALSE(s.why.path_cut);
  EXPECT_TRUE(s.why.was_cut);
  EXPECT_FALSE(s.why.peer_stood);
  EXPECT_EQ(s.why.peer_closed, kNever);
  ASSERT_EQ(s.why.faults.size(), 2u);
  EXPECT_EQ(s.why.faults[0].kind, RecordKind::kPathDown);
  EXPECT_EQ(s.why.faults[1].kind, RecordKind::kPathUp);
}

TEST(ExplanationTest, AClientAwaitsTheAnswerToItsRequest) {
  const Story s = Tell(R"(
    horizon: "3m"
    groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } }
             publish { periodic { period: "7s" } qos: 1 } client: "rule" }
    client_profiles { name: "rule" base: "spec" ping_when: ALWAYS }
    faults { at: "60s" partition { directions: DOWN } }
  )",
                       Observer::kClient);
  ASSERT_EQ(s.why.requests.size(), 1u);
  const LoggedPacket* ping = s.stretch.log.Packet(s.why.requests[0]);
  EXPECT_EQ(ping->fields.type, 12);
  EXPECT_LT(ping->received, s.incident.declared);
  // PUBACKs were lost as well; only PINGRESP would have been an answer.
  ASSERT_EQ(s.why.awaited.size(), 1u);
  EXPECT_EQ(s.stretch.log.Packet(s.why.awaited[0])->fields.type, 13);
  EXPECT_TRUE(s.why.path_cut);
}

TEST(ExplanationTest, ACrashedClientHasWrittenNothing) {
  const Story s = Tell(R"(
    horizon: "5m"
    groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } } }
    faults { at: "40s" client: CRASH }
  )",
                       Observer::kBroker);
  EXPECT_TRUE(s.why.awaited.empty());
  EXPECT_TRUE(s.why.peer_stood);
  ASSERT_EQ(s.why.faults.size(), 1u);
  EXPECT_EQ(s.why.faults[0].kind, RecordKind::kHostDown);
}

TEST(CounterfactualTest, MoreGracePreventsWhatComesInTimeThen) {
  // The PINGREQ is repeated at 88.2 s, within the tunnel, and at 116.4 s.
  const Story s = Tell(Tunnel("39s"), Observer::kBroker);
  EXPECT_FALSE(Ask(s, "grace factor 2").happened);
  // A ping each 30 s is cut as well, and the limit is 45 s.
  const Answer half = Ask(s, "half the keepAlive");
  EXPECT_TRUE(half.happened);
  EXPECT_EQ(half.at, Ms(30020 + 10 + 45000));
}

TEST(CounterfactualTest, MoreGraceIsNoHelpInALongTunnel) {
  const Story s = Tell(Tunnel("200s"), Observer::kBroker);
  const Answer answer = Ask(s, "grace factor 2");
  EXPECT_TRUE(answer.happened);
  EXPECT_EQ(answer.at, Ms(120030));
  EXPECT_EQ(answer.verdict, Verdict::kTrue);
}

TEST(CounterfactualTest, ALongerWaitAndTheOtherProfile) {
  // The broker stands still for 25 s from the ping at 60.02 s on; "hasty" waits 20 s.
  const Story s = Tell(R"(
    horizon: "5m"
    client_profiles { name: "hasty" base: "spec" pingresp_offset: "20s" }
    groups { name: "g" client: "hasty" keep_alive: "60s"
             path { both { latency { constant: "10ms" } } } }
    faults { at: "60s" duration: "25s" broker_stall {} }
  )",
                       Observer::kClient);
  EXPECT_EQ(s.incident.declared, Ms(80020));
  EXPECT_FALSE(Ask(s, "twice the wait for PINGRESP: 40s").happened);
  EXPECT_FALSE(Ask(s, "client profile spec").happened);  // waits 30 s
  const Answer grace = Ask(s, "grace factor 2");
  EXPECT_TRUE(grace.happened);
  EXPECT_EQ(grace.at, s.incident.declared);
}

// In a path, [1] and [0] are the second group and the first, whatever they are called.
TEST(CounterfactualTest, AGroupWhoseNameIsANumber) {
  const Story s = Tell(R"(
    horizon: "3m"
    groups { name: "1" keep_alive: "20m" path { both { latency { constant: "10ms" } } } }
    groups { name: "0" keep_alive: "30s" path { both { latency { constant: "10ms" } } } }
    faults { at: "40s" partition { directions: UP } }
  )",
                       Observer::kBroker);
  ASSERT_EQ(s.incident.entity, 2u);  // of "0"; "1" would need half an hour
  int asked = 0;
  for (const Counterfactual& c : CounterfactualsFor(s.scenario, *s.run.plan, s.incident)) {
    for (const std::string& o : c.overrides) {
      if (o.compare(0, 7, "groups[") != 0) continue;
      EXPECT_EQ(o.compare(0, 10, "groups[1]."), 0) << o;
      ++asked;
    }
  }
  EXPECT_EQ(asked, 4);
  // A ping at 15 s and each 15 s: the last to arrive is that of 30 s, and the limit is 22.5 s.
  const Answer half = Ask(s, "half the keepAlive: 15 s");
  EXPECT_TRUE(half.happened);
  EXPECT_LT(half.at, s.incident.declared);
}

// Nothing of mosquitto's is in the scenario; what its ring of seconds would have done is simulated.
TEST(CounterfactualTest, AnotherProfileWhereBothEndsAreSpec) {
  const Story s = Tell(R"(
    horizon: "4m"
    groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } } }
    faults { at: "40s" client: CRASH }
  )",
                       Observer::kBroker);
  EXPECT_EQ(s.incident.declared, Ms(90030));
  const Answer ring = Ask(s, "broker profile mosquitto instead of spec");
  EXPECT_TRUE(ring.happened);
  EXPECT_GT(ring.at, s.incident.declared);
  EXPECT_EQ(ring.at.ns % Seconds(1).ns, 0);
  const Answer loop = Ask(s, "client profile libmosquitto instead of spec");
  EXPECT_TRUE(loop.happened);
}

TEST(CounterfactualTest, WhatCannotBeAskedSaysWhy) {
  const Story s =
      Tell(std::string(Tunnel("200s")) + " broker { grace_factor: 3 }", Observer::kBroker);
  std::string why_not;
  for (const Counterfactual& c : CounterfactualsFor(s.scenario, *s.run.plan, s.incident)) {
    if (c.overrides.empty()) why_not += c.why_not + "\n";
  }
  EXPECT_THAT(why_not, HasSubstr("it is 3 already"));
  EXPECT_THAT(why_not, HasSubstr("has no such wait"));
  Counterfactual impossible;
  impossible.overrides = {"groups[g].keep_alive=never"};
  EXPECT_TRUE(absl::IsInvalidArgument(
      Simulate(s.scenario, impossible, s.incident, WindowOf(s.incident, kNever)).status()));
}

}  // namespace
}  // namespace keepsim
