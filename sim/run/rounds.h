// Threads that work in rounds: one leads, and goes on alone between two rounds. A round's shares
// are taken by whoever is free, so it needs none of the followers.
#ifndef KEEPSIM_SIM_RUN_ROUNDS_H_
#define KEEPSIM_SIM_RUN_ROUNDS_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>

namespace keepsim {

class Rounds {
 public:
  // `work` does a share, false: it could not be done. Called for one share by one thread at a time.
  Rounds(size_t shares, std::function<bool(size_t share)> work)
      : shares_(shares), taken_(shares), work_(std::move(work)) {}
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  // By the leader: one round. False if a share could not be done.
  bool Run();
  // By the leader: there will be no more.
  void Close();
  // By each follower: does shares of all rounds that come.
  void Follow();

 private:
  void TakeShare(std::unique_lock<std::mutex>& lock);

  const size_t shares_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  size_t taken_;     // shares of this round; all: there is nothing to do
  size_t done_ = 0;  // likewise
  bool failed_ = false;
  bool closed_ = false;
  const std::function<bool(size_t)> work_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_ROUNDS_H_
