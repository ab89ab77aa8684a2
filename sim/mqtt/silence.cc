#include "sim/mqtt/silence.h"

#include <algorithm>

#include "sim/mqtt/broker_session.h"

namespace keepsim {

Duration LongestSilence(const ClientProfile& p, Duration keep_alive, bool receives, bool sends) {
  const Duration ping = p.ping_after.Of(keep_alive);
  const Duration look = p.LookSlack(keep_alive);
  if (keep_alive.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kOff) return kForever;
  if (keep_alive.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kInLimit) {
    const bool pings_in = p.ping_when == PingWhen::kEitherSilent && !receives;
    return pings_in ? p.ping_after_in.Of(keep_alive) + look : kForever;
  }
  switch (p.ping_when) {
    case PingWhen::kAlways:
      return ping;
    case PingWhen::kCounterTick:
      return sends ? ping * 2 : ping;  // sent right after a tick, silent past the next
    case PingWhen::kInSilent:
      // Acknowledgements and PINGRESP follow what was sent; messages do not.
      if (receives && p.in_reference == InReference::kAnyPacket) return kForever;
      return ping + look;
    case PingWhen::kOutSilent:
    case PingWhen::kEitherSilent:
      return ping + look;
  }
  return ping + look;
}

Duration ShortestLimit(const BrokerProfile& p, Duration keep_alive) {
  const Duration limit = LimitOf(p, keep_alive);
  if (limit.ns == 0) return kForever;
  switch (p.mechanism) {
    case CheckMechanism::kExactTimer:
    case CheckMechanism::kScan:
    case CheckMechanism::kTickCompare:
      // In whole seconds what was heard late in one is as good as at its beginning.
      return p.whole_seconds && !p.strict ? limit - Seconds(1) : limit;
    case CheckMechanism::kIdleTicks:
      return limit;  // the ticks themselves
    case CheckMechanism::kAccumulatedTicks: {
      const Duration tick = std::max(p.period.Of(keep_alive), Milliseconds(1));
      int64_t ticks = (limit + tick - Nanoseconds(1)) / tick;
      if (p.strict && tick * ticks == limit) ++ticks;
      return tick * ticks;
    }
  }
  return limit;
}

}  // namespace keepsim
