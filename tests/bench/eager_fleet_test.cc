// The yardstick simulates what the simulator simulates: a ratio of their times means something.
#include "tests/bench/eager_fleet.h"

#include "gtest/gtest.h"
#include "sim/run/runner.h"
#include "tests/bench/fleet.h"

namespace keepsim {
namespace {

TEST(EagerFleetTest, HasTheEventsOfTheSimulator) {
  for (const bool tcp : {false, true}) {
    const auto plan = FleetPlan(tcp, 200, "24h", kBroker, /*crashes=*/false);
    const auto result = keepsim::Run(*plan, {});
    ASSERT_TRUE(result.ok());
    EXPECT_GT(result->events, 800000u);
    EXPECT_EQ(RunEagerFleet(*plan), result->events);
  }
}

}  // namespace
}  // namespace keepsim
