// The loop allocates nothing: a cell that has run once runs again without asking for memory.
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sim/world/cell.h"
#include "tests/world/any_scenario.h"
#include "tests/world/scenario_run.h"

namespace {

size_t allocations = 0;  // this test has one thread

}  // namespace

// NOLINTBEGIN: the standard's names.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* const p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }
// NOLINTEND

namespace keepsim {
namespace {

// Of the third run of the plan's first cell.
size_t AllocationsWhenWarm(const Plan& plan, bool skip) {
  Cell cell(plan);
  std::vector<SkipStats> stats(plan.groups.size());
  if (skip) cell.common().SkipQuietStretches(plan, &stats);
  uint64_t records = 0;
  const RecordSink count = [&](const TraceRecord* begin, const TraceRecord* end) {
    records += static_cast<uint64_t>(end - begin);
  };
  const CellRange range = Partition(plan)[0];
  // The second time all places are free at the start.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(cell.Run(range, count));
  const size_t before = allocations;
  EXPECT_TRUE(cell.Run(range, count));
  EXPECT_GT(records, 0u);
  return allocations - before;
}

TEST(AllocationTest, Counts) {
  const size_t before = allocations;
  const auto p = std::make_unique<std::vector<int>>(10);
  EXPECT_EQ(allocations - before, 2u);
  EXPECT_EQ(p->size(), 10u);
}

TEST(AllocationTest, AnyCellOfOneClient) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const std::string text = AnyScenario(seed);
    const auto plan = PlanOf(text);
    for (const bool skip : {false, true}) EXPECT_EQ(AllocationsWhenWarm(*plan, skip), 0u) << text;
  }
}

TEST(AllocationTest, CellsOfMany) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const std::string text = JoinedScenario(seed);
    EXPECT_EQ(AllocationsWhenWarm(*PlanOf(text), false), 0u) << text;
  }
  const std::string fleet = R"(horizon: "1h" groups { name: "fleet" count: 2000 keep_alive: "60s"
    path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.01 } }
    random_faults { fault: CRASH gap { exponential { mean: "1h" } } length { constant: "5m" } }
    connect { will { topic: "gone/{index}" } } } watchers { name: "w" filter: "gone/+" }
    broker { accept_per_second: 100 handling_time: "10us" })";
  EXPECT_EQ(AllocationsWhenWarm(*PlanOf(fleet), false), 0u);
}

}  // namespace
}  // namespace keepsim
