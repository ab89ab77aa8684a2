// What a row says besides its ranges: the defaults of the client libraries, their time-outs, their
// back-off, what keepAlive 0 means to them, and how long a broker waits for CONNECT. Expected
// values are those of the sources read; "facts silent" marks the ones that are the specification
// row's.
#include <algorithm>
#include <iterator>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/mqtt/backoff.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/client_session.h"

namespace keepsim {
namespace {

constexpr int64_t kNoLimit = -1;

struct Client {
  const char* name;
  const char* version;
  int64_t default_keep_alive;  // seconds, as all of these
  int64_t connect;
  int64_t connack;          // with the default keepAlive
  bool server_keep_alive;   // a Server Keep Alive of 25 s is in force after CONNACK
  bool reconnects;          // unless told otherwise
  std::vector<int> delays;  // before the first attempts, without jitter; empty: none of its own
};

const Client kClients[] = {
    {"spec", "", 60, 30, 30, true, true, {1, 2, 4, 8, 16, 32, 64, 120, 120}},
    {"libmosquitto", "2.0", 60, kNoLimit, 60, true, true, {1, 1, 1}},
    {"paho-c", "1.3.10", 60, 30, 30, false, false, {1, 2, 4, 8, 16, 32, 60, 60}},
    {"paho-c", "1.3.13", 60, 30, 30, false, false, {1, 2, 4, 8, 16, 32, 60, 60}},
    {"paho-c", "1.3.15", 60, 30, 30, true, false, {1, 2, 4, 8, 16, 32, 60, 60}},
    {"paho-c-sync", "1.3.10", 60, 30, 30, false, false, {}},
    {"paho-c-sync", "1.3.13", 60, 30, 30, false, false, {}},
    {"paho-c-sync", "1.3.15", 60, 30, 30, true, false, {}},
    {"paho-python", "1.5", 60, 60, 60, false, true, {1, 2, 4, 8, 16, 32, 64, 120, 120}},
    {"paho-python", "1.6", 60, 5, 60, false, true, {1, 2, 4, 8, 16, 32, 64, 120, 120}},
    // CONNACK: facts silent.
    {"paho-java", "1.2.5", 60, 30, 30, true, false, {1, 2, 4, 8, 16, 32, 64, 128, 128}},
    {"paho-golang",
     "1.5.1",
     30,
     30,
     30,
     false,
     true,
     {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600}},
    // Default keepAlive: facts silent.
    {"paho-golang-v5", "0.22", 60, 10, 10, true, true, {10, 10, 10}},
    {"paho-golang-v5", "0.23", 60, 10, 10, true, true, {10, 10, 10}},
    // Time-outs: facts silent.
    {"paho-embedded-c", "1.1", 60, 30, 30, false, false, {}},
    {"mqttjs", "4.3", 60, 30, 30, true, true, {1, 1, 1}},
    {"mqttjs", "5.5", 60, 30, 30, true, true, {1, 1, 1}},
    {"mqttjs", "5.6", 60, 30, 30, true, true, {1, 1, 1}},
    // Default keepAlive and time-outs: facts silent.
    {"coremqtt", "5.0", 60, 30, 30, true, false, {}},
    {"esp-mqtt", "1.1", 120, 10, 10, true, true, {10, 10, 10}},
    {"pubsubclient", "2.8", 15, 15, 15, false, true, {5, 5, 5}},
    {"rumqttc", "0.25", 60, 5, 5, true, true, {0, 0, 0}},
    {"emqtt", "1.15", 60, 60, 60, true, false, {5, 5, 5}},
    {"hivemq-client", "1.4", 60, 10, 60, true, false, {1, 2, 4, 8, 16, 32, 64, 120, 120}},
    // Until the transport is connected: facts silent.
    {"aws-c-mqtt", "0.16", 1200, 30, 3, false, true, {1, 2, 4, 8, 16, 32, 64, 128, 128}},
    // Default keepAlive: facts silent.
    {"aws-c-mqtt-v5", "0.16", 60, 10, 20, true, true, {1, 2, 4, 8, 16, 32, 64, 120, 120}},
    {"mqttnet", "5.2", 15, 100, 100, false, false, {}},
};

Instant After(int64_t seconds) { return seconds == kNoLimit ? kNever : kStart + Seconds(seconds); }

TEST(ClientFactsTest, DefaultsTimeOutsAndServerKeepAlive) {
  for (const Client& c : kClients) {
    SCOPED_TRACE(testing::Message() << c.name << " " << c.version);
    const ClientProfile& p = *FindClientProfile(c.name, c.version);
    EXPECT_EQ(p.default_keep_alive, Seconds(c.default_keep_alive));
    ClientParams params;
    params.profile = &p;
    params.version = MqttVersion::kV5;
    params.keep_alive_s = static_cast<uint16_t>(c.default_keep_alive);
    ClientSession s;
    Start(params, s, kStart);
    EXPECT_EQ(NextDeadline(params, s), After(c.connect));
    OnConnected(params, s, kStart);
    EXPECT_EQ(NextDeadline(params, s), After(c.connack));
    Packet connack;
    connack.type = PacketType::kConnack;
    connack.flags = Packet::kHasServerKeepAlive;
    connack.value = 25;
    OnPacket(params, s, kStart, connack);
    EXPECT_EQ(s.keep_alive, Seconds(c.server_keep_alive ? 25 : c.default_keep_alive));
  }
}

TEST(ClientFactsTest, ReconnectPolicies) {
  constexpr uint64_t kMiddle = uint64_t{1} << 63;  // no jitter, where it goes both ways
  constexpr uint64_t kHighest = ~uint64_t{0};
  for (const Client& c : kClients) {
    SCOPED_TRACE(testing::Message() << c.name << " " << c.version);
    const ReconnectPolicy& r = FindClientProfile(c.name, c.version)->reconnect;
    EXPECT_EQ(r.enabled, c.reconnects);
    Duration backoff = kNoBackoff;
    for (const int seconds : c.delays) {
      const uint64_t u = r.jitter == JitterKind::kFull ? kHighest : kMiddle;
      EXPECT_EQ(NextBackoff(r, backoff, u), Seconds(seconds));
    }
  }
}

TEST(ClientFactsTest, JitterIsThatOfTheFacts) {
  for (const ClientProfile& p : ClientProfiles()) {
    if (!p.reconnect.enabled && p.name != "paho-c" && p.name != "hivemq-client") continue;
    SCOPED_TRACE(p.name);
    const bool both_ways = p.name == "spec" || p.name == "paho-c" || p.name == "hivemq-client";
    EXPECT_EQ(p.reconnect.jitter, both_ways                   ? JitterKind::kPlusMinus
                                  : p.name == "aws-c-mqtt-v5" ? JitterKind::kFull
                                                              : JitterKind::kNone);
    if (!both_ways) continue;
    EXPECT_EQ(p.reconnect.jitter_permille, p.name == "paho-c" ? 200 : 250);
  }
}

// Paho C looks every 3 s, in turns of a second that a loss begins anew: after the attempt at once,
// the next follows a whole number of seconds later, by the phase of the loss; then 3, 6 and 9 s, or
// a look later where the jitter says so.
TEST(ClientFactsTest, PahoCConnectsAgainOnItsGrid) {
  ClientProfile p = *FindClientProfile("paho-c", "1.3.13");
  p.reconnect.enabled = true;
  ClientParams params;
  params.profile = &p;
  constexpr uint64_t kLow = 0, kHigh = ~uint64_t{0};
  struct Loss {
    int64_t at_ms;
    uint64_t u;
    std::vector<int64_t> gaps_ms;
  };
  for (const Loss& loss : {Loss{100'400, kLow, {0, 2000, 3000, 6000, 9000}},
                           Loss{101'400, kLow, {0, 1000, 3000, 6000, 9000}},
                           Loss{101'400, kHigh, {0, 4000, 3000, 6000, 12000}},
                           Loss{102'400, kHigh, {0, 3000, 3000, 6000, 12000}}}) {
    SCOPED_TRACE(testing::Message() << loss.at_ms);
    ClientSession s;
    Start(params, s, kStart);
    OnConnected(params, s, kStart);
    Packet connack;
    connack.type = PacketType::kConnack;
    OnPacket(params, s, kStart, connack);
    Instant now = kStart + Milliseconds(loss.at_ms);
    OnClosed(params, s, now, CloseReason::kPeerClosed, loss.u);
    for (const int64_t gap : loss.gaps_ms) {
      EXPECT_EQ(NextDeadline(params, s), now + Milliseconds(gap));
      now = NextDeadline(params, s);
      OnDeadline(params, s, now, loss.u);
      ASSERT_EQ(s.state, ClientState::kConnecting);
      OnClosed(params, s, now, CloseReason::kRefused, loss.u);
    }
  }
}

// A connection that the client itself gives up is not tried again at once.
TEST(ClientFactsTest, AtOnceOnlyWhatTheOtherEndClosed) {
  ClientProfile p = *FindClientProfile("spec");
  p.reconnect = {.jitter = JitterKind::kNone, .at_once_after_close = true};
  ClientParams params;
  params.profile = &p;
  ClientSession s;
  Start(params, s, kStart);
  OnConnected(params, s, kStart);
  Packet connack;
  connack.type = PacketType::kConnack;
  OnPacket(params, s, kStart, connack);
  OnDeadline(params, s, kStart + Seconds(60), 0);
  OnDeadline(params, s, kStart + Seconds(90), 0);
  ASSERT_EQ(s.state, ClientState::kBackoff);
  EXPECT_EQ(NextDeadline(params, s), kStart + Seconds(91));
}

// keepAlive 0 is off, but for coreMQTT (30 s since receive) and PubSubClient (after 1 ms).
TEST(ClientFactsTest, KeepAliveZero) {
  for (const ClientProfile& p : ClientProfiles()) {
    ClientParams params;
    params.profile = &p;
    params.keep_alive_s = 0;
    ClientSession s;
    Start(params, s, kStart);
    OnConnected(params, s, kStart);
    Packet connack;
    connack.type = PacketType::kConnack;
    OnPacket(params, s, kStart, connack);
    EXPECT_EQ(NextDeadline(params, s), p.name == "coremqtt"       ? kStart + Seconds(30)
                                       : p.name == "pubsubclient" ? kStart + Milliseconds(1)
                                                                  : kNever)
        << p.name << " " << p.version;
  }
}

// libmosquitto's and Paho Python's wait for CONNACK is the keepAlive check, which 0 turns off.
TEST(ClientFactsTest, ConnackIsBoundedByKeepAliveOrByNothing) {
  for (const char* name : {"libmosquitto", "paho-python"}) {
    for (const uint16_t k : {uint16_t{7}, uint16_t{0}}) {
      ClientParams params;
      params.profile = FindClientProfile(name);
      params.keep_alive_s = k;
      ClientSession s;
      Start(params, s, kStart);
      OnConnected(params, s, kStart);
      EXPECT_EQ(NextDeadline(params, s), k == 0 ? kNever : kStart + Seconds(7)) << name;
    }
  }
}

// Facts 3.1: any message answers HiveMQ's ping, any acknowledgement that of MQTT.js 5.6; to all
// others only PINGRESP is an answer.
TEST(ClientFactsTest, WhatAnswersAPing) {
  for (const ClientProfile& p : ClientProfiles()) {
    for (const PacketType type :
         {PacketType::kPingresp, PacketType::kPuback, PacketType::kPublish}) {
      ClientParams params;
      params.profile = &p;
      ClientSession s;
      Start(params, s, kStart);
      OnConnected(params, s, kStart);
      Packet packet;
      packet.type = PacketType::kConnack;
      OnPacket(params, s, kStart, packet);
      while (!s.ping_pending) OnDeadline(params, s, NextDeadline(params, s), 0);
      packet.type = type;
      OnPacket(params, s, kStart + Seconds(61), packet);
      const bool answered =
          type == PacketType::kPingresp || p.name == "hivemq-client" ||
          (type == PacketType::kPuback && p.name == "mqttjs" && p.version == "5.6");
      EXPECT_EQ(s.ping_pending, !answered) << p.name << " " << p.version;
    }
  }
}

TEST(ClientFactsTest, TheTableHasEveryRow) {
  for (const ClientProfile& p : ClientProfiles()) {
    EXPECT_TRUE(
        std::any_of(std::begin(kClients), std::end(kClients),
                    [&](const Client& c) { return p.name == c.name && p.version == c.version; }))
        << p.name << " " << p.version;
  }
}

TEST(BrokerFactsTest, WaitForConnect) {
  struct Row {
    const char* name;
    const char* version;
    int64_t seconds;
  };
  const Row rows[] = {{"spec", "", 30},  // the specification names no number
                      {"mosquitto", "2.0.15", 90},
                      {"mosquitto", "2.0.20", 90},
                      {"mosquitto", "2.0.22", 90},
                      {"mosquitto", "2.1", 30},
                      {"emqx", "4.4", 15},
                      {"emqx", "5.0", 15},
                      {"emqx", "5.3", 15},
                      {"emqx", "5.7.2", 15},
                      {"hivemq-ce", "2026.5", 10},
                      {"vernemq", "2.2", 5},
                      {"rabbitmq", "2026-08", 10},
                      {"nanomq", "0.25-unconfigured", 15},
                      {"nanomq", "0.25", 15},
                      {"aedes", "1.1", 30},
                      {"mochi", "2.7", 15},
                      {"nats-server", "1787eee", 30},  // facts silent
                      {"moquette", "2f52ce1", 10},
                      {"rumqttd", "2167da0", 60},
                      {"aws-iot-core", "documented", 30}};  // facts silent
  EXPECT_EQ(std::size(rows), BrokerProfiles().size());
  for (const Row& row : rows) {
    const BrokerProfile* p = FindBrokerProfile(row.name, row.version);
    ASSERT_NE(p, nullptr) << row.name << " " << row.version;
    BrokerSession s;
    OnAccepted(*p, s, kStart);
    // On a scan: MosquittosScanEndsTheWaitForConnect says when exactly.
    const Duration late = p->connect_on_scan ? p->period.Of(Seconds(60)) : Duration{0};
    EXPECT_GE(NextDeadline(*p, s), After(row.seconds)) << row.name << " " << row.version;
    EXPECT_LE(NextDeadline(*p, s), After(row.seconds) + late) << row.name << " " << row.version;
  }
}

// 3.1.1 and 5.0 wills when a new CONNECT takes the client id: sections 4.3 (mosquitto), 4.4 (EMQX)
// and 4.8 (RabbitMQ, as the specification) of the facts.
TEST(BrokerFactsTest, WillOnTakeover) {
  struct Row {
    const char* name;
    MqttVersion version;
    uint32_t delay;
    uint32_t expiry;
    bool clean_start;
    bool will;
  };
  constexpr MqttVersion v3 = MqttVersion::kV311;
  constexpr MqttVersion v5 = MqttVersion::kV5;
  constexpr uint32_t kKept = 0xFFFFFFFF;
  for (const Row& r : {
           Row{"mosquitto", v3, 0, kKept, false, false},
           Row{"mosquitto", v3, 0, 0, false, true},
           Row{"mosquitto", v5, 0, 100, true, true},
           Row{"mosquitto", v5, 0, 100, false, false},
           Row{"emqx", v5, 10, 100, true, false},
           Row{"emqx", v5, 0, 100, false, true},
           Row{"rabbitmq", v3, 0, kKept, false, true},
           Row{"rabbitmq", v5, 10, 100, false, false},
           Row{"rabbitmq", v5, 10, 100, true, true},
       }) {
    const BrokerProfile& p = *FindBrokerProfile(r.name);
    PeerParams peer;
    peer.version = r.version;
    peer.has_will = true;
    peer.will_delay_s = r.delay;
    peer.session_expiry_s = r.expiry;
    BrokerSession s;
    StoredSession stored;
    OnAccepted(p, s, kStart);
    Packet connect;
    connect.type = PacketType::kConnect;
    connect.value = 60;
    OnPacket(p, peer, s, stored, kStart, connect);
    const Effects e = OnTakeover(p, peer, s, stored, kStart + Seconds(1), r.clean_start);
    EXPECT_EQ(std::any_of(e.begin(), e.end(),
                          [](const Effect& x) { return x.kind == Effect::Kind::kWillPublish; }),
              r.will)
        << r.name << " delay " << r.delay << " expiry " << r.expiry << " clean " << r.clean_start;
  }
}

// The wait for CONNACK of these two is what is left of the wait for the transport: sections 3.1
// (100 s overall; 30 s for dial + CONNACK).
TEST(ClientFactsTest, OneTimeOutForTransportAndConnack) {
  for (const ClientProfile& p : ClientProfiles()) {
    const bool one = p.name == "mqttnet" || p.name == "paho-golang";
    ClientParams params;
    params.profile = &p;
    ClientSession s;
    Start(params, s, kStart);
    const Instant limit = NextDeadline(params, s);
    OnConnected(params, s, kStart + Seconds(3));
    EXPECT_EQ(NextDeadline(params, s) == limit && limit != kNever, one) << p.name;
  }
}

// 3.4: Paho Python waited for the transport for keepAlive, and has 5 s since.
TEST(ClientFactsTest, PahoPythonOnceWaitedForTheTransportForKeepAlive) {
  for (const char* version : {"1.5", "1.6"}) {
    ClientParams params;
    params.profile = FindClientProfile("paho-python", version);
    params.keep_alive_s = 17;
    ClientSession s;
    Start(params, s, kStart);
    EXPECT_EQ(NextDeadline(params, s), After(std::string(version) == "1.5" ? 17 : 5)) << version;
  }
}

// 3.1: initial connect retry off by default. A connection that was lost is another matter.
TEST(ClientFactsTest, PahoGolangGivesUpWhereTheFirstConnectionFails) {
  for (const ClientProfile& p : ClientProfiles()) {
    if (!p.reconnect.enabled) continue;
    ClientParams params;
    params.profile = &p;
    ClientSession s;
    Start(params, s, kStart);
    OnClosed(params, s, kStart + Seconds(1), CloseReason::kReset, 0);
    EXPECT_EQ(s.state == ClientState::kStopped, p.name == "paho-golang") << p.name;
    s = ClientSession{};
    Start(params, s, kStart);
    OnConnected(params, s, kStart);
    Packet connack;
    connack.type = PacketType::kConnack;
    OnPacket(params, s, kStart, connack);
    for (int lost = 0; lost < 2; ++lost) {  // the connection, then the attempt after it
      OnClosed(params, s, kStart + Seconds(1), CloseReason::kReset, 0);
      EXPECT_EQ(s.state, ClientState::kBackoff) << p.name;
      OnDeadline(params, s, NextDeadline(params, s), 0);
    }
  }
}

// 3.9: MQTT.js ignores a Server Keep Alive of 0.
TEST(ClientFactsTest, OnlyMqttjsIgnoresAServerKeepAliveOfZero) {
  for (const ClientProfile& p : ClientProfiles()) {
    if (!p.apply_server_keep_alive) continue;
    ClientParams params;
    params.profile = &p;
    params.version = MqttVersion::kV5;
    params.keep_alive_s = 60;
    ClientSession s;
    Start(params, s, kStart);
    OnConnected(params, s, kStart);
    Packet connack;
    connack.type = PacketType::kConnack;
    connack.flags = Packet::kHasServerKeepAlive;
    OnPacket(params, s, kStart, connack);
    EXPECT_EQ(s.keep_alive, Seconds(p.name == "mqttjs" ? 60 : 0)) << p.name << " " << p.version;
  }
}

// 4.1: as K = 60, on the scan: 90..96 s; 2.0.22: 90..91 s; 2.1: 30..31 s.
TEST(BrokerFactsTest, MosquittosScanEndsTheWaitForConnect) {
  struct Row {
    const char* version;
    Duration low, high;
  };
  for (const Row& r :
       {Row{"2.0.15", Seconds(90), Seconds(96)}, Row{"2.0.20", Seconds(90), Seconds(96)},
        Row{"2.0.22", Seconds(90), Seconds(91)}, Row{"2.1", Seconds(30), Seconds(31)}}) {
    const BrokerProfile& p = *FindBrokerProfile("mosquitto", r.version);
    Duration low = kForever;
    Duration high{0};
    for (int64_t phase = 1; phase < 12000; phase += 7) {
      const Instant accepted = kStart + Seconds(100) + Milliseconds(phase);
      BrokerSession s;
      OnAccepted(p, s, accepted);
      const Instant end = NextDeadline(p, s);
      EXPECT_EQ(end.ns % p.period.offset.ns, 0) << r.version;
      low = std::min(low, end - accepted);
      high = std::max(high, end - accepted);
    }
    EXPECT_GE(low, r.low) << r.version;
    EXPECT_LE(low, r.low + Milliseconds(10)) << r.version;
    EXPECT_LE(high, r.high) << r.version;
    EXPECT_GE(high, r.high - Milliseconds(10)) << r.version;
  }
}

}  // namespace
}  // namespace keepsim
