// The packets of one cycle on their way.
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

// The next transmissions are those of the cycle at t0_.
void Stretch::LookFromHere() {
  const int halves = tcp_ ? 1 : 0;  // two transmissions up in each cycle: shifted, not divided
  const uint64_t n = static_cast<uint64_t>(out_.cycles);
  up_first_ =
      host_.path[kUp].transmissions + (n << halves) + static_cast<uint64_t>(beyond_.segments[kUp]);
  down_first_ =
      host_.path[kDown].transmissions + n + static_cast<uint64_t>(beyond_.segments[kDown]);
}

// How many cycles the draws reach, and how many of them lose nothing independently.
void Stretch::LookAhead() {
  LookFromHere();
  const int halves = tcp_ ? 1 : 0;
  auto& up = draws_.up;
  auto& down = draws_.down;
  up_reach_ = up.Reach(group_.up, host_.luck, Purpose::kSegmentUp, up_first_, kMostUp);
  down_reach_ = down.Reach(group_.down, host_.luck, Purpose::kSegmentDown, down_first_, kMostDown);
  reach_ = std::min(up_reach_ >> halves, down_reach_);
  lost_at_ = std::min({reach_, up.FirstLost() >> halves, down.FirstLost()});
}

// The packets of the exchange at `out`, `i` cycles ahead of where LookAhead() looked from.
bool Stretch::FindWay(size_t i, Instant out, Way& way, PathView& path) const {
  const uint64_t u = up_first_ + (tcp_ ? 2 * i : i);
  const auto carry = [&](int d, uint64_t index, Instant from, Instant* to) {
    *to = Carry(host_, draws_, d, index, from, path);
    return *to != kNever;
  };
  way.out = out;
  if (!carry(kUp, u, way.out, &way.heard)) return false;
  way.handled = handled_ == kNever ? way.heard : handled_;
  if (!carry(kDown, down_first_ + i, way.handled, &way.answered)) return false;
  way.acked = way.answered;
  return !tcp_ || carry(kUp, u + 1, way.answered, &way.acked);
}

// PassOutbound() and PassInbound() of a mapping that lives on; false if it does not. Without an
// answer there is an acknowledgement at `way.answered`, over TCP.
bool Stretch::PassMiddlebox(const Way& way, bool answered, Instant* last_use) const {
  const MiddleboxSpec& m = group_.middlebox;
  if (!m.enabled) return true;
  if (way.out - *last_use > m.idle_timeout) return false;
  *last_use = way.out;
  if (!tcp_ && !answered) return true;
  if (way.answered - *last_use > m.idle_timeout) return false;
  if (m.inbound_refreshes || (tcp_ && answered)) *last_use = way.answered;
  return true;
}

}  // namespace keepsim::quiet
