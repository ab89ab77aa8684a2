// Each checker is fed a story that is right, then one that is wrong in a single place.
#include "sim/check/checker.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/trace/stories.h"

namespace keepsim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kDay = 86400;
constexpr int kEverything = 63;

CheckShape Shape() {
  CheckShape shape;
  shape.horizon = Seconds(86400);
  CheckGroup g;
  g.name = "fleet";
  g.first_entity = 1;
  g.count = 10;
  g.spec_client = true;
  g.keep_alive = Seconds(60);
  g.client_slack = Seconds(1);
  g.reconnect_bound = Seconds(600);
  shape.groups = {g};
  shape.broker_late = Seconds(5);
  return shape;
}

struct Judged {
  std::vector<Violation> violations;
  int64_t total = 0;
};

Judged Judge(const std::vector<TraceRecord>& records, const CheckShape& shape = Shape(),
             int64_t verdicts = -1) {
  CheckerSet checks(&shape);
  for (const TraceRecord& r : records) checks.Add(r);
  checks.Finish(verdicts);
  return {checks.violations(), checks.total()};
}

void ExpectOne(const Story& s, const std::string& rule, const std::string& words,
               const CheckShape& shape = Shape()) {
  const Judged j = Judge(s.told(), shape);
  ASSERT_EQ(j.total, 1) << (j.total > 1 ? j.violations[1].text : "none");
  EXPECT_EQ(j.violations[0].rule, rule);
  EXPECT_THAT(j.violations[0].text, HasSubstr(words));
}

// A true declaration and a new connection; no rule is broken.
Story& GoodDay(Story& s, double silence = 90) {
  s.Starts().At(1000).Declares(Observer::kBroker, 1, silence);
  s.Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  s.At(1001).Closes(Observer::kClient, 1, Story::kPeerClosed);
  return s.At(1002).Connects(2);
}

TEST(Checkers, AGoodDayHasNoViolation) {
  Story s;
  GoodDay(s).At(kDay).Ends();
  EXPECT_THAT(Judge(s.told(), Shape(), 1).violations, IsEmpty());
}

TEST(Order, AGapInTheCounters) {
  Story s;
  s.Starts().At(kDay).Ends();
  std::vector<TraceRecord> records = s.told();
  records.erase(records.begin() + 3);
  const Judged j = Judge(records);
  ASSERT_GE(j.total, 1);
  EXPECT_EQ(j.violations[0].rule, "order");
}

TEST(Order, TimeGoesBackAndTheHorizonIsPassed) {
  Story back;
  back.At(5).Starts().At(4).Add(RecordKind::kFrozen).At(kDay).Ends();
  ExpectOne(back, "order", "goes back");
  Story after;
  after.Starts().At(kDay + 1).Ends();
  EXPECT_EQ(Judge(after.told()).violations[0].rule, "order");
}

TEST(Order, NoEndAndRecordsAfterIt) {
  Story none;
  none.Starts();
  ExpectOne(none, "order", "no end");
  Story stranger;
  stranger.Of(11).At(kDay).Ends();
  EXPECT_EQ(Judge(stranger.told()).violations[0].rule, "order");
}

TEST(OneVerdict, ConnectionNumbersOnlyGrow) {
  Story s;
  s.Starts(2).At(5).Add(RecordKind::kConnectAttempt, 0, 1).At(kDay).Ends();
  ExpectOne(s, "one_verdict", "after attempt #2");
}

TEST(OneVerdict, AnEndOpensOnce) {
  Story s;
  s.Starts().Add(RecordKind::kConnected, 0, 1).At(kDay).Ends();
  ExpectOne(s, "one_verdict", "again");
}

TEST(OneVerdict, ADeclarationComesBeforeTheCloseAndOnlyOnce) {
  Story late;
  late.Starts().At(100).Closes(Observer::kClient, 1, Story::kReset);
  late.Declares(Observer::kClient, 1, 30).At(101).Connects(2).At(kDay).Ends();
  ExpectOne(late, "one_verdict", "after it has closed");
  Story twice;
  twice.Starts().At(100).Declares(Observer::kClient, 1, 30).Declares(Observer::kClient, 1, 30);
  twice.Closes(Observer::kClient, 1, Story::kPingrespTimeout).At(101).Connects(2);
  twice.At(kDay).Ends();
  ExpectOne(twice, "one_verdict", "second time");
}

TEST(OneVerdict, SilenceClosesOnlyWithADeclarationAndADeclarationCloses) {
  Story without;
  without.Starts().At(100).Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  without.At(kDay).Ends();
  ExpectOne(without, "one_verdict", "without a declaration");
  Story open;
  open.Starts().At(100).Declares(Observer::kClient, 1, 30).At(kDay).Ends();
  ExpectOne(open, "one_verdict", "never closed");
}

TEST(OneVerdict, TheSumsMustAgree) {
  Story s;
  GoodDay(s).At(kDay).Ends();
  const Judged j = Judge(s.told(), Shape(), 2);
  ASSERT_EQ(j.total, 1);
  EXPECT_THAT(j.violations[0].text, HasSubstr("1 declarations and 2 verdicts"));
}

TEST(BrokerLimit, NeitherEarlyNorLate) {
  for (const double silence : {90.0, 95.0}) {
    Story s;
    GoodDay(s, silence).At(kDay).Ends();
    EXPECT_EQ(Judge(s.told()).total, 0);
  }
  Story early;
  GoodDay(early, 89.999999999).At(kDay).Ends();
  ExpectOne(early, "broker_limit", "not before 90s");
  Story late;
  GoodDay(late, 95.000000001).At(kDay).Ends();
  ExpectOne(late, "broker_limit", "not later than 95s");
}

TEST(BrokerLimit, AStallOrALimitOfTheBrokerExcusesLateness) {
  Story late;
  GoodDay(late, 300).At(kDay).Ends();
  CheckShape queue = Shape();
  queue.broker_may_be_late = true;
  EXPECT_EQ(Judge(late.told(), queue).total, 0);
  Story run;
  run.Of(0).At(800).Add(RecordKind::kBrokerStalled).At(990).Add(RecordKind::kBrokerResumed);
  CheckShape stalled = Shape();
  stalled.run_records = run.told();
  EXPECT_EQ(Judge(late.told(), stalled).total, 0);
}

TEST(BrokerLimit, NoSessionOrNoKeepAliveNoDeclaration) {
  Story none;
  none.Add(RecordKind::kHostUp).Add(RecordKind::kConnectAttempt, 0, 1);
  none.At(100).Declares(Observer::kBroker, 1, 90);
  none.Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout).At(kDay).Ends(0);
  ExpectOne(none, "broker_limit", "no session");
  Story off;
  off.Add(RecordKind::kHostUp).Connects(1, 0).At(100).Declares(Observer::kBroker, 1, 90);
  off.Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout).At(kDay).Ends();
  ExpectOne(off, "broker_limit", "keepAlive is off");
}

TEST(ClientSilence, TheLongestGapOfTheRun) {
  Story good, wrong;
  good.Starts().At(kDay).Ends(kEverything, 0, Seconds(61));
  EXPECT_EQ(Judge(good.told()).total, 0);
  wrong.Starts().At(kDay).Ends(kEverything, 0, Seconds(61) + Nanoseconds(1));
  ExpectOne(wrong, "client_silence", "allowed 61s");
  CheckShape other = Shape();
  other.groups[0].spec_client = false;
  EXPECT_EQ(Judge(wrong.told(), other).total, 0);
}

TEST(ClientSilence, PacketLevelNamesTheInstant) {
  Story s;
  s.Starts().At(1).Add(RecordKind::kPacketSent, kUp << 8 | 12, 1);
  s.At(63).Add(RecordKind::kPacketSent, kUp << 8 | 12, 1).At(kDay).Ends();
  ExpectOne(s, "client_silence", "silent for 62s");
  EXPECT_EQ(Judge(s.told()).violations[0].at, kStart + Seconds(63));
  Story frozen;
  frozen.Starts().At(1).Add(RecordKind::kPacketSent, kUp << 8 | 12, 1);
  frozen.At(2).Add(RecordKind::kFrozen).At(62).Add(RecordKind::kThawed);
  frozen.At(63).Add(RecordKind::kPacketSent, kUp << 8 | 12, 1).At(kDay).Ends();
  EXPECT_EQ(Judge(frozen.told()).total, 0);
}

TEST(Conservation, SentIsDeliveredDroppedOrInFlight) {
  for (const int64_t in_flight : {1, 2}) {
    Story s;
    s.Starts().At(kDay);
    s.Add(RecordKind::kConservation, kUp, 0, int64_t{10} << 32 | 7, int64_t{2} << 32 | in_flight);
    s.Add(RecordKind::kConservation, kDown).Add(RecordKind::kEnd, kEverything);
    if (in_flight == 1) {
      EXPECT_EQ(Judge(s.told()).total, 0);
    } else {
      ExpectOne(s, "conservation", "sent 10 is not delivered 7 + dropped 2 + in flight 2");
    }
  }
  Story half;
  half.Starts().At(kDay).Add(RecordKind::kConservation, kUp).Add(RecordKind::kEnd, kEverything);
  ExpectOne(half, "conservation", "no packet count");
}

TEST(Liveness, WhoeverWantsAConnectionHasOneInTheEnd) {
  constexpr int kOut = kEverything & ~end_state::kConnected;
  Story out;
  GoodDay(out).At(2000).Closes(Observer::kClient, 2, Story::kReset).At(kDay).Ends(kOut);
  ExpectOne(out, "liveness", "enough should be 600s");
  Story down;
  GoodDay(down).At(2000).Closes(Observer::kClient, 2, Story::kReset).At(kDay);
  down.Ends(kOut & ~end_state::kAlive);
  EXPECT_EQ(Judge(down.told()).total, 0);
  Story lately;
  GoodDay(lately).At(kDay - 600).Closes(Observer::kClient, 2, Story::kReset).At(kDay).Ends(kOut);
  EXPECT_EQ(Judge(lately.told()).total, 0);
  CheckShape fault = Shape();
  fault.last_fault_end = kStart + Seconds(86000);
  EXPECT_EQ(Judge(out.told(), fault).total, 0);
}

TEST(Report, CappedCountedAndTheSameInAnyOrder) {
  CheckShape shape = Shape();
  shape.groups[0].count = 300;
  CheckerSet forward(&shape), odd(&shape), even(&shape);
  for (uint32_t entity = 1; entity <= 300; ++entity) {
    Story s;
    s.Of(entity).Starts().At(kDay).Ends(kEverything, 0, Seconds(99));
    for (const TraceRecord& r : s.told()) {
      forward.Add(r);
      (entity % 2 == 0 ? even : odd).Add(r);
    }
  }
  even.Merge(odd);
  forward.Finish();
  even.Finish();
  EXPECT_EQ(forward.total(), 300);
  EXPECT_EQ(even.total(), 300);
  EXPECT_EQ(forward.violations().size(), ViolationReport::kMaxKept);
  EXPECT_EQ(forward.violations(), even.violations());
}

}  // namespace
}  // namespace keepsim
