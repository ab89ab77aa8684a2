// One thread waits for many sockets and many deadlines at once, asleep in ppoll(2) in between.
#ifndef KEEPSIM_SIM_LIVE_POLL_LOOP_H_
#define KEEPSIM_SIM_LIVE_POLL_LOOP_H_

#include <poll.h>

#include <vector>

#include "absl/status/status.h"
#include "sim/base/histogram.h"
#include "sim/base/time.h"
#include "sim/live/clock.h"

namespace keepsim {

// What a loop waits for on somebody's behalf.
class PollMember {
 public:
  virtual ~PollMember() = default;
  // fd -1: no socket. Asked before every wait.
  virtual pollfd Interest() const = 0;
  // The socket is ready. POLLERR and POLLHUP come unasked.
  virtual void OnReady(short events) = 0;
  // When OnWake() is wanted; kNever: not at all.
  virtual Instant NextWake() const = 0;
  virtual void OnWake() = 0;
};

class PollLoop {
 public:
  explicit PollLoop(const MonotonicClock& clock) : clock_(clock) {}

  // REQUIRES: the member outlives the loop, and Add() is not called from a member's callback.
  void Add(PollMember* member) { members_.push_back(member); }

  // Waits until a socket is ready, a deadline has come, or `until`; then calls whom it concerns.
  // A signal ends the wait early.
  absl::Status Turn(Instant until);

  // How much later than asked for OnWake() was called, one entry per call.
  const Histogram& lateness() const { return lateness_; }

 private:
  const MonotonicClock& clock_;
  std::vector<PollMember*> members_;
  std::vector<pollfd> sockets_;  // by member
  Histogram lateness_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_POLL_LOOP_H_
