#include "tests/world/any_scenario.h"

#include "absl/strings/str_cat.h"
#include "sim/mqtt/profile.h"
#include "tests/base/luck.h"

namespace keepsim {
namespace {

std::string Latency(Luck& luck) {
  const auto ms = [&](int64_t most) { return absl::StrCat("\"", luck.UpTo(most), "ms\""); };
  switch (luck.UpTo(6)) {
    case 0:
      return absl::StrCat("latency { constant: ", luck.OneIn(3) ? "\"0\"" : ms(300), " }");
    case 1:
      return absl::StrCat("latency { uniform { low: ", ms(40), " high: \"", 40 + luck.UpTo(500),
                          "ms\" } }");
    case 2:
      return absl::StrCat("latency { exponential { mean: \"", 1 + luck.UpTo(200), "ms\" } }");
    case 3:
      return absl::StrCat("latency { pareto { scale: \"", 1 + luck.UpTo(50),
                          "ms\" shape: 1.5 } max: \"20s\" }");
    default:
      return absl::StrCat("latency { lognormal { median: \"", 1 + luck.UpTo(150),
                          "ms\" sigma: ", luck.Of({"0.3", "0.5", "1.2"}), " } }");
  }
}

std::string Direction(Luck& luck, bool datagram) {
  std::string text = Latency(luck);
  absl::StrAppend(&text, " loss: ", luck.Of({"0", "0", "0.01", "0.05", "0.3"}));
  if (luck.OneIn(5)) absl::StrAppend(&text, " keep_order: true");
  if (datagram && luck.OneIn(8)) absl::StrAppend(&text, " duplicate: 0.05");
  if (luck.OneIn(4)) {
    absl::StrAppend(&text, " bursts { mean_good: \"", luck.Of({"20s", "5m", "1h"}),
                    "\" mean_bad: \"", luck.Of({"200ms", "8s", "1m"}),
                    "\" loss_bad: ", luck.Of({"1", "0.4"}), luck.OneIn(4) ? " loss_good: 0.01" : "",
                    " }");
  }
  return text;
}

std::string Tcp(Luck& luck) {
  std::string text = " tcp {";
  if (luck.OneIn(4)) absl::StrAppend(&text, " tail_loss_probe: false");
  if (luck.OneIn(4)) absl::StrAppend(&text, " min_rto: \"", luck.Of({"20ms", "400ms"}), "\"");
  if (luck.OneIn(6)) absl::StrAppend(&text, " user_timeout: \"", luck.Of({"300ms", "20s"}), "\"");
  if (luck.OneIn(8)) absl::StrAppend(&text, " keepalive_time: \"", luck.Of({"7s", "2m"}), "\"");
  if (luck.OneIn(6)) absl::StrAppend(&text, " delayed_ack: \"", luck.Of({"10ms", "200ms"}), "\"");
  if (luck.OneIn(6)) absl::StrAppend(&text, " no_delay: false");
  return text + " }";
}

std::string Path(Luck& luck) {
  const bool datagram = luck.OneIn(3);
  std::string text = absl::StrCat(" path { transport: ", datagram ? "DATAGRAM" : "TCP");
  if (luck.OneIn(2)) {
    absl::StrAppend(&text, " both { ", Direction(luck, datagram), " }");
  } else {
    absl::StrAppend(&text, " up { ", Direction(luck, datagram), " } down { ",
                    Direction(luck, datagram), " }");
  }
  if (luck.OneIn(5)) {
    absl::StrAppend(&text, " middlebox { idle_timeout: \"", luck.Of({"20s", "65s", "5m"}),
                    "\" on_expiry: ", luck.Of({"DROP", "RESET", "RECREATE"}),
                    luck.OneIn(2) ? " inbound_refreshes: false" : "", " }");
  }
  if (!datagram && luck.OneIn(4)) absl::StrAppend(&text, Tcp(luck));
  return text + " }";
}

std::string Messages(Luck& luck, const char* field) {
  std::string text = absl::StrCat(" ", field, " { ");
  switch (luck.UpTo(2)) {
    case 0:
      absl::StrAppend(&text, "periodic { period: \"", luck.Of({"7s", "60s", "45s", "10m"}), "\"",
                      luck.OneIn(2) ? " phased: false" : "", " }");
      break;
    case 1:
      absl::StrAppend(&text, "poisson { mean_gap: \"", luck.Of({"30s", "10m"}), "\" }");
      break;
    default:
      absl::StrAppend(&text, "bursts { mean_gap: \"5m\" size: 3 spacing: \"",
                      luck.Of({"0", "30ms", "2s"}), "\" }");
  }
  return absl::StrCat(text, " qos: ", luck.UpTo(2), " payload_bytes: ", luck.UpTo(50), " }");
}

// Messages from (`publish`) or for a client (`receive`), often as regular as its keep alive, and
// mostly of one exchange each.
std::string Telemetry(Luck& luck, const char* field = "publish") {
  std::string text = absl::StrCat(" ", field, " { ");
  switch (luck.UpTo(5)) {
    case 0:
      absl::StrAppend(&text, "poisson { mean_gap: \"", luck.Of({"4s", "25s", "2m"}), "\" }");
      break;
    case 1:
      absl::StrAppend(&text, "recorded {");
      for (int64_t at = luck.UpTo(50); at < 3000; at += luck.Of({0, 1, 30, 60, 90, 300})) {
        absl::StrAppend(&text, " at: \"", at, "s\"");
        if (luck.OneIn(100)) break;
      }
      absl::StrAppend(&text, " }");
      break;
    case 2:
      absl::StrAppend(&text, "bursts { mean_gap: \"2m\" size: 3 spacing: \"",
                      luck.Of({"0", "30ms", "2s", "20s"}), "\" }");
      break;
    default:
      absl::StrAppend(
          &text, "periodic { period: \"",
          luck.Of({"500ms", "7s", "10s", "20s", "20s", "30s", "30s", "60s", "90s", "7m"}), "\"",
          luck.OneIn(2) ? " phased: false" : "", " }");
  }
  return absl::StrCat(text, " qos: ", luck.Of({0, 0, 0, 1, 1, 1, 2}),
                      " payload_bytes: ", luck.Of({0, 20, 100, 1400, 1500}), " }");
}

// Messages for a client at round times.
std::string RegularDeliveries(Luck& luck) {
  return absl::StrCat(" subscribe: \"a/#\" receive { periodic { period: \"",
                      luck.Of({"7950ms", "20s", "30s", "60s", "90s"}),
                      "\" phased: false } qos: ", luck.UpTo(1), " }");
}

std::string RandomFaults(Luck& luck) {
  return absl::StrCat(
      " random_faults { fault: ", luck.Of({"CRASH", "KILL", "STOP", "FREEZE", "SLEEP", "PATH_CUT"}),
      " gap { exponential { mean: \"", luck.Of({"5m", "40m"}),
      "\" } } length { exponential { mean: \"", luck.Of({"2s", "90s"}), "\" } } }");
}

// Which messages there are for certain; others there are sometimes.
enum class Always { kNothing, kPublishes, kReceives };

std::string Group(Luck& luck, const std::string& name, int64_t count,
                  Always always = Always::kNothing) {
  const auto& clients = ClientProfiles();
  const int64_t client = luck.OneIn(3) ? 0 : luck.UpTo(static_cast<int64_t>(clients.size()) - 1);
  std::string text = absl::StrCat(" groups { name: \"", name, "\" count: ", count, " client: \"",
                                  clients[static_cast<size_t>(client)].name, "\" keep_alive: \"",
                                  luck.Of({5, 10, 30, 60, 60, 61, 120}), "s\" start { spread: \"",
                                  luck.Of({"0", "60s", "60s"}), "\" }", Path(luck));
  if (luck.OneIn(3)) absl::StrAppend(&text, " mqtt_version: V5");
  if (always == Always::kPublishes || (always == Always::kReceives && luck.OneIn(2))) {
    for (int64_t n = luck.Of({1, 1, 1, 2, 3}); n > 0; --n) absl::StrAppend(&text, Telemetry(luck));
  } else if (luck.OneIn(5)) {
    absl::StrAppend(&text, Messages(luck, "publish"));
  }
  if (always == Always::kReceives) {
    absl::StrAppend(&text, " subscribe: \"a/#\"");
    for (int64_t n = luck.Of({1, 1, 2}); n > 0; --n) {
      absl::StrAppend(&text, Telemetry(luck, "receive"));
    }
  } else if (luck.OneIn(6)) {
    absl::StrAppend(&text, " subscribe: \"a/#\"", Messages(luck, "receive"));
  }
  if (luck.OneIn(3)) absl::StrAppend(&text, RandomFaults(luck));
  if (luck.OneIn(5)) absl::StrAppend(&text, " clock { drift_ppm: ", luck.Of({"30", "-200"}), " }");
  return text + " }";
}

// The first `kAnybodys` kinds of Fault(); the others are the broker's.
constexpr int64_t kAnybodys = 4;
constexpr int64_t kFaults = 6;

std::string Fault(Luck& luck, int64_t horizon_s, int64_t kinds = kFaults) {
  std::string text = absl::StrCat(" faults { at: \"", luck.UpTo(horizon_s), "s\" duration: \"",
                                  luck.Of({"300ms", "20s", "10m"}), "\" ");
  const char* directions = luck.Of({"UP", "DOWN", "BOTH"});
  switch (luck.UpTo(kinds - 1)) {
    case 0:
      absl::StrAppend(&text, "client: ", luck.Of({"CRASH", "KILL", "STOP", "FREEZE", "SLEEP"}));
      break;
    case 1:
      absl::StrAppend(&text, "partition { directions: ", directions, " }");
      break;
    case 2:
      absl::StrAppend(&text, "degrade { directions: ", directions, " loss: ", luck.Of({"0", "0.2"}),
                      " extra_latency: \"", luck.Of({"0", "150ms"}), "\" }");
      break;
    case 3:
      absl::StrAppend(&text, "clock { ", luck.Of({"jump: \"5s\"", "drift_ppm: 500"}), " }");
      break;
    case 4:
      absl::StrAppend(&text, "broker_stall {}");
      break;
    default:
      absl::StrAppend(&text, "broker_down { silent: ", luck.Of({"true", "false"}), " }");
  }
  return text + " }";
}

// Up to twenty clients.
std::string Groups(Luck& luck, int64_t horizon_s) {
  std::string text = absl::StrCat("horizon: \"", horizon_s, "s\"");
  absl::StrAppend(&text, Group(luck, "a", 1 + luck.UpTo(11)));
  if (luck.OneIn(2)) absl::StrAppend(&text, Group(luck, "b", 1 + luck.UpTo(5)));
  // Their clients take one session over from each other.
  if (luck.OneIn(4)) {
    absl::StrAppend(&text, Group(luck, "c", 2));
    text.insert(text.size() - 1, "connect { client_id: \"one\" } ");
  }
  return text;
}

// A broker's with a kill-rate limit.
std::string SlowProfile(Luck& luck) {
  return absl::StrCat(
      " broker_profiles { name: \"slow\" base: \"", luck.Of({"spec", "hivemq-ce", "mosquitto"}),
      "\" kill_batch: ", 1 + luck.UpTo(1), " kill_period: \"", luck.Of({"100ms", "7s"}), "\" }");
}

}  // namespace

std::string AnyScenario(uint64_t seed) {
  Luck luck(seed, 1);
  const int64_t horizon_s = luck.Of<int64_t>({1800, 3600, 7200});
  std::string text = absl::StrCat("horizon: \"", horizon_s, "s\"");
  absl::StrAppend(&text, Group(luck, "a", 1 + luck.UpTo(1)));
  if (luck.OneIn(3)) absl::StrAppend(&text, Group(luck, "b", 1 + luck.UpTo(1)));
  for (int64_t n = luck.OneIn(2) ? 0 : luck.UpTo(3); n > 0; --n) {
    absl::StrAppend(&text, Fault(luck, horizon_s));
  }
  const auto& brokers = BrokerProfiles();
  const int64_t broker = luck.OneIn(3) ? 0 : luck.UpTo(static_cast<int64_t>(brokers.size()) - 1);
  absl::StrAppend(&text, " broker { profile: \"", brokers[static_cast<size_t>(broker)].name, "\"",
                  luck.OneIn(12) ? " handling_time: \"1ms\"" : "", " }");
  return text;
}

namespace {

// One or two clients with such messages.
std::string MessagesScenario(Luck& luck, Always always) {
  const int64_t horizon_s = luck.Of<int64_t>({1800, 3600, 7200});
  std::string text = absl::StrCat("horizon: \"", horizon_s, "s\"");
  absl::StrAppend(&text, Group(luck, "a", 1 + luck.UpTo(1), always));
  for (int64_t n = luck.OneIn(2) ? 0 : luck.UpTo(3); n > 0; --n) {
    absl::StrAppend(&text, Fault(luck, horizon_s));
  }
  const auto& brokers = BrokerProfiles();
  const int64_t broker = luck.OneIn(2) ? 0 : luck.UpTo(static_cast<int64_t>(brokers.size()) - 1);
  return absl::StrCat(text, " broker { profile: \"", brokers[static_cast<size_t>(broker)].name,
                      "\" }");
}

}  // namespace

std::string PublishingScenario(uint64_t seed) {
  Luck luck(seed, 4);
  return MessagesScenario(luck, Always::kPublishes);
}

std::string ReceivingScenario(uint64_t seed) {
  Luck luck(seed, 7);
  return MessagesScenario(luck, Always::kReceives);
}

std::string TiedScenario(uint64_t seed) {
  Luck luck(seed, 5);
  const auto direction = [&] {
    return absl::StrCat(
        "latency { constant: ", luck.Of({"\"0\"", "\"0\"", "\"40ms\"", "\"250ms\""}),
        " } loss: ", luck.Of({"0", "0.01", "0.1", "0.3"}));
  };
  const auto& clients = ClientProfiles();
  const int64_t client = luck.OneIn(2) ? 0 : luck.UpTo(static_cast<int64_t>(clients.size()) - 1);
  const auto& brokers = BrokerProfiles();
  const int64_t broker = luck.OneIn(2) ? 0 : luck.UpTo(static_cast<int64_t>(brokers.size()) - 1);
  std::string text =
      absl::StrCat("horizon: \"", luck.Of({1, 4}), "h\" groups { name: \"a\" count: 2 client: \"",
                   clients[static_cast<size_t>(client)].name, "\" keep_alive: \"",
                   luck.Of({5, 10, 30, 60, 60}), "s\" start { spread: \"", luck.Of({"0", "60s"}),
                   "\" } path { transport: ", luck.OneIn(4) ? "DATAGRAM" : "TCP", " up { ",
                   direction(), " } down { ", direction(), " } }");
  for (int64_t n = luck.Of({0, 0, 1, 2}); n > 0; --n) {
    absl::StrAppend(&text, " publish { periodic { period: \"", luck.Of({5, 20, 30, 60, 90}), "s\"",
                    luck.OneIn(2) ? " phased: false" : "", " } qos: ", luck.UpTo(1), " }");
  }
  if (luck.OneIn(2)) absl::StrAppend(&text, RandomFaults(luck));
  if (luck.OneIn(3)) absl::StrAppend(&text, RegularDeliveries(luck));
  absl::StrAppend(&text, " } broker { profile: \"", brokers[static_cast<size_t>(broker)].name,
                  "\"");
  if (luck.OneIn(3)) absl::StrAppend(&text, " accept_per_second: ", luck.Of({1, 50}));
  if (luck.OneIn(6)) absl::StrAppend(&text, " accept_backlog: ", luck.Of({1, 4}));
  if (luck.OneIn(6)) absl::StrAppend(&text, " handling_time: \"", luck.Of({"1ms", "1s"}), "\"");
  return text + " }";
}

std::string RowScenario(uint64_t seed) {
  Luck luck(seed, 6);
  const char* ping_when =
      luck.Of({"OUT_SILENT", "OUT_SILENT", "IN_SILENT", "EITHER_SILENT", "ALWAYS", "COUNTER_TICK"});
  const bool ticked = ping_when[0] == 'A' || ping_when[0] == 'C';
  std::string client = absl::StrCat(
      " client_profiles { name: \"row\" ping_when: ", ping_when, " pingresp_rule: ",
      luck.Of({"AFTER_PING", "AFTER_PING", "AFTER_PING_AND_LAST", "AT_NEXT_PING", "NEVER",
               "AT_NEXT_STALE", "AFTER_LAST"}),
      " pingresp_factor: ", luck.Of({"0.25", "0.5", "1", "1.5", "2", "3"}),
      " ping_factor: ", luck.Of({"0.5", "1", "1"}), " max_in_flight: ", luck.Of({"1", "8"}));
  if (luck.OneIn(3)) absl::StrAppend(&client, " whole_seconds: true");
  if (luck.OneIn(4)) absl::StrAppend(&client, " one_ping_at_a_time: false");
  if (luck.OneIn(3)) absl::StrAppend(&client, " ping_resets_both: true");
  if (luck.OneIn(3)) absl::StrAppend(&client, " clock: ", luck.Of({"WALL", "BOOTTIME"}));
  if (luck.OneIn(3)) {
    absl::StrAppend(&client, " out_rule: ", luck.Of({"OUT_PING_ONLY", "OUT_ACKED_OPERATION"}));
  }
  if (luck.OneIn(3)) absl::StrAppend(&client, " answered_by: ", luck.Of({"ANY_PACKET", "INPUT"}));
  if (luck.OneIn(4)) absl::StrAppend(&client, " loop_delay_max: \"1s\"");
  if (!ticked && luck.OneIn(3)) {
    absl::StrAppend(&client, " tick: \"", luck.Of({"250ms", "1s", "7s"}), "\"");
    if (luck.OneIn(2)) absl::StrAppend(&client, " wait_on_tick: false");
  }
  if (!ticked && luck.OneIn(4)) {
    absl::StrAppend(&client, " loop_wait: \"1s\"", luck.OneIn(2) ? " loop_pause: \"100ms\"" : "");
  }
  const std::string broker = absl::StrCat(
      " broker_profiles { name: \"row\" base: \"",
      luck.Of({"spec", "spec", "emqx", "mosquitto", "rabbitmq"}),
      "\" grace_factor: ", luck.Of({"1", "1.5", "2"}), " grace_extra: \"",
      luck.Of({"0", "900ms", "29400ms", "59400ms"}), "\" } broker { profile: \"row\" }");
  const char* latency = luck.Of({"constant: \"20ms\"", "lognormal { median: \"50ms\" sigma: 0.5 }",
                                 "empirical { samples: \"500ms\" samples: \"600ms\" }"});
  std::string text = absl::StrCat(
      "horizon: \"2h\" groups { name: \"g\" count: 20 client: \"row\" keep_alive: \"",
      luck.Of({10, 60, 60, 64}),
      "s\" start { spread: \"60s\" } path { transport: ", luck.OneIn(3) ? "DATAGRAM" : "TCP",
      " both { latency { ", latency, " } loss: ", luck.Of({"0", "0", "0.02"}), " } }");
  if (luck.OneIn(3)) {
    absl::StrAppend(&text, " publish { periodic { period: \"", luck.Of({"7950ms", "20s", "90s"}),
                    "\" phased: false } qos: ", luck.UpTo(1), " }");
  } else if (luck.OneIn(3)) {
    absl::StrAppend(&text, " publish { poisson { mean_gap: \"5m\" } qos: ", luck.UpTo(1), " }");
  }
  if (luck.OneIn(3)) absl::StrAppend(&text, RandomFaults(luck));
  if (luck.OneIn(3)) absl::StrAppend(&text, RegularDeliveries(luck));
  absl::StrAppend(&text, " }", client, " }", broker);
  return absl::StrCat(text, " faults { at: \"", 1000 + luck.UpTo(5000),
                      "s\" duration: \"400s\" partition { directions: ", luck.Of({"UP", "BOTH"}),
                      " } }");
}

std::string JoinedScenario(uint64_t seed) {
  Luck luck(seed, 2);
  const int64_t horizon_s = luck.Of<int64_t>({600, 1800, 3600});
  std::string text = Groups(luck, horizon_s);
  for (int64_t n = luck.UpTo(3); n > 0; --n) absl::StrAppend(&text, Fault(luck, horizon_s));
  const bool kills = luck.OneIn(3);
  if (kills) absl::StrAppend(&text, SlowProfile(luck));
  absl::StrAppend(&text, " broker { profile: \"", kills ? "slow" : luck.Of({"spec", "emqx"}), "\"");
  if (luck.OneIn(2)) absl::StrAppend(&text, " accept_per_second: ", luck.Of({"1", "3", "50"}));
  if (luck.OneIn(3)) absl::StrAppend(&text, " accept_backlog: ", luck.Of({"1", "4"}));
  if (luck.OneIn(4)) {
    absl::StrAppend(&text, " handling_time: \"", luck.Of({"1ms", "40ms", "1s"}), "\"");
  }
  return absl::StrCat(
      text, " } faults { at: \"", luck.UpTo(horizon_s),
      "s\" duration: \"2m\" broker_limits { accept_per_second: ", luck.Of({"1", "20"}), " } }");
}

std::string HandlingScenario(uint64_t seed) {
  Luck luck(seed, 3);
  const int64_t horizon_s = luck.Of<int64_t>({600, 1800, 3600});
  std::string text = Groups(luck, horizon_s);
  for (int64_t n = luck.UpTo(3); n > 0; --n) {
    absl::StrAppend(&text, Fault(luck, horizon_s, kAnybodys));
  }
  const bool kills = luck.OneIn(5);
  if (kills) absl::StrAppend(&text, SlowProfile(luck));
  const auto& brokers = BrokerProfiles();
  const int64_t broker = luck.OneIn(3) ? 0 : luck.UpTo(static_cast<int64_t>(brokers.size()) - 1);
  absl::StrAppend(
      &text, " broker { profile: \"", kills ? "slow" : brokers[static_cast<size_t>(broker)].name,
      "\" handling_time: \"", luck.Of({"1ns", "10us", "1ms", "39ms", "40ms", "300ms"}), "\"");
  if (luck.OneIn(4)) absl::StrAppend(&text, " accept_backlog: 4");
  return text + " }";
}

std::string QueueScenario(uint64_t seed) {
  Luck luck(seed, 8);
  const char* const latency =
      luck.Of({"constant: \"20ms\"", "lognormal { median: \"50ms\" sigma: 0.5 }",
               "exponential { mean: \"9ms\" }", "uniform { low: \"1ms\" high: \"180ms\" }",
               "lognormal { median: \"3ms\" sigma: 1.2 }"});
  std::string text = absl::StrCat("horizon: \"", luck.Of({2000, 7200, 9001}), "s\"");
  for (const char* const name : {"a", "b"}) {
    absl::StrAppend(&text, " groups { name: \"", name, "\" count: ", 1 + luck.UpTo(12),
                    " keep_alive: \"", luck.Of({10, 20, 60}), "s\" start { spread: \"",
                    luck.Of({"0", "1s", "60s"}), "\" } path { both { latency { ", latency,
                    " } loss: ", luck.Of({"0", "0.01", "0.05"}), " }",
                    luck.OneIn(4) ? Tcp(luck) : "", " }");
    if (luck.OneIn(4)) absl::StrAppend(&text, " client: \"", luck.Of({"mqttjs", "rumqttc"}), "\"");
    if (luck.OneIn(4)) {
      absl::StrAppend(&text, " publish { poisson { mean_gap: \"5m\" } qos: ", luck.UpTo(2), " }");
    }
    if (luck.OneIn(4)) absl::StrAppend(&text, RandomFaults(luck));
    absl::StrAppend(&text, " }");
  }
  return absl::StrCat(text, " broker { profile: \"",
                      luck.Of({"spec", "spec", "hivemq-ce", "mosquitto"}), "\" handling_time: \"",
                      luck.Of({"1us", "1ms", "3ms", "9ms", "36ms", "39ms"}), "\" }");
}

}  // namespace keepsim
