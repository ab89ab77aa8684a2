#include "sim/run/rounds.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace keepsim {
namespace {

TEST(RoundsTest, EachRoundDoesEveryShareOnce) {
  constexpr int kRounds = 500;
  std::vector<int> done(7);  // one thread at a time, and the leader in between
  Rounds rounds(done.size(), [&](size_t share) { return ++done[share] > 0; });
  std::vector<std::thread> followers;
  for (int i = 0; i < 3; ++i) followers.emplace_back([&] { rounds.Follow(); });
  for (int round = 1; round <= kRounds; ++round) {
    EXPECT_TRUE(rounds.Run());
    for (const int n : done) ASSERT_EQ(n, round);
  }
  rounds.Close();
  for (std::thread& t : followers) t.join();
}

TEST(RoundsTest, NeedsNoFollowers) {
  int done = 0;
  Rounds rounds(3, [&](size_t) { return ++done > 0; });
  EXPECT_TRUE(rounds.Run());
  EXPECT_EQ(done, 3);
}

TEST(RoundsTest, SaysWhetherAShareCouldNotBeDone) {
  Rounds rounds(3, [](size_t share) { return share != 1; });
  EXPECT_FALSE(rounds.Run());
}

// The leader does not wait for it for ever.
TEST(RoundsTest, AShareThatThrowsIsNotDone) {
  Rounds rounds(2, [](size_t) -> bool { throw std::runtime_error("no"); });
  std::thread follower([&] {
    try {
      rounds.Follow();
    } catch (const std::runtime_error&) {
    }
  });
  try {
    EXPECT_FALSE(rounds.Run());
  } catch (const std::runtime_error&) {
  }
  rounds.Close();
  follower.join();
}

}  // namespace
}  // namespace keepsim
