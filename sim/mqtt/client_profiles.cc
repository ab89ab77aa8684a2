// The client rows. Facts were read from the projects' public sources at the versions named;
// profile.h explains the columns. Rows of one name stand in order of their versions. Where the
// facts are silent the value is that of "spec", and a comment says so.
#include <utility>
#include <vector>

#include "sim/mqtt/client_profile_parts.h"
#include "sim/mqtt/profile.h"

namespace keepsim {
namespace client_profile {
namespace {

ClientProfile Spec() {
  return {.name = "spec",
          .version = "",
          .source =
              "MQTT 3.1.1 section 3.1.2.10 [MQTT-3.1.2-23]; MQTT 5.0 [MQTT-3.1.2-20], "
              "[MQTT-3.1.2-21]",
          .summary =
              "PINGREQ only if nothing else was sent for keepAlive; waits half of keepAlive "
              "for PINGRESP (the specification names no number)"};
}

// 5.0 to 5.5.4 keep the rule of 4.x.
ClientProfile Mqttjs(const char* version, const VersionRange& range, const char* source) {
  return {.name = "mqttjs",
          .version = version,
          .stands_for = {range},
          .source = source,
          .summary =
              "PINGREQ keepAlive after the last packet sent; closes if nothing was sent for "
              "another keepAlive and PINGRESP is missing: whoever keeps sending never "
              "notices",
          .wait_rule = WaitRule::kAtNextStale,
          .apply_server_keep_alive_zero = false,
          .max_in_flight = 0,  // measured: it publishes on, whatever is unacknowledged
          .connect_timeout = Seconds(30),
          .connack_timeout = Seconds(30),
          .reconnect = Constant(Seconds(1))};
}

ClientProfile Mqttjs56() {
  return With(Mqttjs("5.6", {"5.6", ""},
                     "mqttjs/MQTT.js v5.6 to v5.14.1, src/lib/KeepaliveManager.ts, "
                     "src/lib/handlers/index.ts"),
              [](ClientProfile& p) {
                p.summary =
                    "PINGREQ keepAlive after the last acknowledgement received (publishing QoS 0 "
                    "does not postpone it); waits half of keepAlive for any acknowledgement";
                p.ping_when = PingWhen::kInSilent;
                p.in_reference = InReference::kAcks;
                p.wait_rule = WaitRule::kAfterPing;
                p.pingresp_by = PingrespBy::kInput;
              });
}

// The caller sets keepAlive and calls MQTT_ProcessLoop(); here it is always on time.
ClientProfile CoreMqtt() {
  return {.name = "coremqtt",
          .version = "5.0",
          .stands_for = {{"5.0", "5.0"}},
          .source = "FreeRTOS/coreMQTT v5.0.2, source/core_mqtt.c handleKeepAlive",
          .summary =
              "PINGREQ min(keepAlive, 30 s) after the last packet sent, or 30 s after the "
              "last received, even with keepAlive 0; waits just over 5 s for PINGRESP",
          .ping_when = PingWhen::kEitherSilent,
          .ping_after = Clamped(1, 1, Duration{0}, Seconds(30)),
          .ping_after_in = Fixed(Seconds(30)),
          .zero_keep_alive = ZeroKeepAlive::kInLimit,
          .pingresp_wait = Fixed(Milliseconds(5001)),
          // Time-outs are the caller's.
          .reconnect = kManual};
}

ClientProfile EspMqtt() {
  return {.name = "esp-mqtt",
          .version = "1.1",
          .stands_for = {{"1.1", "1.1"}},
          .source = "espressif/esp-mqtt v1.1.0, mqtt_client.c process_keepalive",
          .summary =
              "PINGREQ half of keepAlive after CONNACK or the last PINGRESP, whatever else "
              "flows; gives up keepAlive after it; looks a second after the last packet and every "
              "second",
          .default_keep_alive = Seconds(120),
          .ping_when = PingWhen::kInSilent,
          .in_reference = InReference::kPingresp,
          .ping_after = Times(1, 2),
          .wait_rule = WaitRule::kAfterLast,
          .pingresp_wait = Times(1),
          .loop_wait = Seconds(1),
          .woken_by_sends = false,
          .connect_timeout = Seconds(10),
          .connack_timeout = Seconds(10),
          .reconnect = Constant(Seconds(10))};
}

// The library does not reconnect; its example waits 5 s and connects.
ClientProfile PubSubClient() {
  return {.name = "pubsubclient",
          .version = "2.8",
          .stands_for = {{"2.8", "2.8"}},
          .source = "knolleary/pubsubclient v2.8, src/PubSubClient.cpp loop; example sketch",
          .summary =
              "PINGREQ when either direction was silent for just over keepAlive; closes at "
              "the next such silence; keepAlive 0 is not off",
          .default_keep_alive = Seconds(15),
          .ping_when = PingWhen::kEitherSilent,
          .ping_after = OneWithOffset(Milliseconds(1)),
          .ping_resets_both = true,
          .zero_keep_alive = ZeroKeepAlive::kAsIs,
          .wait_rule = WaitRule::kAtNextStale,
          .apply_server_keep_alive = false,
          .connect_timeout = Seconds(15),
          .connack_timeout = Seconds(15),
          .reconnect = Constant(Seconds(5))};
}

ClientProfile Rumqttc() {
  return {.name = "rumqttc",
          .version = "0.25",
          .stands_for = {{"0.25", "0.25"}},
          .source =
              "bytebeamio/rumqtt rumqttc 0.25.1, src/eventloop.rs select, src/state.rs "
              "outgoing_ping",
          .summary =
              "PINGREQ every keepAlive, irrespective of traffic; the connection fails at "
              "the next ping if the last is unanswered; reconnects at once",
          .ping_when = PingWhen::kAlways,
          .wait_rule = WaitRule::kAtNextPing,
          .connect_timeout = Seconds(5),
          .connack_timeout = Seconds(5),
          .reconnect = Constant(Duration{0})};
}

ClientProfile Emqtt() {
  return {.name = "emqtt",
          .version = "1.15",
          .stands_for = {{"1.15", "1.15"}},
          .source = "emqx/emqtt 1.15.4, src/emqtt.erl should_ping",
          .summary =
              "at a fixed tick of keepAlive, PINGREQ if nothing was sent since the last "
              "tick: the real gap can reach just under 2 x keepAlive",
          .ping_when = PingWhen::kCounterTick,
          .wait_rule = WaitRule::kAtNextPing,
          .connect_timeout = Seconds(60),
          .connack_timeout = Seconds(60),
          .reconnect = OffByDefault(Constant(Seconds(5)))};
}

ClientProfile HivemqClient() {
  return {.name = "hivemq-client",
          .version = "1.4",
          .stands_for = {{"1.4", "1.4"}},
          .source = "hivemq/hivemq-mqtt-client v1.4.0, handler/ping/MqttPingHandler.java",
          .summary =
              "PINGREQ 100 ms before the older of last sent and last received is keepAlive "
              "old; any message answers",
          .ping_when = PingWhen::kEitherSilent,
          .ping_after = OneWithOffset(Milliseconds(-100)),
          .pingresp_wait = OneWithOffset(Milliseconds(-100)),
          .pingresp_by = PingrespBy::kAnyPacket,
          .connect_timeout = Seconds(10),
          .connack_timeout = Seconds(60),
          .reconnect = OffByDefault(Doubling(Seconds(1), Seconds(120), 250))};
}

ClientProfile AwsCMqtt() {
  return {.name = "aws-c-mqtt",
          .version = "0.16",
          .stands_for = {{"0.16", "0.16"}},
          .source =
              "awslabs/aws-c-mqtt v0.16.2, source/client_channel_handler.c "
              "s_on_time_to_ping; the MQTT 3.1.1 client",
          .summary =
              "PINGREQ keepAlive after the last ping, or after the sending of the last "
              "operation that was acknowledged; waits 3 s for PINGRESP",
          .default_keep_alive = Seconds(1200),
          .out_reference = OutReference::kAckedOperation,
          .pingresp_wait = Fixed(Seconds(3)),
          .apply_server_keep_alive = false,  // MQTT 3.1.1 only
          .keep_alive_min_s = 4,             // must be longer than the wait for PINGRESP
          // Until the transport is connected: the facts are silent.
          .connack_timeout = Seconds(3),
          .reconnect = Doubling(Seconds(1), Seconds(128), 0)};
}

// The caller sets keepAlive.
ClientProfile AwsCMqttV5() {
  return {.name = "aws-c-mqtt-v5",
          .version = "0.16",
          .stands_for = {{"0.16", "0.16"}},
          .source =
              "awslabs/aws-c-mqtt v0.16.2, source/v5/mqtt5_client.c s_reset_ping; the MQTT "
              "5.0 client",
          .summary = "PINGREQ every keepAlive whatever else flows; waits min(30 s, keepAlive / 2)",
          .ping_when = PingWhen::kAlways,
          .pingresp_wait = Clamped(1, 2, Duration{0}, Seconds(30)),
          .connect_timeout = Seconds(10),
          .connack_timeout = Seconds(20),
          .reconnect = {.first = Seconds(1),
                        .min = Seconds(1),
                        .max = Seconds(120),
                        .jitter = JitterKind::kFull,
                        .stable_after = Seconds(30)}};
}

// Its clock counts in 100 ns; the silence must exceed keepAlive. The ping itself has the time-out,
// so the wait does not end on a tick.
ClientProfile MqttNet() {
  return {.name = "mqttnet",
          .version = "5.2",
          .stands_for = {{"5.2", "5.2"}},
          .source =
              "dotnet/MQTTnet v5.2.0, Source/MQTTnet/MqttClient.cs "
              "TrySendKeepAliveMessages",
          .summary =
              "PINGREQ when nothing was sent for keepAlive, looked at every 250 ms by the "
              "wall clock; waits half of keepAlive; Server Keep Alive is not applied",
          .default_keep_alive = Seconds(15),
          .ping_after = OneWithOffset(Nanoseconds(100)),
          .tick = Fixed(Milliseconds(250)),
          .wait_on_tick = false,
          .clock = ClockKind::kWall,
          .apply_server_keep_alive = false,
          .connect_timeout = Seconds(100),
          .connack_within_connect = true,
          .reconnect = kManual};
}

std::vector<ClientProfile> OtherRows() {
  return {
      Mqttjs("4.3", {"4", "4"}, "mqttjs/MQTT.js v4.3.7, _shiftPingInterval"),
      Mqttjs("5.5", {"5.0", "5.5.4"}, "mqttjs/MQTT.js v5.0 to v5.5.4, _shiftPingInterval"),
      Mqttjs56(),
      CoreMqtt(),
      EspMqtt(),
      PubSubClient(),
      Rumqttc(),
      Emqtt(),
      HivemqClient(),
      AwsCMqtt(),
      AwsCMqttV5(),
      MqttNet(),
  };
}

std::vector<ClientProfile> AllRows() {
  std::vector<ClientProfile> rows = {Spec()};
  for (ClientProfile& row : PahoRows()) rows.push_back(std::move(row));
  for (ClientProfile& row : OtherRows()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace
}  // namespace client_profile

const std::vector<ClientProfile>& ClientProfiles() {
  static const auto* const rows = new std::vector<ClientProfile>(client_profile::AllRows());
  return *rows;
}

}  // namespace keepsim
