// What comes next: who connects when, at which phase silence begins, when the probe is over.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/live/prober.h"

namespace keepsim {
namespace {

constexpr int kMaxFailures = 5;         // in a row, then a client stays away
constexpr int kDropRounds = 4;          // ends without DISCONNECT per dropped client
constexpr Duration kGrid = Seconds(6);  // the longest grid known of a real broker (mosquitto's)
constexpr Duration kWatcherLimit = Seconds(3);  // until SUBACK; silence begins then anyway

// `share` of `d`, in thousandths of thousandths.
Duration Share(Duration d, uint32_t millionths) {
  return Duration{static_cast<int64_t>(static_cast<__int128>(d.ns) * millionths / 1000000)};
}
// The n-th point of a sequence that fills [0, 1) evenly, in millionths.
uint32_t Spread(uint64_t n, uint64_t step) { return static_cast<uint32_t>(n * step % 1000000); }
constexpr uint64_t kGolden = 618034;
constexpr uint64_t kPlastic = 754878;

}  // namespace

void Prober::ScheduleAll(Instant now) {
  const Duration k = Seconds(options_.connect.keep_alive_s);
  silence_from_ = now + (options_.publish ? kWatcherLimit : Duration{0});
  for (auto& m : members_) {
    switch (m->role) {
      case Role::kPinging:  // a keepAlive full of phases
        if (m->index > 0) m->start_at = now + k * m->index / options_.pinging;
        break;
      case Role::kWatching:
        m->start_at = now;
        break;
      case Role::kSilent:
      case Role::kDropped:
        break;  // from silence_from_ on
    }
  }
}

// Decides, with CONNACK, how the sample goes on.
void Prober::PlanSample(Member& m, Instant at) {
  const uint64_t n = samples_begun_++;
  if (m.role == Role::kDropped) {
    m.act_at = at + Milliseconds(200) + Share(Seconds(1), Spread(n, kGolden));
    return;
  }
  switch (n % 4) {
    case 1:
      m.last = may_publish_ ? Last::kPublish : Last::kPingreq;
      break;
    case 3:
      m.last = Last::kConnect;
      break;
    default:
      m.last = Last::kPingreq;
  }
  // A phase of the broker's grid, and of ticks that begin with the connection.
  const Duration k = Seconds(options_.connect.keep_alive_s);
  m.act_at = m.last == Last::kConnect ? at : at + Share(2 * k, Spread(n + 1, kPlastic));
}

void Prober::Act(Member& m, Instant now) {
  m.act_at = kNever;
  if (!m.client->connected()) return;
  if (m.role == Role::kDropped) {
    m.sample = static_cast<int>(result_.drops.size());
    const bool reset = m.sample % 2 == 1;
    result_.drops.push_back({m.index, reset, now});
    m.client->Drop(reset);
    m.start_at = now + 2 * kPause;
    m.over = ++m.rounds == kDropRounds;
    return;
  }
  if (m.last == Last::kPingreq) m.client->PingNow();
  if (m.last == Last::kPublish) m.client->Publish(0, 0);
  m.client->FallSilent();
}

bool Prober::Contact(Instant now) {
  Member& first = *members_[0];
  const bool late = now > kStart + options_.contact_limit;
  const int tries = std::max(3, static_cast<int>(options_.addresses.size()) + 1);
  if (!late && !hopeless_ && first.failures < tries) return true;
  if (!result_.incidents.empty()) {
    result_.no_contact = result_.incidents.back().text;
  } else {
    const ConnectionTimes& t = first.client->times();
    result_.no_contact =
        absl::StrCat(t.connect_sent != kNever ? "CONNECT was sent, but no CONNACK came"
                     : t.tcp != kNever        ? "TCP is connected, but TLS does not get on"
                                              : "no answer to the TCP connection",
                     " within ", FormatDuration(options_.contact_limit));
  }
  return false;
}

void Prober::Schedule() {
  const Instant now = clock_.Now();
  for (auto& owned : members_) {
    Member& m = *owned;
    if (m.over) continue;
    // Until there is contact the probe says when to try again, and not the profile too.
    if (!result_.contact && m.failures > 0 && !m.client->stopped() && m.start_at != kNever) {
      m.client->Drop(false);
    }
    // Silent and dropped ones come once the watcher is there, each at a phase of its own.
    if (m.role == Role::kSilent && m.start_at == kNever && silence_from_ <= now && m.sample < 0 &&
        m.client->stopped() && m.failures == 0) {
      m.start_at = now + Share(kGrid, Spread(m.index, kGolden));
    }
    if (m.role == Role::kDropped && m.start_at == kNever && silence_from_ <= now && m.sample < 0 &&
        m.client->stopped() && m.failures == 0) {
      m.start_at = now + kPause * m.index;
    }
    if (m.act_at <= now) Act(m, now);
    if (m.failures >= kMaxFailures) {
      m.client->Drop(false);
      m.over = true;
      continue;
    }
    if (m.start_at > now) continue;
    m.start_at = kNever;
    // A sample that cannot be completed any more is not begun.
    const Duration k = Seconds(options_.connect.keep_alive_s);
    if (m.role == Role::kSilent && m.sample >= 0 && now + 2 * k + longest_silence_ > end_) {
      m.over = true;
      continue;
    }
    if (!m.client->stopped()) m.client->Drop(false);
    m.client->Start();
  }
}

Instant Prober::NextEvent() const {
  Instant next = result_.contact ? end_ : kStart + options_.contact_limit + Milliseconds(1);
  if (silence_from_ > clock_.Now()) next = std::min(next, silence_from_);
  for (const auto& m : members_) {
    if (!m->over) next = std::min({next, m->start_at, m->act_at});
  }
  return next;
}

absl::Status Prober::Loop() {
  // The longest sleep: progress is shown, and a signal that came just before a wait is seen.
  constexpr Duration kLongest = Milliseconds(250);
  members_[0]->start_at = kStart;
  for (;;) {
    const Instant now = clock_.Now();
    if (options_.stop != nullptr && options_.stop->load()) {
      result_.stopped = true;
      return absl::OkStatus();
    }
    if (!result_.contact && !Contact(now)) return absl::OkStatus();
    if (now >= end_) return absl::OkStatus();
    const bool left = std::any_of(members_.begin(), members_.end(), [](const auto& m) {
      return !m->over && m->role != Role::kWatching;
    });
    if (!left) return absl::OkStatus();
    Schedule();
    if (absl::Status s = loop_.Turn(std::min(NextEvent(), now + kLongest)); !s.ok()) return s;
    if (options_.on_progress && result_.contact) {
      options_.on_progress(std::min(now, end_) - (end_ - options_.length), options_.length);
    }
  }
}

}  // namespace keepsim
