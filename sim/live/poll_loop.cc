#include "sim/live/poll_loop.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "absl/strings/str_cat.h"

namespace keepsim {

absl::Status PollLoop::Turn(Instant until) {
  Instant wake = until;
  sockets_.clear();
  for (const PollMember* m : members_) {
    sockets_.push_back(m->Interest());
    wake = std::min(wake, m->NextWake());
  }
  const Duration wait = std::max(Duration{0}, wake - clock_.Now());
  const timespec timeout = {wait / Seconds(1), (wait % Seconds(1)).ns};
  const int ready = ppoll(sockets_.data(), sockets_.size(), &timeout, nullptr);
  if (ready < 0 && errno != EINTR) {
    return absl::UnavailableError(absl::StrCat("poll: ", std::strerror(errno)));
  }
  if (ready > 0) {
    for (size_t i = 0; i < members_.size(); ++i) {
      if (sockets_[i].revents != 0) members_[i]->OnReady(sockets_[i].revents);
    }
  }
  for (PollMember* m : members_) {
    const Instant due = m->NextWake();
    if (due == kNever) continue;
    const Instant now = clock_.Now();
    if (due > now) continue;
    lateness_.Add(now - due);
    m->OnWake();
  }
  return absl::OkStatus();
}

}  // namespace keepsim
