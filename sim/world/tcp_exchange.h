// One PINGREQ and its PINGRESP, or a PUBLISH of either end's and what acknowledges it, over TCP,
// whatever is lost, late or sent twice on the way: both kernels' own functions, with a queue of
// their own that holds a handful of events. For the cycles of a quiet stretch that no shorter rule
// covers.
//
// It is what a cell's events would have done, in the same order: of events at one instant an
// arrival comes before a timer, and of two alike the one that was set first.
#ifndef KEEPSIM_SIM_WORLD_TCP_EXCHANGE_H_
#define KEEPSIM_SIM_WORLD_TCP_EXCHANGE_H_

#include <cstddef>
#include <cstdint>

#include "sim/base/time.h"
#include "sim/net/tcp.h"
#include "sim/world/connection.h"
#include "sim/world/host.h"
#include "sim/world/plan.h"
#include "sim/world/quiet_path.h"
#include "sim/world/quiet_scan.h"
#include "sim/world/quiet_view.h"
#include "sim/world/skip_stats.h"

namespace keepsim::quiet {

// MQTT packets that the two ends write in turns, each when it has read the one before.
struct PacketTurns {
  static constexpr int kMost = 4;
  EndIndex from;  // the first
  int count;
  uint32_t bytes[kMost];

  EndIndex Writer(int i) const { return i % 2 == 0 ? from : Peer(from); }
};

class TcpExchange {
 public:
  // `draws` reach from the exchange's first transmissions, numbers `first`, on; by direction.
  // `client` and `broker` are both kernels' ends before it.
  TcpExchange(const BrokerPlan& broker_plan, const Host& host, const DrawsAhead& draws,
              const uint64_t first[2], const PathView& path_before, const TcpEndpoint& client,
              const TcpEndpoint& broker, const PacketTurns& packets)
      : broker_plan_(broker_plan),
        host_(host),
        draws_(draws),
        first_{first[0], first[1]},
        packets_(packets),
        end{client, broker},
        path(path_before),
        radio_last(host.radio_last) {}

  // The first packet is written at `out`. True once both ends are quiet, and that is before
  // `until`; else why() says what is in the way, and nothing else here is of use.
  bool Run(Instant out, Instant until);
  StretchEnd why() const { return why_; }

 private:
  enum class What : uint8_t { kArrival, kTimer };  // in the order of a tie
  struct Pending {
    Instant at;
    uint32_t number;  // in the order of setting
    What what;
    EndIndex end;
    uint8_t segment;  // kArrival: in segments_
  };
  // More than a kernel sends in the time of an exchange that ends well.
  static constexpr size_t kMost = 16;
  static constexpr int kMostSteps = 64;

  bool Stop(StretchEnd why) {
    why_ = why;
    return false;
  }
  const TcpConfig& Config(EndIndex at) const {
    return at == kClientEnd ? host_.group->tcp : broker_plan_.tcp;
  }
  Instant KernelNow(EndIndex at) const { return at == kClientEnd ? host_.KernelNow(now_) : now_; }
  bool Push(Instant at, What what, EndIndex end, uint8_t segment);
  Pending TakeNext();
  bool Write();
  bool Send(EndIndex from, const TcpOutput& out);
  bool Transmit(EndIndex from, const Segment& segment);
  bool OnArrival(EndIndex at, const Segment& segment);
  bool OnTimer(EndIndex at, Instant fired);
  bool OnOutput(EndIndex at, const TcpOutput& out);
  bool Read(EndIndex at, uint32_t readable_to);
  bool Arm(EndIndex at);
  void TouchRadio();

  const BrokerPlan& broker_plan_;
  const Host& host_;
  const DrawsAhead& draws_;
  const uint64_t first_[2];
  const PacketTurns packets_;
  Instant now_;
  StretchEnd why_ = StretchEnd::kOther;
  // Left as they are until they are filled.
  union {
    Pending pending_[kMost];
  };
  union {
    Segment segments_[kMost];
  };
  size_t pending_count_ = 0;
  uint32_t set_ = 0;  // events so far
  size_t segment_count_ = 0;
  Instant armed_[2] = {kNever, kNever};
  int written_ = 0;          // packets
  int read_ = 0;             // likewise
  uint32_t written_to_ = 0;  // stream offset after the last packet

 public:
  // What it leaves.
  TcpEndpoint end[2];
  PathView path;
  Instant read[PacketTurns::kMost];  // when each packet is
  Instant over;                      // the last event, wake-ups for nothing included
  Beyond done;                       // all of it, the events and packets of any exchange included
  uint16_t lost[2] = {0, 0};         // transmissions by this end since the peer last read from it
  Instant radio_last;
  int64_t radio_wakeups = 0;
};

// Nothing is under way at this end, and no timer runs.
bool IsQuiet(const TcpEndpoint& e);

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_TCP_EXCHANGE_H_
