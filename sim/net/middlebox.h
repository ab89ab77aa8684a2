// A stateful middlebox (NAT, firewall, load balancer) at the client's end of the path, with an idle
// timeout. RFC 5382 asks for 2 h 4 min; real ones have 4 to 20 minutes.
#ifndef KEEPSIM_SIM_NET_MIDDLEBOX_H_
#define KEEPSIM_SIM_NET_MIDDLEBOX_H_

#include <cstdint>

#include "sim/base/time.h"

namespace keepsim {

enum class MiddleboxExpiry : uint8_t {
  kDrop,      // packets without a mapping vanish
  kReset,     // the sender of a packet without a mapping gets RST
  kRecreate,  // an outbound packet makes a new mapping (new port: the broker's answer is RST)
};

struct MiddleboxSpec {
  bool enabled = false;
  Duration idle_timeout{0};
  MiddleboxExpiry on_expiry = MiddleboxExpiry::kDrop;
  bool inbound_refreshes = true;  // packets from the broker keep the mapping alive too
};

// The mapping of one connection.
struct MiddleboxState {
  Instant last_use = kLongAgo;
  bool mapped = false;
  bool flushed = false;      // lost by a flush, not by idleness
  bool reported = false;     // the driver has recorded the loss
  Instant gone_at = kNever;  // when the mapping was lost, once that is known
};

enum class Passage : uint8_t { kPass, kDrop, kReset, kNewMapping };

// An outbound (client to broker) packet passes at `now`; `opens`: it is the first of a connection.
Passage PassOutbound(const MiddleboxSpec& spec, MiddleboxState& state, Instant now, bool opens);
Passage PassInbound(const MiddleboxSpec& spec, MiddleboxState& state, Instant now);
// Forgets a mapping that has been idle for too long at `now`. One at the very timeout still lives.
void Expire(const MiddleboxSpec& spec, MiddleboxState& state, Instant now);
// All mappings are forgotten at `now` (reboot, failover).
void Flush(MiddleboxState& state, Instant now);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_NET_MIDDLEBOX_H_
