// The simulator against the oracle, on scenarios small enough to be stepped through.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "tests/oracle/difference.h"
#include "tests/oracle/generate.h"
#include "tests/oracle/walk.h"

namespace keepsim::oracle {
namespace {

std::unique_ptr<Plan> PlanOf(const std::string& text) {
  Diagnostics diagnostics;
  const LoadedScenario scenario = LoadText(text, ScenarioFormat::kText, "oracle", diagnostics);
  auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.Render() << text;
  plan->Link();
  return plan;
}

std::vector<TraceRecord> Simulate(const Plan& plan) {
  std::vector<TraceRecord> records;
  RunOptions options;
  options.threads = 1;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    records.insert(records.end(), begin, end);
    return absl::OkStatus();
  };
  EXPECT_TRUE(keepsim::Run(plan, options).ok());
  return records;
}

// How many of the seeds the oracle could judge.
int CompareGenerated(Transport transport, uint64_t first_seed, uint64_t last_seed) {
  int judged = 0;
  int different = 0;
  for (uint64_t seed = first_seed; seed <= last_seed && different < 3; ++seed) {
    const std::string text = Generate(seed, transport);
    const std::unique_ptr<Plan> plan = PlanOf(text);
    const Outcome expected = WalkThroughTime(*plan);
    if (!expected.out_of_scope.empty()) continue;
    ++judged;
    const std::string difference = Difference(*plan, Simulate(*plan), expected.records);
    if (difference.empty()) continue;
    ++different;
    ADD_FAILURE() << "seed " << seed << "\n" << difference << "scenario:\n" << text << "\n";
  }
  return judged;
}

TEST(OracleTest, GeneratedScenariosOverDatagrams) {
  EXPECT_EQ(CompareGenerated(Transport::kDatagram, 1, 300), 300);
}

}  // namespace
}  // namespace keepsim::oracle
