#ifndef KEEPSIM_SIM_BASE_QUANTILE_TABLE_INL_H_
#define KEEPSIM_SIM_BASE_QUANTILE_TABLE_INL_H_

namespace keepsim {

// Both halves have the same shape. For the lower half let x = u, for the upper x = ~u, so x < 2^63
// in either. Octave z = leading zeros of x, from 1; within it x runs from 2^(63-z) to 2^(64-z), and
// the kSubBits bits below the leading one choose the cell, all bits below those interpolate. Cell
// number c = (kOctaves - z) * 32 + sub, so that c grows with x. The last octave (z = kOctaves) also
// takes all smaller x, in its lowest knot.
inline Duration QuantileTable::Sample(uint64_t u) const {
  if (knots_ == nullptr) return min_;
  const uint64_t x = u ^ -(u >> 63);
  const int64_t* half = knots_ + (u >> 63) * kKnots;
  const int z = std::countl_zero(x | 1);
  if (z > kOctaves) return {half[0]};
  const uint64_t bits = (x << z) << 1;  // below the leading one, left-aligned
  const uint32_t cell = static_cast<uint32_t>(kOctaves - z) * (1u << kSubBits) +
                        static_cast<uint32_t>(bits >> (64 - kSubBits));
  const uint64_t fraction = bits << kSubBits;
  const int64_t a = half[cell];
  const int64_t b = half[cell + 1];
  // Lower half: values grow with x; upper half: they fall. Half of the draws are in either, so a
  // branch would be guessed wrong every other time.
  const int64_t sign = (b - a) >> 63;
  const uint64_t width = static_cast<uint64_t>(((b - a) ^ sign) - sign);
  const int64_t part =
      static_cast<int64_t>((static_cast<unsigned __int128>(width) * fraction) >> 64);
  return {a + ((part ^ sign) - sign)};
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_QUANTILE_TABLE_INL_H_
