// The two sessions by hand: numbers that can be checked on paper.
#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/codec.h"

namespace keepsim {
namespace {

constexpr Instant At(int64_t ms) { return kStart + Milliseconds(ms); }

std::vector<PacketType> Sent(const Effects& effects) {
  std::vector<PacketType> types;
  for (const Effect& e : effects) {
    if (e.kind == Effect::Kind::kSend) types.push_back(e.packet.type);
  }
  return types;
}
bool Has(const Effects& effects, Effect::Kind kind) {
  return std::any_of(effects.begin(), effects.end(),
                     [&](const Effect& e) { return e.kind == kind; });
}
Packet Of(PacketType type, uint16_t id = 0) {
  Packet p;
  p.type = type;
  p.packet_id = id;
  return p;
}

// A client that is connected at time 0.
struct Client {
  explicit Client(const char* name, uint16_t keep_alive = 60) {
    params.profile = FindClientProfile(name);
    params.keep_alive_s = keep_alive;
    Start(params, s, kStart);
    OnConnected(params, s, kStart);
    OnPacket(params, s, kStart, Of(PacketType::kConnack));
  }
  ClientParams params;
  ClientSession s;

  // When, after time 0, an idle client with answers (or without) sends PINGREQ, up to `until`.
  std::vector<double> Pings(Instant until, bool answered) {
    std::vector<double> times;
    while (NextDeadline(params, s) <= until) {
      const Instant now = NextDeadline(params, s);
      const Effects e = OnDeadline(params, s, now, 0);
      if (Has(e, Effect::Kind::kDeclaredDead)) {
        dead_at = ToSeconds(now);
        break;
      }
      for (const PacketType t : Sent(e)) {
        if (t == PacketType::kPingreq) times.push_back(ToSeconds(now));
      }
      if (answered) OnPacket(params, s, now, Of(PacketType::kPingresp));
    }
    return times;
  }
  double dead_at = -1;
};

TEST(ClientSessionTest, TheSpecificationPingsAfterKeepAliveOfSilence) {
  Client c("spec");
  EXPECT_THAT(c.Pings(At(181000), true), testing::ElementsAre(60, 120, 180));
}

TEST(ClientSessionTest, PublishingReplacesThePing) {
  Client c("spec");
  EXPECT_THAT(Sent(Publish(c.params, c.s, At(50000), 0, 20)),
              testing::ElementsAre(PacketType::kPublish));
  EXPECT_EQ(NextDeadline(c.params, c.s), At(110000));
}

TEST(ClientSessionTest, AMissingPingrespIsNoticedAfterHalfOfKeepAlive) {
  Client c("spec");
  c.Pings(At(200000), false);
  EXPECT_EQ(c.dead_at, 90);
  EXPECT_EQ(c.s.state, ClientState::kBackoff);
}

TEST(ClientSessionTest, AnEarlyDeadlineIsANoOp) {
  Client c("spec");
  EXPECT_TRUE(OnDeadline(c.params, c.s, At(59999), 0).empty());
  EXPECT_EQ(NextDeadline(c.params, c.s), At(60000));
}

TEST(ClientSessionTest, KeepAliveZeroIsOff) {
  Client c("spec", 0);
  EXPECT_EQ(NextDeadline(c.params, c.s), kNever);
}

TEST(ClientSessionTest, ServerKeepAliveReplacesTheClients) {
  Client c("spec");
  c.s = ClientSession{};
  Start(c.params, c.s, kStart);
  OnConnected(c.params, c.s, kStart);
  Packet connack = Of(PacketType::kConnack);
  connack.flags = Packet::kHasServerKeepAlive;
  connack.value = 20;
  OnPacket(c.params, c.s, kStart, connack);
  EXPECT_EQ(NextDeadline(c.params, c.s), At(20000));
}

// Detection of a black hole by an idle client, closed ranges of the facts: minimum at the last
// instant before a ping, maximum just after one was answered.
struct Range {
  const char* profile;
  double low, high;
};
TEST(ClientSessionTest, IdleClientsDetectWithinTheirProfilesRange) {
  for (const Range& r :
       {Range{"spec", 30, 90}, Range{"libmosquitto", 60, 121}, Range{"rumqttc", 60, 120},
        Range{"hivemq-client", 59.9, 120}, Range{"esp-mqtt", 30, 61}, Range{"mqttjs", 30, 90},
        Range{"paho-golang-v5", 60, 120}, Range{"paho-c", 90, 162}}) {
    Client c(r.profile);
    const std::vector<double> pings = c.Pings(At(30000000), false);
    ASSERT_FALSE(pings.empty()) << r.profile;
    // The hole opens right after CONNACK, or right before the first PINGREQ.
    EXPECT_LE(c.dead_at, r.high) << r.profile;
    EXPECT_GE(c.dead_at - pings.front(), r.low - 1.001) << r.profile;
  }
}

TEST(ClientSessionTest, EmqttMayBeSilentForAlmostTwoKeepAlive) {
  Client c("emqtt");
  c.Pings(At(60000), true);                                    // the first tick always pings
  Publish(c.params, c.s, At(60001), 0, 20);                    // just after the tick
  EXPECT_THAT(c.Pings(At(179999), true), testing::IsEmpty());  // the tick at 120 s sees it
  EXPECT_THAT(c.Pings(At(180000), true), testing::ElementsAre(180));
}

TEST(ClientSessionTest, QosTwoIsAFourWayExchange) {
  Client c("spec");
  EXPECT_THAT(Sent(Publish(c.params, c.s, At(1), 2, 20)),
              testing::ElementsAre(PacketType::kPublish));
  EXPECT_THAT(Sent(OnPacket(c.params, c.s, At(2), Of(PacketType::kPubrec, 1))),
              testing::ElementsAre(PacketType::kPubrel));
  EXPECT_TRUE(OnPacket(c.params, c.s, At(3), Of(PacketType::kPubcomp, 1)).empty());
  EXPECT_EQ(c.s.exchanges.out_count, 0);
}

// A broker whose client's last packet arrived at `last`; returns the silence at which it closes.
double SilenceUntilClose(const BrokerProfile& p, uint16_t k, Instant connected, Instant last,
                         PacketType last_type) {
  BrokerSession s;
  StoredSession stored;
  PeerParams peer;
  OnAccepted(p, s, connected);
  Packet connect = Of(PacketType::kConnect);
  connect.value = k;
  OnPacket(p, peer, s, stored, connected, connect);
  while (NextDeadline(p, s) <= last) OnDeadline(p, peer, s, stored, NextDeadline(p, s));
  OnPacket(p, peer, s, stored, last, Of(last_type));
  for (int i = 0; i < 1000; ++i) {
    const Instant now = NextDeadline(p, s);
    if (Has(OnDeadline(p, peer, s, stored, now), Effect::Kind::kDeclaredDead)) {
      return ToSeconds(now - last);
    }
  }
  return -1;
}

// The facts' table of silences at K = 60, by enumerating phases in 50 ms steps.
TEST(BrokerSessionTest, SilencesAreWithinTheDerivedRanges) {
  struct Row {
    const char* name;
    const char* version;
    PacketType last;
    double low, high;
  };
  for (const Row& r : {Row{"spec", "", PacketType::kPingreq, 90, 90},
                       Row{"aedes", "", PacketType::kPingreq, 90.001, 90.001},
                       Row{"mosquitto", "2.0.20", PacketType::kPingreq, 90, 96},
                       Row{"mosquitto", "2.0.22", PacketType::kPingreq, 90, 91},
                       Row{"emqx", "5.7.2", PacketType::kPingreq, 90, 90},
                       Row{"emqx", "5.7.2", PacketType::kPublish, 90, 120},
                       Row{"emqx", "5.3", PacketType::kPingreq, 90, 180},
                       Row{"rabbitmq", "", PacketType::kPingreq, 90, 135},
                       Row{"vernemq", "", PacketType::kPingreq, 90, 135}}) {
    const BrokerProfile* p = FindBrokerProfile(r.name, r.version);
    ASSERT_NE(p, nullptr) << r.name;
    double low = 1e9, high = 0;
    for (int phase = 0; phase < 200; ++phase) {
      const Instant connected = At(1000 + phase * 50);
      for (int after = 50; after < 89900; after += 1450) {
        const double silence =
            SilenceUntilClose(*p, 60, connected, connected + Milliseconds(after), r.last);
        low = std::min(low, silence), high = std::max(high, silence);
      }
    }
    EXPECT_GE(low, r.low - 1e-9) << r.name << " " << r.version;
    EXPECT_LE(high, r.high + 1e-9) << r.name << " " << r.version;
    EXPECT_LE(low, r.low + 2) << r.name << " " << r.version;
    EXPECT_GE(high, r.high - 3) << r.name << " " << r.version;
  }
}

TEST(BrokerSessionTest, TheWillGoesOutOnExpiryAndNotOnDisconnect) {
  const BrokerProfile& p = *FindBrokerProfile("spec");
  PeerParams peer;
  peer.has_will = true;
  for (const bool clean : {false, true}) {
    BrokerSession s;
    StoredSession stored;
    OnAccepted(p, s, kStart);
    Packet connect = Of(PacketType::kConnect);
    connect.value = 60;
    OnPacket(p, peer, s, stored, kStart, connect);
    const Effects e = clean ? OnPacket(p, peer, s, stored, At(5), Of(PacketType::kDisconnect))
                            : OnDeadline(p, peer, s, stored, At(90000));
    EXPECT_TRUE(Has(e, Effect::Kind::kClose));
    EXPECT_EQ(Has(e, Effect::Kind::kWillPublish), !clean);
  }
}

TEST(BrokerSessionTest, AWillDelayIsCutShortByAReconnect) {
  const BrokerProfile& p = *FindBrokerProfile("spec");
  PeerParams peer;
  peer.version = MqttVersion::kV5;
  peer.has_will = true;
  peer.will_delay_s = 30;
  peer.session_expiry_s = 100;
  BrokerSession s;
  StoredSession stored;
  OnAccepted(p, s, kStart);
  Packet connect = Of(PacketType::kConnect);
  connect.value = 60;
  OnPacket(p, peer, s, stored, kStart, connect);
  EXPECT_FALSE(Has(OnDeadline(p, peer, s, stored, At(90000)), Effect::Kind::kWillPublish));
  EXPECT_EQ(NextDeadline(stored), At(120000));
  StoredSession other = stored;
  EXPECT_TRUE(Has(OnStoredDeadline(p, other, At(120000)), Effect::Kind::kWillPublish));
  BrokerSession next;
  OnAccepted(p, next, At(100000));
  EXPECT_FALSE(
      Has(OnPacket(p, peer, next, stored, At(100000), connect), Effect::Kind::kWillPublish));
  EXPECT_FALSE(stored.will_pending);
}

TEST(CodecTest, ConnectFieldsSurviveBothWays) {
  PacketBody body;
  ConnectOptions& o = body.connect;
  o.client_id = "client-1";
  o.keep_alive_s = 60;
  o.has_user_name = true;
  o.user_name = "toby";
  o.has_will = true;
  o.will = {"/hans/will", "unexpected exit", 2, false, 0};
  for (const MqttVersion v : {MqttVersion::kV311, MqttVersion::kV5}) {
    o.version = v;
    if (v == MqttVersion::kV5)
      o.session_expiry_s = 3600, o.will.delay_s = 5, o.receive_maximum = 10;
    std::string bytes;
    Encode(v, Of(PacketType::kConnect), body, &bytes);
    EXPECT_EQ(bytes.size(), ConnectSize(o));
    const auto back = Decode(v, bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->body.connect, o);
    EXPECT_EQ(back->consumed, bytes.size());
    // No prefix is a packet, and no byte can be changed into a crash.
    for (size_t n = 0; n < bytes.size(); ++n) {
      const auto part = Decode(v, absl::string_view(bytes).substr(0, n));
      EXPECT_TRUE(!part.ok() || part->consumed == 0);
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = bytes;
        bad[n] = static_cast<char>(bad[n] ^ (1 << bit));
        (void)Decode(v, bad);
      }
    }
  }
}

TEST(CodecTest, PingBytesAreThoseOfTheSpecification) {
  std::string bytes;
  Encode(MqttVersion::kV311, Of(PacketType::kPingreq), {}, &bytes);
  EXPECT_EQ(bytes, std::string("\xC0\x00", 2));
}

}  // namespace
}  // namespace keepsim
