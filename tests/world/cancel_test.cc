// A cell that is asked to stop does so soon, also in the midst of what it runs through without
// events.
#include <atomic>
#include <vector>

#include "gtest/gtest.h"
#include "sim/world/cell.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

// A hundred years of pings, one a second: 3 x 10^9 cycles.
constexpr char kQuiet[] = R"(horizon: "36525d" groups { name: "g" keep_alive: "1s" })";

uint64_t EventsUntilStopped(bool skips) {
  const std::unique_ptr<Plan> plan = PlanOf(kQuiet);
  const std::atomic<bool> cancel{true};
  std::vector<SkipStats> stats(plan->groups.size());
  Cell cell(*plan);
  cell.SetCancel(&cancel);
  if (skips) cell.SkipQuietStretches(&stats);
  EXPECT_FALSE(cell.Run({1, 1}, [](const TraceRecord*, const TraceRecord*) {}));
  return cell.events();
}

TEST(CancelTest, ACellOfEventsStopsWithin65536OfThem) {
  EXPECT_LE(EventsUntilStopped(/*skips=*/false), uint64_t{1} << 17);
}

TEST(CancelTest, AQuietStretchIsNoLongerThanAMonth) {
  const uint64_t events = EventsUntilStopped(/*skips=*/true);
  EXPECT_GT(events, 1000000u);  // they were skipped
  EXPECT_LT(events, 40000000u);
}

}  // namespace
}  // namespace keepsim
