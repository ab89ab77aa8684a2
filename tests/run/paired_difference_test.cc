// Paired differences against published numbers, and how often they mislead.
#include "sim/run/paired_difference.h"

#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keepsim {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// Standard normal; std::normal_distribution differs between libraries.
double Normal(std::mt19937_64& luck) {
  return NormalQuantile((static_cast<double>(luck() >> 11) + 0.5) * 0x1p-53);
}

int64_t Poisson(std::mt19937_64& luck, double mean) {
  int64_t n = -1;
  for (double left = mean; left > 0; ++n) {
    left += std::log((static_cast<double>(luck() >> 11) + 0.5) * 0x1p-53);
  }
  return n;
}

TEST(PairedDifferenceTest, TheSleepOfStudent1908) {
  // Cushny and Peebles' ten patients; R's t.test(paired = TRUE) gives these three.
  const double a[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const double b[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  std::vector<NumberPair> pairs;
  for (int i = 0; i < 10; ++i) pairs.push_back({a[i], b[i]});
  const PairedDifference d = DifferenceOfNumbers(pairs);
  EXPECT_NEAR(d.b - d.a, 1.58, 1e-12);
  ASSERT_TRUE(d.p_value && d.interval);
  EXPECT_NEAR(*d.p_value, 0.002833, 1e-6);
  EXPECT_NEAR(d.interval->low, 0.7001142, 1e-6);
  EXPECT_NEAR(d.interval->high, 2.4598858, 1e-6);
  EXPECT_FALSE(d.exact);
}

TEST(PairedDifferenceTest, OnePairSaysNothingAndEqualPairsAreEqual) {
  EXPECT_FALSE(DifferenceOfNumbers({{1, 2}}).p_value);
  EXPECT_FALSE(DifferenceOfNumbers({{1, 2}}).interval);
  const PairedDifference equal = DifferenceOfNumbers({{1, 1}, {5, 5}});
  EXPECT_TRUE(equal.equal);
  EXPECT_EQ(*equal.p_value, 1);
  const PairedDifference certain = DifferenceOfNumbers({{1, 31}, {5, 35}, {0.1, 30.1}});
  EXPECT_EQ(*certain.p_value, 0);
  EXPECT_FALSE(certain.equal);
}

TEST(PairedDifferenceTest, CountsGivenTheirSumAreBinomial) {
  // 2 P(X <= 2), X of 14 tosses: 2 (1 + 14 + 91) / 2^14.
  const PairedDifference d = DifferenceOfRates({{1, 5, 7, 5}, {1, 5, 5, 5}});
  EXPECT_TRUE(d.exact);
  EXPECT_NEAR(*d.p_value, 212.0 / 16384, 1e-12);
  EXPECT_DOUBLE_EQ(d.a, 0.2);
  EXPECT_DOUBLE_EQ(d.b, 1.2);
}

TEST(PairedDifferenceTest, CountsThatAreTheSameAtEverySeedAreEqual) {
  EXPECT_TRUE(DifferenceOfRates({{1, 5, 1, 5}, {0, 6, 0, 6}}).equal);
  EXPECT_EQ(*DifferenceOfRates({{1, 5, 1, 5}, {0, 6, 0, 6}}).p_value, 1);
  EXPECT_FALSE(DifferenceOfRates({{1, 5, 0, 5}, {0, 5, 1, 5}}).equal);
  EXPECT_FALSE(DifferenceOfRates({{1, 5, 1, 6}}).equal);
}

TEST(PairedDifferenceTest, EventsInClustersAreHeldBySeedAndNotByCount) {
  // One bad seed makes it all: 40 events against none, and no evidence.
  const PairedDifference d =
      DifferenceOfRates({{40, 1, 0, 1}, {0, 1, 0, 1}, {0, 1, 0, 1}, {0, 1, 0, 1}});
  EXPECT_FALSE(d.exact);
  EXPECT_GT(*d.p_value, 0.3);
}

TEST(PairedDifferenceTest, HolmOfFour) {
  EXPECT_THAT(HolmAdjusted({0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                          DoubleNear(0.02, 1e-12)));
  EXPECT_TRUE(HolmAdjusted({}).empty());
}

TEST(PairedDifferenceTest, WhereThereIsNoDifferenceOneIsSeldomShown) {
  std::mt19937_64 luck(1);
  int bold_numbers = 0;
  int bold_rates = 0;
  int bold_families = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    bool bold_family = false;
    std::vector<double> family;
    for (int question = 0; question < 5; ++question) {
      std::vector<NumberPair> pairs;
      for (int i = 0; i < 5; ++i) {
        const double common = 3 * Normal(luck);
        pairs.push_back({common + Normal(luck), common + Normal(luck)});
      }
      family.push_back(*DifferenceOfNumbers(pairs).p_value);
    }
    bold_numbers += family[0] <= 0.05;
    for (const double p : HolmAdjusted(family)) bold_family |= p <= 0.05;
    bold_families += bold_family;
    std::vector<CountPair> counts;
    for (int i = 0; i < 4; ++i) counts.push_back({Poisson(luck, 3), 2, Poisson(luck, 3), 2});
    bold_rates += *DifferenceOfRates(counts).p_value <= 0.05;
  }
  // 5 % is 100 of 2000; four standard deviations are 39. Without Holm, families would have 450.
  EXPECT_NEAR(bold_numbers, 100, 39);
  EXPECT_NEAR(bold_families, 100, 39);
  EXPECT_LE(bold_rates, 100 + 39);
  EXPECT_GE(bold_rates, 20);
}

TEST(PairedDifferenceTest, AsManyMoreAsItSaysShowItFourTimesInFive) {
  std::mt19937_64 luck(2);
  // 0.5 apart with a deviation of 1: n = 34 by the usual tables of the paired t test.
  std::vector<NumberPair> pairs = {{0, 1.2071067811865475}, {0, -0.2071067811865475}};
  const auto more = MorePairsOfNumbers(pairs, 0.05);
  ASSERT_TRUE(more);
  EXPECT_NEAR(static_cast<double>(*more + 2), 34, 1);
  int shown = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    pairs.clear();
    for (uint64_t i = 0; i < *more + 2; ++i) pairs.push_back({0, 0.5 + Normal(luck)});
    shown += *DifferenceOfNumbers(pairs).p_value <= 0.05;
  }
  EXPECT_NEAR(shown, 800, 55);
  // Rates: 1 against 2 in a day each.
  const auto days = MorePairsOfRates({{5, 5, 10, 5}}, 0.05);
  ASSERT_TRUE(days);
  EXPECT_NEAR(static_cast<double>(*days + 1), std::ceil(7.8489 * (0.2 + 0.4)), 1);
  EXPECT_FALSE(MorePairsOfNumbers({{1, 2}}, 0.05));
  EXPECT_FALSE(MorePairsOfRates({{3, 1, 3, 1}}, 0.05));
  EXPECT_FALSE(MorePairsOfNumbers({{0, 1}, {0, -0.9999999}}, 0.05));
}

}  // namespace
}  // namespace keepsim
