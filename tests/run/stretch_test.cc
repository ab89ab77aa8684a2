// Incidents simulated again: the window, and what became of every packet in it.
#include "sim/run/stretch.h"

#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/metrics/incident_reader.h"
#include "tests/run/stored_run.h"

namespace keepsim {
namespace {

using testing::ElementsAre;

constexpr int kPathCut = 4;  // Fate of sim/net

Instant Ms(int64_t n) { return kStart + Milliseconds(n); }

// Client g/1 pings at 60.02 s (reads CONNACK at 40 ms, silent since CONNECT at 20 ms); the path up
// is cut from 50 s to 200 s, so the broker declares it at 90.03 s.
constexpr char kCutUp[] = R"(
  horizon: "4m"
  groups { name: "g" count: 3 keep_alive: "60s" path { both { latency { constant: "10ms" } } } }
  faults { name: "tunnel" at: "50s" duration: "150s" select { first: 1 last: 1 }
           partition { directions: UP } }
)";

Incident FirstBy(TraceReader& trace, Observer observer) {
  Incident found;
  EXPECT_TRUE(ReadIncidents(trace, [&](const Incident& i) {
                if (found.number == 0 && i.observer == observer) found = i;
                return true;
              }).ok());
  EXPECT_GT(found.number, 0);
  return found;
}

TEST(IncidentReaderTest, NumbersRunFromOneInCanonicalOrder) {
  StoredRun run = Store(kCutUp);
  std::vector<int64_t> numbers;
  Instant last = kStart;
  ASSERT_TRUE(ReadIncidents(*run.trace, [&](const Incident& i) {
                numbers.push_back(i.number);
                EXPECT_GE(i.declared, last);
                last = i.declared;
                return true;
              }).ok());
  ASSERT_GE(numbers.size(), 2u);
  for (size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(numbers[i], static_cast<int64_t>(i) + 1);
    const auto found = FindIncident(*run.trace, numbers[i]);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->number, numbers[i]);
  }
  const auto none = FindIncident(*run.trace, 1000);
  EXPECT_TRUE(absl::IsOutOfRange(none.status())) << none.status();
}

TEST(StretchTest, AnIncidentOfTheBroker) {
  StoredRun run = Store(kCutUp);
  const Incident incident = FirstBy(*run.trace, Observer::kBroker);
  EXPECT_EQ(incident.entity, 2u);
  const auto s = ReplayIncident(*run.plan, *run.trace, incident);
  ASSERT_TRUE(s.ok()) << s.status();
  EXPECT_TRUE(s->replayed.same);
  EXPECT_GT(s->replayed.met, 5u);
  // CONNECT, written at 20 ms, was read at 30 ms; that is the only packet the broker heard.
  EXPECT_EQ(s->last_heard, Ms(30));
  EXPECT_EQ(incident.declared, Ms(90030));
  EXPECT_EQ(s->from, kStart);
  EXPECT_GT(s->to, incident.declared);
  EXPECT_LE(s->to, incident.declared + Seconds(11));
  EXPECT_TRUE(s->truth.cut.holds);
  EXPECT_EQ(s->truth.cut.since, Ms(50000));
  EXPECT_EQ(s->truth.directions, 1);
  EXPECT_FALSE(s->truth.down.holds);
  for (const LogEntry& e : s->log.entries()) {
    EXPECT_GE(e.record.at, s->from);
    EXPECT_LE(e.record.at, s->to);
    EXPECT_TRUE(e.record.entity == 0 || e.record.entity == 2);
  }

  // What became of the PINGREQ.
  const LoggedPacket* ping = nullptr;
  for (const LoggedPacket& p : s->log.packets()) {
    if (p.fields.type == 12 && ping == nullptr) ping = &p;
  }
  ASSERT_NE(ping, nullptr);
  EXPECT_EQ(ping->written, Ms(60020));
  EXPECT_EQ(ping->received, kNever);
  ASSERT_GE(ping->transmissions.size(), 4u);
  for (size_t i = 0; i < ping->transmissions.size(); ++i) {
    const Transmission* t = s->log.Sent(ping->transmissions[i]);
    ASSERT_NE(t, nullptr);
    EXPECT_EQ(t->segment.fate, kPathCut);
    EXPECT_EQ(t->segment.retransmission, i > 0);
    EXPECT_EQ(t->arrived, kNever);
    EXPECT_THAT(t->packets, ElementsAre(ping->id));
  }
}

TEST(StretchTest, TheWindowBeginsWithTheLastPacketHeardHoweverLongTheClientLived) {
  StoredRun run = Store(R"(
    horizon: "3h"
    groups { name: "g" keep_alive: "10s" path { both { latency { constant: "10ms" } loss: 0.1 } } }
    faults { at: "2h" client: CRASH }
  )");
  const Incident incident = FirstBy(*run.trace, Observer::kBroker);
  ASSERT_GT(incident.declared, kStart + Seconds(7200));
  const auto s = ReplayIncident(*run.plan, *run.trace, incident);
  ASSERT_TRUE(s.ok()) << s.status();
  EXPECT_TRUE(s->replayed.same);
  const LoggedPacket* last = s->log.Packet(s->last_packet);
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->received, s->last_heard);
  EXPECT_EQ(incident.declared - s->last_heard, Seconds(15));
  EXPECT_LE(s->from, last->written);
  EXPECT_GE(s->from, last->written - Seconds(1));
  EXPECT_LT(s->log.entries().size(), 100u);
  EXPECT_TRUE(s->truth.down.holds);
}

TEST(StretchTest, AnyStretchOfAnyClient) {
  StoredRun run = Store(R"(
    horizon: "10m"
    groups { name: "g" count: 2 keep_alive: "10s"
             path { both { latency { exponential { mean: "50ms" } } loss: 0.2 } }
             publish { bursts { mean_gap: "3s" size: 5 spacing: "5ms" } qos: 1 payload_bytes: 100 } }
  )");
  const auto whole = ReplayStretch(*run.plan, *run.trace, 2, kStart, kStart + run.plan->horizon);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_TRUE(whole->replayed.same);
  const auto part = ReplayStretch(*run.plan, *run.trace, 2, Ms(300000), Ms(330000));
  ASSERT_TRUE(part.ok()) << part.status();
  // The part says what the whole says of these seconds, and every packet that was read was carried.
  std::vector<LogEntry> expected;
  for (const LogEntry& e : whole->log.InOrder()) {
    if (e.record.at >= Ms(300000) && e.record.at <= Ms(330000)) expected.push_back(e);
  }
  const std::vector<LogEntry> got = part->log.InOrder();
  ASSERT_EQ(got.size(), expected.size());
  size_t read = 0;
  std::set<uint64_t> taken;
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].record, expected[i].record);
    EXPECT_EQ(got[i].packet, expected[i].packet);
    EXPECT_EQ(got[i].transmission, expected[i].transmission);
    if (got[i].record.kind == RecordKind::kSegmentArrived) {
      // It is the one that was sent: the same bytes, and each is taken once.
      const Transmission* t = part->log.Sent(got[i].transmission);
      ASSERT_NE(t, nullptr);
      EXPECT_EQ(t->arrived, got[i].record.at);
      EXPECT_EQ(t->segment.seq, SegmentFieldsOf(got[i].record).seq);
      EXPECT_EQ(t->segment.ack, SegmentFieldsOf(got[i].record).ack);
      EXPECT_TRUE(taken.insert(t->id).second);
    }
    if (got[i].record.kind != RecordKind::kPacketReceived) continue;
    ++read;
    const LoggedPacket* p = part->log.Packet(got[i].packet);
    ASSERT_NE(p, nullptr);
    bool arrived = false;
    for (const uint64_t id : p->transmissions) {
      const Transmission* t = part->log.Sent(id);
      arrived = arrived || (t != nullptr && t->arrived <= p->received);
    }
    EXPECT_TRUE(arrived) << p->id;
  }
  EXPECT_GE(read, 15u);
}

// Where a limit of the broker joins all clients into one cell, no more of it is run than the
// incident takes, and only its client is heard of.
TEST(StretchTest, OfACoupledFleetOnlyWhatTheIncidentTakes) {
  StoredRun run = Store(R"(
    horizon: "3h"
    broker { accept_per_second: 2 }
    groups { name: "g" count: 30 keep_alive: "10s"
             path { both { latency { constant: "10ms" } loss: 0.2 } } }
  )");
  ASSERT_TRUE(IsCoupled(*run.plan));
  const Incident incident = FirstBy(*run.trace, Observer::kBroker);
  ASSERT_LT(incident.declared, kStart + Seconds(3600));
  const auto s = ReplayIncident(*run.plan, *run.trace, incident);
  ASSERT_TRUE(s.ok()) << s.status();
  EXPECT_TRUE(s->replayed.same);
  EXPECT_EQ(s->replayed.until, incident.declared + Seconds(10));
  ASSERT_TRUE(run.trace->Select({}).ok());
  uint64_t of_client = 0;
  TraceRecord r;
  while (*run.trace->Next(&r))
    of_client += r.entity == incident.entity && r.at <= s->replayed.until;
  EXPECT_EQ(s->replayed.met, of_client);
  const auto stretch =
      ReplayStretch(*run.plan, *run.trace, incident.entity, s->from, kStart + Seconds(10800));
  ASSERT_TRUE(stretch.ok()) << stretch.status();
  EXPECT_TRUE(stretch->replayed.same);
  EXPECT_GT(stretch->replayed.met, of_client);
  const auto& short_log = s->log.entries();
  const auto& long_log = stretch->log.entries();
  ASSERT_LT(short_log.size(), long_log.size());
  for (size_t i = 0; i < short_log.size(); ++i) EXPECT_EQ(short_log[i].record, long_log[i].record);
}

TEST(StretchTest, AnotherPlanDoesNotMeetTheTrace) {
  StoredRun run = Store(kCutUp);
  StoredRun other = Store(std::string(kCutUp) + " broker { grace_factor: 2 }");
  const auto s = ReplayStretch(*other.plan, *run.trace, 2, kStart, Ms(240000));
  ASSERT_TRUE(s.ok()) << s.status();
  EXPECT_FALSE(s->replayed.same);
  EXPECT_TRUE(s->replayed.stored.has_value());
}

}  // namespace
}  // namespace keepsim
