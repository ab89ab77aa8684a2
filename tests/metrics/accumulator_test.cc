// Detector quality of service, cost, the worst incidents; and that no split changes a number.
#include "sim/metrics/accumulator.h"

#include "gtest/gtest.h"
#include "tests/metrics/follow.h"

namespace keepsim {
namespace {

constexpr double kDay = 86400;

Story& Mistake(Story& s, double at, uint32_t conn, double back_at) {
  s.At(at).Declares(Observer::kBroker, conn, 90);
  s.Closes(Observer::kBroker, conn, Story::kKeepAliveTimeout);
  s.Closes(Observer::kClient, conn, Story::kPeerClosed);
  return s.At(back_at).Connects(conn + 1);
}

TEST(Qos, MistakesOfOneClient) {
  Story s;
  Mistake(s.Starts(), 1000, 1, 1002);
  Mistake(s, 5000, 2, 5004).At(kDay).Ends();
  const Tally t = Follow(s)->total;
  EXPECT_EQ(t.mistakes, 2);
  EXPECT_EQ(static_cast<int64_t>(t.observed_ns), Seconds(86400).ns);
  EXPECT_EQ(static_cast<int64_t>(t.suspected_ns), Seconds(6).ns);
  EXPECT_EQ(t.mistake_duration.min(), Seconds(2));
  EXPECT_EQ(t.mistake_duration.max(), Seconds(4));
  EXPECT_EQ(t.mistake_recurrence.max(), Seconds(4000));
  EXPECT_EQ(t.good_period.max(), Seconds(3998));
}

TEST(Qos, OnlyTheTimeOfAClientThatCanBeReachedIsObserved) {
  Story s;
  s.At(400).Starts().At(1000).Add(RecordKind::kFrozen).At(1100).Add(RecordKind::kThawed);
  s.At(2000).Add(RecordKind::kPathDown, 1).At(2050).Add(RecordKind::kPathUp, 0);
  s.At(kDay).Ends();
  EXPECT_EQ(static_cast<int64_t>(Follow(s)->total.observed_ns), Seconds(86400 - 550).ns);
}

TEST(Cost, EndRecordsAddUpByGroup) {
  Story s;
  for (const uint32_t entity : {1, 2, 11}) {
    s.Of(entity).At(kDay).Add(RecordKind::kCost, kUp << 8 | 12, 0, 10, 20);
    s.Add(RecordKind::kTransportCost, kDown, 0, 7, 700).Add(RecordKind::kRadio, 0, 0, 3, 5);
    s.Ends(63, 100);
  }
  const auto f = Follow(s);
  EXPECT_EQ(f->metrics->groups()[0].packets[kUp][12], 20);
  EXPECT_EQ(f->metrics->groups()[1].packets[kUp][12], 10);
  EXPECT_EQ(f->total.bytes[kUp][12], 60);
  EXPECT_EQ(f->total.wire_bytes[kDown], 2100);
  EXPECT_EQ(f->total.radio_wakeups, 9);
  EXPECT_EQ(f->total.events, 300);
  EXPECT_EQ(f->total.clients, 3);
}

// Fifteen clients, each with a false declaration, a cut and a crash at times of its own.
Story Fleet() {
  Story s;
  for (uint32_t entity = 1; entity <= 15; ++entity) {
    Mistake(s.Of(entity).At(0).Starts(), 1000 + entity, 1, 1003 + entity);
    s.At(3000).Add(RecordKind::kPathDown, 3).At(3001 + entity).Add(RecordKind::kPathUp, 0);
    s.At(4000).Down(FailureKind::kCrash).Closes(Observer::kClient, 2, Story::kLocalStop);
    s.At(4080 + entity).Declares(Observer::kBroker, 2, 90);
    s.Closes(Observer::kBroker, 2, Story::kKeepAliveTimeout).At(kDay).Ends(0);
  }
  return s;
}

void ExpectSame(const Accumulator& x, const Accumulator& y) {
  const Tally a = x.Total(), b = y.Total();
  EXPECT_EQ(a.clients, b.clients);
  EXPECT_EQ(a.mistakes, b.mistakes);
  EXPECT_TRUE(a.observed_ns == b.observed_ns && a.suspected_ns == b.suspected_ns);
  EXPECT_EQ(a.mistake_duration, b.mistake_duration);
  for (int o = 0; o < 3; ++o) {
    for (int k = 0; k < kFailureKinds; ++k) EXPECT_EQ(a.detection[o][k], b.detection[o][k]);
  }
  const std::vector<Incident> v = x.WorstIncidents(), w = y.WorstIncidents();
  ASSERT_EQ(v.size(), w.size());
  for (size_t i = 0; i < v.size(); ++i) {
    EXPECT_EQ(v[i].number, w[i].number);
    EXPECT_EQ(v[i].entity, w[i].entity);
    EXPECT_EQ(v[i].counter, w[i].counter);
  }
}

TEST(Accumulator, EverySplitAndOrderGivesTheSame) {
  const Story story = Fleet();
  const RunShape shape = DayOfFifteen();
  Accumulator canonical(&shape), one_by_one(&shape);
  for (const TraceRecord& r : story.Canonical()) canonical.Add(r);
  for (const TraceRecord& r : story.told()) one_by_one.Add(r);
  ExpectSame(canonical, one_by_one);
  for (const uint32_t parts : {2u, 3u, 15u}) {
    std::vector<std::unique_ptr<Accumulator>> split;
    for (uint32_t p = 0; p < parts; ++p) split.push_back(std::make_unique<Accumulator>(&shape));
    for (const TraceRecord& r : story.Canonical()) split[r.entity % parts]->Add(r);
    Accumulator merged(&shape);
    for (uint32_t p = parts; p-- > 0;) merged.Merge(*split[p]);
    ExpectSame(canonical, merged);
  }
}

TEST(Accumulator, FalseIsWorseThanTrueThenTheLongestLatency) {
  const auto f = Follow(Fleet());
  const std::vector<Incident> worst = f->metrics->WorstIncidents();
  ASSERT_EQ(worst.size(), 30u);
  EXPECT_EQ(worst[0].verdict, Verdict::kFalse);
  EXPECT_EQ(worst[0].entity, 1u);  // all false ones have no latency: the first in time
  EXPECT_EQ(worst[0].number, 1);
  EXPECT_EQ(worst[15].verdict, Verdict::kTrue);
  EXPECT_EQ(worst[15].latency, Seconds(95));
  EXPECT_EQ(worst[15].number, 30);
}

TEST(Accumulator, PacketLevelDoesNotCountAndADamagedEndIsFinished) {
  Story s;
  s.Starts().At(5).Add(RecordKind::kPacketSent, 12, 1);
  const auto f = Follow(s);
  EXPECT_EQ(f->total.clients, 1);
  EXPECT_EQ(static_cast<int64_t>(f->total.observed_ns), Seconds(86400).ns);
}

TEST(BinWidth, AtMostTwoHundred) {
  EXPECT_EQ(BinWidth(Seconds(200)), Seconds(1));
  EXPECT_EQ(BinWidth(Seconds(201)), Seconds(2));
  EXPECT_EQ(BinWidth(Seconds(86400)), Seconds(600));
  EXPECT_EQ(BinWidth(Seconds(int64_t{86400} * 36525)), Seconds(int64_t{86400} * 183));
}

}  // namespace
}  // namespace keepsim
