// A cell event by event, and what its observers wait for in between.
#include <algorithm>

#include "sim/world/cell.h"

namespace keepsim {

void Cell::Begin(CellRange range, const RecordSink& sink) {
  sink_ = &sink;
  (void)Setup(range);  // nobody cancels a cell that is stepped
  skips_ = false;
}

Instant Cell::NextAt() const { return std::min(simulator_.next_at(), kStart + plan_.horizon); }

Silence Cell::SilenceOf(Observer observer) const {
  const Host& host = hosts_[0];
  if (host.connection == kNoConnection) return {};
  const Connection& c = connections_[host.connection];
  const BrokerSession& b = c.session;
  if (!c.end[kBrokerEnd].app || b.state != BrokerState::kConnected) return {};
  Silence silence;
  if (observer == Observer::kBroker) {
    if (b.limit.ns == 0 || b.suspects) return {};
    silence.since = b.last_in;
  } else {
    const ClientSession& s = host.session;
    if (s.state != ClientState::kConnected || !s.ping_pending) return {};
    switch (host.group->profile.wait_rule) {
      case WaitRule::kIgnored:
        return {};
      case WaitRule::kAfterPing:
      case WaitRule::kAtNextPing:
      case WaitRule::kAtNextStale:
        silence.since = s.ping_sent;
        break;
      case WaitRule::kAfterPingAndLast:
        silence.since = std::max(s.ping_sent, s.last_in);
        break;
      case WaitRule::kAfterLast:
        silence.since = s.last_in;
        break;
    }
  }
  silence.conn = c.number;
  const MiddleboxSpec& m = host.group->middlebox;
  const bool mapped = !m.enabled || (c.middlebox.gone_at == kNever && c.middlebox.mapped &&
                                     simulator_.now() - c.middlebox.last_use <= m.idle_timeout);
  silence.unfounded =
      host.running() && BrokerRuns() && host.cut[kUp] == 0 && host.cut[kDown] == 0 && mapped;
  return silence;
}

Duration Cell::Lasted(Observer observer, const Silence& silence, Instant at) const {
  return (observer == Observer::kBroker ? at : hosts_[0].SessionNow(at)) - silence.since;
}

Instant Cell::Reaches(Observer observer, const Silence& silence, Duration length) const {
  if (length >= kForever) return kNever;
  const Instant at = silence.since + length;
  return observer == Observer::kBroker ? at : hosts_[0].Global(hosts_[0].group->profile.clock, at);
}

}  // namespace keepsim
