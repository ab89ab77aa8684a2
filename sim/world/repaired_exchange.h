// One PINGREQ and its PINGRESP, or PUBLISH and PUBACK, over TCP by rule, where each end sends at
// most one tail loss probe and no retransmission: what TcpExchange does, at a fraction of the cost,
// for nearly all that is lost or late in a quiet stretch.
#ifndef KEEPSIM_SIM_WORLD_REPAIRED_EXCHANGE_H_
#define KEEPSIM_SIM_WORLD_REPAIRED_EXCHANGE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/net/tcp.h"
#include "sim/world/connection.h"
#include "sim/world/plan.h"
#include "sim/world/quiet_scan.h"
#include "sim/world/quiet_view.h"
#include "sim/world/skip_stats.h"

namespace keepsim::quiet {

// What is sent in one direction: the draws, and how many of them are used.
struct Sending {
  const Probability& law;
  const uint64_t* loss;
  const int64_t* latency_ns;
  size_t sent = 0;
  int64_t lost = 0;
  int64_t probes = 0;  // of those sent

  // When what is sent at `now` arrives; kNever: it is lost.
  Instant At(Instant now) {
    const size_t i = sent++;
    if (law.Hit(loss[i])) return ++lost, kNever;
    return now + Duration{latency_ns[i]};
  }
  Instant ProbeAt(Instant now) { return ++probes, At(now); }
};

// All instants are global.
class RepairedExchange {
 public:
  // `client` and `broker`: both ends before it. `ahead`: the client's kernel clock less the global
  // one, which keep pace. `draws` begin with those of transmissions `ups` and `downs` further on.
  // `bytes`: of the packet of each end.
  // REQUIRES: tail loss probes, no user timeouts; draws of kMostUp and kMostDown transmissions;
  // each estimator is between two of its round trips.
  RepairedExchange(const TcpConfig& client_config, const TcpConfig& broker_config,
                   const KernelView& client, const KernelView& broker, Duration ahead,
                   const GroupPlan& group, const DrawsAhead& draws, size_t ups, size_t downs,
                   std::array<uint32_t, 2> bytes)
      : config_{&client_config, &broker_config},
        before_{&client, &broker},
        ahead_(ahead),
        bytes_(bytes),
        up{group.up.loss, draws.up.loss() + ups, draws.up.latency_ns() + ups},
        down{group.down.loss, draws.down.loss() + downs, draws.down.latency_ns() + downs} {}

  // The PINGREQ is sent at `sent_at`. False if it takes more, or a tie decides: see why(). What it
  // takes for granted, that data comes after longer gaps than a time-out, is up to the caller.
  bool Run(Instant sent_at);
  StretchEnd why() const { return why_; }

  // No less than this end's retransmission time-out, before and after.
  Duration RtoAtMost(EndIndex at) const {
    const RttEstimator& r = before_[at]->rtt;
    const int64_t srtt = std::max(r.srtt_ns, sample[at].ns);
    return {2 * srtt + std::max(r.rttvar_ns, r.mdev_ns) + kJiffy.ns};
  }
  // Both ends after it; they may be those from before.
  void NoteKernels(KernelView& client, KernelView& broker) const;
  // Beyond an exchange in which nothing is lost.
  void AddExtra(Beyond& b) const;

 private:
  bool Stop(StretchEnd why) {
    why_ = why;
    return false;
  }
  void Within(Instant t) { gone = std::max(gone, t); }
  void Touch(Instant t) { touched = std::max(touched, t); }
  // When a timer fires that is set at `now`.
  Instant ClientTimer(Instant now, Duration wait) const {
    return InWheel(now + ahead_, wait) - ahead_;
  }
  bool AnswerArrives();
  bool AnswerIsLate();

  const TcpConfig* const config_[2];
  const KernelView* const before_[2];
  const Duration ahead_;
  const std::array<uint32_t, 2> bytes_;
  StretchEnd why_ = StretchEnd::kOther;
  Instant asked_;                    // the PINGREQ that arrives first is sent
  Instant client_due_, broker_due_;  // timers
  bool apart_ = false;               // the broker's kernel acknowledges before it answers
  Instant apart_arrives_ = kNever;
  bool twice_ = false;  // the broker gets the PINGREQ twice

 public:
  // What it leaves, by end.
  Duration sample[2];   // of the round-trip time
  Instant sent[2];      // data, last
  Instant received[2];  // likewise
  Instant seen[2];      // the packet whose time stamp was read last was sent
  bool probed[2] = {false, false};
  uint16_t lost[2] = {0, 0};  // transmissions by this end since the peer last read from it
  Sending up, down;
  Instant out;              // the PINGREQ leaves
  Instant heard, answered;  // read by the application
  Instant gone;             // no event and no wake-up is later
  Instant touched;          // the client's radio, last
};

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_REPAIRED_EXCHANGE_H_
