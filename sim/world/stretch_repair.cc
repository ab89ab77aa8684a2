// Cycles in which TCP repairs a loss by tail loss probes, or acknowledges apart.
#include "sim/world/stretch_runner.h"

namespace keepsim::quiet {

namespace {

// Of these the next one sent in one direction is always the next in `loss` and `latency_ns`.
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

}  // namespace

// One such cycle, packet by packet. Each end sends at most one probe, and no retransmission: what
// needs more is left to KernelsCycle(). All instants are global; `ahead` is the client's kernel
// clock less that. A timer's deadline counts as a wake-up even if nothing is left to do by then.
struct Stretch::Repair {
  const TcpConfig& client_config;
  const TcpConfig& broker_config;
  const Duration ahead;
  KernelView client, broker;
  Sending up, down;
  Instant out;                     // the PINGREQ leaves
  Instant asked;                   // or its probe, by which it arrives
  Instant heard, answered;         // read by the application
  Instant over;                    // the broker has the acknowledgement of its answer
  Instant gone;                    // no event and no wake-up is later, so far
  Instant client_due, broker_due;  // timers
  Instant touched;                 // the client's radio, last
  bool apart;                      // the broker's kernel acknowledges before it answers
  Instant apart_arrives = kNever;
  uint16_t lost[2] = {0, 0};
  StretchEnd why = StretchEnd::kOther;

  bool Stop(StretchEnd end) { return why = end, false; }
  void Within(Instant t) { gone = std::max(gone, t); }
  void Touch(Instant t) { touched = std::max(touched, t); }
  // When a timer of the client's kernel fires that is set at `now`.
  Instant ClientTimer(Instant now, Duration wait) const {
    return InWheel(now + ahead, wait) - ahead;
  }

  bool Run();
  bool AnswerArrives();
  bool AnswerIsLate();
  Beyond Extra() const;
  void NoteClient(Duration rtt, Instant sent_at, Instant received_at, Instant seen);
  void NoteBroker(Duration rtt, Instant sent_at, Instant received_at, Instant seen);
};

bool Stretch::Repair::Run() {
  gone = client_due = ClientTimer(out, client.ProbeWait(client_config));
  asked = out;
  heard = up.At(out);
  if (heard == kNever) {
    if (client.probed) return Stop(StretchEnd::kLost);
    asked = client_due;
    heard = up.ProbeAt(asked);
    if (heard == kNever) return Stop(StretchEnd::kLost);
    client_due = ClientTimer(asked, client.Rto(client_config));
    Within(client_due);
  }
  if (heard >= client_due) return Stop(StretchEnd::kLate);
  broker_due = InWheel(heard, broker.ProbeWait(broker_config));
  Within(broker_due);
  apart = !broker.interactive;
  touched = out;
  if (apart && (apart_arrives = down.At(heard)) != kNever) {
    Within(apart_arrives);
    touched = apart_arrives;
  }
  answered = down.At(heard);
  const bool in_time = answered != kNever && std::min(apart_arrives, answered) <= client_due;
  return in_time ? AnswerArrives() : AnswerIsLate();
}

void Stretch::Repair::NoteClient(Duration rtt, Instant sent_at, Instant received_at, Instant seen) {
  client.rtt.Add(std::max<int64_t>(rtt.ns, 1), client_config.min_rto.ns, true);
  client.NoteCycle(sent_at + ahead, received_at + ahead, seen, kMaxQuickAcks - 1);
  client.repeated = up.probes > 0;
}

void Stretch::Repair::NoteBroker(Duration rtt, Instant sent_at, Instant received_at, Instant seen) {
  broker.rtt.Add(std::max<int64_t>(rtt.ns, 1), broker_config.min_rto.ns, true);
  broker.NoteCycle(sent_at, received_at, seen + ahead, apart ? kMaxQuickAcks - 1 : kMaxQuickAcks);
  broker.repeated = down.probes > 0;
  broker.interactive = true;
}

// The client has the PINGRESP, or an acknowledgement apart, before its timer is due. If its own
// acknowledgement is lost or late, the broker's probe brings the PINGRESP a second time, and is
// acknowledged as a duplicate.
bool Stretch::Repair::AnswerArrives() {
  const Instant acknowledged = std::min(apart_arrives, answered);
  over = up.At(answered);
  Instant sent = heard, received = answered;
  Instant last = answered;  // what the broker has last was sent then
  Duration round_trip = over - sent;
  bool told = true;  // if the PINGRESP came twice, the broker knows
  if (over > broker_due) {
    if (broker.probed) return Stop(StretchEnd::kLost);
    if (answered >= broker_due) return Stop(StretchEnd::kLate);
    sent = broker_due;
    received = down.ProbeAt(sent);
    if (received == kNever) return Stop(StretchEnd::kLost);
    Within(received);
    const Instant again = up.At(received);
    if (over == again) return Stop(over == kNever ? StretchEnd::kLost : StretchEnd::kTie);
    told = again != kNever;
    if (over == kNever || !told) lost[kClientEnd] = 1;
    if (again < over) round_trip = again - sent;
    if (over == kNever || (told && again > over)) last = received;
    broker_due = InWheel(sent, broker.Rto(broker_config));
    Within(broker_due);
    if (std::min(over, again) > broker_due) return Stop(StretchEnd::kLate);
    if (over == kNever || (told && again > over)) over = again;
  }
  Within(over);
  Touch(received);
  NoteClient(acknowledged - asked, asked, received, sent);
  client.probed = up.probes > 0;
  NoteBroker(round_trip, sent, heard, last);
  broker.probed = !told;
  return true;
}

// The PINGRESP is lost, and comes by the broker's probe; or it is late. Unless the client has an
// acknowledgement apart, its own probe brings the PINGREQ a second time, in the midst of that:
// before or after the broker's probe leaves. The broker acknowledges the duplicate, before or after
// the PINGRESP arrives, or even after the broker knows of that.
bool Stretch::Repair::AnswerIsLate() {
  if (apart && (apart_arrives == kNever || apart_arrives > client_due)) {
    return Stop(StretchEnd::kLost);
  }
  Instant answer = heard;  // the one that arrives is sent
  if (answered == kNever) {
    if (broker.probed) return Stop(StretchEnd::kLost);
    answer = broker_due;
    broker_due = InWheel(answer, broker.Rto(broker_config));
    Within(broker_due);
  }
  Instant repeated = kNever;      // the PINGREQ arrives a second time
  Instant acknowledged = kNever;  // its acknowledgement arrives
  Instant sent = asked, echo = asked;
  bool probes = !apart && up.probes == 0;  // the client's end
  if (answered == kNever && (!probes || client_due > answer)) {
    answered = down.ProbeAt(answer);
    if (answered == kNever) return Stop(StretchEnd::kLost);
  }
  // Not there yet, it is sent later.
  probes = probes && answered > client_due;
  if (probes) {
    if (client.probed) return Stop(StretchEnd::kLost);
    sent = client_due;
    repeated = up.ProbeAt(sent);
    client_due = ClientTimer(sent, client.Rto(client_config));
    Within(client_due);
    if (repeated <= answer) {
      acknowledged = down.At(repeated);
      echo = sent;
    }
    if (answered == kNever) answered = down.ProbeAt(answer);
    if (answered == kNever) return Stop(StretchEnd::kLost);
    if (repeated == kNever) {
      lost[kClientEnd] = 1;
    } else {
      if (repeated > answer) acknowledged = down.At(repeated);
      if (acknowledged == kNever && repeated > answered) lost[kBrokerEnd] = 1;
      if (acknowledged != kNever) Touch(acknowledged);
      Within(acknowledged != kNever ? acknowledged : repeated);
    }
  }
  over = up.At(answered);
  if (over == kNever) return Stop(StretchEnd::kLost);
  const bool twice = repeated != kNever, told = acknowledged != kNever;
  // What comes first of two at one instant is the queue's to say.
  if (twice && (repeated == answered || repeated == over || acknowledged == answered)) {
    return Stop(StretchEnd::kTie);
  }
  const Instant first = std::min({apart_arrives, acknowledged, answered});
  if ((!apart && first > client_due) || over > broker_due) return Stop(StretchEnd::kLate);
  Within(over);
  Touch(answered);
  NoteClient(first - (acknowledged == first ? sent : echo), sent, answered,
             told && acknowledged > answered ? repeated : answer);
  client.probed = up.probes > 0 && !told;
  NoteBroker(over - answer, answer, twice ? repeated : heard,
             twice && repeated > over ? sent : answered);
  broker.probed = down.probes > 0;
  if (twice) {
    broker.interactive = false;
    broker.quick_acks = kMaxQuickAcks - 1;
  }
  return true;
}

// What it has beyond a cycle in which nothing is lost.
Beyond Stretch::Repair::Extra() const {
  Beyond b;
  const Sending* const sending[2] = {&up, &down};
  const int64_t usual[2] = {2, 1};
  b.events = 1 - kEventsOfCycle;  // the client's timer
  for (int d = 0; d < 2; ++d) {
    const Sending& s = *sending[d];
    const int64_t sent = static_cast<int64_t>(s.sent);
    b.events += sent - s.lost + s.probes;
    b.segments[d] = sent - usual[d];
    b.bytes[d] = s.probes * kPingSize;
    b.lost[d] = s.lost;
    b.retransmitted[d] = s.probes;
  }
  return b;
}

// REQUIRES: repairs_, draws of kMostUp and kMostDown transmissions from cycle `i` on.
bool Stretch::RepairedCycle(size_t i) {
  // The first cycle of a stretch is asked everything.
  if (out_.cycles == 0) return false;
  if (t0_ >= until_) return Stop(StretchEnd::kPending);
  Repair r{group_.tcp,
           broker_.tcp,
           host_.KernelNow(t0_) - t0_,
           kernel_[kClientEnd],
           kernel_[kBrokerEnd],
           {group_.up.loss, draws_.up.loss() + 2 * i, draws_.up.latency_ns() + 2 * i},
           {group_.down.loss, draws_.down.loss() + i, draws_.down.latency_ns() + i},
           t0_};
  const Instant client_before = kernel_[kClientEnd].received - r.ahead;
  const Instant broker_before = kernel_[kBrokerEnd].received;
  if (!r.Run()) return Stop(r.why);
  const Instant next = t0_ + Duration{plain_.step};
  if (r.gone >= next || r.answered - r.out > Duration{plain_.wait} ||
      r.touched - r.out > kRadioTail) {
    return Stop(StretchEnd::kLate);
  }
  if (r.gone >= until_) return Stop(StretchEnd::kPending);
  // As in TcpIsQuiet(), whether or not a sample came before the data; and so that the next cycle
  // may go by the plain rule.
  const Instant client_after = r.client.received - r.ahead;
  const Instant broker_after = r.broker.received;
  const Duration client_rto = std::max(kernel_[kClientEnd].RtoAtMost(), r.client.RtoAtMost());
  const Duration broker_rto = std::max(kernel_[kBrokerEnd].RtoAtMost(), r.broker.RtoAtMost());
  if (r.answered - client_before <= client_rto || r.heard - broker_before <= broker_rto ||
      r.out - client_before < group_.tcp.delayed_ack || next - client_after <= client_rto ||
      next - broker_after <= broker_rto || next - client_after < group_.tcp.delayed_ack ||
      (plain_.radio > 0 && next - r.touched <= kRadioTail)) {
    return Stop(StretchEnd::kOther);
  }
  // The broker's exact timer.
  const Instant heard_before = session_.last_in;
  const Duration silence{plain_.silence};
  if (r.heard - heard_before > silence) return Stop(StretchEnd::kLate);
  Instant wakes = session_.wakes;
  while (wakes < std::min(next, until_))
    wakes = (wakes >= r.heard ? r.heard : heard_before) + silence;
  if (wakes == next) return Stop(StretchEnd::kTie);

  NotePlainCycles(1, {r.out, r.heard, r.answered, r.over}, wakes, r.answered - r.out);
  kernel_[kClientEnd] = r.client;
  kernel_[kBrokerEnd] = r.broker;
  lost_[kClientEnd] = r.lost[kClientEnd];
  lost_[kBrokerEnd] = r.lost[kBrokerEnd];
  host_.radio_last = r.touched;
  if (r.up.sent + r.down.sent > 3) ++out_.odd;
  beyond_.Add(r.Extra());
  return true;
}

}  // namespace keepsim::quiet
