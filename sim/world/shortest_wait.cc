#include "sim/world/shortest_wait.h"

#include <algorithm>

#include "sim/mqtt/silence.h"

namespace keepsim {

Duration ShortestWait(const Plan& plan, const GroupPlan& group, Observer observer) {
  const Duration keep_alive = Seconds(group.params.keep_alive_s);
  const BrokerProfile& broker = plan.broker.profile;
  Duration wait = kForever;
  // The one in force may be the client's or one of the broker's limits.
  for (const Duration k : {keep_alive, std::max(keep_alive, Seconds(broker.keep_alive_min_s)),
                           std::min(keep_alive, Seconds(broker.keep_alive_max_s))}) {
    if (k.ns == 0) continue;
    wait = std::min(
        wait, observer == Observer::kBroker
                  ? ShortestLimit(broker, k)
                  : std::min(group.profile.pingresp_wait.Of(k), group.profile.ping_after.Of(k)));
  }
  // A clock may run fast by a half, and profiles may count whole seconds.
  return std::max(Milliseconds(500), (wait - Seconds(1)) / 2);
}

}  // namespace keepsim
