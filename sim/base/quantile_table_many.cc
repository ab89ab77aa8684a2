// Many samples at once. With AVX2 and AVX-512 an octave and the cell in it are read off the bits of
// a double.
#include "sim/base/quantile_table.h"
#include "sim/base/vector_path.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace keepsim {

#ifdef __x86_64__

namespace {

#define KEEPSIM_AVX2 __attribute__((target("avx2")))

KEEPSIM_AVX2 inline __m256i All(uint64_t x) { return _mm256_set1_epi64x(static_cast<int64_t>(x)); }

// x < 2^53 as doubles, exactly: both halves become doubles of a fixed exponent by their bits alone.
KEEPSIM_AVX2 inline __m256i DoubleBits(__m256i x) {
  const __m256i high = _mm256_or_si256(_mm256_srli_epi64(x, 32), All(0x4530000000000000));  // 2^84
  const __m256i low = _mm256_blend_epi32(x, All(0x4330000000000000), 0xAA);                 // 2^52
  const __m256d bias = _mm256_castsi256_pd(All(0x4530000000100000));  // 2^84 + 2^52
  return _mm256_castpd_si256(
      _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), bias), _mm256_castsi256_pd(low)));
}

KEEPSIM_AVX2 inline __m128i TwoKnots(const int64_t* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// Four samples; false if one is so deep in a tail that a double has not all of its bits.
// REQUIRES: neighbouring knots are less than 2^32 apart.
KEEPSIM_AVX2 inline bool Four(const int64_t* knots, const uint64_t* u, int64_t* out) {
  constexpr int kOctaves = QuantileTable::kOctaves, kSubBits = QuantileTable::kSubBits;
  const __m256i draw = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(u));
  const __m256i upper = _mm256_cmpgt_epi64(_mm256_setzero_si256(), draw);
  const __m256i x = _mm256_xor_si256(draw, upper);
  // Octave z: exponent 1023 + 63 - z - 11, since the lowest 11 bits are cut off.
  const __m256i bits = DoubleBits(_mm256_srli_epi64(x, 11));
  const __m256i cell = _mm256_sub_epi64(_mm256_srli_epi64(bits, 52 - kSubBits),
                                        All(uint64_t{1075 - kOctaves} << kSubBits));
  if (_mm256_movemask_pd(
          _mm256_castsi256_pd(_mm256_cmpgt_epi64(All(uint64_t{1} << kSubBits), cell))) != 0) {
    return false;
  }
  // x << (z + 1 + kSubBits)
  const __m256i fraction =
      _mm256_sllv_epi64(x, _mm256_sub_epi64(All(1075 + 1 + kSubBits), _mm256_srli_epi64(bits, 52)));
  const __m256i index = _mm256_add_epi64(cell, _mm256_and_si256(upper, All(QuantileTable::kKnots)));
  const __m128i index01 = _mm256_castsi256_si128(index);
  const __m128i index23 = _mm256_extracti128_si256(index, 1);
  // A knot and the next in one load each.
  const __m256i k02 =
      _mm256_inserti128_si256(_mm256_castsi128_si256(TwoKnots(knots + _mm_cvtsi128_si64(index01))),
                              TwoKnots(knots + _mm_cvtsi128_si64(index23)), 1);
  const __m256i k13 = _mm256_inserti128_si256(
      _mm256_castsi128_si256(TwoKnots(knots + _mm_extract_epi64(index01, 1))),
      TwoKnots(knots + _mm_extract_epi64(index23, 1)), 1);
  const __m256i a = _mm256_unpacklo_epi64(k02, k13);
  const __m256i b = _mm256_unpackhi_epi64(k02, k13);
  // Values grow with x in the lower half and fall in the upper one.
  const __m256i width = _mm256_sub_epi64(_mm256_xor_si256(_mm256_sub_epi64(b, a), upper), upper);
  const __m256i high = _mm256_mul_epu32(width, _mm256_srli_epi64(fraction, 32));
  const __m256i low = _mm256_srli_epi64(_mm256_mul_epu32(width, fraction), 32);
  const __m256i part = _mm256_srli_epi64(_mm256_add_epi64(high, low), 32);
  const __m256i sample =
      _mm256_add_epi64(a, _mm256_sub_epi64(_mm256_xor_si256(part, upper), upper));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), sample);
  return true;
}

KEEPSIM_AVX2 void ManyWithAvx2(const QuantileTable& table, const int64_t* knots, const uint64_t* u,
                               size_t n, int64_t* out) {
  for (size_t i = 0; i < n; i += 4) {
    if (Four(knots, u + i, out + i)) continue;
    for (size_t j = i; j < i + 4; ++j) out[j] = table.Sample(u[j]).ns;
  }
}

#define KEEPSIM_AVX512 __attribute__((target("avx512f,avx512dq")))

KEEPSIM_AVX512 inline __m512i Wide(uint64_t x) {
  return _mm512_set1_epi64(static_cast<int64_t>(x));
}

KEEPSIM_AVX512 inline __m512i FourTimesTwoKnots(const int64_t* knots, const int64_t* index) {
  __m512i k = _mm512_castsi128_si512(TwoKnots(knots + index[0]));
  k = _mm512_inserti64x2(k, TwoKnots(knots + index[2]), 1);
  k = _mm512_inserti64x2(k, TwoKnots(knots + index[4]), 2);
  return _mm512_inserti64x2(k, TwoKnots(knots + index[6]), 3);
}

// As Four().
KEEPSIM_AVX512 inline bool Eight(const int64_t* knots, const uint64_t* u, int64_t* out) {
  constexpr int kOctaves = QuantileTable::kOctaves, kSubBits = QuantileTable::kSubBits;
  const __m512i draw = _mm512_loadu_si512(u);
  const __mmask8 upper = _mm512_movepi64_mask(draw);
  const __m512i x = _mm512_mask_xor_epi64(draw, upper, draw, Wide(~uint64_t{0}));
  const __m512i bits = _mm512_castpd_si512(_mm512_cvtepu64_pd(_mm512_srli_epi64(x, 11)));
  const __m512i cell = _mm512_sub_epi64(_mm512_srli_epi64(bits, 52 - kSubBits),
                                        Wide(uint64_t{1075 - kOctaves} << kSubBits));
  if (_mm512_cmplt_epi64_mask(cell, Wide(uint64_t{1} << kSubBits)) != 0) return false;
  const __m512i fraction = _mm512_sllv_epi64(
      x, _mm512_sub_epi64(Wide(1075 + 1 + kSubBits), _mm512_srli_epi64(bits, 52)));
  alignas(64) int64_t index[8];
  _mm512_store_si512(index, _mm512_mask_add_epi64(cell, upper, cell, Wide(QuantileTable::kKnots)));
  const __m512i even = FourTimesTwoKnots(knots, index);
  const __m512i odd = FourTimesTwoKnots(knots, index + 1);
  const __m512i a = _mm512_unpacklo_epi64(even, odd);
  const __m512i step = _mm512_sub_epi64(_mm512_unpackhi_epi64(even, odd), a);
  const __m512i zero = _mm512_setzero_si512();
  const __m512i width = _mm512_mask_sub_epi64(step, upper, zero, step);
  const __m512i high = _mm512_mul_epu32(width, _mm512_srli_epi64(fraction, 32));
  const __m512i low = _mm512_srli_epi64(_mm512_mul_epu32(width, fraction), 32);
  const __m512i part = _mm512_srli_epi64(_mm512_add_epi64(high, low), 32);
  _mm512_storeu_si512(out, _mm512_mask_sub_epi64(_mm512_add_epi64(a, part), upper, a, part));
  return true;
}

KEEPSIM_AVX512 void ManyWithAvx512(const QuantileTable& table, const int64_t* knots,
                                   const uint64_t* u, size_t n, int64_t* out) {
  for (size_t i = 0; i < n; i += 8) {
    if (Eight(knots, u + i, out + i)) continue;
    for (size_t j = i; j < i + 8; ++j) out[j] = table.Sample(u[j]).ns;
  }
}

#undef KEEPSIM_AVX512
#undef KEEPSIM_AVX2

}  // namespace

#endif  // __x86_64__

void QuantileTable::SampleMany(const uint64_t* u, size_t n, int64_t* samples_ns) const {
#ifdef __x86_64__
  const VectorPath path = narrow_ ? ChosenVectorPath() : VectorPath::kPortable;
  if (path == VectorPath::kAvx512) return ManyWithAvx512(*this, knots_, u, n, samples_ns);
  if (path == VectorPath::kAvx2) return ManyWithAvx2(*this, knots_, u, n, samples_ns);
#endif
  for (size_t i = 0; i < n; ++i) samples_ns[i] = Sample(u[i]).ns;
}

}  // namespace keepsim
