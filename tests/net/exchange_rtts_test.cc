// Both ends' estimators through many exchanges at once are what they are one sample after another.
#include "sim/net/exchange_rtts.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/base/vector_path.h"

namespace keepsim {
namespace {

// One sample after another, by the plain function.
size_t Reference(ExchangeRtts& r, const int64_t* up, const int64_t* down, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const int64_t rtt[2] = {up[2 * i] + down[i], down[i] + up[2 * i + 1]};
    for (int e = 0; e < 2; ++e) {
      if (rtt[e] > r.end[e]->srtt_ns + r.min_rto_ns[e]) return i;
    }
    for (int e = 0; e < 2; ++e) {
      r.end[e]->Add(std::max<int64_t>(rtt[e], 1), r.min_rto_ns[e], true);
    }
    r.sum_ns += rtt[0];
  }
  return n;
}

void ExpectSame(const ExchangeRtts& a, const ExchangeRtts& b) {
  for (int e = 0; e < 2; ++e) {
    EXPECT_EQ(a.end[e]->srtt_ns, b.end[e]->srtt_ns);
    EXPECT_EQ(a.end[e]->min_rtt_ns, b.end[e]->min_rtt_ns);
    EXPECT_EQ(a.end[e]->mdev_ns, b.end[e]->mdev_ns);
    EXPECT_EQ(a.end[e]->rttvar_ns, b.end[e]->rttvar_ns);
  }
  EXPECT_EQ(a.sum_ns, b.sum_ns);
}

// Latencies of every size, up to where 32 bits, and 31, are not enough; now and then a late one.
void HoldAgainstReference() {
  const RandomSource luck(GroupKey(1, "rtts"), 0);
  uint64_t draws = 0;
  const auto up_to = [&](int64_t most) {
    return UniformUpTo(Duration{most}, luck.Draw64(Purpose::kTest, draws++)).ns;
  };
  size_t added = 0, ended_early = 0;
  for (int round = 0; round < 3000; ++round) {
    const int64_t scale = int64_t{1} << up_to(33);
    RttEstimator ends[2], expected_ends[2];
    ExchangeRtts r{{&ends[0], &ends[1]}};
    for (int e = 0; e < 2; ++e) {
      r.min_rto_ns[e] = up_to(3) == 0 ? Milliseconds(20).ns : Milliseconds(200).ns;
      ends[e] = {1 + up_to(scale), scale, up_to(2 * scale), r.min_rto_ns[e],
                 r.min_rto_ns[e] + up_to(scale)};
    }
    std::vector<int64_t> up(128), down(64);
    for (int64_t& ns : up) ns = up_to(scale);
    for (int64_t& ns : down) ns = up_to(scale);
    for (int n = static_cast<int>(up_to(2)); n > 0; --n) {
      (up_to(1) == 0 ? up[static_cast<size_t>(up_to(127))] : down[static_cast<size_t>(up_to(63))]) =
          up_to(int64_t{1} << 40);
    }
    const size_t n = static_cast<size_t>(up_to(64));
    std::copy(ends, ends + 2, expected_ends);
    ExchangeRtts expected = r;
    expected.end[0] = &expected_ends[0];
    expected.end[1] = &expected_ends[1];
    const size_t count = Reference(expected, up.data(), down.data(), n);
    EXPECT_EQ(r.Add(up.data(), down.data(), n), count);
    ExpectSame(r, expected);
    added += count;
    ended_early += count < n ? 1 : 0;
  }
  EXPECT_GT(added, 20000u);
  EXPECT_GT(ended_early, 300u);
}

TEST(ExchangeRttsTest, IsOneSampleAfterAnother) {
  const VectorPath before = ChosenVectorPath();
  for (const VectorPath path : {VectorPath::kPortable, VectorPath::kAvx2, VectorPath::kAvx512}) {
    if (!HasVectorPath(path)) continue;
    SetVectorPath(path);
    SCOPED_TRACE(static_cast<int>(path));
    HoldAgainstReference();
  }
  SetVectorPath(before);
}

}  // namespace
}  // namespace keepsim
