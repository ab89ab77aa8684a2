#include "sim/live/probe.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/base/duration_text.h"
#include "sim/live/prober.h"

namespace keepsim {

void Prober::Finish() {
  const Instant now = clock_.Now();
  result_.ran = result_.contact ? now - (end_ - options_.length) : now - kStart;
  for (auto& m : members_) {
    if (m->role == Role::kSilent && m->client->silent()) {
      result_.silences[static_cast<size_t>(m->sample)].ended = now;
    } else if (m->role == Role::kSilent && m->sample >= 0 &&
               !result_.silences[static_cast<size_t>(m->sample)].closed) {
      result_.silences[static_cast<size_t>(m->sample)].sent.clear();  // it had not begun yet
    }
    result_.pings_unanswered += static_cast<int64_t>(m->pings.size());
    m->pings.clear();
    m->client->Leave();
  }
  LeaveOutCutSilences();
  auto& s = result_.silences;
  s.erase(std::remove_if(s.begin(), s.end(), [](const auto& x) { return x.sent.empty(); }),
          s.end());
  result_.lateness = loop_.lateness();
  result_.records = trace_.Sorted();
}

// Where half of the living clients are closed at the same time, it was not silence that the broker
// did not bear.
void Prober::LeaveOutCutSilences() {
  constexpr Duration kSameTime = Seconds(1);
  for (SilenceSample& s : result_.silences) {
    if (!s.closed || s.sent.empty()) continue;
    std::set<const Member*> beside;
    for (const auto& [member, end] : living_ends_) {
      if (end >= s.ended - kSameTime && end <= s.ended + kSameTime) beside.insert(member);
    }
    if (beside.size() * 2 < options_.pinging) continue;
    s.sent.clear();
    ++cut_silences_;
  }
}

void Prober::FindGaps() {
  ProbeResult& r = result_;
  if (!r.contact) return;
  const auto say = [&](std::string text) { r.missing.push_back(std::move(text)); };
  if (r.stopped) say(absl::StrCat("it was stopped after ", FormatSeconds(r.ran, 1), " s"));
  if (!r.stopped && r.ran < options_.length) {
    say(absl::StrCat("no client was left after ", FormatSeconds(r.ran, 1), " s"));
  }
  std::map<Role, std::pair<int, int>> without;  // of how many, how many had no session
  for (const auto& m : members_) {
    auto& [all, none] = without[m->role];
    ++all;
    none += m->had_session ? 0 : 1;
  }
  for (const auto& [role, counts] : without) {
    const auto& [all, none] = counts;
    if (none > 0) {
      say(absl::StrCat(none, " of ", all, " ", RoleName(role), " clients had no session"));
    }
  }
  const Duration keep_alive =
      Seconds(r.has_server_keep_alive ? r.server_keep_alive_s : options_.connect.keep_alive_s);
  if (r.round_trips.empty()) {
    say("no PINGREQ was answered");
  } else {
    const Instant begin = end_ - options_.length;
    const Duration wait = *std::max_element(r.round_trips.begin(), r.round_trips.end());
    if (begin + r.ran - answered_ > keep_alive * 2 + wait) {
      say(absl::StrCat("no PINGREQ was answered after the first ",
                       FormatSeconds(answered_ - begin, 1), " s"));
    }
  }
  if (options_.silent > 0) {
    if (cut_silences_ > 0) {
      say(absl::StrCat(cut_silences_, " of ",
                       static_cast<size_t>(cut_silences_) + r.silences.size(),
                       " silences ended when living clients were closed too: they do not count"));
    }
    // One that was cut off by the end within what others took says nothing.
    Duration longest{0};
    for (const SilenceSample& s : r.silences) {
      if (s.closed) longest = std::max(longest, s.silence());
    }
    const auto longer =
        std::count_if(r.silences.begin(), r.silences.end(),
                      [&](const SilenceSample& s) { return !s.closed && s.silence() > longest; });
    if (r.silences.empty()) {
      say("no client fell silent");
    } else if (longer > 0) {
      say(absl::StrCat(longer, " of ", r.silences.size(),
                       " silent connections were still open at the end"));
    }
  }
  if (options_.publish && options_.silent + options_.dropped > 0 && !r.watched) {
    say("the subscription to the wills was not granted: when they were published is not known");
  }
}

absl::StatusOr<ProbeResult> Prober::Run() {
  if (absl::Status s = Loop(); !s.ok()) return s;
  Finish();
  FindGaps();
  return std::move(result_);
}

absl::StatusOr<ProbeResult> RunProbe(const ProbeOptions& options) { return Prober(options).Run(); }

absl::Status ReserveFiles(uint32_t clients) {
  const rlim_t wanted = rlim_t{clients} + 32;
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted) return absl::OkStatus();
  if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted) {
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      absl::StrCat(clients, " clients take ", wanted, " open files, and this process may have ",
                   limit.rlim_max, ": fewer clients, or a higher `ulimit -n`"));
}

}  // namespace keepsim
