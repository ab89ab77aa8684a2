// Numbers in multiple precision, and where the knots of a quantile table are; for whoever computes
// one.
#ifndef KEEPSIM_SIM_BASE_QUANTILE_KNOTS_H_
#define KEEPSIM_SIM_BASE_QUANTILE_KNOTS_H_

#include <mpfr.h>

#include "sim/base/quantile_table.h"

namespace keepsim {

inline constexpr mpfr_rnd_t kNearest = MPFR_RNDN;

class Real {
 public:
  static constexpr mpfr_prec_t kBits = 128;

  Real() { mpfr_init2(v_, kBits); }
  ~Real() { mpfr_clear(v_); }
  Real(const Real&) = delete;
  Real& operator=(const Real&) = delete;
  mpfr_ptr get() { return v_; }
  mpfr_srcptr get() const { return v_; }

 private:
  mpfr_t v_;
};

// Knot k stands for the tail probability p = 2^(-1-z) * (1 + sub/32); exact.
inline void TailProbability(int k, Real& p) {
  constexpr int kSub = 1 << QuantileTable::kSubBits;
  const int octave = QuantileTable::kOctaves - k / kSub;  // 0 only for the last knot, p = 1/2
  mpfr_set_si_2exp(p.get(), kSub + k % kSub, -1 - octave - QuantileTable::kSubBits, kNearest);
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_QUANTILE_KNOTS_H_
