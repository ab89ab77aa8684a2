#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/digest.h"
#include "sim/base/duration_text.h"
#include "sim/base/histogram.h"
#include "sim/base/quantile_table.h"
#include "sim/base/random.h"
#include "sim/base/stats.h"
#include "sim/base/vector_path.h"

namespace keepsim {
namespace {

TEST(RandomTest, BlocksAtOnceAreTheBlocksOneByOne) {
  for (const uint64_t first : {uint64_t{0}, uint64_t{4}, uint64_t{0xFFFFFFFE}, ~uint64_t{5}}) {
    const RandomSource source(0x0123456789ABCDEFu * (first | 1), 77);
    RandomBlock blocks[RandomSource::kAtOnce];
    source.Blocks(Purpose::kTest, first, blocks);
    for (uint64_t i = 0; i < RandomSource::kAtOnce; ++i) {
      const RandomBlock one = source.Block(Purpose::kTest, first + i);
      for (int w = 0; w < 4; ++w) EXPECT_EQ(blocks[i].w[w], one.w[w]) << first << " + " << i;
    }
  }
}

TEST(VectorPathTest, EveryPathGivesTheSameNumbers) {
  const QuantileTable lognormal(
      {.kind = DistributionSpec::Kind::kLognormal, .a = Milliseconds(50), .shape = 0.5});
  const QuantileTable wide(
      {.kind = DistributionSpec::Kind::kPareto, .a = Seconds(9), .shape = 0.4});
  const QuantileTable constant({.a = Seconds(3)});
  const Probability half = Probability::FromDouble(0.5), rare = Probability::FromDouble(0.01);
  constexpr size_t kMany = 64;
  const VectorPath before = ChosenVectorPath();
  for (const VectorPath path :
       {VectorPath::kPortable, VectorPath::kSse2, VectorPath::kAvx2, VectorPath::kAvx512}) {
    if (!HasVectorPath(path)) continue;
    SetVectorPath(path);
    for (const uint64_t first : {uint64_t{0}, uint64_t{0xFFFFFFF8}, ~uint64_t{100}}) {
      const RandomSource source(0x0123456789ABCDEFu * (first | 1), 77);
      uint64_t outer[kMany], inner[kMany];
      source.Pairs(Purpose::kTest, first, kMany, outer, inner);
      for (size_t i = 0; i < kMany; ++i) {
        const RandomBlock b = source.Block(Purpose::kTest, first + i);
        EXPECT_EQ(outer[i], uint64_t{b.w[0]} << 32 | b.w[3]);
        EXPECT_EQ(inner[i], uint64_t{b.w[1]} << 32 | b.w[2]);
        // Deep into both tails, at every depth.
        if (i % 2 == 0) inner[i] >>= i;
        if (i % 4 == 0) inner[i] = ~inner[i];
      }
      inner[0] = 0, inner[1] = ~uint64_t{0};
      for (const QuantileTable* table : {&lognormal, &wide, &constant}) {
        int64_t samples[kMany];
        table->SampleMany(inner, kMany, samples);
        for (size_t i = 0; i < kMany; ++i) EXPECT_EQ(samples[i], table->Sample(inner[i]).ns) << i;
      }
      for (const Probability p : {half, rare, Probability(), Probability::FromDouble(1)}) {
        const uint64_t hits = p.Hits(outer, kMany);
        for (size_t i = 0; i < kMany; ++i) EXPECT_EQ(hits >> i & 1, p.Hit(outer[i]) ? 1u : 0u);
      }
    }
  }
  SetVectorPath(before);
}

TEST(RandomTest, PhiloxMeetsItsPublishedKnownAnswers) {
  // Random123's kat_vectors, philox 4x32 10 rounds: all zeros.
  const RandomBlock zero = RandomSource(0, 0).Block(static_cast<Purpose>(0), 0);
  EXPECT_EQ(zero.w[0], 0x6627e8d5u);
  EXPECT_EQ(zero.w[1], 0xe169c58du);
  EXPECT_EQ(zero.w[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.w[3], 0x9b00dbd8u);
  // All ones.
  const RandomBlock ones =
      RandomSource(~uint64_t{0}, ~uint32_t{0}).Block(static_cast<Purpose>(~0u), ~uint64_t{0});
  EXPECT_EQ(ones.w[0], 0x408f276du);
  EXPECT_EQ(ones.w[1], 0x41c83b0eu);
  EXPECT_EQ(ones.w[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.w[3], 0x6d5451fdu);
}

TEST(RandomTest, EveryPartOfTheAddressMatters) {
  const uint64_t key = GroupKey(1, "fleet");
  const uint64_t draw = RandomSource(key, 7).Draw64(Purpose::kSegmentUp, 3);
  EXPECT_NE(draw, RandomSource(GroupKey(2, "fleet"), 7).Draw64(Purpose::kSegmentUp, 3));
  EXPECT_NE(draw, RandomSource(GroupKey(1, "flee7"), 7).Draw64(Purpose::kSegmentUp, 3));
  EXPECT_NE(draw, RandomSource(key, 8).Draw64(Purpose::kSegmentUp, 3));
  EXPECT_NE(draw, RandomSource(key, 7).Draw64(Purpose::kSegmentDown, 3));
  EXPECT_NE(draw, RandomSource(key, 7).Draw64(Purpose::kSegmentUp, 4));
}

TEST(ProbabilityTest, IsExact) {
  EXPECT_TRUE(Probability::FromDouble(0).IsZero());
  EXPECT_FALSE(Probability::FromDouble(0).Hit(0));
  EXPECT_TRUE(Probability::FromDouble(1).Hit(~uint64_t{0}));
  EXPECT_TRUE(Probability::FromDouble(0.5).Hit((uint64_t{1} << 63) - 1));
  EXPECT_FALSE(Probability::FromDouble(0.5).Hit(uint64_t{1} << 63));
}

TEST(QuantileTableTest, MeetsClosedFormsDeepIntoBothTails) {
  const QuantileTable exponential(
      {.kind = DistributionSpec::Kind::kExponential, .a = Seconds(3600)});
  const QuantileTable lognormal(
      {.kind = DistributionSpec::Kind::kLognormal, .a = Milliseconds(50), .shape = 0.5});
  // One part in ten thousand, and two roundings: of the knots, and of what lies between them.
  const auto expect_close = [](Duration sample, double seconds) {
    EXPECT_NEAR(static_cast<double>(sample.ns), seconds * 1e9, 1.5 + seconds * 1e5);
  };
  for (int bits = 1; bits <= 40; ++bits) {
    for (const uint64_t mantissa : {0x80u, 0x93u, 0xC5u, 0xFEu}) {
      const uint64_t x = mantissa << (56 - bits);
      const double p = std::ldexp(static_cast<double>(mantissa), -8 - bits);
      expect_close(exponential.Sample(~x), -3600 * std::log(p));
      expect_close(exponential.Sample(x), -3600 * std::log1p(-p));
      const double z = NormalQuantile(p);
      expect_close(lognormal.Sample(x), 0.05 * std::exp(0.5 * z));
      expect_close(lognormal.Sample(~x), 0.05 * std::exp(-0.5 * z));
    }
  }
  EXPECT_NEAR(ToSeconds(lognormal.mean()), 0.05 * std::exp(0.125), 1e-6);
}

TEST(QuantileTableTest, IsMonotone) {
  const QuantileTable table(
      {.kind = DistributionSpec::Kind::kWeibull, .a = Seconds(1), .shape = 0.7});
  std::mt19937_64 any(1);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t a = any() >> (any() & 63);
    const uint64_t b = any() >> (any() & 63);
    EXPECT_LE(table.Sample(std::min(a, b)), table.Sample(std::max(a, b)));
    EXPECT_LE(table.Sample(~std::max(a, b)), table.Sample(~std::min(a, b)));
  }
}

TEST(QuantileTableTest, GoldenSamplesPinEveryLaw) {
  const QuantileTable table(
      {.kind = DistributionSpec::Kind::kLognormal, .a = Milliseconds(50), .shape = 0.5});
  // The first sample above the median: the fall from the knot is rounded away from it.
  EXPECT_EQ(table.Sample(uint64_t{1} << 63).ns, 50000001);
  EXPECT_EQ(table.Sample((uint64_t{1} << 63) - 1).ns, 49999999);
  EXPECT_EQ(QuantileTable({.a = Seconds(3)}).Sample(123).ns, 3000000000);
  const QuantileTable uniform(
      {.kind = DistributionSpec::Kind::kUniform, .a = Seconds(1), .b = Seconds(3)});
  EXPECT_EQ(uniform.Sample(uint64_t{1} << 62).ns, 1500000000);
}

TEST(DigestTest, EveryBitCountsAndOrderDoesNot) {
  Digest base;
  base.Add(1, 2, 3, 4, 5);
  for (int word = 0; word < 5; ++word) {
    for (int bit = 0; bit < 64; ++bit) {
      uint64_t w[5] = {1, 2, 3, 4, 5};
      w[word] ^= uint64_t{1} << bit;
      Digest other;
      other.Add(w[0], w[1], w[2], w[3], w[4]);
      EXPECT_FALSE(base == other) << word << " " << bit;
    }
  }
  Digest ab, ba, b;
  ab.Add(1, 2, 3, 4, 5), ab.Add(6, 7, 8, 9, 10);
  b.Add(6, 7, 8, 9, 10);
  ba.Merge(b), ba.Merge(base);
  EXPECT_EQ(ab, ba);
}

TEST(HistogramTest, QuantilesAreWithinATenthOfAPercent) {
  Histogram h;
  for (int i = 1; i <= 100000; ++i) h.Add(Microseconds(i));
  EXPECT_EQ(h.count(), 100000);
  EXPECT_EQ(h.min(), Microseconds(1));
  EXPECT_EQ(h.max(), Microseconds(100000));
  EXPECT_EQ(h.mean().ns, 50000500);
  EXPECT_NEAR(static_cast<double>(h.Quantile(990000).ns), 99e6, 99e3);
  Histogram twice = h;
  twice.Merge(h);
  EXPECT_EQ(twice.count(), 200000);
  EXPECT_EQ(twice.Quantile(500000), h.Quantile(500000));
}

TEST(DurationTextTest, ReadsAndWrites) {
  for (const char* text : {"90s", "50ms", "1.5s", "24h", "2h30m", "250us", "1ns", "0"}) {
    const auto d = ParseDuration(text);
    ASSERT_TRUE(d.ok()) << text;
    EXPECT_EQ(FormatDuration(*d), text);
  }
  EXPECT_EQ(*ParseDuration("1m30s"), Seconds(90));
  EXPECT_EQ(*ParseDuration("2d"), Seconds(172800));
  for (const char* bad :
       {"", "5", "s", "1x", "1s1h", "0.1ns", "-1s", "99999999d", "1..2s", "1 s"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
  EXPECT_EQ(FormatSeconds(Milliseconds(1234567), 2), "1234.57");
}

TEST(StatsTest, ExactIntervals) {
  // 0 events: -ln(0.025) = 3.689.
  EXPECT_NEAR(PoissonRateInterval(0, 1).high, 3.68888, 1e-4);
  EXPECT_NEAR(PoissonRateInterval(10, 1).low, 4.79539, 1e-4);
  EXPECT_NEAR(PoissonRateInterval(10, 1).high, 18.39036, 1e-4);
}

TEST(StatsTest, QuantileRanksHoldTheirConfidenceAndNoMore) {
  // Textbook values of the sign test: the median of 10 lies between the 2nd and the 9th value
  // (coverage 0.9785), of 100 between the 40th and the 61st (0.9648).
  EXPECT_EQ(QuantileRanks(10, 0.5).low, 2);
  EXPECT_EQ(QuantileRanks(10, 0.5).high, 9);
  EXPECT_EQ(QuantileRanks(100, 0.5).low, 40);
  EXPECT_EQ(QuantileRanks(100, 0.5).high, 61);
  // Five values say nothing about the median's bounds at 95 % (2 / 2^5 > 0.05), six do.
  EXPECT_EQ(QuantileRanks(5, 0.5).low, 0);
  EXPECT_EQ(QuantileRanks(5, 0.5).high, 6);
  EXPECT_EQ(QuantileRanks(6, 0.5).low, 1);
  EXPECT_EQ(QuantileRanks(6, 0.5).high, 6);
  // 99 % of 300 values: 0.99^300 = 0.049 > 0.025, so the largest is no upper bound yet.
  EXPECT_EQ(QuantileRanks(300, 0.99).high, 301);
  EXPECT_EQ(QuantileRanks(400, 0.99).high, 400);
}

TEST(StatsTest, DifferencesKeepTheShapeOfTheirIntervals) {
  const ConfidenceInterval d = DifferenceInterval(10, {7, 14}, 20, {17, 24});
  EXPECT_DOUBLE_EQ(d.low, 10 - 5);
  EXPECT_DOUBLE_EQ(d.high, 10 + 5);
  const ConfidenceInterval exact = DifferenceInterval(1, {1, 1}, 3, {2, 7});
  EXPECT_DOUBLE_EQ(exact.low, 1);
  EXPECT_DOUBLE_EQ(exact.high, 6);
}

}  // namespace
}  // namespace keepsim
