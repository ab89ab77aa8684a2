#include "sim/net/path.h"

#include <algorithm>

namespace keepsim {
namespace {

// Draws beyond the one block of a transmission, only where a rarer feature asks for them.
constexpr uint64_t kExtraDraws = uint64_t{1} << 63;

}  // namespace

const char* FateName(Fate fate) {
  switch (fate) {
    case Fate::kDelivered:
      return "delivered";
    case Fate::kLostIndependent:
      return "lost";
    case Fate::kLostBurst:
      return "lost in a burst";
    case Fate::kLostDegraded:
      return "lost by degradation";
    case Fate::kLostOutage:
      return "lost: path cut";
    case Fate::kLostMiddlebox:
      return "dropped by the middlebox";
    case Fate::kLostHostDown:
      return "lost: host down";
  }
  return "unknown";
}

namespace {

bool InBadSpell(const BurstLoss& burst, BurstState& s, const RandomSource& source, Purpose purpose,
                Instant now) {
  while (s.until <= now) {
    // Sojourn number i is good if i is even: spells begin good at time 0.
    const bool bad = (s.index & 1) != 0;
    const QuantileTable& law = bad ? burst.bad_sojourn : burst.good_sojourn;
    const Duration length = law.Sample(source.Draw64(purpose, s.index));
    ++s.index;
    s.bad = bad;
    s.until += std::max(length, Nanoseconds(1));
  }
  return s.bad;
}

}  // namespace

Fate FateOf(const DirectionSpec& spec, BurstState& state, const RandomSource& source,
            Purpose segment, Purpose burst, const Degrade* degrade, Instant now, uint64_t index,
            uint64_t loss_draw) {
  if (spec.loss.Hit(loss_draw)) return Fate::kLostIndependent;
  if (spec.burst.enabled) {
    const Probability& loss = InBadSpell(spec.burst, state, source, burst, now)
                                  ? spec.burst.loss_bad
                                  : spec.burst.loss_good;
    if (!loss.IsZero() && loss.Hit(source.Block(segment, index | kExtraDraws).low())) {
      return Fate::kLostBurst;
    }
  }
  if (degrade != nullptr && !degrade->loss.IsZero() &&
      degrade->loss.Hit(source.Block(segment, index | kExtraDraws).high())) {
    return Fate::kLostDegraded;
  }
  return Fate::kDelivered;
}

Transit Send(const DirectionSpec& spec, DirectionState& s, const RandomSource& source,
             Purpose segment, Purpose burst, const Degrade* degrade, Instant now) {
  Transit t;
  const uint64_t index = s.transmissions++;
  const uint64_t within = index % RandomSource::kAtOnce;
  if (s.ahead_of != index - within) {
    s.ahead_of = index - within;
    source.Blocks(segment, s.ahead_of, s.ahead);
  }
  const RandomBlock& luck = s.ahead[within];
  const uint64_t loss_draw = uint64_t{luck.w[0]} << 32 | luck.w[3];
  const uint64_t latency_draw = uint64_t{luck.w[1]} << 32 | luck.w[2];
  t.fate = FateOf(spec, s.burst, source, segment, burst, degrade, now, index, loss_draw);
  if (t.fate != Fate::kDelivered) return t;
  Duration latency = spec.latency.Sample(latency_draw);
  if (degrade != nullptr) latency += degrade->extra_latency;
  t.arrives_at = now + latency;
  if (spec.keep_order) {
    t.arrives_at = std::max(t.arrives_at, s.last_arrival);
    s.last_arrival = t.arrives_at;
  }
  if (!spec.duplicate.IsZero()) {
    const RandomBlock copy = source.Block(segment, index | kExtraDraws >> 1);
    if (spec.duplicate.Hit(copy.low())) t.duplicate_at = now + spec.latency.Sample(copy.high());
  }
  return t;
}

}  // namespace keepsim
