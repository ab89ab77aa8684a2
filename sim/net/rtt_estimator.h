// Linux tcp_rtt_estimator(): RFC 6298 with a floor of min_rto under the variance, a damped reaction
// to falling round-trip times, and the variance's maximum taken per round trip. The numbers alone,
// so that whoever adds many samples in a row may keep them in registers.
#ifndef KEEPSIM_SIM_NET_RTT_ESTIMATOR_H_
#define KEEPSIM_SIM_NET_RTT_ESTIMATOR_H_

#include <algorithm>
#include <cstdint>

namespace keepsim {

struct RttEstimator {
  int64_t srtt_ns = 0;  // not 0: there was a sample
  int64_t min_rtt_ns = 0;
  int64_t mdev_ns = 0;
  int64_t mdev_max_ns = 0;
  int64_t rttvar_ns = 0;

  // A further sample. `round_over`: what it acknowledges ends the round trip that mdev_max covers.
  void Add(int64_t rtt_ns, int64_t min_rto_ns, bool round_over) {
    min_rtt_ns = std::min(min_rtt_ns, rtt_ns);
    const int64_t error = rtt_ns - srtt_ns;
    srtt_ns += error / 8;
    const int64_t excess = (error < 0 ? -error : error) - mdev_ns / 4;
    // A falling round-trip time raises the deviation an eighth as fast.
    mdev_ns += error < 0 && excess > 0 ? excess / 8 : excess;
    if (mdev_ns > mdev_max_ns) {
      mdev_max_ns = mdev_ns;
      rttvar_ns = std::max(rttvar_ns, mdev_max_ns);
    }
    if (!round_over) return;
    if (mdev_max_ns < rttvar_ns) rttvar_ns -= (rttvar_ns - mdev_max_ns) / 4;
    mdev_max_ns = min_rto_ns;
  }

  // Add() with `round_over`, where the sample before ended a round trip too, without branches: half
  // of them would be guessed wrong. REQUIRES: mdev_max_ns == min_rto_ns <= rttvar_ns.
  void AddOnePerRound(int64_t rtt_ns, int64_t min_rto_ns) {
    Move(rtt_ns);
    EndRound(min_rto_ns);
  }

 private:
  // The two halves of AddOnePerRound(): SRTT and the deviation; RTTVAR.
  void Move(int64_t rtt_ns) {
    min_rtt_ns = std::min(min_rtt_ns, rtt_ns);
    const int64_t error = rtt_ns - srtt_ns;
    const int64_t falls = error >> 63;  // all ones if it is below zero
    srtt_ns += (error + (falls & 7)) >> 3;
    const int64_t excess = ((error ^ falls) - falls) - (mdev_ns >> 2);
    const int64_t damped = falls & (-excess >> 63);
    mdev_ns += excess >> (damped & 3);
  }
  void EndRound(int64_t min_rto_ns) {
    const int64_t most = std::max(mdev_ns, min_rto_ns);
    rttvar_ns = std::max(rttvar_ns, most);
    rttvar_ns -= (rttvar_ns - most) >> 2;
  }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_NET_RTT_ESTIMATOR_H_
