// The turns of a main loop, counted, against a loop that is walked through turn by turn.
#include "sim/mqtt/loop_turns.h"

#include <vector>

#include "gtest/gtest.h"
#include "sim/base/random.h"

namespace keepsim {
namespace {

// Every look up to `end`, of a loop that begins at 0 and looks then.
std::vector<Instant> Walk(const LoopTurns& loop, const std::vector<Instant>& wakes, Instant end) {
  std::vector<Instant> looks = {kStart};
  Instant turn_began = kStart;
  size_t next = 0;
  for (;;) {
    Instant ends = turn_began + loop.turn;
    if (next < wakes.size() && wakes[next] <= ends) ends = wakes[next++];
    if (ends > end) return looks;
    if (ends - looks.back() >= loop.every) looks.push_back(ends);
    turn_began = ends;
  }
}

TEST(LoopTurnsTest, LooksWhenAWalkedLoopLooks) {
  const RandomSource luck(1, 0);
  uint64_t draws = 0;
  const auto up_to = [&](uint64_t most) {
    return static_cast<int64_t>(luck.Draw64(Purpose::kTest, draws++) % (most + 1));
  };
  for (int trial = 0; trial < 2000; ++trial) {
    const LoopTurns loop{Milliseconds(1 + up_to(9)), Milliseconds(up_to(1) * up_to(35))};
    std::vector<Instant> wakes;
    Instant at = kStart;
    for (int64_t n = up_to(8); n > 0; --n) {
      at += Milliseconds(up_to(40));
      wakes.push_back(at);
    }
    const std::vector<Instant> looks = Walk(loop, wakes, at + Seconds(1));
    LoopState state;
    for (const Instant w : wakes) Wake(loop, state, w);
    SCOPED_TRACE(testing::Message()
                 << "turn " << loop.turn.ns << " every " << loop.every.ns << " trial " << trial);
    for (int64_t ms = 0; ms < 100; ++ms) {  // the last wake-up's own look included
      const Instant t = at + Milliseconds(ms);
      if (t == kStart) continue;  // that look is over
      Instant expected = kNever;
      for (const Instant l : looks) {
        if (l >= t) {
          expected = l;
          break;
        }
      }
      ASSERT_EQ(NextLook(loop, state, t), expected) << ms;
    }
  }
}

TEST(LoopTurnsTest, NeverStaysNever) {
  EXPECT_EQ(NextLook({Seconds(1), Seconds(3)}, {}, kNever), kNever);
}

// What arrives wakes the loop up: it looks at that very instant.
TEST(LoopTurnsTest, LooksAtTheWakeUpItself) {
  const LoopTurns loop{Seconds(1), Duration{0}};
  LoopState state;
  Wake(loop, state, kStart + Milliseconds(300));
  EXPECT_EQ(NextLook(loop, state, kStart), kStart + Milliseconds(300));
  EXPECT_EQ(NextLook(loop, state, kStart + Milliseconds(301)), kStart + Milliseconds(1300));
}

}  // namespace
}  // namespace keepsim
