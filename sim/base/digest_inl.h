#ifndef KEEPSIM_SIM_BASE_DIGEST_INL_H_
#define KEEPSIM_SIM_BASE_DIGEST_INL_H_

namespace keepsim {
namespace digest_internal {

// Folds one word into a lane: a 64x64 -> 128 bit multiply by an odd constant, halves combined, so
// that every input bit reaches every output bit after two steps.
inline uint64_t Fold(uint64_t state, uint64_t word, uint64_t odd) {
  const unsigned __int128 product =
      static_cast<unsigned __int128>((state ^ word) + odd) * (odd | 1);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^
         (state << 23 | state >> 41);
}

inline uint64_t Finish(uint64_t z) {  // MurmurHash3's finaliser
  z = (z ^ (z >> 33)) * 0xFF51AFD7ED558CCDu;
  z = (z ^ (z >> 33)) * 0xC4CEB9FE1A85EC53u;
  return z ^ (z >> 33);
}

}  // namespace digest_internal

inline void Digest::Add(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4) {
  using digest_internal::Finish;
  using digest_internal::Fold;
  // Constants: fractional parts of square roots of primes (nothing up the sleeve).
  uint64_t a = 0x6A09E667F3BCC908u;
  uint64_t b = 0xBB67AE8584CAA73Bu;
  for (const uint64_t w : {w0, w1, w2, w3, w4}) {
    a = Fold(a, w, 0x3C6EF372FE94F82Bu);
    b = Fold(b, w, 0xA54FF53A5F1D36F1u);
  }
  a = Finish(a);
  b = Finish(b ^ (a << 1));
  // 128-bit addition.
  lo_ += a;
  hi_ += b + (lo_ < a ? 1 : 0);
}

inline void Digest::Merge(const Digest& other) {
  lo_ += other.lo_;
  hi_ += other.hi_ + (lo_ < other.lo_ ? 1 : 0);
}

inline Digest Digest::FromWords(uint64_t hi, uint64_t lo) {
  Digest d;
  d.hi_ = hi;
  d.lo_ = lo;
  return d;
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_DIGEST_INL_H_
