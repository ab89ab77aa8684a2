// The client rows. Facts were read from the projects' public sources at the versions named;
// profile.h explains the columns. Rows of one name stand in order of their versions. Where the
// facts are silent the value is that of "spec", and a comment says so.
#include <utility>

#include "sim/mqtt/profile.h"

namespace keepsim {
namespace {

constexpr OfKeepAlive Clamped(int32_t num, int32_t den, Duration min, Duration max) {
  return {num, den, Duration{0}, min, max};
}

constexpr OfKeepAlive OneWithOffset(Duration offset) {
  return {1, 1, offset, Duration{0}, kForever};
}

constexpr ReconnectPolicy Constant(Duration d) {
  return {.first = d,
          .min = d,
          .max = d,
          .growth_num = 1,
          .jitter = JitterKind::kNone,
          .jitter_permille = 0};
}

constexpr ReconnectPolicy Doubling(Duration min, Duration max, int32_t jitter_permille) {
  return {.first = min,
          .min = min,
          .max = max,
          .jitter = jitter_permille > 0 ? JitterKind::kPlusMinus : JitterKind::kNone,
          .jitter_permille = jitter_permille};
}

// The library can reconnect, but does so only where the application turns it on.
constexpr ReconnectPolicy OffByDefault(ReconnectPolicy policy) {
  policy.enabled = false;
  return policy;
}

// Reconnecting is the application's work.
constexpr ReconnectPolicy kManual = {.enabled = false};

// Versions that differ in few columns start from one another.
template <typename Change>
ClientProfile With(ClientProfile row, const Change& change) {
  change(row);
  return row;
}

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

ClientProfile Libmosquitto() {
  return {.name = "libmosquitto",
          .version = "2.0",
          .source =
              "eclipse-mosquitto/mosquitto v2.0.20 to v2.1.2, lib/util_mosq.c "
              "mosquitto__check_keepalive",
          .summary =
              "PINGREQ when either direction was silent for keepAlive, in whole seconds; "
              "closes when either is stale again with the ping unanswered",
          .ping_when = PingWhen::kEitherSilent,
          .ping_resets_both = true,
          .wait_rule = WaitRule::kAtNextStale,
          .whole_seconds = true,
          .clock = ClockKind::kBoottime,
          .loop_delay_max = Seconds(1),
          .keep_alive_min_s = 5,
          .connect_timeout = kForever,  // the operating system's
          .connack_timeout = kForever,  // with keepAlive 0; the check that ends the wait is off
          .connack_within_keep_alive = true,
          .reconnect = Constant(Seconds(1))};
}

// Presets for WebSocket have a default keepAlive of 45 s. The tick is one variable of the whole
// process, set by the last connect; here it is the connection's own.
ClientProfile PahoC() {
  return {.name = "paho-c",
          .version = "1.3.10",
          .source =
              "eclipse-paho/paho.mqtt.c v1.3.7 to v1.3.10, src/MQTTProtocolClient.c "
              "MQTTProtocol_keepalive; asynchronous API (MQTTAsync)",
          .summary = "PINGREQ when either direction was silent for keepAlive; waits one keepAlive",
          .ping_when = PingWhen::kEitherSilent,
          .pingresp_wait = Times(1),
          .tick = Clamped(1, 10, Milliseconds(100), Seconds(5)),
          .apply_server_keep_alive = false,
          .reconnect = {.enabled = false,  // unless automaticReconnect is set
                        .first = Seconds(1),
                        .min = Seconds(1),
                        .max = Seconds(60),
                        .jitter_permille = 200,
                        .evaluated_every = Seconds(3)}};
}

ClientProfile PahoC1313() {
  return With(PahoC(), [](ClientProfile& p) {
    p.version = "1.3.13";
    p.source =
        "eclipse-paho/paho.mqtt.c v1.3.12 and v1.3.13, src/MQTTProtocolClient.c "
        "MQTTProtocol_keepalive; asynchronous API (MQTTAsync)";
    p.summary =
        "PINGREQ when either direction was silent for keepAlive; dead 1.5 keepAlive "
        "after the ping and after the last packet received";
    p.wait_rule = WaitRule::kAfterPingAndLast;
    p.pingresp_wait = Times(3, 2);
  });
}

ClientProfile PahoC1315() {
  return With(PahoC1313(), [](ClientProfile& p) {
    p.version = "1.3.15";
    p.source =
        "eclipse-paho/paho.mqtt.c v1.3.14 and v1.3.15, src/MQTTProtocolClient.c "
        "MQTTProtocol_keepalive; asynchronous API (MQTTAsync)";
    p.apply_server_keep_alive = true;
  });
}

// The synchronous API runs the same check; reconnecting is left to the application.
ClientProfile Synchronous(ClientProfile row) {
  row.name = "paho-c-sync";
  row.source.replace(row.source.find("asynchronous"), std::string::npos,
                     "synchronous API (MQTTClient)");
  row.reconnect = kManual;
  return row;
}

ClientProfile PahoPython() {
  return {.name = "paho-python",
          .version = "1.5",
          .source = "eclipse-paho/paho.mqtt.python v1.5.1, client.py _check_keepalive",
          .summary = "PINGREQ when either direction was silent for keepAlive; waits one keepAlive",
          .ping_when = PingWhen::kEitherSilent,
          .ping_resets_both = true,
          .wait_rule = WaitRule::kAtNextStale,
          .apply_server_keep_alive = false,
          .loop_delay_max = Seconds(1),
          .connect_timeout = Seconds(60),  // keepAlive; here its default
          .connack_timeout = kForever,     // with keepAlive 0
          .connack_within_keep_alive = true,
          .reconnect = Doubling(Seconds(1), Seconds(120), 0)};
}

ClientProfile PahoPython16() {
  return With(PahoPython(), [](ClientProfile& p) {
    p.version = "1.6";
    p.source =
        "eclipse-paho/paho.mqtt.python v1.6.1 to v2.1.0, client.py _check_keepalive, "
        "_packet_write (issue 813)";
    p.summary = "PINGREQ every keepAlive whatever is published; waits one keepAlive";
    p.out_reference = OutReference::kPingOnly;
    p.connect_timeout = Seconds(5);
  });
}

// The library looks when its timer task runs, keepAlive after what was last sent at the task's
// previous run; here it looks exactly in time. The back-off, which all clients of a process share,
// is here the client's own. The conditions use a monotonic clock; that the timer follows the wall
// clock (issue 958) is left out.
ClientProfile PahoJava() {
  return {.name = "paho-java",
          .version = "1.2.5",
          .source =
              "eclipse-paho/paho.mqtt.java v1.2.5 + 66, internal/ClientState.java "
              "checkForActivity",
          .summary =
              "PINGREQ when either direction was silent for keepAlive; closes after one "
              "keepAlive in which nothing arrived and the ping stayed unanswered",
          .ping_when = PingWhen::kEitherSilent,
          .ping_after = OneWithOffset(Microseconds(-100)),
          .one_ping_at_a_time = false,
          .wait_rule = WaitRule::kAfterPingAndLast,
          .pingresp_wait = OneWithOffset(Microseconds(-100)),  // before the next ping
          // The wait for CONNACK: the facts are silent.
          .connect_timeout = Seconds(30),
          .reconnect = OffByDefault(Doubling(Seconds(1), Seconds(128), 0))};
}

// A tick is never on the nanosecond: one that comes a little early or late decides whether the
// fixed 10 s are over at the second tick or at the third.
ClientProfile PahoGolang() {
  return {.name = "paho-golang",
          .version = "1.5.1",
          .source = "eclipse-paho/paho.mqtt.golang v1.5.1 + 28, ping.go keepalive; backoff.go",
          .summary =
              "looks every 5 s (keepAlive / 4 up to 10 s): PINGREQ when either direction "
              "was silent for keepAlive; waits 10 s for PINGRESP, to the next look",
          .default_keep_alive = Seconds(30),
          .ping_when = PingWhen::kEitherSilent,
          .pingresp_wait = Fixed(Seconds(10)),
          .tick = Times(1, 4),
          .long_keep_alive = Seconds(10),
          .long_tick = Fixed(Seconds(5)),
          .apply_server_keep_alive = false,  // MQTT 3.1.1 only
          .loop_delay_max = Milliseconds(1),
          .connect_timeout = Seconds(30),
          .connack_timeout = Seconds(30),
          // At once, unless it failed again within about 6 s.
          .reconnect = {.first = Duration{0},
                        .min = Seconds(1),
                        .max = Seconds(600),
                        .jitter = JitterKind::kNone,
                        .jitter_permille = 0,
                        .stable_after = Seconds(6)}};
}

// The caller sets keepAlive.
ClientProfile PahoGolangV5() {
  return {.name = "paho-golang-v5",
          .version = "0.22",
          .source = "eclipse-paho/paho.golang v0.22, paho/pinger.go DefaultPinger.Run; autopaho",
          .summary = "PINGREQ only if nothing else was sent for keepAlive; waits one keepAlive",
          .pingresp_wait = Times(1),
          .connect_timeout = Seconds(10),
          .connack_timeout = Seconds(10),
          .reconnect = Constant(Seconds(10))};
}

ClientProfile PahoGolangV5023() {
  return With(PahoGolangV5(), [](ClientProfile& p) {
    p.version = "0.23";
    p.source = "eclipse-paho/paho.golang v0.23.0 + 19, paho/pinger.go DefaultPinger.Run; autopaho";
    p.summary =
        "PINGREQ when the older of last sent and last received is keepAlive ago; waits "
        "one keepAlive";
    p.ping_when = PingWhen::kEitherSilent;
  });
}

// The application calls MQTTYield(); here always again, for one second each.
ClientProfile PahoEmbeddedC() {
  return {.name = "paho-embedded-c",
          .version = "1.1",
          .source =
              "eclipse-paho/paho.mqtt.embedded-c v1.1.0 + 25, MQTTClient-C/src/MQTTClient.c "
              "keepalive; MQTTYield(1000)",
          .summary =
              "PINGREQ when either direction was silent for keepAlive, looked at after each "
              "MQTTYield(); closes at the next look if still nothing has arrived",
          .ping_when = PingWhen::kEitherSilent,
          .wait_rule = WaitRule::kAtNextStale,
          .tick = Fixed(Seconds(1)),
          .clock = ClockKind::kWall,
          .apply_server_keep_alive = false,  // MQTT 3.1.1 only
          // Time-outs are the caller's.
          .reconnect = kManual};
}

// "mqttjs 5.5" stands for 5.0 to 5.5.4, which keep the rule of 4.x.
ClientProfile Mqttjs(const char* version, const char* source) {
  return {.name = "mqttjs",
          .version = version,
          .source = source,
          .summary =
              "PINGREQ keepAlive after the last packet sent; closes if nothing was sent for "
              "another keepAlive and PINGRESP is missing: whoever keeps sending never "
              "notices",
          .wait_rule = WaitRule::kAtNextStale,
          .connect_timeout = Seconds(30),
          .connack_timeout = Seconds(30),
          .reconnect = Constant(Seconds(1))};
}

ClientProfile Mqttjs56() {
  return With(Mqttjs("5.6",
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
          .source = "espressif/esp-mqtt v1.1.0, mqtt_client.c process_keepalive",
          .summary =
              "PINGREQ half of keepAlive after CONNACK or the last PINGRESP, whatever else "
              "flows; gives up keepAlive after it; looks once a second",
          .default_keep_alive = Seconds(120),
          .ping_when = PingWhen::kInSilent,
          .in_reference = InReference::kPingresp,
          .ping_after = Times(1, 2),
          .wait_rule = WaitRule::kAfterLast,
          .pingresp_wait = Times(1),
          .tick = Fixed(Seconds(1)),
          .connect_timeout = Seconds(10),
          .connack_timeout = Seconds(10),
          .reconnect = Constant(Seconds(10))};
}

// The library does not reconnect; its example waits 5 s and connects.
ClientProfile PubSubClient() {
  return {.name = "pubsubclient",
          .version = "2.8",
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
          .connack_timeout = Seconds(100),
          .reconnect = kManual};
}

}  // namespace

const std::vector<ClientProfile>& ClientProfiles() {
  static const auto* const rows = new std::vector<ClientProfile>{
      Spec(),
      Libmosquitto(),
      PahoC(),
      PahoC1313(),
      PahoC1315(),
      Synchronous(PahoC()),
      Synchronous(PahoC1313()),
      Synchronous(PahoC1315()),
      PahoPython(),
      PahoPython16(),
      PahoJava(),
      PahoGolang(),
      PahoGolangV5(),
      PahoGolangV5023(),
      PahoEmbeddedC(),
      Mqttjs("4.3", "mqttjs/MQTT.js v4.3.7, _shiftPingInterval"),
      Mqttjs("5.5", "mqttjs/MQTT.js v5.0 to v5.5.4, _shiftPingInterval"),
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
  return *rows;
}

}  // namespace keepsim
