// An exchange by rule leaves what both kernels' own functions leave, field by field.
#include "sim/world/repaired_exchange.h"

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/world/host.h"
#include "sim/world/tcp_exchange.h"

namespace keepsim::quiet {
namespace {

using Fields = std::vector<std::pair<std::string, int64_t>>;

constexpr Duration kStep = Seconds(60);

Fields FieldsOf(const TcpEndpoint& e) {
  return {{"state", static_cast<int64_t>(e.state)},
          {"timer", static_cast<int64_t>(e.timer)},
          {"owes_ack", e.owes_ack},
          {"owes_duplicate", e.owes_duplicate},
          {"in_recovery", e.in_recovery},
          {"backoff", e.backoff},
          {"quick_acks", e.quick_acks},
          {"probes_sent", e.probes_sent},
          {"interactive", e.interactive},
          {"snd_una", e.snd_una},
          {"snd_nxt", e.snd_nxt},
          {"snd_end", e.snd_end},
          {"rcv_nxt", e.rcv_nxt},
          {"last_length", e.last_length},
          {"out of order", e.ooo_end - e.ooo_start},
          {"probed", e.probed},
          {"probe_end", e.probed ? e.probe_end : 0},
          {"sack_start", e.sack_start},
          {"sack_end", e.sack_end},
          {"acked_to", e.acked_to},
          {"rto_deadline", e.rto_deadline.ns},
          {"ack_deadline", e.ack_deadline.ns},
          {"keepalive_deadline", e.keepalive_deadline.ns},
          {"first_unacked_at", e.first_unacked_at.ns},
          {"first_retransmit_at", e.first_retransmit_at.ns},
          {"last_sent_at", e.last_sent_at.ns},
          {"head_sent_at", e.head_sent_at.ns},
          {"tail_sent_at", e.tail_sent_at.ns},
          {"last_received_at", e.last_received_at.ns},
          {"ts_recent", e.ts_recent.ns},
          {"srtt", e.srtt.ns},
          {"min_rtt", e.min_rtt.ns},
          {"mdev", e.mdev.ns},
          {"mdev_max", e.mdev_max.ns},
          {"rttvar", e.rttvar.ns},
          {"rtt_seq", e.rtt_seq},
          {"rto", e.rto.ns},
          {"timed_at", e.timed_at.ns}};
}

Fields FieldsOf(const Beyond& b) {
  return {{"events", b.events},
          {"segments up", b.segments[kUp]},
          {"segments down", b.segments[kDown]},
          {"bytes up", b.bytes[kUp]},
          {"bytes down", b.bytes[kDown]},
          {"lost up", b.lost[kUp]},
          {"lost down", b.lost[kDown]},
          {"retransmitted up", b.retransmitted[kUp]},
          {"retransmitted down", b.retransmitted[kDown]}};
}

// What is peculiar to an exchange.
std::string KindOf(const RepairedExchange& x, bool apart) {
  std::string kind = apart ? "apart " : "";
  if (x.up.probes > 0) kind += "request-again ";
  if (x.down.probes > 0) kind += "answer-again ";
  if (x.received[kBrokerEnd] != x.heard) {
    // Both probes meet.
    if (x.down.probes > 0) {
      kind += x.received[kBrokerEnd] <= x.sent[kBrokerEnd] ? "before-probe " : "behind-probe ";
    }
    if (x.probed[kClientEnd]) {
      kind += "untold";
    } else {
      kind += x.seen[kClientEnd] != x.sent[kBrokerEnd] ? "told-last" : "told-first";
    }
  }
  return kind;
}

// One client's exchanges, one after another, by both.
class RepairedExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    group_.tcp.min_rto = Milliseconds(200);
    host_.group = &group_;
    host_.slept = Milliseconds(1234567);  // the kernel's clock is behind
  }

  void SetPath(Duration median, double sigma, double loss) {
    DistributionSpec law;
    law.kind = DistributionSpec::Kind::kLognormal;
    law.a = median;
    law.shape = sigma;
    group_.up.latency = group_.down.latency = QuantileTable(law);
    group_.up.loss = group_.down.loss = Probability::FromDouble(loss);
  }

  // An end that has been through an exchange.
  TcpEndpoint Quiet(Instant now, bool broker) const {
    TcpEndpoint e;
    e.state = TcpState::kEstablished;
    e.snd_una = e.snd_nxt = e.snd_end = e.rcv_nxt = e.acked_to = e.rtt_seq = 100;
    e.sack_start = e.sack_end = 100;
    e.last_length = kPingSize;
    e.interactive = broker;
    e.quick_acks = broker ? kMaxQuickAcks : kMaxQuickAcks - 1;
    e.srtt = e.min_rtt = Milliseconds(110);
    e.mdev = Milliseconds(100);
    e.mdev_max = e.rttvar = Milliseconds(200);
    e.rto = RtoOf(group_.tcp, e);
    e.last_sent_at = e.head_sent_at = e.tail_sent_at = e.last_received_at = now;
    e.ts_recent = now;
    return e;
  }

  void Run(uint32_t client, int exchanges) {
    host_.luck = RandomSource(GroupKey(7, "repaired"), client);
    Instant now = kStart + Seconds(2000);
    uint64_t first[2] = {0, 0};
    DrawsAhead draws;
    bool fresh = true;
    TcpEndpoint end[2];
    for (int i = 0; i < exchanges && !HasFailure(); ++i, now += kStep + Nanoseconds(i * 977777)) {
      if (fresh) {
        end[kClientEnd] = Quiet(host_.KernelNow(now - kStep), false);
        end[kBrokerEnd] = Quiet(now - kStep, true);
        fresh = false;
      }
      draws.up.Reach(group_.up, host_.luck, Purpose::kSegmentUp, first[kUp], kMostUp);
      draws.down.Reach(group_.down, host_.luck, Purpose::kSegmentDown, first[kDown], kMostDown);
      TcpExchange kernels(broker_, host_, draws, first, PathView{}, end[kClientEnd],
                          end[kBrokerEnd], {kClientEnd, 2, {kPingSize, kPingSize}});
      const bool ran = kernels.Run(now, now + kStep);
      HoldAgainst(kernels, ran, draws, end, now);
      if (ran) {
        for (const EndIndex at : {kClientEnd, kBrokerEnd}) end[at] = kernels.end[at];
      }
      fresh = !ran;
      for (int d = 0; d < 2; ++d) {
        first[d] += static_cast<uint64_t>(ran ? kernels.done.segments[d] : 8);
      }
    }
  }

  void HoldAgainst(const TcpExchange& kernels, bool ran, const DrawsAhead& draws,
                   const TcpEndpoint (&before)[2], Instant now) {
    KernelView view[2] = {KernelView(before[kClientEnd]), KernelView(before[kBrokerEnd])};
    const bool apart = !view[kBrokerEnd].interactive;
    RepairedExchange rule(group_.tcp, broker_.tcp, view[kClientEnd], view[kBrokerEnd],
                          host_.KernelNow(now) - now, group_, draws, 0, 0, {kPingSize, kPingSize});
    if (!rule.Run(now) || rule.gone >= now + kStep) {
      ++left_;
      return;
    }
    const Duration most[2] = {rule.RtoAtMost(kClientEnd), rule.RtoAtMost(kBrokerEnd)};
    const std::string kind = KindOf(rule, apart);
    SCOPED_TRACE(kind + " exchange at " + std::to_string(now.ns));
    ++kinds_[kind];
    ASSERT_TRUE(ran);
    EXPECT_EQ(rule.heard, kernels.read[0]);
    EXPECT_EQ(rule.answered, kernels.read[1]);
    EXPECT_GE(rule.gone, kernels.over);
    EXPECT_EQ(rule.touched, kernels.radio_last);
    Beyond beyond = kernels.done;
    beyond.events -= kEventsOfCycle;
    beyond.segments[kUp] -= 2;
    beyond.segments[kDown] -= 1;
    for (int d = 0; d < 2; ++d) beyond.bytes[d] -= kPingSize;
    Beyond extra;
    rule.AddExtra(extra);
    EXPECT_EQ(FieldsOf(extra), FieldsOf(beyond));
    rule.NoteKernels(view[kClientEnd], view[kBrokerEnd]);
    for (const EndIndex at : {kClientEnd, kBrokerEnd}) {
      SCOPED_TRACE(at == kClientEnd ? "client" : "broker");
      EXPECT_EQ(rule.lost[at], kernels.lost[at]);
      const TcpConfig& config = at == kClientEnd ? group_.tcp : broker_.tcp;
      EXPECT_EQ(FieldsOf(EndpointAfter(config, before[at], kPingSize, kPingSize, view[at])),
                FieldsOf(kernels.end[at]));
      EXPECT_GE(most[at], before[at].rto);
      EXPECT_GE(most[at], kernels.end[at].rto);
    }
  }

  GroupPlan group_;
  BrokerPlan broker_;
  Host host_;
  std::map<std::string, int> kinds_;
  int left_ = 0;  // to the kernels
};

TEST_F(RepairedExchangeTest, IsWhatTheKernelsDo) {
  const struct {
    Duration median;
    double sigma, loss;
  } paths[] = {
      {Milliseconds(50), 0.5, 0.01}, {Milliseconds(50), 0.5, 0.1}, {Milliseconds(50), 0.5, 0.4},
      {Milliseconds(80), 1, 0.05},   {Milliseconds(80), 1, 0.3},   {Milliseconds(60), 2, 0.02},
      {Milliseconds(60), 2, 0.2},    {Milliseconds(2), 0.2, 0.2},  {Milliseconds(400), 0.7, 0.1}};
  uint32_t client = 0;
  for (const auto& path : paths) {
    SetPath(path.median, path.sigma, path.loss);
    for (int i = 0; i < 15; ++i) Run(client++, 2000);
  }
  int most = 0;
  for (const auto& [kind, times] : kinds_) {
    std::printf("%7d %s\n", times, kind.c_str());
    most += times;
  }
  std::printf("%7d left\n", left_);
  EXPECT_GT(most, 2 * left_);
  for (const char* kind :
       {"apart ", "request-again ", "answer-again ", "apart request-again ", "apart answer-again ",
        "request-again answer-again ", "request-again told-first", "request-again told-last",
        "request-again untold", "request-again answer-again before-probe told-first",
        "request-again answer-again before-probe told-last",
        "request-again answer-again before-probe untold",
        "request-again answer-again behind-probe told-first",
        "request-again answer-again behind-probe told-last",
        "request-again answer-again behind-probe untold"}) {
    EXPECT_GE(kinds_[kind], 50) << kind;
  }
}

// In which many packets arrive and timers are due at one instant.
TEST_F(RepairedExchangeTest, InARoundWorld) {
  DistributionSpec law;
  law.kind = DistributionSpec::Kind::kEmpirical;
  law.points = {{0.3, Milliseconds(4)}, {0.301, Milliseconds(100)}, {1, Milliseconds(100)}};
  group_.up.latency = group_.down.latency = QuantileTable(law);
  group_.up.loss = group_.down.loss = Probability::FromDouble(0.2);
  for (uint32_t client = 0; client < 20; ++client) Run(1000 + client, 1000);
  EXPECT_GT(kinds_["answer-again "], 100);
}

}  // namespace
}  // namespace keepsim::quiet
