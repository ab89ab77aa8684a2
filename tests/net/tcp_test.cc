// Two endpoints over a wire whose losses are listed: numbers that can be checked by hand.
#include "sim/net/tcp.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"

namespace keepsim {
namespace {

constexpr Instant At(int64_t ms) { return kStart + Milliseconds(ms); }

class Wire {
 public:
  explicit Wire(Duration delay) : delay_(delay) {}
  TcpConfig config;
  TcpEndpoint end[2];
  bool exists[2] = {true, false};
  Instant now = kStart;
  // Says whether the n-th transmission (from 0) from `from` is lost.
  std::function<bool(int from, int n)> lost = [](int, int) { return false; };
  std::vector<Instant> sent[2];
  uint32_t delivered[2] = {0, 0};
  bool connected[2] = {false, false}, closed[2] = {false, false}, reset[2] = {false, false},
       gave_up[2] = {false, false};
  bool answers = false;  // end 1 writes 2 bytes for every 2 bytes it gets

  void Take(int at, const TcpOutput& out) {
    for (int i = 0; i < out.segment_count; ++i) {
      const int n = static_cast<int>(sent[at].size());
      sent[at].push_back(now);
      if (!lost(at, n)) flights_.push_back({now + delay_, 1 - at, out.segments[i]});
    }
    connected[at] |= out.connected;
    closed[at] |= out.peer_closed;
    reset[at] |= out.reset;
    gave_up[at] |= out.gave_up;
    if (out.delivered) {
      const uint32_t got = out.delivered_to - delivered[at];
      delivered[at] = out.delivered_to;
      if (answers && at == 1) Write(1, got);
    }
  }
  void Write(int from, uint32_t bytes) {
    TcpOutput out;
    TcpWrite(config, end[from], bytes, now, out);
    Take(from, out);
  }
  void RunUntil(Instant until) {
    while (true) {
      Instant next = std::min(TcpNextDeadline(end[0]), TcpNextDeadline(end[1]));
      size_t best = flights_.size();
      for (size_t i = 0; i < flights_.size(); ++i) {
        if (flights_[i].at <= next &&
            (best == flights_.size() || flights_[i].at < flights_[best].at)) {
          best = i;
        }
      }
      if (best < flights_.size()) next = flights_[best].at;
      if (next > until) break;
      now = next;
      TcpOutput out;
      if (best < flights_.size()) {
        const Flight f = flights_[best];
        flights_.erase(flights_.begin() + static_cast<ptrdiff_t>(best));
        if (!exists[f.to] && f.segment.syn() && !f.segment.has_ack()) {
          exists[f.to] = true;
          TcpAccept(config, end[f.to], f.segment, now, out);
        } else if (exists[f.to]) {
          TcpOnSegment(config, end[f.to], f.segment, now, out);
        } else {
          Segment rst;
          if (TcpResetFor(f.segment, &rst)) {
            flights_.push_back({now + delay_, 1 - f.to, rst});
          }
          continue;
        }
        Take(f.to, out);
        TcpDelayAck(config, end[f.to], now);
      } else {
        for (int e = 0; e < 2; ++e) {
          if (TcpNextDeadline(end[e]) > now) continue;
          TcpOnTimer(config, end[e], now, out);
          Take(e, out);
          break;
        }
      }
    }
    now = until;
  }
  void Connect() {
    TcpOutput out;
    TcpConnect(config, end[0], now, out);
    Take(0, out);
  }
  // Seconds of the transmissions from `from` since `since`.
  std::vector<double> Times(int from, Instant since) const {
    std::vector<double> times;
    for (const Instant t : sent[from]) {
      if (t >= since) times.push_back(ToSeconds(t - since));
    }
    return times;
  }

 private:
  struct Flight {
    Instant at;
    int to;
    Segment segment;
  };
  Duration delay_;
  std::vector<Flight> flights_;
};

TEST(TcpTest, AQuietPingCostsThreeSegments) {
  Wire w(Milliseconds(10));
  w.answers = true;
  w.Connect();
  w.RunUntil(At(60000));
  EXPECT_TRUE(w.connected[0] && w.connected[1]);
  w.Write(0, 2);  // the first answer makes the exchange an interactive one
  w.RunUntil(At(90000));
  const size_t before[2] = {w.sent[0].size(), w.sent[1].size()};
  w.Write(0, 2);
  w.RunUntil(At(120000));
  EXPECT_EQ(w.sent[0].size() - before[0], 2u);  // PINGREQ, ACK of PINGRESP
  EXPECT_EQ(w.sent[1].size() - before[1], 1u);  // PINGRESP with the ACK of PINGREQ
  EXPECT_EQ(w.delivered[0], 4u);
}

// A new connection is in quick-ACK mode: the kernel acknowledges before the application answers.
TEST(TcpTest, TheFirstDataIsAcknowledgedAtOnce) {
  Wire w(Milliseconds(10));
  w.answers = true;
  w.Connect();
  w.RunUntil(At(1000));
  const size_t before = w.sent[1].size();
  w.Write(0, 2);
  w.RunUntil(At(1500));
  EXPECT_EQ(w.sent[1].size() - before, 2u);  // the ACK, then the answer
}

// Recorded on a real kernel (6.18; 10 ms each way): a ping whose probe repaired it, then one that
// is lost again. The kernel remembers its probe and does not send another one, so the second is
// sent again after 0.24 and 0.72 s, not after 0.23, 0.46 and 0.92 s.
TEST(TcpTest, NoSecondProbeUntilLaterDataIsAcknowledged) {
  Wire w(Milliseconds(10));
  w.answers = true;
  w.Connect();
  w.RunUntil(At(1000));
  w.Write(0, 2);
  w.RunUntil(At(4000));
  size_t ping = w.sent[0].size();
  const auto lose = [&](size_t count) {
    w.lost = [from = ping, count](int end, int n) {
      return end == 0 && static_cast<size_t>(n) >= from && static_cast<size_t>(n) < from + count;
    };
  };
  lose(1);
  const Instant first = w.now;
  w.Write(0, 2);
  w.RunUntil(At(7000));
  std::vector<double> times = w.Times(0, first);
  ASSERT_EQ(times.size(), 3u);  // ping, probe, ACK of the answer
  EXPECT_NEAR(times[1], 0.228, 0.008);

  ping = w.sent[0].size();
  lose(2);
  const Instant second = w.now;
  w.Write(0, 2);
  w.RunUntil(At(10000));
  times = w.Times(0, second);
  ASSERT_EQ(times.size(), 4u);
  EXPECT_NEAR(times[1], 0.2395, 0.012);
  // Twice an RTO of 220 or 224 ms; a jiffy and a bucket of 32 ms may be added. Recorded: 0.480.
  EXPECT_GE(times[2] - times[1], 0.440);
  EXPECT_LE(times[2] - times[1], 0.484);
}

// RFC 8985: data that was sent well after the lost one has arrived; nothing is waited for.
TEST(TcpTest, ASackOfLaterDataBringsTheLostOneAtOnce) {
  Wire w(Milliseconds(10));
  w.Connect();
  w.RunUntil(At(1000));
  const auto n = static_cast<int>(w.sent[0].size());
  w.lost = [n](int from, int k) { return from == 0 && k == n; };
  const Instant start = w.now;
  w.Write(0, 2);
  w.RunUntil(start + Milliseconds(100));
  w.Write(0, 2);
  w.RunUntil(start + Seconds(2));
  const std::vector<double> times = w.Times(0, start);
  ASSERT_EQ(times.size(), 3u);
  EXPECT_NEAR(times[2], 0.120, 0.001);  // a round trip after the second
}

TEST(TcpTest, ABlackHoleSeesAProbeAndThenDoublingRetransmissions) {
  Wire w(Microseconds(50));
  w.Connect();
  w.RunUntil(At(1000));
  bool dead = false;
  w.lost = [&](int, int) { return dead; };
  dead = true;
  const Instant start = w.now;
  w.Write(0, 2);
  w.RunUntil(start + Seconds(14));
  // Measured on a real kernel: 0.206, 0.414, 0.84, 1.67, 3.34, 6.7, 13.4; the kernel rounds to
  // jiffies of 4 ms.
  const std::vector<double> expected = {0, 0.206, 0.414, 0.84, 1.67, 3.34, 6.7, 13.4};
  const std::vector<double> times = w.Times(0, start);
  ASSERT_EQ(times.size(), expected.size());
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(times[i], expected[i], std::max(0.012, 0.04 * expected[i])) << i;
  }
}

TEST(TcpTest, GivesUpAsTcpRetries2Says) {
  Wire w(Milliseconds(1));
  w.Connect();
  w.RunUntil(At(1000));
  w.lost = [](int, int) { return true; };
  const Instant start = w.now;
  w.Write(0, 2);
  w.RunUntil(start + Seconds(924));
  EXPECT_FALSE(w.gave_up[0]);
  w.RunUntil(start + Seconds(924 + 125));
  EXPECT_TRUE(w.gave_up[0]);
}

TEST(TcpTest, ALostSynLeavesALargerRtoBehind) {
  Wire lost_syn(Milliseconds(10));
  lost_syn.lost = [](int from, int n) { return from == 0 && n == 0; };
  lost_syn.Connect();
  lost_syn.RunUntil(At(5000));
  EXPECT_TRUE(lost_syn.connected[0] && lost_syn.connected[1]);
  // The second SYN's own time stamp comes back: a sample of 20 ms at either end.
  EXPECT_LT(lost_syn.end[0].rto, Milliseconds(250));
  EXPECT_LT(lost_syn.end[1].rto, Milliseconds(250));

  Wire lost_syn_ack(Milliseconds(10));
  lost_syn_ack.lost = [](int from, int n) { return from == 1 && n == 0; };
  lost_syn_ack.Connect();
  lost_syn_ack.RunUntil(At(5000));
  EXPECT_TRUE(lost_syn_ack.connected[0] && lost_syn_ack.connected[1]);
  // The repeated SYN-ACK echoes the first SYN: a sample of 1.02 s, so an RTO of about three times
  // that at the client; its timer may be late by 32 ms. The client's ACK echoes what it answers, so
  // the server's stays small (recorded: CONNACK repeated after 0.22 s).
  EXPECT_GT(lost_syn_ack.end[0].rto, Seconds(3));
  EXPECT_LT(lost_syn_ack.end[0].rto, (Milliseconds(1032 + 20) * 3) + Milliseconds(4));
  EXPECT_LT(lost_syn_ack.end[1].rto, Milliseconds(250));
}

// The answer to a repeated SYN takes the place of the timer's own repetition (tcp_check_req()).
TEST(TcpTest, ALostSynAckIsRepeatedOnceForEachRepeatedSyn) {
  Wire w(Milliseconds(10));
  w.lost = [](int from, int n) { return from == 1 && n < 2; };
  // Begun here, the client's second SYN (1.004 s later) arrives before the server's own timer ends.
  w.now = At(20);
  w.Connect();
  w.RunUntil(At(4000));
  EXPECT_TRUE(w.connected[0]);
  ASSERT_EQ(w.sent[1].size(), 3u);
  EXPECT_EQ(w.sent[1][0], At(30));
  EXPECT_EQ(w.sent[1][1], At(1034));
  EXPECT_EQ(w.sent[1][2], At(2048));  // the timer began anew
}

// An answer whose first copies are lost brings its ACK late, and that is a valid sample: SRTT and
// its variance grow and stay grown. The back-off is not meant here: only RTOs without one count.
TEST(TcpTest, LossInflatesTheRtoBeyondTheBackOff) {
  const auto largest_rto = [](uint64_t losses_in_ten) {
    Duration largest{0};
    for (uint32_t seed = 0; seed < 100; ++seed) {
      Wire w(Milliseconds(10));
      w.answers = true;
      w.Connect();
      w.RunUntil(At(1000));
      const RandomSource luck(seed, 0);
      w.lost = [&](int from, int n) {
        const uint64_t draw = static_cast<uint64_t>(n) * 2 + static_cast<uint64_t>(from);
        return luck.Draw64(Purpose::kTest, draw) % 10 < losses_in_ten;
      };
      for (int ping = 0; ping < 30; ++ping) {
        w.Write(0, 2);
        w.RunUntil(w.now + Seconds(40));
        if (w.end[0].backoff == 0) largest = std::max(largest, w.end[0].rto);
      }
    }
    return largest;
  };
  // 20 ms + 200 ms in jiffies of 4 ms.
  EXPECT_EQ(largest_rto(0), Milliseconds(220));
  EXPECT_GT(largest_rto(2), Milliseconds(500));
  EXPECT_GT(largest_rto(4), Seconds(2));
}

TEST(TcpTest, AFinQueuesBehindDataAndIsNotDeliveredThroughADeadPath) {
  Wire w(Milliseconds(10));
  w.Connect();
  w.RunUntil(At(1000));
  w.lost = [&](int, int) { return w.now < At(5000); };
  w.Write(0, 2);
  TcpOutput out;
  TcpClose(w.config, w.end[0], w.now, out);
  w.Take(0, out);
  w.RunUntil(At(4900));
  EXPECT_FALSE(w.closed[1]);
  w.RunUntil(At(20000));
  EXPECT_EQ(w.delivered[1], 2u);
  EXPECT_TRUE(w.closed[1]);
}

TEST(TcpTest, APeerThatLostItsStateAnswersReset) {
  Wire w(Milliseconds(10));
  w.Connect();
  w.RunUntil(At(1000));
  w.exists[1] = false;
  w.end[1] = TcpEndpoint{};
  w.Write(0, 2);
  w.RunUntil(At(2000));
  EXPECT_TRUE(w.reset[0]);
}

TEST(TcpTest, UserTimeoutAndKeepAliveProbes) {
  Wire w(Milliseconds(10));
  w.config.user_timeout = Seconds(5);
  w.Connect();
  w.RunUntil(At(1000));
  w.lost = [](int, int) { return true; };
  w.Write(0, 2);
  w.RunUntil(At(5900));
  EXPECT_FALSE(w.gave_up[0]);
  w.RunUntil(At(7000));
  EXPECT_TRUE(w.gave_up[0]);

  Wire k(Milliseconds(10));
  k.config.keepalive_time = Seconds(10);
  k.config.keepalive_interval = Seconds(2);
  k.config.keepalive_probes = 3;
  k.Connect();
  k.RunUntil(At(1000));
  k.lost = [](int, int) { return true; };
  k.RunUntil(At(15900));
  EXPECT_FALSE(k.gave_up[0]);
  k.RunUntil(At(16100));
  EXPECT_TRUE(k.gave_up[0]);
}

TEST(TcpTest, EveryByteArrivesOnceAndInOrderUnderHeavyLoss) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Wire w(Milliseconds(20));
    const RandomSource luck(seed, 0);
    w.lost = [&](int from, int n) {
      return luck.Draw64(Purpose::kTest,
                         static_cast<uint64_t>(n) * 2 + static_cast<uint64_t>(from)) %
                 10 <
             3;
    };
    w.Connect();
    w.RunUntil(At(60000));
    if (!w.connected[0] || !w.connected[1]) continue;
    uint32_t written = 0;
    for (int i = 0; i < 30; ++i) {
      w.Write(0, 10 + static_cast<uint32_t>(i));
      written += 10 + static_cast<uint32_t>(i);
      w.RunUntil(w.now + Milliseconds(137));
    }
    w.RunUntil(w.now + Seconds(900));
    EXPECT_EQ(w.delivered[1], written) << "seed " << seed;
    EXPECT_TRUE(TcpAllAcked(w.end[0])) << "seed " << seed;
  }
}

}  // namespace
}  // namespace keepsim
