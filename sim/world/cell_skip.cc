// Where a cell enters and leaves quiet stretches.
#include <algorithm>
#include <bit>
#include <utility>

#include "sim/world/cell.h"
#include "sim/world/quiet_stretch.h"
#include "sim/world/skip_rule.h"

namespace keepsim {
namespace {

// Who stops a run waits for the end of a stretch.
constexpr Duration kLongestStretch = Seconds(30 * 86400);
constexpr int kMostPassed = 15;

// As long as no PINGREQ waits longer to be handled, cycles are looked ahead at together: not where
// a queue builds up.
Duration Patience(const BrokerPlan& broker) {
  const TcpConfig& tcp = broker.tcp;
  return std::min(broker.handling + std::min(tcp.delayed_ack, tcp.min_rto) / 4,
                  tcp.delayed_ack - Nanoseconds(1));
}

}  // namespace

void CellCommon::SkipQuietStretches(const Plan& plan, std::vector<SkipStats>* stats) {
  skip_stats = stats;
  skippable.clear();
  skips_messages.clear();
  for (const GroupPlan& g : plan.groups) {
    skippable.push_back(WhyNotSkipped(plan, g).empty());
    skips_messages.push_back(HasMessages(g) && WhyMessagesNotSkipped(plan, g).empty());
  }
}

// When something may happen that is none of the wake-ups of this client and connection, nor of its
// messages, which a stretch accounts for (those that are overtaken are ignored when they come).
Instant Cell::OthersFrom(const Host& host, const Connection& c) const {
  const bool skips_messages = SkipsMessages(host);
  Instant from = kStart + plan_.horizon;
  simulator_.pending().ForEach([&](const Event& e) {
    if (e.at >= from || e.entity() != host.entity) {
      from = std::min(from, e.at);
      return;
    }
    const Kind kind = static_cast<Kind>(e.kind());
    if (kind == Kind::kClientTimer) return;
    if ((kind == Kind::kUplink || kind == Kind::kDownlink) && skips_messages) return;
    if ((kind == Kind::kSessionTimer || kind == Kind::kTcpTimer) && e.number() == c.generation) {
      return;
    }
    from = e.at;
  });
  return from;
}

// A message is due. True if that and what follows was skipped.
bool Cell::SkipFromMessage(Host& host) {
  if (!skips_ || !SkipsMessages(host) || !host.running()) return false;
  if (host.messages_passed > 0) {
    --host.messages_passed;
    return false;
  }
  const Instant acts =
      host.Global(host.group->profile.clock, NextDeadline(host.params, host.session));
  const bool skipped = acts >= simulator_.now() && SkipQuietStretch(host, acts);
  // Where messages follow each other too fast, not each is worth the question.
  host.messages_missed = skipped ? 0 : std::min(host.messages_missed + 1, kMostPassed + 1);
  host.messages_passed = std::max(host.messages_missed - 1, 0);
  return skipped;
}

// The client's timer `acts`, now or after a message. True if that and what follows was skipped.
bool Cell::SkipQuietStretch(Host& host, Instant acts) {
  const Instant now = simulator_.now();
  if (host.not_quiet_at == now || host.packets || !common_->skippable[GroupOf(host)] ||
      host.connection == kNoConnection || !BrokerRuns() || broker_dark_ > 0) {
    return false;
  }
  Connection& c = connections_[host.connection];
  if (!IsQuiet(host, c) || c.session_armed <= now || host.armed < now) return false;
  const Instant until = std::min(OthersFrom(host, c), now + kLongestStretch);
  if (plan_.broker.handling.ns > 0) return AwaitQuietTurn(host, c, until);
  const QuietStretch s =
      RunThrough(plan_.broker, host, c, now, acts, until, SkipsMessages(host), common_->draws);
  host.not_quiet_at = s.cycles + s.messages > 0 ? s.client_acts : now;
  if (!NoteStretch(host, c, s)) return false;
  until_poll_ = 1;  // Run() asks whether to stop after this
  return true;
}

// Where packets wait to be handled, a stretch is one cycle, which begins now and is run through
// when its PINGREQ arrives, in that turn: until then nothing else happens to this client. Or it is
// several, after one that did not wait long and as long as none of their PINGREQs does.
bool Cell::AwaitQuietTurn(Host& host, Connection& c, Instant until) {
  const Instant now = simulator_.now();
  until = std::min(until, alone_until_);
  if (follows_at_ == now) {
    LookForTurns(plan_.broker, host, c, now, until, common_->draws, Patience(plan_.broker),
                 &turns_);
  }
  const Instant heard =
      turns_.count > 0 ? turns_.times[0] : PingArrives(plan_.broker, host, c, now, common_->draws);
  if (heard >= until) return false;
  quiet_turn_ = {heard, EventOrder(EventClass::kArrival, host.entity, host.event_counter),
                 host.entity};
  return true;
}

bool Cell::HandledSoon(Instant heard) const {
  return broker_->HandledAfter(heard) - heard <= Patience(plan_.broker);
}

bool Cell::PassTurn() {
  const Instant heard = quiet_turn_.at;
  if (!PassesTurn() || !HandledSoon(heard)) return false;
  turns_.times[turns_.taken++] = broker_->NoteHandled(heard);
  quiet_turn_.at = turns_.times[turns_.taken];
  return true;
}

// The last of those that were looked ahead at, one that waits too long, or one alone.
void Cell::TakeQuietTurn() {
  const Instant heard = std::exchange(quiet_turn_.at, kNever);
  Host& host = hosts_[0];
  Connection& c = connections_[host.connection];
  const Instant now = simulator_.now();  // the client's timer is due
  const Instant until = OthersFrom(host, c);
  const bool soon = HandledSoon(heard);
  if (soon && turns_.count > 0) turns_.times[turns_.taken++] = broker_->NoteHandled(heard);
  QuietStretch s;
  if (turns_.taken > 0) {
    s = RunThroughTurns(plan_.broker, host, c, now, until, common_->draws, turns_);
  } else {
    s = RunThroughOne(plan_.broker, host, c, now, until, common_->draws,
                      broker_->HandledAfter(heard));
    if (s.cycles > 0) broker_->NoteHandled(heard);
  }
  // One that waits too long comes alone, and so does what comes after it: a queue has built up.
  follows_at_ = s.follows && soon ? s.client_acts : kNever;
  turns_.Clear();
  if (NoteStretch(host, c, s)) return;
  // By events, from where it began.
  host.not_quiet_at = host.armed = now;
  OnClientTimer(host, now);
}

// The next messages of what a stretch has moved, by direction, in the order of the last ones.
void Cell::PushMessages(Host& host, const uint64_t (&of_stretch)[2]) {
  uint64_t moved[2] = {of_stretch[kUp], of_stretch[kDown]};
  while ((moved[kUp] | moved[kDown]) != 0) {
    Direction direction = kUp;
    uint32_t first = 0;
    Instant last = kNever;
    for (const Direction d : {kUp, kDown}) {
      for (uint64_t rest = moved[d]; rest != 0; rest &= rest - 1) {
        const uint32_t number = static_cast<uint32_t>(std::countr_zero(rest));
        if (host.Messages(d)[number].last >= last) continue;
        direction = d;
        first = number;
        last = host.Messages(d)[number].last;
      }
    }
    moved[direction] &= ~(uint64_t{1} << first);
    PushMessage(host, direction, first);
  }
}

// What is pending after a stretch. False if there was none.
bool Cell::NoteStretch(Host& host, Connection& c, const QuietStretch& s) {
  SkipStats& stats = (*common_->skip_stats)[GroupOf(host)];
  ++stats.ends[static_cast<size_t>(s.end)];
  if (s.cycles + s.messages == 0) return false;
  ++stats.stretches;
  stats.cycles += static_cast<uint64_t>(s.cycles + s.messages);
  stats.odd += static_cast<uint64_t>(s.odd);
  stats.skipped += static_cast<uint64_t>(s.events);
  events_ += static_cast<uint64_t>(s.events);
  for (size_t i = 0; i < s.overtaken_count; ++i) {
    Push(host, s.overtaken[i], EventClass::kSessionTimer, Kind::kClientTimer, host.index);
  }
  if (s.broker_wakes != c.session_armed) {
    c.session_armed = s.broker_wakes;
    if (s.broker_wakes != kNever) {
      Push(host, s.broker_wakes, EventClass::kSessionTimer, Kind::kSessionTimer, host.connection, 0,
           c.generation);
    }
  }
  PushMessages(host, s.moved);
  if (host.armed == s.client_wakes) return true;
  host.armed = s.client_wakes;
  if (host.armed == kNever) return true;
  Push(host, host.armed, EventClass::kSessionTimer, Kind::kClientTimer, host.index);
  return true;
}

}  // namespace keepsim
