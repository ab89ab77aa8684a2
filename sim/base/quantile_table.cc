#include "sim/base/quantile_table.h"

#include <mpfr.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "sim/base/check.h"
#include "sim/base/quantile_knots.h"

namespace keepsim {
namespace {

constexpr int kSub = 1 << QuantileTable::kSubBits;

// (high * 2^64 + low) * 2^exponent
struct StandardQuantile {
  uint64_t high;
  uint64_t low;
  int exponent;
};
// Of each knot's tail probability p: kNormalTails, q >= 0 with P(Z > q) = p; kExponential[0] and
// [1], -log(1 - p) and -log(p). The numbers that make_standard_quantiles.cc computes.
#include "sim/base/standard_quantiles.inc"

void Set(const StandardQuantile& q, Real& x) {
  mpfr_set_uj(x.get(), q.high, kNearest);
  mpfr_mul_2ui(x.get(), x.get(), 64, kNearest);
  Real low;
  mpfr_set_uj(low.get(), q.low, kNearest);
  mpfr_add(x.get(), x.get(), low.get(), kNearest);  // 128 bits in all: exact
  mpfr_mul_2si(x.get(), x.get(), q.exponent, kNearest);
}

// The quantile at knot k into `x` (ns): at p from below, or, if upper, at 1 - p.
void KnotValue(const DistributionSpec& spec, int k, bool upper, Real& x) {
  using Kind = DistributionSpec::Kind;
  Real p, t;
  TailProbability(k, p);
  const auto minus_log = [&](Real& out) { Set(kExponential[upper][k], out); };  // of the survival
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
      Set(kNormalTails[k], x);
      mpfr_mul_d(x.get(), x.get(), upper ? spec.shape : -spec.shape, kNearest);
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
