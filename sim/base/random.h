// Addressed randomness: a draw is a pure function of (seed, group name, client index, purpose,
// index). There is no generator object and no hidden state, so adding a client, a group or a
// purpose shifts nobody else's luck, and two points of a sweep share theirs (common random
// numbers). Philox 4x32-10 (Salmon et al., SC 2011) from Random123; one call gives four words.
#ifndef KEEPSIM_SIM_BASE_RANDOM_H_
#define KEEPSIM_SIM_BASE_RANDOM_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "sim/base/time.h"

namespace keepsim {

// What a draw is for. Append-only: a number is part of every digest ever published.
enum class Purpose : uint32_t {
  kSegmentUp = 1,    // client to broker: loss, latency, duplication of one transmission
  kSegmentDown = 2,  // broker to client
  kBurstUp = 3,      // Gilbert-Elliott sojourns, client to broker
  kBurstDown = 4,
  kStartOffset = 5,    // start offset of the client
  kBackoff = 6,        // reconnect jitter, one per attempt
  kPhase = 7,          // phase of a client's or session's own tick
  kWatcher = 8,        // path from broker to watcher
  kClock = 9,          // drift of this client's clock
  kHandling = 10,      // broker handling time
  kFaultPick = 11,     // does a scheduled fault hit this client?
  kLoopDelay = 12,     // scheduling delay of the client's loop
  kUplink = 64,        // + workload number: publish times of the client
  kDownlink = 128,     // + workload number: messages for the client
  kFaultGap = 192,     // + random fault number: time to the next occurrence
  kFaultLength = 256,  // + random fault number: its duration
  kOutageGap = 320,    // + random outage number
  kOutageLength = 384,
  kTest = 4096,
};

constexpr Purpose operator+(Purpose p, uint32_t n) {
  return static_cast<Purpose>(static_cast<uint32_t>(p) + n);
}

// One Philox block: four independent uniform 32-bit words.
struct RandomBlock {
  uint32_t w[4];

  // Uniform 64 bits: words 0 and 1 ("low"), or 2 and 3 ("high").
  constexpr uint64_t low() const { return (uint64_t{w[0]} << 32) | w[1]; }
  constexpr uint64_t high() const { return (uint64_t{w[2]} << 32) | w[3]; }
};

// The source of all luck of one client (or of the broker, or of a region): 16 bytes, copied freely.
class RandomSource {
 public:
  RandomSource() = default;
  // `key` from GroupKey(); `index` is the client's index within its group.
  constexpr RandomSource(uint64_t key, uint32_t index) : key_(key), index_(index) {}

  RandomBlock Block(Purpose purpose, uint64_t index) const;  // inline below, hot
  // The blocks of `first` and the next three, which together cost little more than one.
  static constexpr int kAtOnce = 4;
  void Blocks(Purpose purpose, uint64_t first, RandomBlock out[kAtOnce]) const;
  // The words 0 and 3 ("outer") and 1 and 2 ("inner") of the blocks [first, first + n), each pair
  // as one number: what a path reads of a transmission. `n`: a multiple of kManyAtOnce.
  static constexpr size_t kManyAtOnce = 32;
  void Pairs(Purpose purpose, uint64_t first, size_t n, uint64_t* outer, uint64_t* inner) const;
  uint64_t Draw64(Purpose purpose, uint64_t index) const { return Block(purpose, index).low(); }

 private:
  uint64_t key_ = 0;
  uint32_t index_ = 0;
};

// Philox key of a group: a pure function of the seed and the group's name (SplitMix64-finalised
// FNV-1a; collisions of two groups' keys are refused by the compiler of the scenario).
uint64_t GroupKey(uint64_t seed, absl::string_view group_name);

// A probability as a 64-bit threshold; exact to 2^-64. `p` in [0, 1]; 1 means always.
class Probability {
 public:
  constexpr Probability() = default;
  static Probability FromDouble(double p);  // p * 2^64, exact scaling
  constexpr bool Hit(uint64_t u) const { return u < threshold_ || always_; }
  // Bit i: Hit(u[i]). `n`: a multiple of 8, at most 64.
  uint64_t Hits(const uint64_t* u, size_t n) const;
  constexpr bool IsZero() const { return threshold_ == 0 && !always_; }
  constexpr bool IsOne() const { return always_; }
  double ToDouble() const { return always_ ? 1 : static_cast<double>(threshold_) * 0x1p-64; }
  friend constexpr bool operator<(Probability a, Probability b) {
    return a.always_ != b.always_ ? b.always_ : a.threshold_ < b.threshold_;
  }

 private:
  uint64_t threshold_ = 0;
  bool always_ = false;
};

// Uniform integer duration in the closed range [0, max], unbiased to 2^-64: high word of
// u * (max + 1).
constexpr Duration UniformUpTo(Duration max, uint64_t u) {
  return {static_cast<int64_t>(
      (static_cast<unsigned __int128>(u) * (static_cast<uint64_t>(max.ns) + 1)) >> 64)};
}

}  // namespace keepsim

#include "sim/base/random_inl.h"

#endif  // KEEPSIM_SIM_BASE_RANDOM_H_
