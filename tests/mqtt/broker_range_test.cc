// Every broker row against the closed ranges that follow from the sources read: both ends of the
// silence after which a client is declared gone are approached and never passed, over many phases
// of the check. tests/mqtt/profile_range_test.cc does the same for the clients.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/mqtt/broker_session.h"

namespace keepsim {
namespace {

constexpr int kColumns = 5;
constexpr uint16_t kKeepAlives[kColumns] = {5, 10, 30, 60, 300};

// Silence until the broker acts, in seconds.
struct Range {
  double low;
  double high;
};
enum class Last { kPingreq, kPublish, kEither };
struct Row {
  const char* name;
  const char* version;
  Last last;  // the type of the last packet received
  Range ranges[kColumns];
  const char* clause;  // of the facts: brokers, sections 4.1 (summary), 4.2 (ranges) to 4.12
};
constexpr Range Just(double s) { return {s, s}; }

// clang-format off
const Row kRows[] = {
    {"spec", "", Last::kEither, {Just(7.5), Just(15), Just(45), Just(90), Just(450)},
     "2.1 [MQTT-3.1.2-24]"},
    {"mosquitto", "2.0.15", Last::kEither, {{7, 13}, {15, 21}, {45, 51}, {90, 96}, {450, 456}},
     "4.2 mosquitto <= 2.0.20"},
    {"mosquitto", "2.0.20", Last::kEither, {{7, 13}, {15, 21}, {45, 51}, {90, 96}, {450, 456}},
     "4.2 mosquitto <= 2.0.20"},
    {"mosquitto", "2.0.22", Last::kEither, {{7, 8}, {15, 16}, {45, 46}, {90, 91}, {450, 451}},
     "4.2 mosquitto >= 2.0.21"},
    {"mosquitto", "2.1", Last::kEither, {{7, 8}, {15, 16}, {45, 46}, {90, 91}, {450, 451}},
     "4.2 mosquitto >= 2.0.21"},
    {"emqx", "4.4", Last::kEither, {{7.5, 11.25}, {15, 22.5}, {45, 67.5}, {90, 135}, {450, 675}},
     "4.2 EMQX 4.x"},
    {"emqx", "5.0", Last::kEither, {{7.5, 11.25}, {15, 22.5}, {45, 67.5}, {90, 135}, {450, 675}},
     "4.1 EMQX 4.x, 5.0.0-5.0.25"},
    {"emqx", "5.3", Last::kEither, {{7.5, 15}, {15, 30}, {45, 90}, {90, 180}, {450, 900}},
     "4.2 EMQX 5.0.26-5.7.1"},
    {"emqx", "5.7.2", Last::kPingreq, {Just(7.5), Just(15), Just(45), Just(90), Just(450)},
     "4.2 EMQX >= 5.7.2, last packet was PINGREQ"},
    {"emqx", "5.7.2", Last::kPublish, {{7.5, 10}, {15, 20}, {45, 60}, {90, 120}, {450, 480}},
     "4.2 EMQX >= 5.7.2, last packet was anything else"},
    {"hivemq-ce", "2026.5", Last::kEither, {Just(7), Just(15), Just(45), Just(90), Just(450)},
     "4.2 exact 1.5 before queueing; 4.1, 4.5: truncated to whole seconds"},
    {"vernemq", "2.2", Last::kEither, {{7.5, 11.25}, {15, 22.5}, {45, 67.5}, {90, 135}, {450, 675}},
     "4.2 VerneMQ"},
    {"rabbitmq", "2026-08", Last::kEither,
     {{7.5, 11.25}, {15, 22.5}, {45, 67.5}, {90, 135}, {450, 675}},
     "4.2 RabbitMQ"},
    {"nanomq", "0.25-unconfigured", Last::kEither,
     {{10, 20}, {20, 30}, {50, 60}, {100, 110}, {460, 470}},
     "4.2 NanoMQ, multiplier 1.5"},
    {"nanomq", "0.25", Last::kEither, {{10, 20}, {20, 30}, {40, 50}, {80, 90}, {380, 390}},
     "4.2 NanoMQ, shipped 1.25"},
    {"aedes", "1.1", Last::kEither,
     {Just(7.501), Just(15.001), Just(45.001), Just(90.001), Just(450.001)},
     "4.2 exact 1.5; 4.1: 1.5 K + 1 ms"},
    {"mochi", "2.7", Last::kEither, {Just(7), Just(15), Just(45), Just(90), Just(450)},
     "4.1, 4.10: K + K/2 in whole seconds"},
    {"nats-server", "1787eee", Last::kEither, {Just(7.5), Just(15), Just(45), Just(90), Just(450)},
     "4.2 exact 1.5"},
    {"moquette", "2f52ce1", Last::kEither, {Just(8), Just(15), Just(45), Just(90), Just(450)},
     "4.1: round(1.5 K) s"},
    {"rumqttd", "2167da0", Last::kEither, {Just(7.5), Just(15), Just(45), Just(90), Just(450)},
     "4.1: 1.5 K"},
    {"aws-iot-core", "documented", Last::kEither, {Just(45), Just(45), Just(45), Just(90), Just(450)},
     "4.12: 1.5 K; K below 30 is treated as 30"},
};
// clang-format on

Packet Of(PacketType type, uint16_t value = 0) {
  Packet p;
  p.type = type;
  p.value = value;
  return p;
}

// A broker and one client's connection, accepted at `at`.
struct Broker {
  Broker(const BrokerProfile& profile, uint16_t keep_alive, Instant at, MqttVersion version)
      : p(profile) {
    peer.version = version;
    OnAccepted(p, s, at);
    connack = OnPacket(p, peer, s, stored, at, Of(PacketType::kConnect, keep_alive));
  }

  // Runs the check up to `until`; the instant at which the client is declared gone, or kNever.
  Instant RunUntil(Instant until) {
    for (;;) {
      const Instant now = NextDeadline(p, s);
      if (now > until || now == kNever) return kNever;
      for (const Effect& e : OnDeadline(p, peer, s, stored, now)) {
        if (e.kind == Effect::Kind::kDeclaredDead) return now;
      }
      if (WaitsForKillSlot(s)) return now;
    }
  }

  const BrokerProfile& p;
  PeerParams peer;
  BrokerSession s;
  StoredSession stored;
  Effects connack;
};

// The silence after which the broker acts: accepted at `accepted`, then packets often enough, the
// last of them `after` later.
Duration Silence(const BrokerProfile& p, uint16_t k, Instant accepted, Duration after,
                 PacketType type) {
  Broker broker(p, k, accepted, MqttVersion::kV311);
  const Instant last = accepted + after;
  for (Instant at = accepted + Seconds(k) / 2; at < last; at += Seconds(k) / 2) {
    EXPECT_EQ(broker.RunUntil(at), kNever);
    OnPacket(p, broker.peer, broker.s, broker.stored, at, Of(PacketType::kPublish));
  }
  EXPECT_EQ(broker.RunUntil(last), kNever);
  OnPacket(p, broker.peer, broker.s, broker.stored, last, Of(type));
  return broker.RunUntil(kNever) - last;
}

// Phases of the broker's own grid, and of the last packet in the ticks of a connection: some spread
// evenly, some right before and right after whole seconds and ticks.
struct Phase {
  Instant accepted;
  Duration after;
};
std::vector<Phase> Phases(const BrokerProfile& p, uint16_t k) {
  std::vector<Phase> phases;
  const Duration longest = Seconds(k) * 4 + Seconds(20);
  const Duration tick = p.period.Of(Seconds(k));
  for (int64_t i = 0; i < 200; ++i) {
    phases.push_back({kStart + Seconds(100) + Milliseconds(50 * i + 1),
                      Milliseconds(1) + longest * (i * 61803 % 100000) / 100000});
  }
  for (int64_t s = 0; s < 12; ++s) {
    for (const Duration e : {-Nanoseconds(1), Duration{0}, Nanoseconds(1)}) {
      const Instant accepted = kStart + Seconds(100 + s);
      phases.push_back({accepted, Seconds(2) + e});
      if (tick.ns == 0) continue;
      for (int64_t n = 1; n <= 3; ++n) phases.push_back({accepted, tick * n + e});
    }
  }
  return phases;
}

class BrokerRangeTest : public testing::TestWithParam<Row> {};

TEST_P(BrokerRangeTest, DetectionAfterTheLastPacket) {
  const Row& row = GetParam();
  const BrokerProfile& p = *FindBrokerProfile(row.name, row.version);
  std::vector<PacketType> types;
  if (row.last != Last::kPublish) types.push_back(PacketType::kPingreq);
  if (row.last != Last::kPingreq) types.push_back(PacketType::kPublish);
  for (int c = 0; c < kColumns; ++c) {
    const uint16_t k = kKeepAlives[c];
    for (const PacketType type : types) {
      Duration low = kForever;
      Duration high{0};
      for (const Phase& phase : Phases(p, k)) {
        const Duration silence = Silence(p, k, phase.accepted, phase.after, type);
        low = std::min(low, silence);
        high = std::max(high, silence);
      }
      const std::string at =
          absl::StrCat(row.name, " ", row.version, ", K = ", k, ": ", row.clause);
      constexpr double kRounding = 1e-9;
      constexpr double kClose = 0.05;
      EXPECT_GE(ToSeconds(low), row.ranges[c].low - kRounding) << at;
      EXPECT_LE(ToSeconds(high), row.ranges[c].high + kRounding) << at;
      EXPECT_LE(ToSeconds(low), row.ranges[c].low + kClose) << at;
      EXPECT_GE(ToSeconds(high), row.ranges[c].high - kClose) << at;
    }
  }
}

std::string Name(const testing::TestParamInfo<Row>& info) {
  std::string name = absl::StrCat(info.param.name, "_", info.param.version,
                                  info.param.last == Last::kPublish ? "_publish" : "");
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Rows, BrokerRangeTest, testing::ValuesIn(kRows), Name);

TEST(BrokerRangeTableTest, HasEveryRow) {
  for (const BrokerProfile& p : BrokerProfiles()) {
    EXPECT_TRUE(
        std::any_of(std::begin(kRows), std::end(kRows),
                    [&](const Row& row) { return p.name == row.name && p.version == row.version; }))
        << p.name << " " << p.version;
  }
}

// 4.2: where 1.5 K is not a multiple of the tick the PINGREQ row grows: 120 s instead of 105 s.
TEST(BrokerRangeTableTest, EmqxRoundsUpToItsTick) {
  const BrokerProfile& p = *FindBrokerProfile("emqx", "5.7.2");
  EXPECT_EQ(Silence(p, 70, kStart, Seconds(33), PacketType::kPingreq), Seconds(120));
}

// 4.10: K + K/2 in 16 bits.
TEST(BrokerRangeTableTest, MochiComputesInSixteenBits) {
  const BrokerProfile& p = *FindBrokerProfile("mochi");
  EXPECT_EQ(LimitOf(p, Seconds(43691)), Nanoseconds(1));  // at once; 0 would be never
  EXPECT_EQ(LimitOf(p, Seconds(60000)), Seconds(24464));
}

// 4.11: a dead subscriber of rumqttd that is sent messages is not timed out; the others' is.
TEST(BrokerRangeTableTest, OnlyRumqttdCountsWhatItSendsItself) {
  for (const BrokerProfile& p : BrokerProfiles()) {
    Broker broker(p, 60, kStart, MqttVersion::kV311);
    Instant declared = kNever;
    for (int64_t s = 5; s < 300 && declared == kNever; s += 5) {
      declared = broker.RunUntil(kStart + Seconds(s));
      Deliver(p, broker.s, kStart + Seconds(s), 0, 20);
    }
    EXPECT_EQ(declared == kNever, p.name == "rumqttd") << p.name << " " << p.version;
  }
}

// What a broker makes of a keepAlive that it does not like.
struct Answer {
  const char* name;
  const char* of;  // version
  int32_t max;     // as set in the scenario; 0: the profile's own
  MqttVersion version;
  uint16_t asked;
  bool refused;
  uint16_t told;      // Server Keep Alive of CONNACK; 0: none
  uint16_t in_force;  // 0: no check
  uint8_t code;       // of CONNACK
  const char* clause;
};

TEST(BrokerLimitTest, AnswersAreThoseOfTheFacts) {
  constexpr MqttVersion v3 = MqttVersion::kV311;
  constexpr MqttVersion v5 = MqttVersion::kV5;
  for (const Answer& a : {
           Answer{"mosquitto", "", 0, v3, 0, false, 0, 0, 0, "4.1: no check"},
           Answer{"mosquitto", "", 60, v3, 120, true, 0, 0, 2, "4.1: v3 gets CONNACK 0x02"},
           Answer{"mosquitto", "", 60, v3, 0, true, 0, 0, 2, "6 #5"},
           Answer{"mosquitto", "", 60, v5, 120, false, 60, 60, 0, "4.1: v5 gets Server Keep Alive"},
           Answer{"mosquitto", "", 0, v5, 0, false, 0, 0, 0, "4.1: default 0 from 2.0.16"},
           Answer{"mosquitto", "2.0.20", 0, v3, 0, false, 0, 0, 0, "4.1: default 0 from 2.0.16"},
           Answer{"mosquitto", "2.0.15", 0, v3, 0, true, 0, 0, 2, "4.1: 65535 to 2.0.15; 6 #5"},
           Answer{"mosquitto", "2.0.15", 0, v3, 9, false, 0, 9, 0, "4.1: 65535 to 2.0.15"},
           Answer{"mosquitto", "2.0.15", 0, v5, 0, false, 65535, 65535, 0, "4.1: 65535"},
           Answer{"emqx", "", 60, v5, 120, false, 60, 60, 0, "4.1: replaces K for v5"},
           Answer{"emqx", "", 60, v5, 20, false, 60, 60, 0, "4.1: replaces K for v5"},
           Answer{"emqx", "", 60, v5, 0, false, 60, 60, 0, "4.1: replaces K for v5"},
           Answer{"emqx", "", 60, v3, 120, false, 0, 120, 0, "4.1: server_keepalive for v5"},
           Answer{"emqx", "", 0, v5, 0, false, 0, 0, 0, "4.1: off"},
           Answer{"hivemq-ce", "", 60, v5, 120, false, 60, 60, 0, "4.1: only v5 is capped"},
           Answer{"hivemq-ce", "", 60, v5, 20, false, 0, 20, 0, "4.1: only v5 is capped"},
           Answer{"hivemq-ce", "", 60, v3, 120, false, 0, 120, 0, "4.1: only v5 is capped"},
           Answer{"aedes", "", 60, v3, 120, true, 0, 0, 6, "4.1: keepaliveLimit -> CONNACK 6"},
           Answer{"rumqttd", "", 0, v3, 0, true, 0, 0, 2, "4.1: refuses the connection"},
           Answer{"vernemq", "", 0, v3, 0, false, 0, 0, 0, "4.1: off"},
           Answer{"aws-iot-core", "", 0, v3, 0, false, 0, 1200, 0, "4.12: 0 is treated as 1200"},
           Answer{"aws-iot-core", "", 0, v5, 5, false, 0, 30, 0, "4.12: below 30 is 30"},
           Answer{"aws-iot-core", "", 0, v3, 2000, false, 0, 1200, 0, "4.12: above 1200 is 1200"},
       }) {
    const std::string at = absl::StrCat(a.name, " ", a.of, ", K = ", a.asked, ": ", a.clause);
    BrokerProfile p = *FindBrokerProfile(a.name, a.of);
    if (a.max > 0) p.keep_alive_max_s = a.max;
    const Broker broker(p, a.asked, kStart, a.version);
    EXPECT_EQ(broker.s.state == BrokerState::kClosed, a.refused) << at;
    EXPECT_EQ(broker.s.keep_alive, Seconds(a.in_force)) << at;
    for (const Effect& e : broker.connack) {
      if (e.kind != Effect::Kind::kSend || e.packet.type != PacketType::kConnack) continue;
      EXPECT_EQ(e.packet.has(Packet::kHasServerKeepAlive), a.told > 0) << at;
      EXPECT_EQ(e.packet.value, a.told) << at;
      EXPECT_EQ(e.packet.reason, a.code) << at;
    }
  }
}

}  // namespace
}  // namespace keepsim
