#include "sim/run/rounds.h"

#include "absl/cleanup/cleanup.h"

namespace keepsim {

// REQUIRES: one is left.
void Rounds::TakeShare(std::unique_lock<std::mutex>& lock) {
  const size_t share = taken_++;
  lock.unlock();
  bool well = false;
  // Whatever ends the work, the leader does not wait for it for ever.
  const absl::Cleanup tell = [&] {
    lock.lock();
    if (!well) failed_ = true;
    if (++done_ == shares_) changed_.notify_all();
  };
  well = work_(share);
}

bool Rounds::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  taken_ = done_ = 0;
  changed_.notify_all();
  while (taken_ < shares_) TakeShare(lock);
  changed_.wait(lock, [&] { return done_ == shares_; });
  return !failed_;
}

void Rounds::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void Rounds::Follow() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closed_ || taken_ < shares_; });
    if (closed_) return;
    TakeShare(lock);
  }
}

}  // namespace keepsim
