#include "sim/net/exchange_rtts.h"

#include <algorithm>

#include "sim/base/vector_path.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace keepsim {
namespace {

size_t Portable(ExchangeRtts& r, const int64_t* up, const int64_t* down, size_t n) {
  RttEstimator x = *r.end[0], y = *r.end[1];
  int64_t sum = 0;
  size_t i = 0;
  for (; i < n; ++i) {
    const int64_t there = up[2 * i] + down[i], back = down[i] + up[2 * i + 1];
    if (((x.srtt_ns + r.min_rto_ns[0] - there) | (y.srtt_ns + r.min_rto_ns[1] - back)) < 0) break;
    x.AddOnePerRound(std::max<int64_t>(there, 1), r.min_rto_ns[0]);
    y.AddOnePerRound(std::max<int64_t>(back, 1), r.min_rto_ns[1]);
    sum += there;
  }
  *r.end[0] = x;
  *r.end[1] = y;
  r.sum_ns += sum;
  return i;
}

#ifdef __x86_64__

#define KEEPSIM_AVX2 __attribute__((target("avx2")))

// SRTT, the deviation and min_rto are at most this, and RTTVAR twice as much: then a round trip
// that is not late, and what an exchange makes of them, have room in 31 bits.
constexpr int64_t kShort = int64_t{1} << 29;

bool IsShort(const ExchangeRtts& r) {
  for (int d = 0; d < 2; ++d) {
    if (std::max({r.end[d]->srtt_ns, r.end[d]->mdev_ns, r.end[d]->rttvar_ns / 2, r.min_rto_ns[d]}) >
        kShort) {
      return false;
    }
  }
  return true;
}

KEEPSIM_AVX2 inline __m128i Both(int64_t first, int64_t second) {
  return _mm_set_epi64x(second, first);
}

KEEPSIM_AVX2 inline void Store(__m128i v, int64_t* first, int64_t* second) {
  *first = _mm_cvtsi128_si64(v);
  *second = _mm_extract_epi64(v, 1);
}

// Each end in the lower half of a lane of 64 bits; the upper halves stay 0. Stops where something
// is no longer short, too.
KEEPSIM_AVX2 size_t WithAvx2(ExchangeRtts& r, const int64_t* up, const int64_t* down, size_t n) {
  const __m128i min_rto = Both(r.min_rto_ns[0], r.min_rto_ns[1]);
  const __m128i one = Both(1, 1), most = Both(kShort, kShort);
  __m128i srtt = Both(r.end[0]->srtt_ns, r.end[1]->srtt_ns);
  __m128i min_rtt = Both(r.end[0]->min_rtt_ns, r.end[1]->min_rtt_ns);
  __m128i mdev = Both(r.end[0]->mdev_ns, r.end[1]->mdev_ns);
  __m128i rttvar = Both(r.end[0]->rttvar_ns, r.end[1]->rttvar_ns);
  __m128i sum = _mm_setzero_si128();
  size_t i = 0;
  for (; i < n; ++i) {
    const __m128i ups = _mm_loadu_si128(reinterpret_cast<const __m128i*>(up + 2 * i));
    const __m128i rtt = _mm_add_epi64(ups, _mm_set1_epi64x(down[i]));
    // Too long: above the limit, or so long that it takes the sign or the upper half.
    const __m128i late = _mm_cmpgt_epi32(rtt, _mm_add_epi32(srtt, min_rto));
    const __m128i grown = _mm_cmpgt_epi32(_mm_max_epi32(srtt, mdev), most);
    const __m128i stop = _mm_or_si128(_mm_or_si128(late, rtt), grown);
    if (_mm_movemask_ps(_mm_castsi128_ps(stop)) != 0) break;
    sum = _mm_add_epi64(sum, rtt);
    // RttEstimator::Move()
    const __m128i sample = _mm_max_epi32(rtt, one);
    min_rtt = _mm_min_epi32(min_rtt, sample);
    const __m128i error = _mm_sub_epi32(sample, srtt);
    const __m128i falls = _mm_srai_epi32(error, 31);
    srtt = _mm_add_epi32(srtt, _mm_srai_epi32(_mm_add_epi32(error, _mm_srli_epi32(falls, 29)), 3));
    const __m128i excess = _mm_sub_epi32(_mm_abs_epi32(error), _mm_srai_epi32(mdev, 2));
    // An eighth of it, if the round-trip time falls, is the lesser only where it is above zero.
    const __m128i eighth = _mm_srav_epi32(excess, _mm_srli_epi32(falls, 30));
    mdev = _mm_add_epi32(mdev, _mm_min_epi32(excess, eighth));
    // EndRound()
    const __m128i least = _mm_max_epi32(mdev, min_rto);
    rttvar = _mm_max_epi32(rttvar, least);
    rttvar = _mm_sub_epi32(rttvar, _mm_srai_epi32(_mm_sub_epi32(rttvar, least), 2));
  }
  Store(srtt, &r.end[0]->srtt_ns, &r.end[1]->srtt_ns);
  Store(min_rtt, &r.end[0]->min_rtt_ns, &r.end[1]->min_rtt_ns);
  Store(mdev, &r.end[0]->mdev_ns, &r.end[1]->mdev_ns);
  Store(rttvar, &r.end[0]->rttvar_ns, &r.end[1]->rttvar_ns);
  r.sum_ns += _mm_cvtsi128_si64(sum);
  return i;
}

#undef KEEPSIM_AVX2

#endif  // __x86_64__

}  // namespace

size_t ExchangeRtts::Add(const int64_t* up_ns, const int64_t* down_ns, size_t n) {
#ifdef __x86_64__
  if (ChosenVectorPath() >= VectorPath::kAvx2 && IsShort(*this)) {
    const size_t i = WithAvx2(*this, up_ns, down_ns, n);
    return i == n ? n : i + Portable(*this, up_ns + 2 * i, down_ns + i, n - i);
  }
#endif
  return Portable(*this, up_ns, down_ns, n);
}

}  // namespace keepsim
