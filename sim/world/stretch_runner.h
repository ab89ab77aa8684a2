// How RunThrough() of quiet_stretch.h runs; for its own files.
#ifndef KEEPSIM_SIM_WORLD_STRETCH_RUNNER_H_
#define KEEPSIM_SIM_WORLD_STRETCH_RUNNER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "sim/world/plain_rule.h"
#include "sim/world/quiet_path.h"
#include "sim/world/quiet_stretch.h"
#include "sim/world/quiet_view.h"
#include "sim/world/repaired_exchange.h"
#include "sim/world/tcp_exchange.h"

namespace keepsim::quiet {

// Of an exchange, in which nothing is lost.
enum class Shape : uint8_t {
  kSegments,      // over TCP: one up, the answer down with its acknowledgement, and that one's up
  kLoneSegment,   // over TCP: one up, its acknowledgement down
  kDatagrams,     // one up, one down
  kLoneDatagram,  // one up
};

class Stretch {
 public:
  // `acts`: when the client's timer does, now or later.
  Stretch(const BrokerPlan& broker, Host& host, Connection& c, Instant now, Instant acts,
          Instant until, bool messages, DrawsAhead& draws)
      : broker_(broker),
        host_(host),
        group_(*host.group),
        c_(c),
        end_(until),
        until_(until),
        tcp_(group_.transport == Transport::kTcp),
        plain_(PlainRuleOf(broker, host, c)),
        kernel_ahead_(host.KernelNow(now) - now),
        session_ahead_(host.SessionNow(now) - now),
        draws_(draws),
        mends_(tcp_ && group_.up.latency.max().ns > 0 && group_.down.latency.max().ns > 0),
        mends_by_rule_(mends_ && group_.tcp.user_timeout.ns == 0 &&
                       broker.tcp.user_timeout.ns == 0),
        repairs_(plain_.applies && mends_by_rule_),
        messages_(messages),
        telling_(messages ? MessageRuleOf(broker, host, c) : PlainRule{}),
        lost_{c.end[kClientEnd].lost, c.end[kBrokerEnd].lost},
        session_(c.session, c.session_armed),
        kernel_{KernelView(c.end[kClientEnd].tcp), KernelView(c.end[kBrokerEnd].tcp)},
        path_{{host.path[kUp].burst, host.path[kDown].burst},
              {host.path[kUp].last_arrival, host.path[kDown].last_arrival},
              c.middlebox.last_use},
        t0_(acts),
        waits_to_(host.armed) {}

  QuietStretch Run();
  // When the PINGREQ of the first cycle arrives; kNever: lost or late.
  Instant FirstArrives();
  // The first cycle alone, whose PINGREQ waits at the broker and is handled at `handled`.
  QuietStretch RunOne(Instant handled);
  // Those that go by the plain rule if each PINGREQ waits for `patience` at most.
  void LookForTurns(Duration patience, QuietTurns* turns);
  QuietStretch RunTurns(const QuietTurns& turns);

 private:
  // The packets of one cycle. `handled`: `heard`, unless it waits at the broker.
  struct Way {
    Instant out, heard, handled, answered, acked;
  };
  bool Stop(StretchEnd why) {
    out_.end = why;
    return false;
  }
  // Where the client's timer stands after an exchange.
  struct ClientTimer {
    Instant next;      // when it acts, if nothing else does
    Instant waits_to;  // what it is armed for
  };
  // A cycle, or a message, that is being judged.
  struct Trial {
    Way way;  // of a message by datagrams or by kernels: `out` and `acked` alone
    PathView path;
    BrokerView session;
    ClientTimer client;
    Instant read[PacketTurns::kMost];  // of a message: when each of its packets is
    Instant known;                     // when the broker's kernel knows that its PUBLISH is there
  };
  Trial NewTrial() const { return {{}, path_, session_, {kNever, kNever}, {}, kNever}; }
  void LookFromHere();
  void LookAhead();
  bool FindWay(size_t i, Instant out, Way& way, PathView& path) const;
  bool PassMiddlebox(const Way& way, bool answered, Instant* last_use) const;
  // Of the loop's delay after the next cycle's PINGREQ.
  uint64_t NextLoopDraw() const {
    const bool drawn = group_.profile.loop_delay_max.ns > 0;
    return host_.loop_draws + (drawn ? static_cast<uint64_t>(out_.cycles) + 1 : 0);
  }
  Instant ClientWakes(Instant now, uint64_t loop_draw) const;
  bool BrokerRunsTo(BrokerView& b, Instant limit);
  bool BrokerRunsThrough(Instant handled, PacketType packet, Instant end, BrokerView& session);
  bool TcpIsQuiet(const Way& way, bool answered, Instant next, Instant until);
  bool MayPing();
  ClientTimer MoveClient(Instant out, Instant answered);
  bool ClientBears(const ClientTimer& timer, Instant answered, Instant acked);
  void Commit(const Trial& t);
  void NoteExchange(const Trial& t);
  void NoteClientSends(Instant local);
  void NoteSample(EndIndex at, Duration rtt) {
    kernel_[at].rtt.Add(std::max<int64_t>(rtt.ns, 1), ConfigOf(at).min_rto.ns, true);
  }
  // The broker's kernel with its answer, the client's at once.
  bool AcknowledgesAsUsual() const {
    return !tcp_ || (kernel_[kBrokerEnd].interactive && !kernel_[kClientEnd].interactive);
  }
  const TcpConfig& ConfigOf(EndIndex at) const {
    return at == kClientEnd ? group_.tcp : broker_.tcp;
  }
  bool Cycle(size_t i);
  size_t PlainAhead(size_t i) const;
  void NotePlainCycles(int64_t n, Instant broker_wakes, Duration rtt_sum);
  void NotePlainKernels();
  // The last of some plain exchanges.
  struct PlainEnd {
    Instant out, heard, answered;
    Instant wakes;  // the broker's timer after it
    Duration rtt_sum;
  };
  template <Shape kShape, bool kExact>
  size_t PlainExchanges(const PlainRule& r, PacketType packet, Instant begin, size_t i, size_t end,
                        PlainEnd* last);
  size_t PlainExchanges(Shape shape, const PlainRule& r, PacketType packet, Instant begin, size_t i,
                        size_t end, PlainEnd* last);
  size_t PlainCycles(size_t i);
  bool IsSettled() const;
  size_t SettledAhead(size_t i) const {
    return std::min(PlainAhead(i), static_cast<size_t>(PlainRule::kMostSettled));
  }
  size_t SettledCycles(size_t i);
  size_t Settle(const int64_t* up_ns, const int64_t* down_ns, size_t ahead);
  size_t SteadyCycles(size_t i);
  ClientTimer MoveSteadily(Instant out, Instant answered, Duration wait);
  void NoteSteady(Instant out, Instant heard, Instant answered, const ClientTimer& client);
  bool Repair(const PlainRule& r, const RepairedExchange& x, Instant until);
  bool BrokerBearsByRule(const PlainRule& r, PacketType packet, Instant heard,
                         const ClientTimer& client, Instant until);
  void NoteRepair(const RepairedExchange& x);
  bool RepairedCycle(size_t i);
  bool KernelsCycle(size_t i);
  void NoteKernels(const TcpExchange& x);
  // Both kernels' ends in c_ are those of now.
  void CountFromHere() {
    kernels_at_ = out_.cycles;
    message_bytes_[kClientEnd] = message_bytes_[kBrokerEnd] = 0;
  }

  // ---- stretch_message.cc: one message, from the client or for it
  struct Message {
    Direction direction;  // of its PUBLISH
    uint32_t number;      // of its workload
    const Workload* law;
    WorkloadState* state;
    PacketTurns packets;
    Instant due;
    WorkloadState after;
    Instant others;  // the stretch's end, or when a message of another workload is due
    Instant until;   // or the next one of this

    PacketType Type(int i) const;  // of a packet
    bool answered() const { return packets.count > 1; }
  };
  Instant NextMessageDue(const WorkloadState* but = nullptr) const;
  bool FindMessage(Instant due, Message* m);
  bool FindDatagrams(const Message& m, Trial& t);
  bool ClientTakesPart(const Message& m, Trial& t);
  bool BrokerTakesPart(const Message& m, Trial& t);
  bool SessionsBear(const Message& m, Trial& t, bool by_kernels);
  Beyond UsualOf(const Message& m) const;
  void NoteMessages(const Message& m, int64_t n, Instant answered);
  void NoteRead(const Message& m);
  bool Follows(const PlainRule& rule, Instant over, Instant next) const;
  // The last sample ended a round trip: what AddOnePerRound() requires. One of two packets under
  // way at once may not have, and not every message is a sample for both ends.
  bool EndsRounds(EndIndex at) const {
    return kernel_[at].rtt.mdev_max_ns == ConfigOf(at).min_rto.ns;
  }
  void CommitMessage(const Message& m, const Trial& t);
  bool MessageCycle(const Message& m);
  bool MessageQuietly(const Message& m);
  bool MessageByKernels(const Message& m);

  // ---- stretch_publish.cc: from the client, over TCP
  bool FindPublishWay(const Message& m, Trial& t);
  void NotePublishKernels(const Message& m, const Way& way);

  // ---- stretch_receive.cc: for the client, over TCP
  bool FindReceiveWay(const Message& m, Trial& t);
  bool TcpBearsDelivery(const Message& m, const Trial& t);
  Duration RtoAtMostWith(EndIndex at, Duration rtt) const;
  void NoteReceiveKernels(const Message& m, const Trial& t);
  bool CycleAfterAnswer(size_t i);

  // What the client's timer is armed for at `at`, if nothing was due up to there.
  Instant ArmedAt(Instant at) const { return waits_to_ < at ? t0_ : std::min(waits_to_, t0_); }

  // ---- stretch_messages.cc: many from the client
  bool PlainMessages(const Message& m);
  ClientTimer TimerAfter(Instant first, Instant last) const;
  bool RepairedMessage(const Message& m);
  void NotePlainMessages(const Message& m, int64_t n, const PlainEnd& last);

  size_t ByRule(size_t i);
  bool Window();
  bool MayBeRepaired() const {
    return out_.end != StretchEnd::kPending && out_.end != StretchEnd::kTie;
  }
  TcpEndpoint EndpointNow(EndIndex at) const;
  bool BrokerBears(Instant handled, PacketType packet, const ClientTimer& client, Instant until,
                   BrokerView& session);
  bool BrokerBears(Instant handled, PacketType packet, Trial& t, Instant until) {
    return BrokerBears(handled, packet, t.client, until, t.session);
  }
  // Whether the broker's timer is due with the client's: when that acts next, or is armed for, be
  // it for nothing. Which of the two is armed anew first decides which is the first later.
  // So do wake-ups that were overtaken, if the timer is armed for their instant again.
  bool Tied(Instant broker_wakes, const ClientTimer& client) const {
    if (broker_wakes == kNever) return false;
    const auto end = out_.overtaken.begin() + out_.overtaken_count;
    return broker_wakes == client.next || broker_wakes == client.waits_to ||
           std::find(out_.overtaken.begin(), end, broker_wakes) != end;
  }
  // The broker's session is as c_ has it.
  void NoteBroker(const BrokerView& session) {
    session_ = BrokerView(c_.session, session.wakes);
    session_.ticks = session.ticks;
  }
  // In the order in which they come.
  void TouchRadio(std::initializer_list<Instant> touches) {
    for (const Instant at : touches) {
      if (at - host_.radio_last > kRadioTail) ++host_.radio_wakeups;
      host_.radio_last = at;
    }
  }
  // A wake-up at `wake` stays in the queue when the timer is armed anew for `next`, before it.
  void NoteOvertaken(Instant wake, Instant next) {
    DropOvertaken(last_.out);
    if (wake > next && wake != kNever) out_.overtaken[out_.overtaken_count++] = wake;
  }
  // Those before `now` have been ignored.
  void DropOvertaken(Instant now) {
    if (out_.overtaken_count == 0) return;
    const auto begin = out_.overtaken.begin();
    const auto end =
        std::remove_if(begin, begin + out_.overtaken_count, [now](Instant at) { return at < now; });
    out_.overtaken_count = static_cast<size_t>(end - begin);
  }
  void Finish();

  const BrokerPlan& broker_;
  Host& host_;
  const GroupPlan& group_;
  Connection& c_;
  const Instant end_;
  Instant until_;  // or when the next message is due: the end of the cycles
  const bool tcp_;
  const PlainRule plain_;
  // Of the client's clocks, where the plain rule applies.
  const Duration kernel_ahead_, session_ahead_;
  DrawsAhead& draws_;
  uint64_t up_first_ = 0, down_first_ = 0;  // transmissions that LookAhead() looked from
  size_t up_reach_ = 0, down_reach_ = 0;    // transmissions from there on
  size_t reach_ = 0, lost_at_ = 0;          // cycles, and those of them before one with a loss
  // KernelsCycle() may be asked: not where a packet arrives in the instant in which it is sent, and
  // what else is due then may come before or after.
  const bool mends_;
  const bool mends_by_rule_;
  const bool repairs_;        // RepairedCycle() may be asked
  Instant handled_ = kNever;  // kNever: at once
  Beyond beyond_;
  const bool messages_;      // those from and for the client are part of the stretch
  const PlainRule telling_;  // of what it publishes
  uint16_t lost_[2];         // transmissions by this end since the peer last read from it
  // No rule says that the next cycle, or message, needs fewer questions.
  bool asks_all_ = true, tells_all_ = true;

  QuietStretch out_;
  BrokerView session_;
  KernelView kernel_[2];
  int64_t kernels_at_ = 0;             // both kernels' ends in c_ are those after so many cycles
  int64_t message_bytes_[2] = {0, 0};  // of messages since then, by sender, answers included
  PathView path_;
  Instant t0_;        // the next cycle begins
  Way last_{};        // the last cycle's, but for `acked`
  Instant waits_to_;  // the client's timer is armed for, after the last exchange
};

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_STRETCH_RUNNER_H_
