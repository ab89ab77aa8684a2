#include "sim/base/quantile_table.h"

#include <mpfr.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "sim/base/check.h"

namespace keepsim {
namespace {

constexpr mpfr_prec_t kBits = 128;
constexpr mpfr_rnd_t kNearest = MPFR_RNDN;
constexpr int kKnots = QuantileTable::kKnots;
constexpr int kSub = 1 << QuantileTable::kSubBits;

class Real {
 public:
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
void TailProbability(int k, Real& p) {
  const int octave = QuantileTable::kOctaves - k / kSub;  // 0 only for the last knot, p = 1/2
  mpfr_set_si_2exp(p.get(), kSub + k % kSub, -1 - octave - QuantileTable::kSubBits, kNearest);
}

// Standard normal quantiles of the tail probabilities: q >= 0 with P(Z > q) = p, per knot. One
// Halley step from a second-order extrapolation of the neighbour leaves an error far below 2^-70
// (tested against the definition). The same on every machine, since every operation is MPFR's.
class NormalTails {
 public:
  static const NormalTails& Get() {
    static const NormalTails* const tails = new NormalTails;  // lives as long as the process
    return *tails;
  }
  mpfr_srcptr at(int k) const { return q_[static_cast<size_t>(k)].get(); }

 private:
  NormalTails() : q_(kKnots) {
    Real p, log_p, previous_log_p, tail, density, hazard, f, t, u, root_half, root_two_pi;
    mpfr_set_ui(t.get(), 2, kNearest);
    mpfr_rec_sqrt(root_half.get(), t.get(), kNearest);
    mpfr_const_pi(t.get(), kNearest);
    mpfr_mul_ui(t.get(), t.get(), 2, kNearest);
    mpfr_sqrt(root_two_pi.get(), t.get(), kNearest);
    mpfr_set_ui(q_[kKnots - 1].get(), 0, kNearest);
    TailProbability(kKnots - 1, p);
    mpfr_log(previous_log_p.get(), p.get(), kNearest);
    for (int k = kKnots - 2; k >= 0; --k) {
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

// The quantile at knot k into `x` (ns): at p from below, or, if upper, at 1 - p.
void KnotValue(const DistributionSpec& spec, int k, bool upper, Real& x) {
  using Kind = DistributionSpec::Kind;
  Real p, t;
  TailProbability(k, p);
  const auto minus_log = [&](Real& out) {  // -log of the survival probability
    if (upper) {
      mpfr_log(out.get(), p.get(), kNearest);
    } else {
      mpfr_neg(t.get(), p.get(), kNearest);
      mpfr_log1p(out.get(), t.get(), kNearest);
    }
    mpfr_neg(out.get(), out.get(), kNearest);
  };
  switch (spec.kind) {
    case Kind::kConstant:
      mpfr_set_sj(x.get(), spec.a.ns, kNearest);
      return;
    case Kind::kUniform:
      mpfr_set_sj(x.get(), spec.b.ns - spec.a.ns, kNearest);
      mpfr_mul(x.get(), x.get(), p.get(), kNearest);
      mpfr_set_sj(t.get(), upper ? spec.b.ns : spec.a.ns, kNearest);
      if (upper) {
        mpfr_sub(x.get(), t.get(), x.get(), kNearest);
      } else {
        mpfr_add(x.get(), t.get(), x.get(), kNearest);
      }
      return;
    case Kind::kExponential:
      minus_log(x);
      break;
    case Kind::kWeibull:
      minus_log(x);
      mpfr_set_d(t.get(), spec.shape, kNearest);
      mpfr_ui_div(t.get(), 1, t.get(), kNearest);
      mpfr_pow(x.get(), x.get(), t.get(), kNearest);
      break;
    case Kind::kPareto:
      minus_log(x);
      mpfr_div_d(x.get(), x.get(), spec.shape, kNearest);
      mpfr_exp(x.get(), x.get(), kNearest);
      break;
    case Kind::kLognormal:
      mpfr_mul_d(x.get(), NormalTails::Get().at(k), upper ? spec.shape : -spec.shape, kNearest);
      mpfr_exp(x.get(), x.get(), kNearest);
      break;
    case Kind::kEmpirical: {
      if (upper) mpfr_ui_sub(p.get(), 1, p.get(), kNearest);
      double low = 0;
      Duration from = spec.points.front().value;
      for (const DistributionSpec::Point& point : spec.points) {
        if (mpfr_cmp_d(p.get(), point.cumulative) > 0) {
          low = point.cumulative;
          from = point.value;
          continue;
        }
        // from + (value - from) * (p - low) / (cumulative - low)
        mpfr_sub_d(x.get(), p.get(), low, kNearest);
        mpfr_set_d(t.get(), point.cumulative, kNearest);
        mpfr_sub_d(t.get(), t.get(), low, kNearest);
        if (mpfr_sgn(t.get()) > 0) mpfr_div(x.get(), x.get(), t.get(), kNearest);
        mpfr_set_sj(t.get(), point.value.ns - from.ns, kNearest);
        mpfr_mul(x.get(), x.get(), t.get(), kNearest);
        mpfr_set_sj(t.get(), from.ns, kNearest);
        mpfr_add(x.get(), x.get(), t.get(), kNearest);
        return;
      }
      mpfr_set_sj(x.get(), from.ns, kNearest);
      return;
    }
  }
  mpfr_set_sj(t.get(), spec.a.ns, kNearest);
  mpfr_mul(x.get(), x.get(), t.get(), kNearest);
}

int64_t ClampToNs(const DistributionSpec& spec, Real& x) {
  Real t;
  mpfr_set_sj(t.get(), spec.shift.ns, kNearest);
  mpfr_add(x.get(), x.get(), t.get(), kNearest);
  const int64_t low = std::max<int64_t>(spec.min.ns, 0);
  const int64_t high = std::max(low, spec.max.ns);
  mpfr_set_sj(t.get(), high, kNearest);
  if (mpfr_cmp(x.get(), t.get()) >= 0) return high;
  mpfr_set_sj(t.get(), low, kNearest);
  if (mpfr_cmp(x.get(), t.get()) <= 0) return low;
  return mpfr_get_sj(x.get(), kNearest);
}

}  // namespace

QuantileTable::QuantileTable(const DistributionSpec& spec) {
  Real x;
  auto knots = std::make_shared<std::vector<int64_t>>(2 * kKnots);
  const int first = spec.kind == DistributionSpec::Kind::kConstant ? kKnots - 1 : 0;
  for (int half = 0; half < 2; ++half) {
    for (int k = first; k < kKnots; ++k) {
      KnotValue(spec, k, half == 1, x);
      (*knots)[static_cast<size_t>(half * kKnots + k)] = ClampToNs(spec, x);
    }
  }
  // MPFR keeps constants and free numbers per thread, and a thread that ends leaks them.
  mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE);
  mpfr_free_pool();
  min_ = {(*knots)[static_cast<size_t>(first)]};
  max_ = {(*knots)[static_cast<size_t>(kKnots + first)]};
  if (min_ == max_) {
    mean_ = min_;
    return;
  }
  // Mean of the piecewise linear law, in units of 2^-54: a cell of octave z weighs 2^(48-z).
  __int128 sum = 0;
  for (int half = 0; half < 2; ++half) {
    const int64_t* v = knots->data() + half * kKnots;
    sum += static_cast<__int128>(v[0]) << 5;  // all that is below the last octave: 2^-49
    for (int k = 0; k + 1 < kKnots; ++k) {
      const int octave = kOctaves - k / kSub;
      sum += ((static_cast<__int128>(v[k]) + v[k + 1]) << (kOctaves - octave)) / 2;
    }
  }
  mean_ = {static_cast<int64_t>(sum >> 54)};
  narrow_ = true;
  for (size_t k = 0; k + 1 < knots->size(); ++k) {
    if (k + 1 == kKnots) continue;  // from one half to the other
    narrow_ = narrow_ && std::abs((*knots)[k + 1] - (*knots)[k]) < int64_t{1} << 32;
  }
  storage_ = std::move(knots);
  knots_ = storage_->data();
}

}  // namespace keepsim
