// Many Philox 4x32-10 blocks at once, for whoever reads a stream of draws ahead: with SSE2, which
// every x86-64 has, two blocks per vector; where the machine has it, with AVX2 four and with
// AVX-512 eight. Each way gives the same numbers.
#include "sim/base/check.h"
#include "sim/base/random.h"
#include "sim/base/vector_path.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace keepsim {
namespace {

struct Stream {
  uint64_t key;
  uint32_t index;
  Purpose purpose;
  uint64_t first;
};

void Portable(const Stream& s, size_t n, uint64_t* outer, uint64_t* inner) {
  const RandomSource source(s.key, s.index);
  for (size_t i = 0; i < n; ++i) {
    const RandomBlock b = source.Block(s.purpose, s.first + i);
    outer[i] = uint64_t{b.w[0]} << 32 | b.w[3];
    inner[i] = uint64_t{b.w[1]} << 32 | b.w[2];
  }
}

#ifdef __x86_64__

// One word of each block per 64-bit lane, in its lower half. What is in the upper halves does not
// matter: the multiplication does not read them.

struct Sse2 {
  __m128i c0, c1, c2, c3;

  static __m128i All(uint64_t x) { return _mm_set1_epi64x(static_cast<int64_t>(x)); }
  static Sse2 At(uint64_t first, uint32_t index, Purpose purpose) {
    const __m128i counters = _mm_add_epi64(All(first), _mm_set_epi64x(1, 0));
    return {counters, _mm_srli_epi64(counters, 32), All(index),
            All(static_cast<uint32_t>(purpose))};
  }
  void Round(__m128i m0, __m128i m1, __m128i k0, __m128i k1) {
    const __m128i p0 = _mm_mul_epu32(c0, m0);
    const __m128i p1 = _mm_mul_epu32(c2, m1);
    c0 = _mm_xor_si128(_mm_srli_epi64(p1, 32), _mm_xor_si128(c1, k0));
    c2 = _mm_xor_si128(_mm_srli_epi64(p0, 32), _mm_xor_si128(c3, k1));
    c1 = p1;
    c3 = p0;
  }
  static __m128i Pair(__m128i high, __m128i low) {
    const __m128i lower = All(0xFFFFFFFFu);
    return _mm_or_si128(_mm_slli_epi64(high, 32), _mm_and_si128(low, lower));
  }
  void Store(uint64_t* outer, uint64_t* inner) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(outer), Pair(c0, c3));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(inner), Pair(c1, c2));
  }
};

void WithSse2(const Stream& s, size_t n, uint64_t* outer, uint64_t* inner) {
  const __m128i m0 = Sse2::All(PHILOX_M4x32_0);
  const __m128i m1 = Sse2::All(PHILOX_M4x32_1);
  for (size_t i = 0; i < n; i += 4) {
    Sse2 a = Sse2::At(s.first + i, s.index, s.purpose);
    Sse2 b = Sse2::At(s.first + i + 2, s.index, s.purpose);
    uint32_t k0 = static_cast<uint32_t>(s.key), k1 = static_cast<uint32_t>(s.key >> 32);
    for (int round = 0; round < 10; ++round) {
      const __m128i key0 = Sse2::All(k0), key1 = Sse2::All(k1);
      a.Round(m0, m1, key0, key1);
      b.Round(m0, m1, key0, key1);
      k0 += PHILOX_W32_0;
      k1 += PHILOX_W32_1;
    }
    a.Store(outer + i, inner + i);
    b.Store(outer + i + 2, inner + i + 2);
  }
}

// All blocks differ in the lowest word of the counter alone, so that half of the first two rounds
// is the same for all. REQUIRES: the counters' upper words are alike.
struct FirstRounds {
  uint32_t out2, out0, x2, c3;  // of Begin()

  explicit FirstRounds(const Stream& s) {
    const uint32_t k0 = static_cast<uint32_t>(s.key), k1 = static_cast<uint32_t>(s.key >> 32);
    const uint64_t p1 = uint64_t{s.index} * PHILOX_M4x32_1;
    const uint32_t c0 = static_cast<uint32_t>(p1 >> 32) ^ static_cast<uint32_t>(s.first >> 32) ^ k0;
    const uint64_t p0 = uint64_t{c0} * PHILOX_M4x32_0;
    out2 = static_cast<uint32_t>(s.purpose) ^ k1;
    out0 = static_cast<uint32_t>(p1) ^ (k0 + PHILOX_W32_0);
    x2 = static_cast<uint32_t>(p0 >> 32) ^ (k1 + PHILOX_W32_1);
    c3 = static_cast<uint32_t>(p0);
  }
};
constexpr int kLeftRounds = 8;
uint32_t LeftKey(uint32_t key, uint32_t step, int round) {
  return key + (static_cast<uint32_t>(round) + 2) * step;
}

#define KEEPSIM_AVX2 __attribute__((target("avx2")))

struct Avx2 {
  __m256i c0, c1, c2, c3;

  KEEPSIM_AVX2 static __m256i All(uint64_t x) {
    return _mm256_set1_epi64x(static_cast<int64_t>(x));
  }
  // Four blocks after two rounds.
  KEEPSIM_AVX2 static Avx2 Begin(const FirstRounds& f, __m256i counters, __m256i m0, __m256i m1) {
    const __m256i p0 = _mm256_mul_epu32(counters, m0);
    const __m256i c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), All(f.out2));
    const __m256i p1 = _mm256_mul_epu32(c2, m1);
    return {_mm256_xor_si256(_mm256_srli_epi64(p1, 32), All(f.out0)), p1,
            _mm256_xor_si256(p0, All(f.x2)), All(f.c3)};
  }
  KEEPSIM_AVX2 void Round(__m256i m0, __m256i m1, __m256i k0, __m256i k1) {
    const __m256i p0 = _mm256_mul_epu32(c0, m0);
    const __m256i p1 = _mm256_mul_epu32(c2, m1);
    c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c1, k0));
    c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c3, k1));
    c1 = p1;
    c3 = p0;
  }
  KEEPSIM_AVX2 void Store(uint64_t* outer, uint64_t* inner) const {
    // Every second word of the lower operand comes from the shifted upper one.
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(outer),
                        _mm256_blend_epi32(c3, _mm256_slli_epi64(c0, 32), 0xAA));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(inner),
                        _mm256_blend_epi32(c2, _mm256_slli_epi64(c1, 32), 0xAA));
  }
};

KEEPSIM_AVX2 void WithAvx2(const Stream& s, size_t n, uint64_t* outer, uint64_t* inner) {
  if ((s.first + n - 1) >> 32 != s.first >> 32) return Portable(s, n, outer, inner);
  const __m256i m0 = Avx2::All(PHILOX_M4x32_0);
  const __m256i m1 = Avx2::All(PHILOX_M4x32_1);
  __m256i key0[kLeftRounds], key1[kLeftRounds];
  for (int round = 0; round < kLeftRounds; ++round) {
    key0[round] = Avx2::All(LeftKey(static_cast<uint32_t>(s.key), PHILOX_W32_0, round));
    key1[round] = Avx2::All(LeftKey(static_cast<uint32_t>(s.key >> 32), PHILOX_W32_1, round));
  }
  const FirstRounds first(s);
  __m256i counters = _mm256_add_epi64(Avx2::All(s.first), _mm256_set_epi64x(3, 2, 1, 0));
  for (size_t i = 0; i < n; i += 8) {
    Avx2 a = Avx2::Begin(first, counters, m0, m1);
    counters = _mm256_add_epi64(counters, Avx2::All(4));
    Avx2 b = Avx2::Begin(first, counters, m0, m1);
    counters = _mm256_add_epi64(counters, Avx2::All(4));
    for (int round = 0; round < kLeftRounds; ++round) {
      a.Round(m0, m1, key0[round], key1[round]);
      b.Round(m0, m1, key0[round], key1[round]);
    }
    a.Store(outer + i, inner + i);
    b.Store(outer + i + 4, inner + i + 4);
  }
}

KEEPSIM_AVX2 uint64_t BelowWithAvx2(const uint64_t* u, size_t n, uint64_t threshold) {
  // Compared as signed numbers: both with the sign turned over.
  const __m256i sign = Avx2::All(uint64_t{1} << 63);
  const __m256i limit = _mm256_xor_si256(Avx2::All(threshold), sign);
  uint64_t below = 0;
  for (size_t i = 0; i < n; i += 4) {
    const __m256i x =
        _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(u + i)), sign);
    const int mask = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(limit, x)));
    below |= static_cast<uint64_t>(mask) << i;
  }
  return below;
}

#define KEEPSIM_AVX512 __attribute__((target("avx512f,avx512dq")))

struct Avx512 {
  __m512i c0, c1, c2, c3;

  KEEPSIM_AVX512 static __m512i All(uint64_t x) {
    return _mm512_set1_epi64(static_cast<int64_t>(x));
  }
  KEEPSIM_AVX512 static __m512i Xor(__m512i x, __m512i y, __m512i z) {
    return _mm512_ternarylogic_epi64(x, y, z, 0x96);
  }
  // Eight blocks after two rounds.
  KEEPSIM_AVX512 static Avx512 Begin(const FirstRounds& f, __m512i counters, __m512i m0,
                                     __m512i m1) {
    const __m512i p0 = _mm512_mul_epu32(counters, m0);
    const __m512i c2 = _mm512_xor_si512(_mm512_srli_epi64(p0, 32), All(f.out2));
    const __m512i p1 = _mm512_mul_epu32(c2, m1);
    return {_mm512_xor_si512(_mm512_srli_epi64(p1, 32), All(f.out0)), p1,
            _mm512_xor_si512(p0, All(f.x2)), All(f.c3)};
  }
  KEEPSIM_AVX512 void Round(__m512i m0, __m512i m1, __m512i k0, __m512i k1) {
    const __m512i p0 = _mm512_mul_epu32(c0, m0);
    const __m512i p1 = _mm512_mul_epu32(c2, m1);
    c0 = Xor(_mm512_srli_epi64(p1, 32), c1, k0);
    c2 = Xor(_mm512_srli_epi64(p0, 32), c3, k1);
    c1 = p1;
    c3 = p0;
  }
  KEEPSIM_AVX512 void Store(uint64_t* outer, uint64_t* inner) const {
    const __mmask16 upper = 0xAAAA;
    _mm512_storeu_si512(outer, _mm512_mask_blend_epi32(upper, c3, _mm512_slli_epi64(c0, 32)));
    _mm512_storeu_si512(inner, _mm512_mask_blend_epi32(upper, c2, _mm512_slli_epi64(c1, 32)));
  }
};

KEEPSIM_AVX512 void WithAvx512(const Stream& s, size_t n, uint64_t* outer, uint64_t* inner) {
  if ((s.first + n - 1) >> 32 != s.first >> 32) return Portable(s, n, outer, inner);
  const __m512i m0 = Avx512::All(PHILOX_M4x32_0);
  const __m512i m1 = Avx512::All(PHILOX_M4x32_1);
  __m512i key0[kLeftRounds], key1[kLeftRounds];
  for (int round = 0; round < kLeftRounds; ++round) {
    key0[round] = Avx512::All(LeftKey(static_cast<uint32_t>(s.key), PHILOX_W32_0, round));
    key1[round] = Avx512::All(LeftKey(static_cast<uint32_t>(s.key >> 32), PHILOX_W32_1, round));
  }
  const FirstRounds first(s);
  __m512i counters =
      _mm512_add_epi64(Avx512::All(s.first), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
  const auto begin = [&]() KEEPSIM_AVX512 {
    const Avx512 next = Avx512::Begin(first, counters, m0, m1);
    counters = _mm512_add_epi64(counters, Avx512::All(8));
    return next;
  };
  // Four chains of dependent steps, side by side: two leave multipliers idle.
  for (size_t i = 0; i < n; i += 32) {
    Avx512 a = begin(), b = begin(), c = begin(), d = begin();
    for (int round = 0; round < kLeftRounds; ++round) {
      a.Round(m0, m1, key0[round], key1[round]);
      b.Round(m0, m1, key0[round], key1[round]);
      c.Round(m0, m1, key0[round], key1[round]);
      d.Round(m0, m1, key0[round], key1[round]);
    }
    a.Store(outer + i, inner + i);
    b.Store(outer + i + 8, inner + i + 8);
    c.Store(outer + i + 16, inner + i + 16);
    d.Store(outer + i + 24, inner + i + 24);
  }
}

KEEPSIM_AVX512 uint64_t BelowWithAvx512(const uint64_t* u, size_t n, uint64_t threshold) {
  const __m512i limit = Avx512::All(threshold);
  uint64_t below = 0;
  for (size_t i = 0; i < n; i += 8) {
    below |= uint64_t{_mm512_cmplt_epu64_mask(_mm512_loadu_si512(u + i), limit)} << i;
  }
  return below;
}

#undef KEEPSIM_AVX512
#undef KEEPSIM_AVX2

#endif  // __x86_64__

}  // namespace

void RandomSource::Pairs(Purpose purpose, uint64_t first, size_t n, uint64_t* outer,
                         uint64_t* inner) const {
  SIM_CHECK(n % kManyAtOnce == 0);
  const Stream stream = {key_, index_, purpose, first};
  switch (ChosenVectorPath()) {
#ifdef __x86_64__
    case VectorPath::kAvx512:
      return WithAvx512(stream, n, outer, inner);
    case VectorPath::kAvx2:
      return WithAvx2(stream, n, outer, inner);
    case VectorPath::kSse2:
      return WithSse2(stream, n, outer, inner);
#endif
    default:
      return Portable(stream, n, outer, inner);
  }
}

uint64_t Probability::Hits(const uint64_t* u, size_t n) const {
  if (always_) return ~uint64_t{0} >> (64 - n);
#ifdef __x86_64__
  const VectorPath path = ChosenVectorPath();
  if (path == VectorPath::kAvx512) return BelowWithAvx512(u, n, threshold_);
  if (path == VectorPath::kAvx2) return BelowWithAvx2(u, n, threshold_);
#endif
  uint64_t hits = 0;
  for (size_t i = 0; i < n; ++i) hits |= uint64_t{u[i] < threshold_} << i;
  return hits;
}

}  // namespace keepsim
