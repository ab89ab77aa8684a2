#include "sim/mqtt/backoff.h"

#include <algorithm>

namespace keepsim {
namespace {

Duration Within(__int128 ns, Duration low, Duration high) {
  return {static_cast<int64_t>(std::max<__int128>(low.ns, std::min<__int128>(ns, high.ns)))};
}

// `u` scaled to [0, d].
Duration Share(Duration d, uint64_t u) {
  const auto steps = static_cast<unsigned __int128>(static_cast<uint64_t>(d.ns)) + 1;
  return {static_cast<int64_t>(steps * u >> 64)};
}

}  // namespace

Duration NextBackoff(const ReconnectPolicy& policy, Duration& backoff, uint64_t u) {
  const bool first = backoff == kNoBackoff;
  Duration base = policy.first;
  if (!first) {
    base = Within(static_cast<__int128>(backoff.ns) * policy.growth_num / policy.growth_den,
                  policy.min, policy.max);
  }
  Duration delay = base;
  switch (policy.jitter) {
    case JitterKind::kNone:
      break;
    case JitterKind::kPlusMinus: {
      const Duration span =
          Within(static_cast<__int128>(base.ns) * policy.jitter_permille / 1000, {0}, base);
      delay = base - span + Share(span * 2, u);
      break;
    }
    case JitterKind::kFull:
      delay = Share(base, u);
      break;
    case JitterKind::kDecorrelated: {
      const Duration previous = first ? policy.first : backoff;
      const Duration high = Within(static_cast<__int128>(previous.ns) * 3, policy.min, policy.max);
      base = delay = policy.min + Share(high - policy.min, u);
      break;
    }
  }
  backoff = base;
  return delay;
}

}  // namespace keepsim
