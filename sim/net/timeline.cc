#include "sim/net/timeline.h"

namespace keepsim {
namespace {

constexpr int64_t kBillion = 1000000000;

Instant Later(Instant t, Duration d) { return d >= kForever || t >= kNever - d ? kNever : t + d; }

}  // namespace

Interval Next(const RenewalSpec& spec, RenewalState& s, const RandomSource& source, Purpose gap,
              Purpose length) {
  if (s.end_of_last == kNever) return {kNever, kNever};
  const uint64_t index = s.index++;
  Interval interval;
  interval.from = Later(s.end_of_last, spec.gap.Sample(source.Draw64(gap, index)));
  interval.to = interval.from == kNever
                    ? kNever
                    : Later(interval.from, spec.length.Sample(source.Draw64(length, index)));
  s.end_of_last = interval.to;
  return interval;
}

Instant HostClock::DriftedLocal(Instant global) const {
  const __int128 passed = global.ns - global_base.ns;
  // Rounded down, also for negative spans, so that the clock is monotone.
  const __int128 scaled = passed * (kBillion + drift_ppb);
  const __int128 down = scaled >= 0 ? scaled / kBillion : -((-scaled + kBillion - 1) / kBillion);
  return local_base + Duration{static_cast<int64_t>(down)};
}

Instant HostClock::DriftedGlobal(Instant local) const {
  const __int128 passed = static_cast<__int128>(local.ns) - local_base.ns;
  const __int128 scaled = passed * kBillion;
  const __int128 rate = kBillion + drift_ppb;
  // Rounded up: the earliest global instant whose local time has reached `local`.
  const __int128 up = scaled >= 0 ? (scaled + rate - 1) / rate : -(-scaled / rate);
  if (up > kNever.ns - global_base.ns) return kNever;
  return global_base + Duration{static_cast<int64_t>(up)};
}

void HostClock::SetDrift(Instant now, int64_t ppb) {
  local_base = Local(now);
  global_base = now;
  drift_ppb = ppb;
}

}  // namespace keepsim
