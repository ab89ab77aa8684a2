// Many thousands of clients that one limit joins: what strikes all of them at one instant, and
// stopping in the middle of it. A cost that grows with the square of their number would keep this
// test busy for minutes.
#include <atomic>
#include <string>

#include "gtest/gtest.h"
#include "sim/world/cell.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

// The broker closes expired sessions at a limited rate.
std::string Fleet(uint32_t clients, const std::string& fault) {
  return R"(horizon: "50s" groups { name: "fleet" count: )" + std::to_string(clients) +
         R"( keep_alive: "60s" start { spread: "20s" }
    path { both { latency { constant: "20ms" } } } }
    broker { profile: "hivemq-ce" } faults { at: "40s" duration: "5s" )" +
         fault + " }";
}

TEST(LargeCellTest, APartitionCutsAllPathsAtOneInstant) {
  constexpr uint32_t kClients = 200000;
  const auto plan = PlanOf(Fleet(kClients, "partition {}"));
  Cell cell(*plan);
  uint64_t cut = 0;
  TraceRecord last{};
  bool in_order = true;
  const RecordSink sink = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      if (r->kind == RecordKind::kPathDown) ++cut;
      in_order = in_order && CanonicalLess(last, *r);
      last = *r;
    }
  };
  EXPECT_TRUE(cell.Run({1, kClients}, sink));
  EXPECT_EQ(cut, kClients);
  EXPECT_TRUE(in_order);
}

TEST(LargeCellTest, StopsWhileItIsSetUp) {
  constexpr uint32_t kClients = 20000;
  const auto plan = PlanOf(Fleet(kClients, "partition {}"));
  Cell cell(*plan);
  const std::atomic<bool> cancel{true};
  cell.common().cancel = &cancel;
  EXPECT_FALSE(cell.Run({1, kClients}, [](const TraceRecord*, const TraceRecord*) { FAIL(); }));
  EXPECT_EQ(cell.engine_events(), 0u);
}

TEST(LargeCellTest, StopsWithinTheEventThatClosesAllConnections) {
  constexpr uint32_t kClients = 20000;
  const auto plan = PlanOf(Fleet(kClients, "broker_down {}"));
  Cell cell(*plan);
  std::atomic<bool> cancel{false};
  cell.common().cancel = &cancel;
  uint32_t closed = 0;
  const RecordSink sink = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) closed += r->kind == RecordKind::kClosed;
  };
  cell.Begin({1, kClients}, sink);
  const Instant down = kStart + Seconds(40);
  while (cell.NextAt() < down) cell.Step();
  EXPECT_EQ(closed, 0u);
  cancel = true;
  while (cell.NextAt() == down) cell.Step();
  EXPECT_LT(closed, kClients);
}

// After the event that strikes all of them.
TEST(LargeCellTest, StopsWithinAFewThousandEvents) {
  constexpr uint32_t kClients = 70000;  // more than records that are gathered
  for (const char* fault : {"broker_down {}", "partition {}"}) {
    const auto plan = PlanOf(Fleet(kClients, fault));
    Cell cell(*plan);
    std::atomic<bool> cancel{false};
    cell.common().cancel = &cancel;
    uint64_t events = 0, after = 0, closed = 0;
    const RecordSink sink = [&](const TraceRecord* begin, const TraceRecord* end) {
      for (const TraceRecord* r = begin; r != end; ++r) {
        if (r->kind == RecordKind::kClosed || r->kind == RecordKind::kPathDown) ++closed;
      }
      if (closed == 0 || cancel) return;
      events = cell.engine_events();
      cancel = true;
    };
    EXPECT_FALSE(cell.Run({1, kClients}, sink));
    after = cell.engine_events() - events;
    EXPECT_GT(closed, 0u);
    EXPECT_LE(after, 4096u) << fault;
  }
}

}  // namespace
}  // namespace keepsim
