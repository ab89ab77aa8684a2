// Every client row against the closed ranges that follow from the sources read: both ends are
// approached and never passed, over many phases. Lengths in seconds. Answers take no time, so what
// a range leaves open is the phase of the profile's own clockwork. tests/mqtt/broker_range_test.cc
// does the same for the brokers.
#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/mqtt/client_session.h"

namespace keepsim {
namespace {

struct Range {
  double low;
  double high;
  bool operator==(const Range&) const = default;
};
constexpr Range Just(double s) { return {s, s}; }
constexpr Range kNone{-1, -1};  // it never happens

struct Row {
  const char* name;
  const char* version;
  uint16_t k;
  // The ends of a range are approached at least this closely: one tick of the profile.
  double tick;
  // Idle: from one PINGREQ to the next.
  Range idle;
  // The largest silence toward the broker, idle or after a single PUBLISH at any phase.
  double silence;
  // From one PINGREQ to the next while publishing QoS 0 with gaps below keepAlive, and QoS 1 with
  // its acknowledgements.
  Range busy;
  Range acked;
  // From the unanswered PINGREQ to the declaration.
  Range wait;
  // From the cut of the path to the declaration: idle, and publishing QoS 0.
  Range detect;
  Range busy_detect;
  // From the last packet received, a PUBACK at any phase, to the declaration.
  Range last_in;
  const char* clause;  // of the facts: client sections 3.1 (summary) to 3.17
};

constexpr double kMs = 0.001;
constexpr double k100us = 0.0001;

// clang-format off
const Row kRows[] = {
    {"spec", "", 60, kMs, Just(60), 60, kNone, kNone, Just(30), {30, 90}, kNone, Just(90),
     "2.1 [MQTT-3.1.2-23]; wait of half of keepAlive by definition"},
    {"libmosquitto", "2.0", 60, 1, {59, 61}, 61, {59, 61}, kNone, Just(60), {59, 121}, {59, 121},
     {119, 121},
     "3.1: K .. 2K (+1); 3.2: whole seconds, so up to 1 s early; loop <= 1 s"},
    {"paho-c", "1.3.10", 61, 1.1, {61, 66.5}, 66.5, {65.5, 67.1}, kNone, Just(66), {66, 132.5},
     {66, 132.6}, {59.9, 132.5},
     "3.1: W = 1.0 K, K .. 2K; 3.3: tick clamp(K/10, 0.1 s, 5 s), seen at turns of 1.1 s: 5.5 s"},
    {"paho-c", "1.3.13", 61, 1.1, {61, 66.5}, 66.5, {65.5, 67.1}, kNone, Just(93.5), {93.5, 160.1},
     {93.5, 160.1}, {91.5, 160.1},
     "3.1: 1.5K .. 2.5K + 2 ticks; a PUBACK may arrive while the ping is unanswered"},
    {"paho-c", "1.3.15", 61, 1.1, {61, 66.5}, 66.5, {65.5, 67.1}, kNone, Just(93.5), {93.5, 160.1},
     {93.5, 160.1}, {91.5, 160.1},
     "3.1: 1.5K .. 2.5K + 2 ticks"},
    {"paho-c", "1.3.15", 21, 1.1, {21, 23.2}, 23.2, {21, 24.2}, kNone, Just(33), {33, 56.2},
     {33, 57.2}, {31.5, 57.2},
     "3.1: 1.5K .. 2.5K + 2 ticks; K/10 seen at turns of 1.1 s: 2.2 s"},
    {"paho-c-sync", "1.3.10", 61, 0.1, {65, 65.1}, 66, {65, 65.1}, kNone, Just(65), {65, 130.1},
     {65, 130.1}, {65, 131},
     "3.1: W = 1.0 K, K .. 2K; 3.3: MQTTClient_retry"},
    {"paho-c-sync", "1.3.13", 61, 0.1, {65, 65.1}, 66, {65, 65.1}, kNone, Just(95), {95, 160.1},
     {95, 160.1}, {95, 161},
     "3.1: 1.5K .. 2.5K + 2 ticks"},
    {"paho-c-sync", "1.3.15", 61, 0.1, {65, 65.1}, 66, {65, 65.1}, kNone, Just(95), {95, 160.1},
     {95, 160.1}, {95, 161},
     "3.1: 1.5K .. 2.5K + 2 ticks"},
    {"paho-python", "1.5", 60, 1, {60, 61}, 61, {60, 61}, kNone, Just(60), {60, 121}, {60, 121},
     {120, 121},
     "3.1: K .. 2K; 3.4: PINGREQ up to 1 s late; nothing wakes the loop between it and the end"},
    {"paho-python", "1.6", 60, 1, {60, 61}, 61, {60, 61}, {60, 61}, Just(60), {60, 121}, {60, 121},
     {60, 121},
     "3.1: K .. 2K (+2); 3.4: every K even with acknowledged QoS 1"},
    {"paho-java", "1.2.5", 60, kMs, {60 - k100us, 60}, 60, {60 - k100us, 60}, kNone,
     {60 - k100us, 60}, {60 - k100us, 120}, {60 - k100us, 120}, {120 - 2 * k100us, 120},
     "3.1: K - 0.1 ms; K .. 2K; 3.5"},
    {"paho-golang", "1.5.1", 30, 5, {30, 35 + kMs}, 35 + kMs, {30, 35 + kMs}, kNone,
     {10, 15 + kMs}, {10, 50 + 2 * kMs}, {10, 50 + 2 * kMs}, {40, 50 + 2 * kMs},
     "3.1: 10..15 + (0..K+5), up to 50 s at defaults; 3.6"},
    {"paho-golang", "1.5.1", 11, 5, {11, 16 + kMs}, 16 + kMs, {11, 16 + kMs}, kNone,
     {10, 15 + kMs}, {10, 31 + 2 * kMs}, {10, 31 + 2 * kMs}, {21, 31 + 2 * kMs},
     "3.6: K = 11 pings at 15 s; W is 10..15 s whatever K is"},
    {"paho-golang", "1.5.1", 8, 2, {8, 10 + kMs}, 10 + kMs, {8, 10 + kMs}, kNone, {10, 12 + kMs},
     {10, 22 + 2 * kMs}, {10, 22 + 2 * kMs}, {18, 22 + 2 * kMs},
     "3.6: tick K/4 up to K = 10"},
    {"paho-golang-v5", "0.22", 60, kMs, Just(60), 60, kNone, kNone, Just(60), {60, 120}, kNone,
     Just(120),
     "3.7: up to 0.22 due at last sent + K only"},
    {"paho-golang-v5", "0.23", 60, kMs, Just(60), 60, Just(60), kNone, Just(60), {60, 120},
     {60, 120}, Just(120),
     "3.1: K .. 2K; 3.7"},
    {"paho-embedded-c", "1.1", 60, 1, {60, 61}, 61, {60, 61}, kNone, {1, 1}, {1, 62}, {1, 62},
     {61, 62},
     "3.1, 3.8: about 1 yield .. K + 1 yield; each looked at up to a yield later"},
    {"paho-embedded-c", "1.1", 2, 1, {2, 3}, 3, {2, 3}, kNone, {1, 1}, {1, 4}, {1, 4}, {3, 4},
     "3.1: K = 2 s: 1 s after PINGREQ with a 1000 ms yield"},
    {"mqttjs", "4.3", 60, kMs, Just(60), 60, kNone, kNone, Just(60), {60, 120}, kNone, Just(120),
     "3.1: K .. 2K idle; never while publishing"},
    {"mqttjs", "5.5", 60, kMs, Just(60), 60, kNone, kNone, Just(60), {60, 120}, kNone, Just(120),
     "3.1: K .. 2K idle; never while publishing"},
    {"mqttjs", "5.6", 60, kMs, Just(60), 60, Just(60), kNone, Just(30), {30, 90}, {30, 90},
     Just(90),
     "3.1: 0.5K .. 1.5K; QoS 1/2 yes, QoS 0 no; 3.9"},
    {"coremqtt", "5.0", 60, kMs, Just(30), 30, Just(30), kNone, Just(5 + kMs), {5 + kMs, 35 + kMs},
     {5 + kMs, 35 + kMs}, Just(35 + kMs),
     "3.1: 5 .. min(K, 30) + 5 s; 3.10: strictly exceeded"},
    {"coremqtt", "5.0", 20, kMs, Just(20), 20, Just(30), kNone, Just(5 + kMs), {5 + kMs, 25 + kMs},
     {5 + kMs, 35 + kMs}, Just(25 + kMs),
     "3.10: 30 s since receive, whatever K is"},
    {"esp-mqtt", "1.1", 120, 1, {60, 61}, 61, {60, 61}, {60, 62}, Just(60), {60, 121}, {60, 121},
     {60, 121},
     "3.1: K/2 .. K, 1 s poll; 3.11; after a PINGRESP up to 1 s late"},
    {"pubsubclient", "2.8", 15, kMs, Just(15 + kMs), 15 + kMs, Just(15 + kMs), kNone,
     Just(15 + kMs), {15 + kMs, 30 + 2 * kMs}, {15 + kMs, 30 + 2 * kMs}, Just(30 + 2 * kMs),
     "3.1: K .. 2K, just over K; 3.12"},
    {"rumqttc", "0.25", 60, kMs, Just(60), 60, Just(60), Just(60), Just(60), {60, 120}, {60, 120},
     {60, 120},
     "3.1: K .. 2K; every K; 3.13"},
    {"emqtt", "1.15", 60, kMs, Just(60), 120, kNone, kNone, Just(60), {60, 120}, kNone, {60, 180},
     "3.1: K .. 2K, the real gap can reach just under 2K; 3.14: a first tick always pings"},
    {"hivemq-client", "1.4", 60, kMs, Just(59.9), 59.9, Just(59.9), kNone, Just(59.9),
     {59.9, 119.8}, {59.9, 119.8}, Just(119.8),
     "3.1: K .. 2K; 3.15: K - 100 ms, twice"},
    {"aws-c-mqtt", "0.16", 1200, kMs, Just(1200), 1200, Just(1200), kNone, Just(3), {3, 1203},
     {3, 1203}, Just(1203),
     "3.1: 3 s .. K + 3 s; 3.16"},
    {"aws-c-mqtt-v5", "0.16", 60, kMs, Just(60), 60, Just(60), Just(60), Just(30), {30, 90},
     {30, 90}, {30, 90},
     "3.1: W .. K + W, W = min(30 s, K/2); 3.16"},
    {"aws-c-mqtt-v5", "0.16", 20, kMs, Just(20), 20, Just(20), Just(20), Just(10), {10, 30},
     {10, 30}, {10, 30},
     "3.1: W = min(30 s, K/2)"},
    {"mqttnet", "5.2", 15, 0.25, {15, 15.25 + kMs}, 15.25 + kMs, kNone, kNone, Just(7.5),
     {7.5, 22.75 + kMs}, kNone, {22.5, 22.75 + kMs},
     "3.1: > K, 250 ms; K/2 .. 1.5K; never while publishing QoS 0"},
};
// clang-format on

Packet Of(PacketType type, uint16_t id = 0) {
  Packet p;
  p.type = type;
  p.packet_id = id;
  return p;
}

// A run of one client, connected at `begin`, that publishes now and then until the path is cut or
// the run is over. What is late is, by a share of loop_delay_max, each look; and where the profile
// has a main loop, whose looks go by what it receives, each answer, by a share of the loop's turn.
struct Trial {
  enum class Late { kNever, kAlways, kOdd, kEven, kMixed };

  const ClientProfile* profile;
  uint16_t k;
  Late late;
  Instant begin = kStart;
  uint8_t qos = 0;
  Instant first_publish = kNever;
  Duration period = kForever;  // between publishes
  Instant cut = kNever;        // packets sent from then on are lost
  Instant until = kNever;

  // ---- what came of it
  std::vector<Instant> pings;
  std::vector<Instant> sends;
  Instant last_in = kStart;
  Instant unanswered = kNever;  // the first PINGREQ after the cut
  Instant declared = kNever;

  void Go() {
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

  // ---- the rest is this struct's own
  Duration Share(Duration bound, uint64_t number) const {
    // Less than the bound: a profile in whole seconds sees each second begin.
    const Duration most = bound - Nanoseconds(1);
    if (most.ns <= 0) return Duration{0};
    switch (late) {
      case Late::kNever:
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
  void AnswerLater(const Packet& packet) {
    const Duration turn = profile->loop_wait + profile->loop_pause;
    Instant at = now + Share(turn, ++answered);
    if (!answers.empty()) at = std::max(at, answers.back().first);
    if (at == now) return Answer(packet);
    answers.push_back({at, packet});
  }

  void Take(const Effects& effects) {
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
  void Answer(const Packet& packet) {
    last_in = now;
    OnPacket(params, s, now, packet);
  }

  ClientParams params;
  ClientSession s;
  Instant now = kStart;
  uint64_t looks = 0;
  uint64_t answered = 0;
  std::deque<std::pair<Instant, Packet>> answers;  // on their way, by arrival
};

// What was measured of one quantity of a row.
struct Seen {
  double low = 1e18;
  double high = -1;

  void Add(Duration d) {
    low = std::min(low, ToSeconds(d));
    high = std::max(high, ToSeconds(d));
  }
  void Check(const char* what, const Row& row, Range range) const {
    const std::string at =
        absl::StrCat(row.name, " ", row.version, ", K = ", row.k, ", ", what, ": ", row.clause);
    if (range == kNone) {
      EXPECT_EQ(high, -1) << at;
      return;
    }
    constexpr double kRounding = 1e-9;
    EXPECT_GE(low, range.low - kRounding) << at;
    EXPECT_LE(high, range.high + kRounding) << at;
    EXPECT_LE(low, range.low + row.tick + kRounding) << at;
    EXPECT_GE(high, range.high - row.tick - kRounding) << at;
  }
};

class ClientRangeTest : public testing::TestWithParam<Row> {
 protected:
  static constexpr int kPhases = 300;

  // The phases of a publish in (0, 3 keepAlive), and those next to the profile's own instants.
  std::vector<Instant> Phases() const {
    std::vector<Instant> phases;
    const Duration k = Seconds(GetParam().k);
    for (int i = 0; i < kPhases; ++i) {
      phases.push_back(kStart + Nanoseconds(1) + k * 3 * (int64_t{i} * 61803 % 100000) / 100000);
    }
    Trial idle = MakeRun(Trial::Late::kNever);
    idle.until = kStart + k * 3;
    idle.Go();
    const Duration tick = profile()->TickOf(k);
    for (const Instant p : idle.pings) {
      for (const Duration d : {-tick, Duration{0}}) {
        for (const Duration e : {-Nanoseconds(1), Nanoseconds(1)}) phases.push_back(p + d + e);
      }
    }
    return phases;
  }
  const ClientProfile* profile() const {
    return FindClientProfile(GetParam().name, GetParam().version);
  }
  Trial MakeRun(Trial::Late late) const {
    // In whole seconds it matters where in one the client connects.
    const bool whole = profile()->whole_seconds;
    const Duration into =
        whole ? Milliseconds(137) * (static_cast<int64_t>(late) + 1) : Duration{0};
    return {.profile = profile(), .k = GetParam().k, .late = late, .begin = kStart + into};
  }

  static constexpr Trial::Late kLate[] = {Trial::Late::kNever, Trial::Late::kAlways,
                                          Trial::Late::kOdd, Trial::Late::kEven,
                                          Trial::Late::kMixed};
};

void AddGaps(const std::vector<Instant>& times, Seen& seen) {
  for (size_t i = 1; i < times.size(); ++i) seen.Add(times[i] - times[i - 1]);
}

TEST_P(ClientRangeTest, SilenceTowardTheBroker) {
  const Row& row = GetParam();
  const Duration k = Seconds(row.k);
  Seen idle, silence, busy, acked;
  for (const Trial::Late late : kLate) {
    Trial run = MakeRun(late);
    run.until = kStart + k * 40;
    run.Go();
    EXPECT_EQ(run.declared, kNever);
    AddGaps(run.pings, idle);
    AddGaps(run.sends, silence);
    for (const Instant phase : Phases()) {
      for (const uint8_t qos : {uint8_t{0}, uint8_t{1}}) {
        Trial once = MakeRun(late);
        once.qos = qos;
        once.first_publish = phase;
        once.until = phase + k * 3;
        once.Go();
        EXPECT_EQ(once.declared, kNever);
        AddGaps(once.sends, silence);
      }
    }
    for (int i = 1; i <= 20; ++i) {
      for (const uint8_t qos : {uint8_t{0}, uint8_t{1}}) {
        Trial often = MakeRun(late);
        often.qos = qos;
        often.period = k * 3 / 10;
        often.first_publish = kStart + often.period * i / 20;
        often.until = kStart + k * 30;
        often.Go();
        EXPECT_EQ(often.declared, kNever);
        // What is due by the silence before the first publish is not the matter here.
        const auto settled = std::find_if(often.pings.begin(), often.pings.end(),
                                          [&](Instant t) { return t > kStart + k + k / 10; });
        const std::vector<Instant> pings(settled, often.pings.end());
        const Range expected = qos == 0 ? row.busy : row.acked;
        EXPECT_EQ(pings.empty(), expected == kNone) << row.name << " " << row.version;
        AddGaps(pings, qos == 0 ? busy : acked);
        Seen gaps;
        AddGaps(often.sends, gaps);
        EXPECT_LE(gaps.high, ToSeconds(often.period)) << row.name;
      }
    }
  }
  idle.Check("idle", row, row.idle);
  silence.Check("silence", row, {silence.low, row.silence});
  busy.Check("publishing QoS 0", row, row.busy);
  acked.Check("publishing QoS 1", row, row.acked);
}

// The path is cut right before, right after, and between the PINGREQs.
TEST_P(ClientRangeTest, DeclarationOfALostBroker) {
  const Row& row = GetParam();
  const Duration k = Seconds(row.k);
  Seen wait, detect, busy_detect, last_in;
  const auto cut = [&](Trial run, Instant at, Seen& latency, bool waits) {
    run.cut = at;
    run.until = at + k * 20;
    run.Go();
    if (run.declared == kNever) return false;
    latency.Add(run.declared - at);
    if (waits) wait.Add(run.declared - run.unanswered);
    return true;
  };
  for (const Trial::Late late : kLate) {
    for (const bool publishing : {false, true}) {
      Trial through = MakeRun(late);
      if (publishing) {
        through.period = k * 3 / 10;
        through.first_publish = kStart + k / 7;
      }
      Trial before = through;
      before.until = kStart + k * 12;
      before.Go();
      std::vector<Instant> cuts;
      for (int i = 0; i < 100; ++i) cuts.push_back(kStart + k * 2 + k * 4 * (i * 61 % 100) / 100);
      for (const Instant p : before.pings) {
        if (p < kStart + k * 2) continue;
        cuts.push_back(p);
        cuts.push_back(p + Nanoseconds(1));
      }
      for (const Instant at : cuts) {
        const bool noticed = cut(through, at, publishing ? busy_detect : detect, !publishing);
        EXPECT_EQ(noticed, !publishing || row.busy_detect != kNone)
            << row.name << " " << row.version;
      }
    }
    for (const Instant phase : Phases()) {
      Trial after = MakeRun(late);
      after.qos = 1;
      after.first_publish = phase;
      after.cut = phase + Nanoseconds(1);
      after.until = phase + k * 20;
      after.Go();
      ASSERT_NE(after.declared, kNever);
      last_in.Add(after.declared - after.last_in);
    }
  }
  wait.Check("wait", row, row.wait);
  detect.Check("detection", row, row.detect);
  busy_detect.Check("detection, publishing", row, row.busy_detect);
  last_in.Check("from the last packet received", row, row.last_in);
}

std::string Name(const testing::TestParamInfo<Row>& info) {
  std::string name = absl::StrCat(info.param.name, "_", info.param.version, "_", info.param.k);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Rows, ClientRangeTest, testing::ValuesIn(kRows), Name);

TEST(ClientRangeTableTest, HasEveryRow) {
  for (const ClientProfile& p : ClientProfiles()) {
    EXPECT_TRUE(
        std::any_of(std::begin(kRows), std::end(kRows),
                    [&](const Row& row) { return p.name == row.name && p.version == row.version; }))
        << p.name << " " << p.version;
  }
}

}  // namespace
}  // namespace keepsim
