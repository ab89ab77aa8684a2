#include "sim/run/hunt.h"

#include <algorithm>
#include <chrono>  // lint: allow(clock) how often progress is shown: nothing simulated reads it
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/base/digest.h"
#include "sim/base/memory_limit.h"
#include "sim/run/signature.h"
#include "sim/run/start_thread.h"
#include "sim/trace/engine_version.h"

namespace keepsim {
namespace {

// Runs that may be done ahead of the first that is not.
constexpr uint64_t kAhead = 1024;
constexpr uint32_t kAttempts = 16;

bool Wanted(const Hunt& hunt, const std::string& signature) {
  return std::any_of(hunt.patterns.begin(), hunt.patterns.end(), [&](const std::string& pattern) {
    return SignatureMatches(pattern, signature);
  });
}

class Pool {
 public:
  Pool(const Hunt& hunt, const HuntOptions& options, pb::HuntState* state)
      : hunt_(hunt),
        options_(options),
        state_(*state),
        next_(state->runs()),
        state_runs_(state->runs()) {}

  absl::Status Run() {
    int threads = options_.threads > 0 ? options_.threads
                                       : static_cast<int>(std::thread::hardware_concurrency());
    threads = std::clamp(threads, 1, 1024);
    std::vector<std::thread> workers;
    while (threads-- > 0 && StartThread([this] { Work(); }, &workers)) {
    }
    if (workers.empty()) return absl::ResourceExhaustedError("out of memory: no thread begins");
    absl::Status status = TakeResults();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      over_ = stop_ = true;
    }
    freed_.notify_all();
    for (std::thread& t : workers) t.join();
    if (!status.ok()) return status;
    return state_.runs() < options_.runs ? absl::CancelledError("the hunt was stopped")
                                         : absl::OkStatus();
  }

 private:
  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      freed_.wait(lock,
                  [&] { return stop_ || next_ >= options_.runs || next_ < state_runs_ + kAhead; });
      if (stop_ || next_ >= options_.runs) return;
      const uint64_t run = next_++;
      ++working_;
      lock.unlock();
      absl::StatusOr<HuntRun> result = WithinMemory([&] { return RunOf(hunt_, run, 1, &stop_); });
      lock.lock();
      --working_;
      if (result.ok()) {
        done_.emplace(run, *std::move(result));
      } else if (!absl::IsCancelled(result.status())) {
        status_.Update(result.status());
        stop_ = true;
      }
      changed_.notify_all();
    }
  }

  // Commits runs in their order, whatever order they end in.
  absl::Status TakeResults() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait_for(lock, std::chrono::milliseconds(100),
                        [&] { return done_.count(state_.runs()) > 0 || Idle(); });
      if (options_.cancel != nullptr && *options_.cancel) stop_ = true;
      while (true) {
        const auto first = done_.find(state_.runs());
        if (first == done_.end()) break;
        const HuntRun run = std::move(first->second);
        done_.erase(first);
        lock.unlock();
        absl::Status status = Commit(run);
        lock.lock();
        if (!status.ok()) return status;
        state_runs_ = state_.runs();
        freed_.notify_all();
      }
      if (Idle()) return status_;
      if (!options_.go_on) continue;
      lock.unlock();
      const bool go_on = options_.go_on(state_);
      lock.lock();
      if (go_on || over_) continue;
      over_ = true;  // those under way are still waited for
      next_ = std::max(next_, options_.runs);
      freed_.notify_all();
    }
  }

  // Nothing is under way and nothing will be. REQUIRES: the lock.
  bool Idle() const { return working_ == 0 && (stop_ || next_ >= options_.runs) && !Ready(); }
  bool Ready() const { return done_.count(state_.runs()) > 0; }

  absl::Status Commit(const HuntRun& run) {
    for (const auto& [signature, shown] : run.trial.shown) {
      if (!Wanted(hunt_, signature)) continue;
      pb::FoundFailure* failure = nullptr;
      for (pb::FoundFailure& f : *state_.mutable_failures()) {
        if (f.signature() == signature) failure = &f;
      }
      if (failure == nullptr) {
        pb::FoundFailure found;
        found.set_signature(signature);
        found.set_first_run(state_.runs());
        found.set_seed(run.mutant.scenario.proto.seed());
        found.set_text(shown.text);
        for (const std::string& c : run.mutant.changes) found.add_changes(c);
        if (options_.on_found) {
          if (absl::Status s = options_.on_found(run, &found); !s.ok()) return s;
        }
        failure = state_.add_failures();
        *failure = std::move(found);
      }
      failure->set_runs(failure->runs() + 1);
      failure->set_count(failure->count() + static_cast<uint64_t>(shown.count));
    }
    state_.set_runs(state_.runs() + 1);
    return absl::OkStatus();
  }

  const Hunt& hunt_;
  const HuntOptions& options_;
  pb::HuntState& state_;  // the calling thread's alone
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards what follows
  std::condition_variable freed_;
  std::condition_variable changed_;
  uint64_t next_;
  uint64_t state_runs_;  // state_.runs(), for the workers
  int working_ = 0;
  bool over_ = false;
  std::map<uint64_t, HuntRun> done_;
  absl::Status status_;
};

}  // namespace

std::string HuntDigest(const Hunt& hunt) {
  std::string text = absl::StrCat(kEngineVersion, "\n", ScenarioDigest(hunt.scenario.proto), "\n",
                                  hunt.seed, "\n");
  for (const std::string& p : hunt.patterns) absl::StrAppend(&text, p, "\n");
  for (const Dimension& d : hunt.dimensions) {
    absl::StrAppend(&text, d.path.size(), ":", d.path, "\n");
    for (const std::string& v : d.values) absl::StrAppend(&text, v.size(), ":", v, "\n");
  }
  return DigestOfBytes(text).Hex();
}

absl::StatusOr<HuntRun> RunOf(const Hunt& hunt, uint64_t run, int threads,
                              const std::atomic<bool>* cancel) {
  for (uint32_t attempt = 0;; ++attempt) {
    static const std::vector<Dimension> kNone;
    HuntRun out;
    out.mutant = MutantOf(hunt.scenario, attempt < kAttempts ? hunt.dimensions : kNone, hunt.seed,
                          run, attempt);
    absl::StatusOr<Trial> trial = Try(out.mutant.scenario, threads, cancel);
    if (trial.ok()) {
      out.trial = *std::move(trial);
      return out;
    }
    if (!absl::IsInvalidArgument(trial.status()) || out.mutant.changes.empty()) {
      return trial.status();
    }
  }
}

absl::Status RunHunt(const Hunt& hunt, const HuntOptions& options, pb::HuntState* state) {
  if (state->hunt().empty()) state->set_hunt(HuntDigest(hunt));
  if (state->runs() >= options.runs) return absl::OkStatus();
  return Pool(hunt, options, state).Run();
}

}  // namespace keepsim
