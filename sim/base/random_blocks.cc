// Four Philox 4x32-10 blocks at once. The ten rounds of one block wait for one another; those of
// four blocks do not, and SSE2, which every x86-64 has, multiplies two lanes at a time.
#include "sim/base/random.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace keepsim {

#ifdef __SSE2__

namespace {

__m128i Both(uint32_t x) { return _mm_set1_epi64x(x); }

// Two blocks: a word of each per vector, in the lower half of its lane. What is in the upper halves
// does not matter: the multiplication does not read them.
struct Pair {
  __m128i c0, c1, c2, c3;

  void Round(__m128i m0, __m128i m1, __m128i k0, __m128i k1) {
    const __m128i p0 = _mm_mul_epu32(c0, m0);
    const __m128i p1 = _mm_mul_epu32(c2, m1);
    c0 = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(p1, 32), c1), k0);
    c2 = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(p0, 32), c3), k1);
    c1 = p1;
    c3 = p0;
  }

  void Store(RandomBlock* out) const {
    // Words 0 and 1 of a block, then 2 and 3.
    const __m128i first01 = _mm_unpacklo_epi32(c0, c1);
    const __m128i first23 = _mm_unpacklo_epi32(c2, c3);
    const __m128i second01 = _mm_unpackhi_epi32(c0, c1);
    const __m128i second23 = _mm_unpackhi_epi32(c2, c3);
    __m128i* const to = reinterpret_cast<__m128i*>(out);
    _mm_storeu_si128(to, _mm_unpacklo_epi64(first01, first23));
    _mm_storeu_si128(to + 1, _mm_unpacklo_epi64(second01, second23));
  }
};

Pair PairAt(uint64_t even, uint32_t index, Purpose purpose) {
  const __m128i counters =
      _mm_set_epi64x(static_cast<int64_t>(even + 1), static_cast<int64_t>(even));
  return {counters, _mm_srli_epi64(counters, 32), Both(index),
          Both(static_cast<uint32_t>(purpose))};
}

}  // namespace

void RandomSource::Blocks(Purpose purpose, uint64_t first, RandomBlock out[kAtOnce]) const {
  static_assert(kAtOnce == 4);
  Pair a = PairAt(first, index_, purpose);
  Pair b = PairAt(first + 2, index_, purpose);
  const __m128i m0 = Both(PHILOX_M4x32_0);
  const __m128i m1 = Both(PHILOX_M4x32_1);
  // The upper halves of the keys count along, unread.
  __m128i k0 = Both(static_cast<uint32_t>(key_));
  __m128i k1 = Both(static_cast<uint32_t>(key_ >> 32));
  for (int round = 0; round < 10; ++round) {
    a.Round(m0, m1, k0, k1);
    b.Round(m0, m1, k0, k1);
    k0 = _mm_add_epi32(k0, Both(PHILOX_W32_0));
    k1 = _mm_add_epi32(k1, Both(PHILOX_W32_1));
  }
  a.Store(out);
  b.Store(out + 2);
}

#else

void RandomSource::Blocks(Purpose purpose, uint64_t first, RandomBlock out[kAtOnce]) const {
  for (int i = 0; i < kAtOnce; ++i) out[i] = Block(purpose, first + static_cast<uint64_t>(i));
}

#endif

}  // namespace keepsim
