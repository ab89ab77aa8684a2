// A cell goes on from an image as it would have gone on; with other luck, only what had not shown
// by then becomes another.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/base/stats.h"
#include "sim/world/cell_image.h"
#include "tests/world/any_scenario.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

// Steps a cell and keeps its records.
class Stepper {
 public:
  explicit Stepper(const Plan& plan)
      : end_(kStart + plan.horizon),
        sink_([this](const TraceRecord* begin, const TraceRecord* end) {
          records_.insert(records_.end(), begin, end);
        }),
        cell_(plan) {}

  Cell& cell() { return cell_; }
  const RecordSink& sink() const { return sink_; }
  void Begin(CellRange range) {
    now_ = kStart;
    cell_.Begin(range, sink_);
  }
  // Up to `most` steps. How many there were.
  uint64_t Steps(uint64_t most) {
    uint64_t n = 0;
    while (n < most && cell_.NextAt() < end_) {
      now_ = cell_.NextAt();
      cell_.Step();
      ++n;
    }
    return n;
  }
  Instant now() const { return now_; }
  std::vector<TraceRecord> Take() { return std::exchange(records_, {}); }

 private:
  const Instant end_;
  const RecordSink sink_;
  Cell cell_;
  Instant now_;
  std::vector<TraceRecord> records_;
};

TEST(ImageTest, ACellGoesOnAsItWouldHave) {
  constexpr uint64_t kAll = ~uint64_t{0};
  int images = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const auto plan = PlanOf(AnyScenario(seed));
    const RandomSource luck(seed, 0);
    Stepper whole(*plan), other(*plan);
    for (Stepper* s : {&whole, &other})
      s->cell().common().packets_selected = [](uint32_t) { return true; };
    uint64_t cells = 0;
    for (const CellRange range : Partition(*plan)) {
      if (++cells > 3) break;
      SCOPED_TRACE("seed " + std::to_string(seed) + ", cell " + std::to_string(cells));
      whole.Begin(range);
      const uint64_t steps = whole.Steps(kAll);
      whole.Take();
      // Up to the image; the rest once more in the same cell, and in another that has run.
      const uint64_t before = steps == 0 ? 0 : luck.Draw64(Purpose::kTest, cells) % steps;
      whole.Begin(range);
      whole.Steps(before);
      while (whole.cell().NextAt() == whole.now() && whole.Steps(1) > 0) {
      }
      if (whole.cell().NextAt() >= kStart + plan->horizon) continue;
      Cell::Image image;
      whole.cell().Save(whole.now(), &image);
      whole.Take();
      const uint64_t rest = whole.Steps(kAll);
      const std::vector<TraceRecord> expected = whole.Take();
      for (Stepper* s : {&other, &whole}) {
        s->cell().GoOn(image, s->sink());
        ASSERT_EQ(s->Steps(kAll), rest);
        ASSERT_EQ(s->Take(), expected);
        EXPECT_EQ(s->cell().events(), whole.cell().events());
      }
      ++images;
    }
  }
  EXPECT_GT(images, 100);
}

// A client of datagrams whose PINGREQ, sent at 10 s, takes up to 8 s to arrive; the broker has
// time.
constexpr char kSlow[] = R"(name: "slow" horizon: "60s" broker { grace_factor: 3 }
  client_profiles { name: "patient" pingresp_rule: NEVER }
  groups { name: "g" count: 1 keep_alive: "10s" client: "patient" path { transport: DATAGRAM
    up { latency { uniform { low: "0s" high: "8s" } } } down { latency { constant: "1ms" } } } })";

// How long after `at` the broker hears the PINGREQ, with luck of many keys; sorted.
std::vector<double> Arrivals(const Plan& plan, Instant at, int keys) {
  Stepper s(plan);
  s.Begin({1, 1});
  while (s.cell().NextAt() <= at) s.Steps(1);
  Cell::Image image;
  s.cell().Save(at, &image);
  const Silence before = s.cell().SilenceOf(Observer::kBroker);
  std::vector<double> after;
  for (int key = 1; key <= keys; ++key) {
    s.cell().GoOn(image, s.sink(), static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15u);
    while (s.cell().SilenceOf(Observer::kBroker).Continues(before)) {
      if (s.Steps(1) == 0) break;
    }
    after.push_back(ToSeconds(s.now() - at));
  }
  std::sort(after.begin(), after.end());
  return after;
}

// The seed is one whose CONNECT arrives soon and whose PINGREQ is still on its way at 14 s.
TEST(ImageTest, WhatIsUnderWayArrivesAsItsLawSaysGivenThatItHasNotYet) {
  const auto plan = PlanOf(kSlow);
  GroupPlan& g = plan->groups[0];
  const Instant at = kStart + Seconds(14);
  for (g.key = 1;; ++g.key) {
    Stepper s(*plan);
    s.Begin({1, 1});
    while (s.cell().NextAt() <= at) s.Steps(1);
    const Silence silence = s.cell().SilenceOf(Observer::kBroker);
    if (silence.conn == 1 && silence.since < kStart + Seconds(8)) break;
  }
  constexpr int kKeys = 4000;
  // Sent at 10 s: what is left is uniform up to 18 s.
  EXPECT_LT(KsDistanceUniform(Arrivals(*plan, at, kKeys), 0, 4), KsCritical(kKeys, 0.001));
}

TEST(ImageTest, TheSameKeyIsTheSameLuckAndAnotherIsNot) {
  const auto plan = PlanOf(R"(name: "lossy" horizon: "1h" groups { name: "g" count: 1
    keep_alive: "10s" path { both { latency { exponential { mean: "80ms" } } loss: 0.3 } } })");
  Stepper s(*plan);
  s.Begin({1, 1});
  while (s.cell().NextAt() <= kStart + Seconds(600)) s.Steps(1);
  Cell::Image image;
  s.cell().Save(kStart + Seconds(600), &image);
  std::vector<std::vector<TraceRecord>> records;
  for (const uint64_t key : {7, 7, 8}) {
    s.Take();
    s.cell().GoOn(image, s.sink(), key);
    s.Steps(~uint64_t{0});
    records.push_back(s.Take());
  }
  EXPECT_FALSE(records[0].empty());
  EXPECT_EQ(records[0], records[1]);
  EXPECT_NE(records[0], records[2]);
}

}  // namespace
}  // namespace keepsim
