// What a packet weighs is what its bytes weigh, for every client of a group.
#include <string>

#include "gtest/gtest.h"
#include "sim/mqtt/codec.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

TEST(SizeTest, ConnectSubscribeAndPublishWeighWhatTheCodecMakesOfThem) {
  const auto plan = PlanOf(R"(name: "sizes" horizon: "10s"
    groups {
      name: "meters" count: 120 keep_alive: "60s" subscribe: "in/{group}/{index}"
      connect {
        client_id: "{group}-{index}" user_name: "u{index}" password: "secret"
        will { topic: "gone/{index}" message: "{index}" }
      }
      publish { recorded { at: "5s" } topic: "out/{index}" payload_bytes: 7 }
    })");
  for (const TraceRecord& r : RecordsOf(*plan)) {
    if (r.kind != RecordKind::kCost || r.code >> 8 != kUp) continue;
    const uint32_t index = r.entity - 1;
    const ConnectOptions options = ForClient(plan->groups[0].connect, "meters", index);
    EXPECT_EQ(options.client_id, "meters-" + std::to_string(index));
    const std::string n = std::to_string(index);
    switch (static_cast<PacketType>(r.code & 15)) {
      case PacketType::kConnect:
        ASSERT_EQ(r.b, ConnectSize(options)) << index;
        break;
      case PacketType::kSubscribe:
        ASSERT_EQ(r.b, SubscribeSize(MqttVersion::kV311, ("in/meters/" + n).size())) << index;
        break;
      case PacketType::kPublish:
        ASSERT_EQ(r.b, PublishSize(MqttVersion::kV311, ("out/" + n).size(), 7, 0)) << index;
        break;
      default:
        break;
    }
  }
}

}  // namespace
}  // namespace keepsim
