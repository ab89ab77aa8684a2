// A run against stored records: the same, another, cut short.
#include "sim/run/replay.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/scenario/compile.h"
#include "sim/trace/writer.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

std::unique_ptr<Plan> PlanOf(int seed) {
  Diagnostics diagnostics;
  const LoadedScenario scenario =
      LoadText("seed: " + std::to_string(seed) + R"( name: "replay" horizon: "30m"
      groups {
        name: "g" count: 60 keep_alive: "10s" start { spread: "10s" }
        path { both { latency { exponential { mean: "40ms" } } loss: 0.2 } }
      })",
               ScenarioFormat::kText, "test", diagnostics);
  auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render();
  plan->Link();
  return plan;
}

// The plan's trace, written to a file of that name.
std::string TraceOf(const Plan& plan, const std::string& name) {
  std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
  TraceHeader header;
  header.horizon = plan.horizon;
  header.groups = ShapeOf(plan).groups;
  auto writer = TraceWriter::Create(path, header);
  EXPECT_TRUE(writer.ok());
  RunOptions options;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    return (*writer)->Append(absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
  };
  const auto result = keepsim::Run(plan, options);
  EXPECT_TRUE(result.ok());
  TraceFooter footer;
  footer.digest = result->digest;
  EXPECT_TRUE((*writer)->Finish(footer).ok());
  return path;
}

TEST(ReplayTest, ARunMeetsItsOwnTrace) {
  const auto plan = PlanOf(1);
  auto reader = TraceReader::Open(TraceOf(*plan, "own.kst"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto replayed = RunAgainst(*plan, {}, **reader);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_TRUE(replayed->same);
  EXPECT_GT(replayed->met, 500u);
  EXPECT_EQ(replayed->met, (*reader)->footer()->outcome_records);
  EXPECT_EQ(replayed->digest, (*reader)->footer()->digest);
}

TEST(ReplayTest, AnotherSeedDiffersAndTheFirstDifferenceIsNamed) {
  auto reader = TraceReader::Open(TraceOf(*PlanOf(1), "one.kst"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto replayed = RunAgainst(*PlanOf(2), {}, **reader);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_FALSE(replayed->same);
  ASSERT_TRUE(replayed->stored.has_value());
  ASSERT_TRUE(replayed->simulated.has_value());
  EXPECT_NE(*replayed->stored, *replayed->simulated);
}

TEST(ReplayTest, AShorterRunDiffersWhereItEnds) {
  const auto plan = PlanOf(1);
  const std::string path = TraceOf(*plan, "long.kst");
  auto reader = TraceReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  RunOptions options;
  options.only.push_back({0, 3, 3});
  const auto replayed = RunAgainst(*plan, options, **reader);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_FALSE(replayed->same);
}

TEST(ReplayTest, ACutTraceIsRefusedOrMetAsFarAsItGoes) {
  const auto plan = PlanOf(1);
  const std::string path = TraceOf(*plan, "cut.kst");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream whole;
  whole << in.rdbuf();
  const std::string bytes = whole.str();
  const std::string cut = bytes.substr(0, bytes.size() - 20);
  EXPECT_FALSE(TraceReader::OpenBytes(cut, "cut").ok());
  auto reader = TraceReader::OpenBytes(cut, "cut", {.allow_damaged = true});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto replayed = RunAgainst(*plan, {}, **reader);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_TRUE(replayed->same);
  EXPECT_GT(replayed->met, 0u);
  EXPECT_THAT(std::string((*reader)->damage().message()), HasSubstr("damaged at byte"));
}

}  // namespace
}  // namespace keepsim
