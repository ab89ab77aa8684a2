// A stretch of time in which a client does nothing but keep its connection alive, run through
// without events: PINGREQ up, PINGRESP down with the acknowledgement on it, the acknowledgement up
// (over TCP), again and again. Draws have addresses, so each cycle is judged before it is entered:
// if a packet is lost, or so late that a timer could act, the stretch ends before that cycle. What
// is left behind is what the events would have left, but for the numbers of pending events, whose
// order alone matters (docs/adr/0012).
#ifndef KEEPSIM_SIM_WORLD_QUIET_STRETCH_H_
#define KEEPSIM_SIM_WORLD_QUIET_STRETCH_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/base/time.h"
#include "sim/world/connection.h"
#include "sim/world/host.h"
#include "sim/world/plan.h"
#include "sim/world/quiet_scan.h"
#include "sim/world/skip_stats.h"

namespace keepsim {

struct QuietStretch {
  int64_t cycles = 0;    // of PINGREQ
  int64_t messages = 0;  // of either direction; none of either: nothing was changed
  // Bit n: of workload n of this direction, whose next message is yet to be pending.
  uint64_t moved[2] = {0, 0};
  int64_t odd = 0;     // cycles with a repair or an acknowledgement of its own
  int64_t events = 0;  // simulated
  StretchEnd end = StretchEnd::kOther;
  // Pending from now on: the client's timer is armed for `client_wakes`, the broker's session timer
  // for `broker_wakes` (kNever: not).
  Instant client_acts = kNever;
  Instant client_wakes = kNever;
  Instant broker_wakes = kNever;
  // The cycle at `client_acts`, before which nothing happens, follows by the plain rule if that
  // goes on: LookForTurns() may be asked.
  bool follows = false;
  // Wake-ups of the client's timer that an earlier deadline has overtaken, yet to be ignored.
  static constexpr size_t kMaxOvertaken = 16;
  std::array<Instant, kMaxOvertaken> overtaken;
  size_t overtaken_count = 0;
};

// Whether client and connection are in the state in which a PINGREQ or a message begins a quiet
// exchange.
// REQUIRES: the client's timer, or a message from or for it, is due now and nothing on this
// connection is on its way.
bool IsQuiet(const Host& host, const Connection& c);

// Runs through the cycles that begin when the client's timer `acts` and, if the rules have it, the
// `messages` from and for it, as far as they are over before `until`, when something else may
// happen. The first of both begins at `now`. REQUIRES: IsQuiet(), rules of skip_rule.h.
QuietStretch RunThrough(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                        Instant acts, Instant until, bool messages, DrawsAhead& draws);

// ---- where packets wait at the broker to be handled
// When the PINGREQ that is sent at `now` arrives; kNever: it is lost, or so late that the client
// might send something else before. REQUIRES: as RunThrough().
Instant PingArrives(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                    DrawsAhead& draws);
// As RunThrough(), the first cycle alone, whose PINGREQ is handled at `handled`, no earlier than it
// arrives.
QuietStretch RunThroughOne(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                           Instant until, DrawsAhead& draws, Instant handled);

// Cycles that go by the plain rule (plain_rule.h) as long as none of their PINGREQs waits too long.
struct QuietTurns {
  static constexpr size_t kMost = 48;
  size_t count = 0;  // of cycles
  size_t taken = 0;  // PINGREQs, the first ones, of which it is known when they are handled
  // When each PINGREQ arrives; of those that are taken: when it is handled.
  std::array<Instant, kMost> times;

  void Clear() { count = taken = 0; }
};

// Looks for as many as are over before `until` if each PINGREQ is handled no more than `patience`
// after it arrives; the first begins at `now`. REQUIRES: as RunThrough(); `follows` of what came
// last.
void LookForTurns(const BrokerPlan& broker, Host& host, Connection& c, Instant now, Instant until,
                  DrawsAhead& draws, Duration patience, QuietTurns* turns);
// As RunThrough(), those that are taken. REQUIRES: there are some, each handled in time.
QuietStretch RunThroughTurns(const BrokerPlan& broker, Host& host, Connection& c, Instant now,
                             Instant until, DrawsAhead& draws, const QuietTurns& turns);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_QUIET_STRETCH_H_
