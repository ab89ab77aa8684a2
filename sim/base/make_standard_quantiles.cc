// Writes standard_quantiles.inc: what many quantile tables have in common and takes a tenth of a
// second to compute. In multiple precision (MPFR, correctly rounded), so that it is the same on
// every machine.
#include <gmp.h>
#include <mpfr.h>

#include <cinttypes>
#include <cstdio>
#include <vector>

#include "sim/base/quantile_knots.h"

namespace keepsim {
namespace {

// Standard normal quantiles of the tail probabilities: q >= 0 with P(Z > q) = p, per knot. One
// Halley step from a second-order extrapolation of the neighbour leaves an error far below 2^-70
// (tested against the definition). The same on every machine, since every operation is MPFR's.
class NormalTails {
 public:
  mpfr_srcptr at(int k) const { return q_[static_cast<size_t>(k)].get(); }

  NormalTails() : q_(QuantileTable::kKnots) {
    Real p, log_p, previous_log_p, tail, density, hazard, f, t, u, root_half, root_two_pi;
    mpfr_set_ui(t.get(), 2, kNearest);
    mpfr_rec_sqrt(root_half.get(), t.get(), kNearest);
    mpfr_const_pi(t.get(), kNearest);
    mpfr_mul_ui(t.get(), t.get(), 2, kNearest);
    mpfr_sqrt(root_two_pi.get(), t.get(), kNearest);
    mpfr_set_ui(q_[QuantileTable::kKnots - 1].get(), 0, kNearest);
    TailProbability(QuantileTable::kKnots - 1, p);
    mpfr_log(previous_log_p.get(), p.get(), kNearest);
    for (int k = QuantileTable::kKnots - 2; k >= 0; --k) {
      mpfr_ptr q = q_[static_cast<size_t>(k)].get();
      mpfr_srcptr q0 = q_[static_cast<size_t>(k) + 1].get();
      TailProbability(k, p);
      mpfr_log(log_p.get(), p.get(), kNearest);
      // Hazard h = density / tail at the neighbour, where the tail is the neighbour's p.
      Hazard(q0, previous_log_p, root_two_pi, density, hazard, t);
      // q = q0 + d/(-h) - d^2 (h - q0) / (2 h^2), d = log p - log p0 (negative).
      mpfr_sub(f.get(), log_p.get(), previous_log_p.get(), kNearest);
      mpfr_div(f.get(), f.get(), hazard.get(), kNearest);  // d / h
      mpfr_sub(q, q0, f.get(), kNearest);
      mpfr_sub(t.get(), hazard.get(), q0, kNearest);
      mpfr_mul(t.get(), t.get(), f.get(), kNearest);
      mpfr_mul(t.get(), t.get(), f.get(), kNearest);
      mpfr_div_ui(t.get(), t.get(), 2, kNearest);
      mpfr_sub(q, q, t.get(), kNearest);
      for (int step = 0; step < 2; ++step) {
        // f = log Q(q) - log p, f' = -h, f'' = -h (h - q); Halley.
        mpfr_mul(t.get(), q, root_half.get(), kNearest);
        mpfr_erfc(tail.get(), t.get(), kNearest);
        mpfr_div_ui(tail.get(), tail.get(), 2, kNearest);
        mpfr_log(t.get(), tail.get(), kNearest);
        mpfr_sub(f.get(), t.get(), log_p.get(), kNearest);
        Hazard(q, t, root_two_pi, density, hazard, u);
        // q += 2 f h / (2 h^2 + f h (h - q)) = 2 f / (2 h + f (h - q))
        mpfr_sub(u.get(), hazard.get(), q, kNearest);
        mpfr_mul(u.get(), u.get(), f.get(), kNearest);
        mpfr_mul_ui(t.get(), hazard.get(), 2, kNearest);
        mpfr_add(u.get(), u.get(), t.get(), kNearest);
        mpfr_mul_ui(t.get(), f.get(), 2, kNearest);
        mpfr_div(t.get(), t.get(), u.get(), kNearest);
        mpfr_add(q, q, t.get(), kNearest);
        // The extrapolation is good to 1e-6 and a Halley step cubes the error.
        if (mpfr_zero_p(t.get()) || mpfr_get_exp(t.get()) < -30) break;
      }
      mpfr_swap(previous_log_p.get(), log_p.get());
    }
  }

 private:
  // hazard = exp(-q^2/2) / sqrt(2 pi) / tail, given log tail.
  static void Hazard(mpfr_srcptr q, const Real& log_tail, const Real& root_two_pi, Real& density,
                     Real& hazard, Real& scratch) {
    mpfr_mul(scratch.get(), q, q, kNearest);
    mpfr_div_ui(scratch.get(), scratch.get(), 2, kNearest);
    mpfr_add(scratch.get(), scratch.get(), log_tail.get(), kNearest);
    mpfr_neg(scratch.get(), scratch.get(), kNearest);
    mpfr_exp(density.get(), scratch.get(), kNearest);
    mpfr_div(hazard.get(), density.get(), root_two_pi.get(), kNearest);
  }

  std::vector<Real> q_;
};

// { high, low, exponent }: (high * 2^64 + low) * 2^exponent is `x`, which is not negative.
void Write(mpfr_srcptr x) {
  static_assert(Real::kBits == 128);
  mpz_t integer, part;
  mpz_inits(integer, part, nullptr);
  const mpfr_exp_t exponent = mpfr_zero_p(x) ? 0 : mpfr_get_z_2exp(integer, x);
  const auto word = [&](unsigned shift) {
    mpz_fdiv_q_2exp(part, integer, shift);
    mpz_fdiv_r_2exp(part, part, 32);
    return static_cast<uint64_t>(mpz_get_ui(part));
  };
  std::printf("{0x%" PRIx64 "u, 0x%" PRIx64 "u, %ld},\n", word(96) << 32 | word(64),
              word(32) << 32 | word(0), static_cast<long>(exponent));
  mpz_clears(integer, part, nullptr);
}

// -log(1 - p) and -log(p).
void WriteExponential(bool upper) {
  Real p, x;
  for (int k = 0; k < QuantileTable::kKnots; ++k) {
    TailProbability(k, p);
    if (upper) {
      mpfr_log(x.get(), p.get(), kNearest);
    } else {
      mpfr_neg(p.get(), p.get(), kNearest);
      mpfr_log1p(x.get(), p.get(), kNearest);
    }
    mpfr_neg(x.get(), x.get(), kNearest);
    Write(x.get());
  }
}

void WriteAll() {
  std::puts("const StandardQuantile kNormalTails[] = {");
  const NormalTails normal;
  for (int k = 0; k < QuantileTable::kKnots; ++k) Write(normal.at(k));
  std::puts("};\nconst StandardQuantile kExponential[2][QuantileTable::kKnots] = {{");
  WriteExponential(false);
  std::puts("}, {");
  WriteExponential(true);
  std::puts("}};");
}

}  // namespace
}  // namespace keepsim

int main() {
  keepsim::WriteAll();
  return std::ferror(stdout) != 0 || std::fclose(stdout) != 0;
}
