#include "sim/world/shortest_wait.h"

#include <algorithm>

#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/silence.h"

namespace keepsim {

Duration ShortestWait(const Plan& plan, const GroupPlan& group, Observer observer) {
  const Duration keep_alive = Seconds(group.params.keep_alive_s);
  const BrokerProfile& broker = plan.broker.profile;
  // The one in force; the client may not have been told.
  const Duration in_force = Seconds(
      JudgeKeepAlive(broker, group.connect.version, group.params.keep_alive_s).keep_alive_s);
  Duration wait = kForever;
  for (const Duration k : {keep_alive, in_force}) {
    if (observer == Observer::kBroker) {
      if (k.ns > 0) wait = std::min(wait, ShortestLimit(broker, k));
      continue;
    }
    const ClientProfile& p = group.profile;
    if (k.ns == 0 && p.zero_keep_alive == ZeroKeepAlive::kOff) continue;
    wait = std::min({wait, p.pingresp_wait.Of(k), p.ping_after.Of(k)});
    if (p.ping_after_in.Of(k).ns > 0) wait = std::min(wait, p.ping_after_in.Of(k));
  }
  // A clock may run fast by a half, and profiles may count whole seconds.
  return std::max(Milliseconds(500), (wait - Seconds(1)) / 2);
}

}  // namespace keepsim
