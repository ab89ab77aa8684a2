// The broker rows. Facts were read from the projects' public sources at the versions named;
// profile.h explains the columns. Rows of one name stand in order of their versions. Where the
// facts are silent the value is that of "spec", and a comment says so.
#include "sim/mqtt/profile.h"

namespace keepsim {
namespace {

// Versions that differ in few columns start from one another.
template <typename Change>
BrokerProfile With(BrokerProfile row, const Change& change) {
  change(row);
  return row;
}

BrokerProfile Spec() {
  return {.name = "spec",
          .version = "",
          .source = "MQTT 3.1.1 section 3.1.2.10 [MQTT-3.1.2-24]; MQTT 5.0 [MQTT-3.1.2-22]",
          .summary = "closes exactly 1.5 x keepAlive after the last packet received"};
}

// Before CONNECT a connection is checked as if keepAlive were 60 s. max_keepalive, which 2.0.16 and
// newer do not set, is the scenario's broker.max_keep_alive_s. (Up to 2.0.11 it is 65535 s and
// concerns clients of 5.0 alone, which are then checked after a day: left out.)
BrokerProfile Mosquitto() {
  return {.name = "mosquitto",
          .version = "2.0.20",
          .stands_for = {{"", "2.0.11"}, {"2.0.16", "2.0.20"}},
          .source =
              "eclipse-mosquitto/mosquitto v2.0.20 and older, src/keepalive.c, "
              "src/handle_connect.c connect__on_authorised",
          .summary =
              "scans all clients every 6 s, in whole seconds, for a silence of more than "
              "floor(1.5 x keepAlive)",
          .activity = ActivityRule::kPartialOver1000,
          .rounding = LimitRounding::kFloorSeconds,
          .strict = true,
          .mechanism = CheckMechanism::kScan,
          .period = Fixed(Seconds(6)),
          .whole_seconds = true,
          .limit_reply = KeepAliveLimitReply::kServerKeepAlive,
          .connect_timeout = Seconds(90),
          .connect_on_scan = true,
          .will_granularity = Seconds(1),
          .takeover_will = TakeoverWill::kIfSessionEnds};
}

// max_keepalive is 65535 s where it is not set, and 0 is beyond it: issue 2117.
BrokerProfile Mosquitto2015() {
  return With(Mosquitto(), [](BrokerProfile& p) {
    p.version = "2.0.15";
    p.stands_for = {{"2.0.12", "2.0.15"}};
    p.source =
        "eclipse-mosquitto/mosquitto v2.0.12 and v2.0.15, src/keepalive.c, "
        "src/handle_connect.c connect__on_authorised (issue 2117)";
    p.summary += "; refuses keepAlive 0 in 3.1.1 (the default max_keepalive)";
    p.zero_keep_alive_exceeds = true;
  });
}

// The ring of 2.0.21 may expire a client whose keepAlive equals max_keepalive at once; that is
// left out.
BrokerProfile MosquittoRing(const char* version, const VersionRange& range, const char* source) {
  return With(Mosquitto(), [&](BrokerProfile& p) {
    p.version = version;
    p.stands_for = {range};
    p.source = source;
    p.summary =
        "a ring of one-second buckets: closes floor(1.5 x keepAlive) after the last "
        "packet, plus at most one second";
    p.strict = false;
    p.period = Fixed(Seconds(1));
    p.whole_seconds = false;
  });
}

BrokerProfile Mosquitto21() {
  return With(MosquittoRing("2.1", {"2.1", ""},
                            "eclipse-mosquitto/mosquitto v2.1.2 + 180, src/keepalive.c"),
              [](BrokerProfile& p) { p.connect_timeout = Seconds(30); });
}

// server_keepalive is the scenario's broker.max_keep_alive_s.
BrokerProfile Emqx(const char* version, const VersionRange& range, const char* source) {
  return {.name = "emqx",
          .version = version,
          .stands_for = {range},
          .source = source,
          .summary = "a tick of 0.75 x keepAlive per client; closes after two idle ticks",
          .activity = ActivityRule::kAnyBytes,
          .mechanism = CheckMechanism::kIdleTicks,
          .period = Times(3, 4),
          .idle_ticks = 2,
          .limit_reply = KeepAliveLimitReply::kReplaceV5,
          .connect_timeout = Seconds(15),
          .takeover_will = TakeoverWill::kIfNoDelay};
}

BrokerProfile Emqx53() {
  return With(Emqx("5.3", {"5.0.26", "5.7.1"},
                   "emqx/emqx v5.0.26 to v5.7.1 (v5.3.2 read), emqx_keepalive.erl"),
              [](BrokerProfile& p) {
                p.summary = "a tick of 1.5 x keepAlive per client; closes after one idle tick";
                p.activity = ActivityRule::kWholePackets;
                p.period = Times(3, 2);
                p.idle_ticks = 1;
              });
}

BrokerProfile Emqx572() {
  return With(Emqx("5.7.2", {"5.7.2", ""}, "emqx/emqx v5.7.2 to 6.1.4-rc.1, emqx_keepalive.erl"),
              [](BrokerProfile& p) {
                p.summary =
                    "a tick of keepAlive / 2, at least 1 s and at most 30 s; idle time adds up in "
                    "ticks; PINGREQ restarts the tick";
                p.activity = ActivityRule::kWholePackets;
                p.mechanism = CheckMechanism::kAccumulatedTicks;
                p.idle_ticks = 1;
                p.period = {1, 2, Duration{0}, Seconds(1), Seconds(30)};
              });
}

BrokerProfile HivemqCe() {
  return {.name = "hivemq-ce",
          .version = "2026.5",
          .stands_for = {{"2026.5", "2026.5"}},
          .source =
              "hivemq/hivemq-community-edition 2026.5, ConnectHandler.java, "
              "KeepAliveDisconnectService.java",
          .summary =
              "exact timer at floor(1.5 x keepAlive); all closes pass one queue of 100 "
              "connections per 100 ms",
          .activity = ActivityRule::kAnyBytes,
          .rounding = LimitRounding::kFloorSeconds,
          .kill_batch = 100,
          .kill_period = Milliseconds(100),
          .limit_reply = KeepAliveLimitReply::kServerKeepAliveV5,
          .connect_timeout = Seconds(10),
          .will_granularity = Seconds(1)};
}

BrokerProfile Vernemq() {
  return {.name = "vernemq",
          .version = "2.2",
          .stands_for = {{"2.2", "2.2"}},
          .source = "vernemq/vernemq 2.2.0, vmq_mqtt_fsm.erl check_keepalive",
          .summary = "looks every 0.75 x keepAlive whether the silence exceeds 1.5 x keepAlive",
          .strict = true,
          .mechanism = CheckMechanism::kTickCompare,
          .period = Times(3, 4),
          .connect_timeout = Seconds(5)};
}

BrokerProfile Rabbitmq() {
  return {.name = "rabbitmq",
          .version = "2026-08",
          .source = "rabbitmq/rabbitmq-server 5b09e55 (main), rabbit_mqtt_keepalive.erl",
          .summary = "a tick of 0.75 x keepAlive per connection; closes after two idle ticks",
          .activity = ActivityRule::kAnyBytes,
          .mechanism = CheckMechanism::kIdleTicks,
          .period = Times(3, 4),
          .idle_ticks = 2,
          .connect_timeout = Seconds(10)};
}

// Compares before it counts, so the silence is a tick longer than the count says.
BrokerProfile Nanomq() {
  return {.name = "nanomq",
          .version = "0.25-unconfigured",
          .source = "nanomq/NanoNNG 0.25.5, src/sp/protocol/mqtt/nmq_mqtt.c nano_pipe_timer_cb",
          .summary =
              "a tick of 10 s per connection; closes when the idle ticks before this one "
              "exceed 1.5 x keepAlive (the multiplier without a configuration file)",
          .strict = true,
          .mechanism = CheckMechanism::kAccumulatedTicks,
          .period = Fixed(Seconds(10)),
          .pingreq_restarts_tick = false,
          .connect_timeout = Seconds(15)};
}

BrokerProfile NanomqShipped() {
  return With(Nanomq(), [](BrokerProfile& p) {
    p.version = "0.25";
    p.stands_for = {{"0.25", "0.25"}};
    p.source += "; nanomq 0.25.6, nanomq.conf as shipped";
    p.summary =
        "a tick of 10 s per connection; closes when the idle ticks before this one "
        "exceed 1.25 x keepAlive (the multiplier of the shipped configuration)";
    p.grace_num = 5;
    p.grace_den = 4;
  });
}

BrokerProfile Aedes() {
  return {.name = "aedes",
          .version = "1.1",
          .stands_for = {{"1.1", "1.1"}},
          .source = "moscajs/aedes v1.1.1, lib/handlers/connect.js setKeepAlive",
          .summary = "exact timer at 1.5 x keepAlive + 1 ms, refreshed by every packet",
          .grace_extra = Milliseconds(1),
          .limit_reply = KeepAliveLimitReply::kRefuse,  // keepaliveLimit; default none
          .refusal_code = 6,
          .connect_timeout = Seconds(30)};
}

BrokerProfile Mochi() {
  return {.name = "mochi",
          .version = "2.7",
          .stands_for = {{"2.7", "2.7"}},
          .source = "mochi-mqtt/server v2.7.9, clients.go refreshDeadline",
          .summary = "read deadline of 1.5 x keepAlive in whole seconds, computed in 16 bits",
          .rounding = LimitRounding::kFloorSeconds,
          .wrap_16_bit = true,
          .connect_timeout = Seconds(15),
          .will_granularity = Seconds(1)};
}

BrokerProfile NatsServer() {
  return {.name = "nats-server",
          .version = "1787eee",
          .source = "nats-io/nats-server 1787eee, MQTT",
          .summary = "read deadline of 1.5 x keepAlive",
          .activity = ActivityRule::kAnyBytes};  // time-out of CONNECT: facts are silent
}

BrokerProfile Moquette() {
  return {.name = "moquette",
          .version = "2f52ce1",
          .source = "moquette-io/moquette 2f52ce1, IdleStateHandler per channel",
          .summary = "idle timer of round(1.5 x keepAlive) seconds",
          .activity = ActivityRule::kAnyBytes,
          .rounding = LimitRounding::kRoundSeconds,
          .limit_reply = KeepAliveLimitReply::kServerKeepAliveV5,
          .connect_timeout = Seconds(10)};
}

BrokerProfile Rumqttd() {
  return {.name = "rumqttd",
          .version = "2167da0",
          .source = "bytebeamio/rumqtt 2167da0, rumqttd/src/link/remote.rs start",
          .summary =
              "1.5 x keepAlive, re-armed whenever the broker itself sends; refuses "
              "keepAlive 0",
          .activity = ActivityRule::kAnyBytes,
          .outgoing_counts = true,
          .refuse_zero_keep_alive = true,
          .connect_timeout = Seconds(60)};
}

// The service is not open: how exactly it checks, and how long it waits for CONNECT, is not known.
BrokerProfile AwsIotCore() {
  return {.name = "aws-iot-core",
          .version = "documented",
          .source = "AWS IoT Core quotas (documentation, secondary sources)",
          .summary = "1.5 x keepAlive; below 30 s counts as 30, 0 or above 1200 as 1200",
          .activity = ActivityRule::kFourTypes,
          .keep_alive_min_s = 30,
          .keep_alive_max_s = 1200,
          .zero_keep_alive_is_max = true,
          .limit_reply = KeepAliveLimitReply::kSilentClamp};
}

}  // namespace

const std::vector<BrokerProfile>& BrokerProfiles() {
  static const auto* const rows = new std::vector<BrokerProfile>{
      Spec(),
      Mosquitto2015(),
      Mosquitto(),
      MosquittoRing("2.0.22", {"2.0.21", "2.0"},
                    "eclipse-mosquitto/mosquitto v2.0.21 and v2.0.22, src/keepalive.c"),
      Mosquitto21(),
      Emqx("4.4", {"4", "4"}, "emqx/emqx v4.4.19, emqx_keepalive.erl"),
      Emqx("5.0", {"5.0.0", "5.0.25"}, "emqx/emqx v5.0.0 to v5.0.25, emqx_keepalive.erl"),
      Emqx53(),
      Emqx572(),
      HivemqCe(),
      Vernemq(),
      Rabbitmq(),
      Nanomq(),
      NanomqShipped(),
      Aedes(),
      Mochi(),
      NatsServer(),
      Moquette(),
      Rumqttd(),
      AwsIotCore(),
  };
  return *rows;
}

}  // namespace keepsim
