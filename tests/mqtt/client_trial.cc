#include "tests/mqtt/client_trial.h"

#include <algorithm>

namespace keepsim {
namespace {

Packet Of(PacketType type, uint16_t id = 0) {
  Packet p;
  p.type = type;
  p.packet_id = id;
  return p;
}

}  // namespace

void ClientTrial::Go() {
  params.profile = profile;
  params.keep_alive_s = k;
  now = last_in = begin;
  Start(params, s, now);
  OnConnected(params, s, now);
  OnPacket(params, s, now, Of(PacketType::kConnack));
  sends.push_back(now);
  Instant publish = std::max(first_publish, begin);
  while (declared == kNever) {
    const Instant due = NextDeadline(params, s);
    const Instant look =
        due == kNever ? kNever : std::max(now, due + Share(profile->loop_delay_max, looks));
    const Instant arrival = answers.empty() ? kNever : answers.front().first;
    const Instant next = std::min({look, publish, arrival});
    if (next > until || next == kNever) return;
    now = next;
    if (arrival <= next) {
      const Packet packet = answers.front().second;
      answers.pop_front();
      Answer(packet);
    } else if (publish <= look) {
      publish = period == kForever ? kNever : publish + period;
      Take(Publish(params, s, now, qos, 20));
    } else {
      ++looks;
      Take(OnDeadline(params, s, now, 0));
    }
  }
}

Duration ClientTrial::Share(Duration bound, uint64_t number) const {
  // Less than the bound: a profile in whole seconds sees each second begin.
  const Duration most = bound - Nanoseconds(1);
  if (most.ns <= 0) return Duration{0};
  switch (late) {
    case Late::kPrompt:
      return Duration{0};
    case Late::kAlways:
      return most;
    case Late::kOdd:
      return number % 2 == 1 ? most : Duration{0};
    case Late::kEven:
      return number % 2 == 0 ? most : Duration{0};
    case Late::kMixed:
      return most * (static_cast<int64_t>(number) * 37 % 101) / 100;
  }
  return Duration{0};
}

// In the order of sending, as over TCP.
void ClientTrial::AnswerLater(const Packet& packet) {
  const Duration turn = profile->loop_wait + profile->loop_pause;
  const bool moved = period != kForever && profile->woken_by_sends;
  Instant at = now + (moved ? Duration{0} : Share(turn, ++answered));
  if (!answers.empty()) at = std::max(at, answers.back().first);
  if (at == now) return Answer(packet);
  answers.push_back({at, packet});
}

void ClientTrial::Take(const Effects& effects) {
  for (const Effect& e : effects) {
    if (e.kind == Effect::Kind::kDeclaredDead) declared = now;
    if (e.kind != Effect::Kind::kSend) continue;
    sends.push_back(now);
    const bool ping = e.packet.type == PacketType::kPingreq;
    if (ping) pings.push_back(now);
    if (now >= cut) {
      if (ping) unanswered = std::min(unanswered, now);
      continue;
    }
    if (ping) AnswerLater(Of(PacketType::kPingresp));
    if (e.packet.qos == 1) AnswerLater(Of(PacketType::kPuback, e.packet.packet_id));
  }
}

void ClientTrial::Answer(const Packet& packet) {
  last_in = now;
  OnPacket(params, s, now, packet);
}

}  // namespace keepsim
