#include "sim/world/repaired_exchange.h"

namespace keepsim::quiet {

bool RepairedExchange::Run(Instant sent_at) {
  const KernelView &client = *before_[kClientEnd], &broker = *before_[kBrokerEnd];
  const TcpConfig& client_config = *config_[kClientEnd];
  asked_ = out = touched = sent_at;
  gone = client_due_ = ClientTimer(out, client.ProbeWait(client_config));
  heard = up.At(out);
  if (heard == kNever) {
    if (client.probed) return Stop(StretchEnd::kLost);
    asked_ = client_due_;
    heard = up.ProbeAt(asked_);
    if (heard == kNever) return Stop(StretchEnd::kLost);
    client_due_ = ClientTimer(asked_, client.Rto(client_config));
    Within(client_due_);
  }
  if (heard >= client_due_) return Stop(StretchEnd::kLate);
  broker_due_ = InWheel(heard, broker.ProbeWait(*config_[kBrokerEnd]));
  Within(broker_due_);
  apart_ = !broker.interactive;
  if (apart_) {
    apart_arrives_ = down.At(heard);
    if (apart_arrives_ != kNever) {
      Within(apart_arrives_);
      Touch(apart_arrives_);
    }
  }
  answered = down.At(heard);
  const bool in_time = answered != kNever && std::min(apart_arrives_, answered) <= client_due_;
  return in_time ? AnswerArrives() : AnswerIsLate();
}

// The client has the PINGRESP, or an acknowledgement apart, before its timer is due. If its own
// acknowledgement is lost or late, the broker's probe brings the PINGRESP a second time, and is
// acknowledged as a duplicate.
bool RepairedExchange::AnswerArrives() {
  Instant over = up.At(answered);
  Instant answer = heard, arrives = answered;  // sent and received last
  Instant last = answered;                     // what the broker has last was sent then
  sample[kBrokerEnd] = over - heard;
  if (over > broker_due_) {
    if (before_[kBrokerEnd]->probed) return Stop(StretchEnd::kLost);
    if (answered >= broker_due_) return Stop(StretchEnd::kLate);
    answer = broker_due_;
    arrives = down.ProbeAt(answer);
    if (arrives == kNever) return Stop(StretchEnd::kLost);
    Within(arrives);
    const Instant again = up.At(arrives);
    if (over == again) return Stop(over == kNever ? StretchEnd::kLost : StretchEnd::kTie);
    // Whether the broker learns that the PINGRESP came twice.
    probed[kBrokerEnd] = again == kNever;
    if (over == kNever || again == kNever) lost[kClientEnd] = 1;
    if (again < over) sample[kBrokerEnd] = again - answer;
    broker_due_ = InWheel(answer, before_[kBrokerEnd]->Rto(*config_[kBrokerEnd]));
    Within(broker_due_);
    if (std::min(over, again) > broker_due_) return Stop(StretchEnd::kLate);
    if (over == kNever || (again != kNever && again > over)) {
      over = again;
      last = arrives;
    }
  }
  Within(over);
  Touch(arrives);
  sample[kClientEnd] = std::min(apart_arrives_, answered) - asked_;
  sent[kClientEnd] = asked_;
  received[kClientEnd] = arrives;
  seen[kClientEnd] = sent[kBrokerEnd] = answer;
  received[kBrokerEnd] = heard;
  seen[kBrokerEnd] = last;
  probed[kClientEnd] = up.probes > 0;
  return true;
}

// The PINGRESP is lost, and comes by the broker's probe; or it is late. Unless the client has an
// acknowledgement apart, its own probe brings the PINGREQ a second time, in the midst of that:
// before or after the broker's probe leaves. The broker acknowledges the duplicate, before or after
// the PINGRESP arrives, or even after the broker knows of that.
bool RepairedExchange::AnswerIsLate() {
  if (apart_ && (apart_arrives_ == kNever || apart_arrives_ > client_due_)) {
    return Stop(StretchEnd::kLost);
  }
  Instant answer = heard;  // the one that arrives is sent
  if (answered == kNever) {
    if (before_[kBrokerEnd]->probed) return Stop(StretchEnd::kLost);
    answer = broker_due_;
    broker_due_ = InWheel(answer, before_[kBrokerEnd]->Rto(*config_[kBrokerEnd]));
    Within(broker_due_);
  }
  Instant repeated = kNever;      // the PINGREQ arrives a second time
  Instant acknowledged = kNever;  // its acknowledgement arrives
  Instant request = asked_, echo = asked_;
  bool probes = !apart_ && up.probes == 0;  // the client's end
  if (answered == kNever && (!probes || client_due_ > answer)) {
    answered = down.ProbeAt(answer);
    if (answered == kNever) return Stop(StretchEnd::kLost);
  }
  // Not there yet, it is sent later.
  probes = probes && answered > client_due_;
  if (probes) {
    if (before_[kClientEnd]->probed) return Stop(StretchEnd::kLost);
    request = client_due_;
    repeated = up.ProbeAt(request);
    client_due_ = ClientTimer(request, before_[kClientEnd]->Rto(*config_[kClientEnd]));
    Within(client_due_);
    if (repeated <= answer) {
      acknowledged = down.At(repeated);
      echo = request;
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
  const Instant over = up.At(answered);
  if (over == kNever) return Stop(StretchEnd::kLost);
  twice_ = repeated != kNever;
  const bool told = acknowledged != kNever;
  // What comes first of two at one instant is the queue's to say.
  if (twice_ && (repeated == answered || repeated == over || acknowledged == answered)) {
    return Stop(StretchEnd::kTie);
  }
  const Instant first = std::min({apart_arrives_, acknowledged, answered});
  if ((!apart_ && first > client_due_) || over > broker_due_) return Stop(StretchEnd::kLate);
  Within(over);
  Touch(answered);
  sample[kClientEnd] = first - (acknowledged == first ? request : echo);
  sent[kClientEnd] = request;
  received[kClientEnd] = answered;
  seen[kClientEnd] = told && acknowledged > answered ? repeated : answer;
  probed[kClientEnd] = up.probes > 0 && !told;
  sample[kBrokerEnd] = over - answer;
  sent[kBrokerEnd] = answer;
  received[kBrokerEnd] = twice_ ? repeated : heard;
  seen[kBrokerEnd] = twice_ && repeated > over ? request : answered;
  probed[kBrokerEnd] = down.probes > 0;
  return true;
}

void RepairedExchange::NoteKernels(KernelView& client, KernelView& broker) const {
  client.rtt.AddOnePerRound(std::max<int64_t>(sample[kClientEnd].ns, 1),
                            config_[kClientEnd]->min_rto.ns);
  client.NoteCycle(sent[kClientEnd] + ahead_, received[kClientEnd] + ahead_, seen[kClientEnd],
                   kMaxQuickAcks - 1, bytes_[kClientEnd]);
  client.repeated = up.probes > 0;
  client.probed = probed[kClientEnd];
  broker.rtt.AddOnePerRound(std::max<int64_t>(sample[kBrokerEnd].ns, 1),
                            config_[kBrokerEnd]->min_rto.ns);
  broker.NoteCycle(sent[kBrokerEnd], received[kBrokerEnd], seen[kBrokerEnd] + ahead_,
                   apart_ || twice_ ? kMaxQuickAcks - 1 : kMaxQuickAcks, bytes_[kBrokerEnd]);
  broker.repeated = down.probes > 0;
  broker.probed = probed[kBrokerEnd];
  // The peer has missed an acknowledgement: none waits for an answer.
  broker.interactive = !twice_;
}

void RepairedExchange::AddExtra(Beyond& b) const {
  const int64_t ups = static_cast<int64_t>(up.sent), downs = static_cast<int64_t>(down.sent);
  // The client's timer, arrivals, probes.
  b.events += 1 + ups - up.lost + up.probes + downs - down.lost + down.probes - kEventsOfCycle;
  b.segments[kUp] += ups - 2;
  b.segments[kDown] += downs - 1;
  b.bytes[kUp] += up.probes * bytes_[kClientEnd];
  b.bytes[kDown] += down.probes * bytes_[kBrokerEnd];
  b.lost[kUp] += up.lost;
  b.lost[kDown] += down.lost;
  b.retransmitted[kUp] += up.probes;
  b.retransmitted[kDown] += down.probes;
}

}  // namespace keepsim::quiet
