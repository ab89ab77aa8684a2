// A time line and an explanation as they are printed.
#include "tools/time_line.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/metrics/incident_reader.h"
#include "tests/run/stored_run.h"
#include "tools/explanation_text.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

// Down is cut at 60 s: the PINGREQ of 60.02 s arrives, its PINGRESP does not.
constexpr char kDeaf[] = R"(
  horizon: "2m"
  groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } } }
  faults { name: "deaf" at: "60s" partition { directions: DOWN } }
)";

struct Story {
  StoredRun run;
  Incident incident;
  IncidentStretch stretch;
};

Story First(const char* scenario) {
  Story s;
  s.run = Store(scenario);
  const auto incident = FindIncident(*s.run.trace, 1);
  EXPECT_TRUE(incident.ok()) << incident.status();
  s.incident = *incident;
  auto stretch = ReplayIncident(*s.run.plan, *s.run.trace, s.incident);
  EXPECT_TRUE(stretch.ok()) << stretch.status();
  s.stretch = *std::move(stretch);
  return s;
}

TEST(TimeLineTest, BothEndsSideBySide) {
  const Story s = First(kDeaf);
  const std::string text = TimeLine(s.stretch, s.run.trace->header(), s.incident);
  // clang-format off
  for (const char* row : {
           "      0.020000       -  CONNECT                  ---> 10 ms                                            -\n",
           "      0.030000       -                                                   reads CONNECT              0.00\n",
           "     60.000000  ==== path down: cut down by deaf\n",
           "     60.020000   59.98  PINGREQ                  ---> 10 ms                                        59.99\n",
           "     60.030000   59.99                                                   reads PINGREQ              0.00\n",
           "     60.030000   59.99                           x--- lost: path cut     PINGRESP                   0.00\n",
           ("     90.020000   89.98  DECLARES BROKER DEAD                                                       29.99\n"
            "                silence: 89.98s (connection #1)\n"
            "                verdict true, cause path_cut\n")}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
  // clang-format on
  EXPECT_THAT(text, HasSubstr("PINGRESP again (probe)"));
}

// What the kernel of the broker waits for while its PINGRESP is lost, and nothing of the exchanges
// that went well.
TEST(TimeLineTest, TcpTimersThatMatter) {
  const Story s = First(kDeaf);
  const std::string text = TimeLine(s.stretch, s.run.trace->header(), s.incident);
  // clang-format off
  for (const char* row : {
           "     60.030000   59.99                             timer: by PINGRESP    TCP probes at 60.252       0.00\n",
           "     60.252000   60.21                                                   TCP probe is due           0.22\n",
           "     60.252000   60.21                             timer: RTO 220 ms     TCP repeats at 60.476      0.22\n"}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
  // clang-format on
  EXPECT_THAT(text.substr(0, text.find("path down")), testing::Not(HasSubstr("TCP")));
}

// mosquitto looks each second. Once is enough, and the look that finds something.
TEST(TimeLineTest, LooksOfABrokerAreRoutine) {
  const Story s = First(R"(
    horizon: "5m"
    groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } }
             publish { periodic { period: "7s" } qos: 0 } }
    broker { profile: "mosquitto" }
    faults { at: "70s" client: CRASH }
  )");
  const TraceHeader& header = s.run.trace->header();
  const std::string text = TimeLine(s.stretch, header, s.incident);
  const size_t declared = text.find("DECLARES CLIENT DEAD");
  ASSERT_NE(declared, std::string::npos);
  const auto count = [](const std::string& in, const std::string& what) {
    size_t n = 0;
    for (size_t i = in.find(what); i != std::string::npos; i = in.find(what, i + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(text.substr(0, declared), "looks at"), 1u) << text;
  EXPECT_EQ(count(text, "timer: every 1.00 s"), 1u);
  // Of the first look and of the one that declares.
  EXPECT_EQ(count(text.substr(0, declared), "timer fires"), 2u) << text;
  // Step mode shows them all.
  TimeLineRows rows(s.stretch.log, header, s.incident, /*routine=*/true);
  std::string all;
  for (const LogEntry& e : s.stretch.log.InOrder()) all += rows.Of(e);
  EXPECT_GT(count(all, "looks at"), 80u);
  EXPECT_EQ(count(all, "timer: every 1.00 s"), 1u);
}

// A text that is too long for its column takes room from the next one and touches nothing.
TEST(TimeLineTest, ALongTextDoesNotTouchTheNextColumn) {
  const Story s = First(R"(
    horizon: "5m"
    groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } }
             publish { periodic { period: "7s" } qos: 0 } }
    faults { at: "71s" client: CRASH }
  )");
  const std::string text = TimeLine(s.stretch, s.run.trace->header(), s.incident);
  // clang-format off
  EXPECT_THAT(text, HasSubstr(
      "     69.749185   69.71                             timer: by PUBLISH QoS 0 looks at 159.749         0.00\n"));
  // clang-format on
}

TEST(ExplanationTextTest, ChainRuleAndVerdict) {
  const Story s = First(kDeaf);
  const std::string text =
      ExplanationText(*s.run.plan, s.run.trace->header(), s.stretch, s.incident);
  for (const char* part :
       {"incident 1: at 90.020000 s g/0 declared the broker dead: true, cause path_cut (path_cut)",
        "0.040000 s  g/0 read CONNACK, the last packet it heard from the broker",
        "60.000000 s  fault: path down cut down by deaf",
        "60.020000 s  g/0 wrote PINGREQ, which asks for an answer; read at 60.030000 s",
        "60.030000 s  the broker wrote PINGRESP; read in time, it would have prevented",
        "60.030000 s sent: lost (path cut)", "repeated (tail loss probe): lost (path cut)",
        "it was never read", "waits keepAlive / 2", "[MQTT-3.1.2-23]",
        "True: the path was cut since 60.000000 s", "Neither transient nor false"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ExplanationTextTest, WhatWasRepairedTooLateWasLostBefore) {
  // Two transmissions of PINGREQ are lost; the third is read, and its answer takes 5 s.
  const Story s = First(R"(
    horizon: "3m"
    groups { name: "g" keep_alive: "60s"
             path { up { latency { constant: "10ms" } } down { latency { constant: "5s" } } } }
    faults { at: "61s" duration: "18s" degrade { directions: UP loss: 1 } }
  )");
  const std::string text =
      ExplanationText(*s.run.plan, s.run.trace->header(), s.stretch, s.incident);
  for (const char* part :
       {"false, cause packets_late", "65.010000 s sent: lost (degraded)",
        "75.264000 s repeated (tail loss probe): lost (degraded)",
        "90.368000 s repeated: arrived at 90.378000 s", "arrived at 95.378000 s, too late",
        "What had been lost, in 2 transmissions, was repaired, but too late."}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ExplanationTextTest, AFalseOneSaysWhyItIsNeitherOfTheOthers) {
  // A PINGREQ only every 100 s, where the broker allows 90 s.
  const Story s = First(R"(
    horizon: "3m"
    client_profiles { name: "lazy" base: "spec" ping_factor: 1.667 }
    groups { name: "g" client: "lazy" keep_alive: "60s" path { both { latency { constant: "10ms" } } } }
  )");
  const std::string text =
      ExplanationText(*s.run.plan, s.run.trace->header(), s.stretch, s.incident);
  for (const char* part :
       {"the broker declared g/0 dead: false, cause client_rule", "g/0 had written nothing since",
        "with keepAlive 60s that is 90s", "Not true: at that instant g/0 lived and ran",
        "Not transient: the path was not cut at any time"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

}  // namespace
}  // namespace keepsim
