#include "sim/world/skip_rule.h"

#include <algorithm>

namespace keepsim {

namespace {

// Whether it is certain when a packet will be handled once those before it are known, and nothing
// else of the broker's own may happen at that instant.
bool HandlesInTime(const Plan& plan) {
  return plan.broker.accept_per_second == 0 &&
         std::none_of(plan.faults.begin(), plan.faults.end(),
                      [](const ScheduledFault& f) { return f.IsOfBroker(); });
}

}  // namespace

bool RunsAsMembers(const Plan& plan) {
  return IsCoupled(plan) && plan.ties == TieOrder::kCanonical &&
         (plan.broker.handling.ns == 0 || HandlesInTime(plan));
}

std::string WhyMessagesNotSkipped(const Plan& plan, const GroupPlan& g) {
  if (!HasMessages(g)) return "";
  if (plan.broker.handling.ns > 0) return "the broker handles one packet after another";
  if (g.profile.loop_delay_max.ns > 0) return "the client's loop has a delay that is drawn";
  if (g.up.latency.min().ns == 0 || g.down.latency.min().ns == 0) {
    return "a packet may arrive in the instant in which it is sent";
  }
  return "";
}

std::string WhyNotSkipped(const Plan& plan, const GroupPlan& g) {
  if (plan.broker.handling.ns > 0 && !RunsAsMembers(plan)) {
    return "the broker handles one packet after another, and what else becomes of it delays them";
  }
  if (g.shared_client_id) return "its clients share a client id and take each other's session over";
  if (plan.ties != TieOrder::kCanonical) {
    return "ties are not in the canonical order, by which cycles are judged";
  }
  if (g.up.loss.IsOne() || g.down.loss.IsOne()) return "its path loses every packet";
  if (g.transport == Transport::kDatagram) {
    if (!g.up.duplicate.IsZero() || !g.down.duplicate.IsZero()) {
      return "its path duplicates datagrams";
    }
    return "";
  }
  for (const TcpConfig* tcp : {&g.tcp, &plan.broker.tcp}) {
    if (!tcp->timestamps) return "TCP without time stamps";
    if (tcp->keepalive_time.ns > 0) return "TCP keep-alive probes";
    if (tcp->delayed_ack.ns <= 0) return "TCP without delayed acknowledgements";
  }
  return "";
}

}  // namespace keepsim
