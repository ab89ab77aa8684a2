// Rows of libmosquitto and of the Paho libraries; see client_profiles.cc.
#include <string>
#include <vector>

#include "sim/mqtt/client_profile_parts.h"

namespace keepsim::client_profile {
namespace {

// The application runs mosquitto_loop_forever(client, -1, 1), as mosquitto_sub does; here that
// thread has no other work.
ClientProfile Libmosquitto() {
  return {.name = "libmosquitto",
          .version = "2.0",
          .stands_for = {{"2.0.11", "2.1"}},
          .source =
              "eclipse-mosquitto/mosquitto v2.0.20 to v2.1.2 (v2.0.11 measured), lib/util_mosq.c "
              "mosquitto__check_keepalive, lib/loop.c mosquitto_loop_forever",
          .summary =
              "PINGREQ when either direction was silent for keepAlive, in whole seconds; "
              "closes when either is stale again with the ping unanswered",
          .ping_when = PingWhen::kEitherSilent,
          .ping_resets_both = true,
          .wait_rule = WaitRule::kAtNextStale,
          .loop_wait = Seconds(1),  // mosquitto_publish() writes to a pipe that wakes it
          .whole_seconds = true,
          .clock = ClockKind::kBoottime,
          .keep_alive_min_s = 5,
          .max_in_flight = 20,
          .connect_timeout = kForever,  // the operating system's
          .connack_timeout = kForever,  // with keepAlive 0; the check that ends the wait is off
          .connack_within_keep_alive = true,
          .reconnect = Constant(Seconds(1))};
}

// Presets for WebSocket have a default keepAlive of 45 s. The tick is one variable of the whole
// process, set by the last connect; here it is the connection's own. The receiving thread polls for
// a second, sleeps a tenth if nothing came, and looks; another thread sends, and does not wake it.
// Connecting again is the sending thread's: it waits for a second at a time and looks every third.
// Where the MQTT version is left to the library, a connection that breaks is tried again at once,
// with the next older version; that each later attempt is repeated so, too, is left out.
ClientProfile PahoC() {
  return {.name = "paho-c",
          .version = "1.3.10",
          .stands_for = {{"1.3.7", "1.3.10"}},
          .source =
              "eclipse-paho/paho.mqtt.c v1.3.7 to v1.3.10, src/MQTTProtocolClient.c "
              "MQTTProtocol_keepalive, src/MQTTAsyncUtils.c; asynchronous API (MQTTAsync)",
          .summary = "PINGREQ when either direction was silent for keepAlive; waits one keepAlive",
          .ping_when = PingWhen::kEitherSilent,
          .pingresp_wait = Times(1),
          .loop_wait = Seconds(1),
          .loop_pause = Milliseconds(100),
          .woken_by_sends = false,
          .tick = Clamped(1, 10, Milliseconds(100), Seconds(5)),
          .apply_server_keep_alive = false,
          .max_in_flight = 0,              // 65535
          .reconnect = {.enabled = false,  // unless automaticReconnect is set
                        .first = Seconds(1),
                        .min = Seconds(1),
                        .max = Seconds(60),
                        .jitter_permille = 200,
                        .at_once_after_close = true,
                        .evaluated_every = Seconds(3),
                        .evaluated_turn = Seconds(1)}};
}

ClientProfile PahoC1313() {
  return With(PahoC(), [](ClientProfile& p) {
    p.version = "1.3.13";
    p.stands_for = {{"1.3.12", "1.3.13"}};
    p.source =
        "eclipse-paho/paho.mqtt.c v1.3.12 and v1.3.13, src/MQTTProtocolClient.c "
        "MQTTProtocol_keepalive, src/MQTTAsyncUtils.c; asynchronous API (MQTTAsync)";
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
    p.stands_for = {{"1.3.14", ""}};
    p.source =
        "eclipse-paho/paho.mqtt.c v1.3.14 and v1.3.15, src/MQTTProtocolClient.c "
        "MQTTProtocol_keepalive, src/MQTTAsyncUtils.c; asynchronous API (MQTTAsync)";
    p.apply_server_keep_alive = true;
  });
}

// The synchronous API runs the same check in MQTTClient_yield(), which the application calls again
// and again: each fills its tenth of a second, whatever arrives, so that the looks, a tenth of
// keepAlive apart, stay on a grid. The millisecond is that of the library's clock, which counts in
// them. It has one message in flight (`reliable`); reconnecting is left to the application.
ClientProfile Synchronous(ClientProfile row) {
  row.name = "paho-c-sync";
  row.source.replace(row.source.find("src/MQTTAsyncUtils.c"), std::string::npos,
                     "src/MQTTClient.c; synchronous API (MQTTClient)");
  row.loop_wait = row.loop_pause = Duration{0};
  row.ping_after = OneWithOffset(Milliseconds(-1));
  row.max_in_flight = 1;
  row.reconnect = kManual;
  return row;
}

ClientProfile PahoPython() {
  return {.name = "paho-python",
          .version = "1.5",
          .stands_for = {{"", "1.5.1"}},
          .source = "eclipse-paho/paho.mqtt.python v1.5.1, client.py _check_keepalive, _loop",
          .summary = "PINGREQ when either direction was silent for keepAlive; waits one keepAlive",
          .ping_when = PingWhen::kEitherSilent,
          .ping_resets_both = true,
          .wait_rule = WaitRule::kAtNextStale,
          .loop_wait = Seconds(1),  // publish() writes to a pipe that wakes it
          .apply_server_keep_alive = false,
          .max_in_flight = 20,
          .connack_timeout = kForever,  // with keepAlive 0
          .connect_within_keep_alive = true,
          .connack_within_keep_alive = true,
          .reconnect = Doubling(Seconds(1), Seconds(120), 0)};
}

ClientProfile PahoPython16() {
  return With(PahoPython(), [](ClientProfile& p) {
    p.version = "1.6";
    p.stands_for = {{"1.6", ""}};
    p.source =
        "eclipse-paho/paho.mqtt.python v1.6.1 to v2.1.0, client.py _check_keepalive, _loop, "
        "_packet_write (issue 813)";
    p.summary = "PINGREQ every keepAlive whatever is published; waits one keepAlive";
    p.out_reference = OutReference::kPingOnly;
    p.connect_timeout = Seconds(5);
    p.connect_within_keep_alive = false;
  });
}

// The library looks when its timer task runs, keepAlive after what was last sent at the task's
// previous run; here it looks exactly in time. The back-off, which all clients of a process share,
// is here the client's own. The conditions use a monotonic clock; that the timer follows the wall
// clock (issue 958) is left out.
ClientProfile PahoJava() {
  return {.name = "paho-java",
          .version = "1.2.5",
          .stands_for = {{"1.2.5", "1.2.5"}},
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
          .stands_for = {{"1.5.0", "1.5"}},
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
          .connack_within_connect = true,
          // At once, unless it failed again within about 6 s. The first connection is tried again
          // (every 30 s) only where ConnectRetry is set.
          .reconnect = {.first_connection = false,
                        .first = Duration{0},
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
          .stands_for = {{"", "0.22"}},
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
    p.stands_for = {{"0.23", ""}};
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
          .stands_for = {{"1.1", "1.1"}},
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

}  // namespace

std::vector<ClientProfile> PahoRows() {
  return {
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
  };
}

}  // namespace keepsim::client_profile
