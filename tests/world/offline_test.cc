// Messages for clients that are not connected: kept for a session, dropped without one.
#include <algorithm>
#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/mqtt/packet.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

// Down from 100 s to 400 s, with a message for it at 200 s, 250 s and 1000 s.
std::string Absent(bool clean_start, int qos) {
  return std::string(R"(name: "absent" horizon: "30m"
    groups {
      name: "g" count: 1 keep_alive: "60s" subscribe: "in" subscribe_qos: 2
      path { both { latency { constant: "10ms" } } }
      connect { clean_start: )") +
         (clean_start ? "true" : "false") + R"( }
      receive { recorded { at: "200s" at: "250s" at: "1000s" } payload_bytes: 10 qos: )" +
         std::to_string(qos) + R"( }
    }
    faults { name: "down" at: "100s" duration: "300s" client: CRASH })";
}

std::vector<double> Delivered(const std::string& text) {
  std::vector<double> seconds;
  for (const TraceRecord& r : RecordsOf(*PlanOf(text), /*packets=*/true)) {
    if (r.kind == RecordKind::kPacketReceived && r.code >> 8 == kDown &&
        (r.code & 15) == static_cast<int>(PacketType::kPublish)) {
      seconds.push_back(ToSeconds(r.at));
    }
  }
  return seconds;
}

TEST(OfflineTest, ASessionKeepsThem) {
  const std::vector<double> at = Delivered(Absent(false, 1));
  ASSERT_EQ(at.size(), 3u);
  // Back at 400 s, connected at once.
  EXPECT_GT(at[0], 400.0);
  EXPECT_LT(at[1], 402.0);
  EXPECT_NEAR(at[2], 1000.01, 1e-6);
}

TEST(OfflineTest, WithoutASessionTheyAreGone) {
  EXPECT_THAT(Delivered(Absent(true, 1)), testing::ElementsAre(testing::DoubleNear(1000.01, 1e-6)));
}

TEST(OfflineTest, QosZeroIsNotKept) {
  EXPECT_THAT(Delivered(Absent(false, 0)),
              testing::ElementsAre(testing::DoubleNear(1000.01, 1e-6)));
}

// Started while it stands still, and again before it ever connects: nothing is sent twice.
TEST(OfflineTest, ARestartBeforeTheFirstConnectionDoublesNothing) {
  const std::vector<double> at = Delivered(R"(name: "twice" horizon: "10m"
    groups { name: "g" keep_alive: "60s" subscribe: "in" start { at: "1s" }
      path { both { latency { constant: "10ms" } } }
      receive { periodic { period: "20s" phased: false } } }
    faults { at: "0" duration: "20s" client: FREEZE }
    faults { at: "5s" duration: "5s" client: KILL })");
  EXPECT_EQ(at.size(), 29u);  // from 21 s on
  EXPECT_TRUE(std::is_sorted(at.begin(), at.end(), std::less_equal<>()));
}

}  // namespace
}  // namespace keepsim
